"""``POST webhook``: genuine deliveries run the shop's handlers, once."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, current_app, g, has_request_context
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.webhooks.events import TryonEvent, WebhookEvent
from genvoris_flask.core.webhooks.handling import Deduplicator
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.errors import StoreUnavailableError
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.streams import Unread

SECRET = "whsec_of_the_tests"


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    genvoris.customer("ada")
    return Shop(genvoris, GENVORIS_WEBHOOK_SECRET=SECRET)


def body(kind: str = "webhook.test", event_id: str = "evt_1", data: Any = None) -> bytes:
    return json.dumps({"id": event_id, "type": kind, "created": 1, "data": data or {}}).encode()


def deliver(
    shop: Shop, raw: bytes | None = None, secret: str = SECRET, age: float = 0, **more: Any
) -> TestResponse:
    raw = body(**more) if raw is None else raw
    headers = {HEADER: sign(secret, raw, shop.genvoris.clock() - age)}
    # With its own client, since test clients are not thread-safe.
    return shop.app.test_client().post("/genvoris/webhook", data=raw, headers=headers)


def test_typed_event(shop: Shop) -> None:
    """A delivery reaches the handlers of its type as a typed event."""
    seen: list[TryonEvent] = []
    shop.extension.on("tryon.completed")(seen.append)
    shop.extension.on("tryon.failed")(lambda event: pytest.fail("another type"))
    answer = deliver(shop, kind="tryon.completed", data={"id": "try_1", "externalId": "ada"})
    assert answer.status_code == 200
    assert answer.get_json() == {"received": True, "duplicate": False}
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(event.id, event.tryon_id, event.external_id) for event in seen] == [
        ("evt_1", "try_1", "ada")
    ]


@pytest.mark.parametrize(
    "header", [None, "", "t=1", "v1=00", f"t=1,v1={'0' * 64}," + "v0=x," * 300, "x" * 9000]
)
def test_refused_before_reading(shop: Shop, header: str | None) -> None:
    """A request without a plausible signature is refused before its body is read."""
    headers = {} if header is None else {HEADER: header}
    answer = shop.app.test_client().post(
        "/genvoris/webhook", input_stream=Unread(), headers=headers
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_signature")


def test_every_type(shop: Shop) -> None:
    """A handler for "*" receives every type, unknown ones included."""
    seen: list[str] = []

    @shop.extension.on("*")
    def hear(event: WebhookEvent) -> None:
        seen.append(event.type)

    for number, kind in enumerate(("credit.low_balance", "moon.landed")):
        assert deliver(shop, kind=kind, event_id=f"evt_{number}").status_code == 200
    assert seen == ["credit.low_balance", "moon.landed"]


def test_no_handler(shop: Shop) -> None:
    """A type without a handler is answered 200."""
    assert deliver(shop, kind="moon.landed").status_code == 200


@pytest.mark.parametrize("registered", ["customer.quota_exhausted", "end_customer.quota_exhausted"])
@pytest.mark.parametrize("sent", ["customer.quota_exhausted", "end_customer.quota_exhausted"])
def test_older_names(shop: Shop, registered: str, sent: str) -> None:
    """Handlers may use the older and the current names alike."""
    seen: list[WebhookEvent] = []
    shop.extension.on(registered)(seen.append)
    assert deliver(shop, kind=sent).status_code == 200
    assert [(event.type, event.sent_type) for event in seen] == [("customer.quota_exhausted", sent)]


def test_misspelled_type(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelled type is logged with a suggestion, and a missing one is an error."""
    shop.extension.on("tryon.complete")(print)
    assert "Did you mean tryon.completed?" in caplog.text
    with pytest.raises(ValueError, match=r'@genvoris\.on\("tryon\.completed"\)'):
        shop.extension.on(print)  # type: ignore[arg-type]  # as @genvoris.on without its brackets


