"""The shop's session, which the extension's routes read but do not change."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from genvoris_flask import GenvorisFlask, Shopper
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture

EVENT = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED"}
CALLS = [
    ("GET", "/status", {}),
    ("POST", "/session", {}),
    ("POST", "/api/v1/events", {"json": EVENT}),
    ("POST", "/tryons", {"data": {"session_id": "visit-0001"}}),
    ("GET", "/tryons/1", {}),
    ("GET", "/tryons/1/image", {}),
    ("DELETE", "/tryons/1", {}),
    ("POST", "/api/tryon", {"json": {}}),
    ("GET", "/api/config", {}),
    ("POST", "/webhook", {"json": {}}),
    ("GET", "/widget.js", {}),
]


class SlowUpload(io.BytesIO):
    """A body that calls a function during its upload."""

    def __init__(self, body: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(body)
        self._meanwhile: Callable[[], object] | None = meanwhile

    def read(self, size: int | None = -1) -> bytes:
        self._interrupt()
        return super().read(size)

    def readinto(self, buffer: Any) -> int:
        self._interrupt()
        return super().readinto(buffer)

    def _interrupt(self) -> None:
        if self._meanwhile:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()


def cookies_set_by(answer: TestResponse) -> list[str]:
    """Return the names of the cookies that a response sets."""
    return [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]


def add_to_cart() -> str:
    session["cart"] = [*session.get("cart", []), "tee"]
    return "There you are"


@pytest.fixture(params=[False, True], ids=["a shopper", "a guest"])
def shop(request: pytest.FixtureRequest, genvoris: LocalGenvoris) -> Shop:
    """Return a shop with permanent sessions, which Flask saves with every response."""
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    with shop.browser.session_transaction() as cookies:
        cookies.permanent = True
        cookies["cart"] = ["hat"]
        if not request.param:
            cookies["user"] = "ada"
    shop.app.add_url_rule("/cart", view_func=add_to_cart, methods=["POST"])
    return shop


def test_change_during_an_upload_is_kept(shop: Shop) -> None:
    """A cart that is filled while a photo is uploaded is not overwritten at its end."""
    browser = shop.browser
    boundary, body = encode_multipart(
        {
            "photo": FileStorage(io.BytesIO(picture()), "me.jpg"),
            "product_image": "/static/shirt.png",
            "session_id": "visit-0001",
        }
    )
    answer = browser.post(
        "/genvoris/tryons",
        input_stream=SlowUpload(body, lambda: browser.post("/cart")),
        content_length=len(body),
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=SAME_ORIGIN,
    )
    assert answer.status_code == 202, answer.text
    with browser.session_transaction() as cookies:
        assert cookies["cart"] == ["hat", "tee"]
    assert browser.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(("method", "path", "more"), CALLS, ids=[f"{a} {b}" for a, b, _ in CALLS])
def test_no_route_saves_the_session(shop: Shop, method: str, path: str, more: Any) -> None:
    """No route's response sets the session cookie, whatever its status."""
    answer = shop.browser.open(f"/genvoris{path}", method=method, headers=SAME_ORIGIN, **more)
    assert set(cookies_set_by(answer)) <= {"genvoris_guest", "genvoris_visit"}


def test_changes_of_the_shop_are_saved(genvoris: LocalGenvoris) -> None:
    """An id that a shopper loader stores in the session is saved."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY=API_KEY)
    extension = GenvorisFlask()

    @extension.shopper_loader
    def who() -> Shopper:
        return Shopper(session.setdefault("id", "made-up"))

    extension.init_app(app, transport=genvoris.transport, clock=genvoris.clock)
    browser = app.test_client()
    assert cookies_set_by(browser.post("/genvoris/session", headers=SAME_ORIGIN)) == ["session"]
    assert cookies_set_by(browser.post("/genvoris/session", headers=SAME_ORIGIN)) == []


def test_public_file_has_no_session(shop: Shop) -> None:
    """A public file has no session cookie, even if a hook changes the session."""
    seen: list[Any] = []

    @shop.app.before_request
    def note() -> None:
        session["seen"] = True

    @shop.app.after_request
    def look(response: Any) -> Any:
        seen.append(session.get("seen"))
        return response

    answer = shop.browser.get("/genvoris/widget.js")
    assert (cookies_set_by(answer), answer.headers.get("Vary")) == ([], None)
    assert seen == [True]
    assert cookies_set_by(shop.browser.get("/genvoris/status"))[-1] == "session"


class KeptElsewhere(SecureCookieSession):
    """A session whose data is on the server."""


class ServerSide(SecureCookieSessionInterface):
    """A session interface that saves every session with every response, as some do."""

    session_class = KeptElsewhere
    saved: list[dict[str, Any]]

    def __init__(self) -> None:
        self.saved = []

    def save_session(self, app: Flask, session: Any, response: Any) -> None:
        self.saved.append(dict(session))


def test_server_side_sessions(shop: Shop) -> None:
    """No session interface is asked to save an unchanged session."""
    interface = shop.app.session_interface = ServerSide()
    shop.browser.get("/genvoris/status")
    assert interface.saved == []
    shop.browser.get("/product")
    assert len(interface.saved) == 1


def test_cookie_attributes(genvoris: LocalGenvoris) -> None:
    """The extension's cookies follow the settings of the session cookie, and are HttpOnly."""
    shop = Shop(
        genvoris,
        GENVORIS_ALLOW_GUESTS=True,
        SESSION_COOKIE_DOMAIN="shop.example",
        SESSION_COOKIE_PATH="/de",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="None",
    )
    answer = shop.browser.get("/genvoris/status", base_url="https://shop.example")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    parts = set(cookie.split("; "))
    assert {"Domain=shop.example", "Path=/de", "Secure", "SameSite=None", "HttpOnly"} <= parts


def test_guests_need_no_secret_key(genvoris: LocalGenvoris) -> None:
    """A guest's cookie is a random secret, which needs no signature."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True, SECRET_KEY=None)
    shop.extension.shopper_loader(lambda: None)
    job = shop.finish(shop.tryon())
    assert job["state"] == "done"


def test_ids_of_earlier_versions(genvoris: LocalGenvoris) -> None:
    """Ids that earlier versions kept in the session are still used."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    with shop.browser.session_transaction() as cookies:
        cookies["_genvoris_guest"] = "known-guest-of-before"
        cookies["_genvoris_widget_session"] = "visit-0001"
    shop.app.add_url_rule("/visit", "visit", lambda: shop.extension.widget_session_id or "none")
    assert shop.browser.get("/visit").text == "visit-0001"
    assert cookies_set_by(shop.browser.get("/genvoris/status")) == []
    shop.post("/api/v1/events", json={**EVENT, "sessionId": "visit-0002"})
    assert shop.browser.get("/visit").text == "visit-0002"