REFUSALS: dict[str, Callable[[Shop, bytes], dict[str, str]]] = {
    "no header": lambda shop, raw: {},
    "empty": lambda shop, raw: {HEADER: ""},
    "t alone": lambda shop, raw: {HEADER: f"t={int(shop.genvoris.clock())}"},
    "odd-length hex": lambda shop, raw: {HEADER: sign(SECRET, raw, shop.genvoris.clock())[:-1]},
    "no hex": lambda shop, raw: {HEADER: f"t={int(shop.genvoris.clock())},v1={'x' * 64}"},
    "wrong secret": lambda shop, raw: {HEADER: sign("another", raw, shop.genvoris.clock())},
    "another body": lambda shop, raw: {HEADER: sign(SECRET, raw + b" ", shop.genvoris.clock())},
    "301 s old": lambda shop, raw: {HEADER: sign(SECRET, raw, shop.genvoris.clock() - 301)},
    "301 s ahead": lambda shop, raw: {HEADER: sign(SECRET, raw, shop.genvoris.clock() + 301)},
    "only the unsigned headers": lambda shop, raw: {
        "X-Genvoris-Event": "webhook.test",
        "X-Genvoris-Delivery": "dlv_1",
    },
}


@pytest.mark.parametrize("headers", REFUSALS.values(), ids=REFUSALS.keys())
def test_forged_delivery(shop: Shop, headers: Callable[[Shop, bytes], dict[str, str]]) -> None:
    """A delivery that is not genuine is refused and runs nothing."""
    shop.extension.on("*")(lambda event: pytest.fail("it ran"))
    raw = body()
    answer = shop.browser.post("/genvoris/webhook", data=raw, headers=headers(shop, raw))
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_signature"
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe{}", b"\xc3\x28", b"{", b"", b"[1]", b'{"type": "webhook.test"}']
)
def test_malformed_body(shop: Shop, raw: bytes) -> None:
    """A genuine but malformed body is answered 400."""
    answer = deliver(shop, raw)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")


def test_lone_surrogate(shop: Shop) -> None:
    """A lone surrogate in an id is harmless."""
    halves = {"data": {"customer_id": "ec_\ud800"}}
    genuine = json.dumps({"id": "evt_\ud800", "type": "customer.updated", **halves}).encode()
    assert deliver(shop, genuine).status_code == 200


def test_byte_order_mark(shop: Shop) -> None:
    """A byte order mark is part of what is signed."""
    marked = b"\xef\xbb\xbf" + body()
    assert deliver(shop, marked).status_code == 200
    stripped = {HEADER: sign(SECRET, body(), shop.genvoris.clock())}
    answer = shop.browser.post("/genvoris/webhook", data=marked, headers=stripped)
    assert answer.status_code == 400


def test_large_body(shop: Shop) -> None:
    """A body over one mebibyte is refused."""
    raw = body(data={"x": "y" * 1024 * 1024})
    answer = deliver(shop, raw)
    assert (answer.status_code, answer.get_json()["error"]) == (413, "body_too_large")
    assert deliver(shop, body(data={"x": "y" * 900_000})).status_code == 200


def test_own_body_limit(genvoris: LocalGenvoris) -> None:
    """The shop's own smaller body limit does not apply."""
    shop = Shop(genvoris, GENVORIS_WEBHOOK_SECRET=SECRET, MAX_CONTENT_LENGTH=10)
    assert deliver(shop).status_code == 200


@pytest.mark.parametrize("setting", [["new", "old"], ("new", "old"), "new,old", "new, old"])
def test_rotation(genvoris: LocalGenvoris, setting: object) -> None:
    """Both secrets are valid during a rotation, in every notation."""
    shop = Shop(genvoris, GENVORIS_WEBHOOK_SECRET=setting)
    statuses = [
        deliver(shop, secret=secret, event_id=secret).status_code
        for secret in ("new", "old", "older", "new,old")
    ]
    assert statuses == [200, 200, 400, 400]


def test_no_secret(genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture) -> None:
    """Without a secret deliveries are answered 503, so that they come again."""
    answer = deliver(Shop(genvoris))
    assert (answer.status_code, answer.get_json()["error"]) == (503, "not_configured")
    assert "GENVORIS_WEBHOOK_SECRET is not set" in caplog.text


def test_repeat(shop: Shop) -> None:
    """A repeated event runs its handlers once."""
    seen: list[WebhookEvent] = []
    shop.extension.on("*")(seen.append)
    answers = [deliver(shop).get_json()["duplicate"] for _ in range(3)]
    assert answers == [False, True, True]
    assert len(seen) == 1


def test_signed_id_counts(shop: Shop) -> None:
    """The signed id and type count, not those in the headers."""
    seen: list[WebhookEvent] = []
    shop.extension.on("*")(seen.append)
    for delivery in ("dlv_1", "dlv_2"):
        raw = body()
        headers = {
            HEADER: sign(SECRET, raw, shop.genvoris.clock()),
            "X-Genvoris-Delivery": delivery,
            "X-Genvoris-Event": "tryon.failed",
        }
        shop.browser.post("/genvoris/webhook", data=raw, headers=headers)
    assert [event.type for event in seen] == ["webhook.test"]


def test_failing_handler(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A failing handler is answered 500, and the retry runs all handlers again."""
    tries: list[str] = []

    @shop.extension.on("webhook.test")
    def fail_once(event: WebhookEvent) -> None:
        tries.append("first")
        if len(tries) < 2:
            raise RuntimeError("the shop's database is away")

    @shop.extension.on("*")
    def goes_well(event: WebhookEvent) -> None:
        tries.append("second")

    answer = deliver(shop)
    assert (answer.status_code, answer.get_json()["error"]) == (500, "handler_failed")
    assert "database" not in answer.text
    assert "the shop's database is away" in caplog.text
    assert tries == ["first", "second"], "the others still run"
    assert deliver(shop).get_json()["duplicate"] is False
    assert deliver(shop).get_json()["duplicate"] is True
    assert tries == ["first", "second", "first", "second"]


def test_context_per_handler(shop: Shop) -> None:
    """Each handler runs in an app context of its own."""
    ended: list[bool] = []
    shop.app.teardown_appcontext(lambda error: ended.append("mark" in g))

    @shop.extension.on("*")
    def leaves_a_mess(event: WebhookEvent) -> None:
        g.mark = "a broken database session"
        raise RuntimeError("broken")

    @shop.extension.on("*")
    def comes_after(event: WebhookEvent) -> None:
        assert "mark" not in g

    assert deliver(shop).get_json()["detail"].endswith("leaves_a_mess failed.")
    assert ended == [True, False, False]


def test_concurrent_deliveries(shop: Shop) -> None:
    """A delivery during another one of the same event is answered 409."""
    entered, leave = threading.Event(), threading.Event()
    seen: list[str] = []

    @shop.extension.on("*")
    def slow(event: WebhookEvent) -> None:
        seen.append(event.id)
        entered.set()
        assert leave.wait(60)

    with ThreadPoolExecutor(1) as other:
        first = other.submit(deliver, shop)
        assert entered.wait(60)
        late = deliver(shop)
        leave.set()
        assert first.result().status_code == 200
    assert (late.status_code, late.get_json()["error"]) == (409, "in_progress")
    assert late.headers["Retry-After"] == "10"
    assert deliver(shop).get_json()["duplicate"] is True
    assert seen == ["evt_1"]


class AwayStore:
    """A store that does not answer from the call on that is named."""

    def __init__(self, inner: Any, away_for: set[str]) -> None:
        self._inner, self._away_for = inner, away_for

    def __getattr__(self, name: str) -> Any:
        if name in self._away_for:
            raise StoreUnavailableError("Redis does not answer.")
        return getattr(self._inner, name)


@contextmanager
def store_away(shop: Shop, *calls: str) -> Iterator[None]:
    import dataclasses

    state = shop.state
    away: Any = AwayStore(state.store, set(calls))
    shop.app.extensions["genvoris"] = dataclasses.replace(state, deliveries=Deduplicator(away))
    yield
    shop.app.extensions["genvoris"] = state


@pytest.mark.parametrize("call", ["get", "lock"])
def test_store_unavailable(shop: Shop, call: str) -> None:
    """Without the store nothing runs, and the delivery is answered 503."""
    seen: list[WebhookEvent] = []
    shop.extension.on("*")(seen.append)
    with store_away(shop, call):
        answer = deliver(shop)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
    assert seen == []
    assert deliver(shop).status_code == 200
    assert len(seen) == 1


def test_store_lost_after_handling(shop: Shop) -> None:
    """A handled event that could not be recorded is answered 200."""
    with store_away(shop, "set"):
        assert deliver(shop).status_code == 200


def test_background_handler(shop: Shop) -> None:
    """A background handler runs after the response, in an app context only."""
    leave = threading.Event()
    seen: list[tuple[str, bool, bool]] = []

    @shop.extension.on("webhook.test", background=True)
    def slow(event: WebhookEvent) -> None:
        assert leave.wait(60)
        here = current_app == shop.app
        seen.append((event.id, here, has_request_context()))

    assert deliver(shop).status_code == 200
    assert deliver(shop).get_json()["duplicate"] is True
    assert seen == []
    leave.set()
    assert shop.state.outbox.flush(60)
    assert seen == [("evt_1", True, False)]


def test_background_after_foreground(shop: Shop) -> None:
    """Background handlers start only after all others have succeeded."""
    seen: list[str] = []
    shop.extension.on("*", background=True)(lambda event: seen.append(event.id))
    tries = iter([1, 0])
    shop.extension.on("*")(lambda event: 1 / (1 - next(tries)))
    assert deliver(shop).status_code == 500
    assert deliver(shop).status_code == 200
    assert shop.state.outbox.flush(60)
    assert seen == ["evt_1"]


@pytest.mark.parametrize(
    "data", [{"externalId": "shop-ada"}, {"customer_id": None}], ids=["external id", "customer id"]
)
@pytest.mark.parametrize("kind", ["customer.plan_changed", "end_customer.updated"])
def test_customer_event_drops_session(
    genvoris: LocalGenvoris, kind: str, data: dict[str, Any]
) -> None:
    """An event about a customer makes the next page mint a new session."""
    customer_id = genvoris.customer("shop-ada")
    shop = Shop(genvoris, GENVORIS_WEBHOOK_SECRET=SECRET, GENVORIS_EXTERNAL_ID_PREFIX="shop-")
    shop.log_in()
    data = {"customer_id": customer_id} if "customer_id" in data else data
    first = shop.browser.get("/product").text
    assert shop.browser.get("/product").text == first
    assert deliver(shop, kind=kind, data=data).status_code == 200
    assert shop.browser.get("/product").text != first


def test_unknown_customer(shop: Shop) -> None:
    """An event about an unknown customer is answered 200."""
    for number, data in enumerate(({}, {"customer_id": "ec_unknown"}, {"externalId": "bob"})):
        answer = deliver(shop, kind="customer.updated", event_id=str(number), data=data)
        assert answer.status_code == 200


@pytest.mark.parametrize("order", ["before", "after"])
def test_csrf_protection(genvoris: LocalGenvoris, order: str) -> None:
    """Flask-WTF exempts these routes, and protects the shop's own."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY="gvk_test_1", GENVORIS_WEBHOOK_SECRET=SECRET)
    app.add_url_rule("/own", view_func=lambda: "done", methods=["POST"], endpoint="own")
    if order == "before":
        CSRFProtect(app)
    GenvorisFlask().init_app(app, transport=genvoris.transport, clock=genvoris.clock)
    if order == "after":
        CSRFProtect(app)
    raw = body()
    headers = {HEADER: sign(SECRET, raw, genvoris.clock())}
    browser = app.test_client()
    for _ in range(2):
        assert browser.post("/own").status_code == 400
        assert browser.post("/genvoris/webhook", data=raw, headers=headers).status_code == 200
    session = browser.post("/genvoris/session", headers={"Sec-Fetch-Site": "same-origin"})
    assert session.get_json()["error"] == "login_required"


def test_log_has_no_secrets(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the secret nor the body reaches the log."""
    caplog.set_level(logging.DEBUG)
    private = {"email": "ada@example.com"}
    deliver(shop, kind="customer.updated", data=private)
    deliver(shop, secret="wrong", data=private)
    assert SECRET not in caplog.text
    assert "ada@example.com" not in caplog.text
    assert get_state(shop.app).settings.webhook_secret == (SECRET,)
    assert SECRET not in repr(shop.state)
