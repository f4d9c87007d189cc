"""Which pages may use the routes: the shop's own, and origins that it trusts."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask, request
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from genvoris_flask import GenvorisFlask
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

TRUSTED = "https://m.shop.example"


def cors(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers if name.startswith("Access-Control")}


@pytest.fixture
def trusting_shop(genvoris: LocalGenvoris) -> Shop:
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris, GENVORIS_TRUSTED_ORIGINS=[TRUSTED])
    shop.log_in()
    return shop


def test_trusted_origin(
    trusting_shop: Shop,
) -> None:
    """A trusted origin may send requests, whatever Sec-Fetch-Site is."""
    headers = {"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"}
    answer = trusting_shop.browser.post("/genvoris/session", headers=headers)
    assert answer.status_code == 200
    assert cors(answer.headers) == {
        "Access-Control-Allow-Origin": TRUSTED,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Location, Retry-After, X-Request-Id",
    }
    assert "Origin" in answer.headers["Vary"]


def test_preflight(trusting_shop: Shop) -> None:
    """A preflight request of a trusted origin is answered."""
    headers = {"Origin": TRUSTED, "Access-Control-Request-Method": "POST"}
    answer = trusting_shop.browser.options("/genvoris/tryons", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == TRUSTED
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://m.shop.example.evil.example",
        "null",
        "http://m.shop.example",
    ],
)
def test_other_origins(trusting_shop: Shop, origin: str) -> None:
    """Other origins are refused, and may not read the answer."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = trusting_shop.browser.options("/genvoris/tryons", headers=headers)
    read = trusting_shop.browser.get("/genvoris/status", headers=headers)
    write = trusting_shop.browser.post("/genvoris/session", headers=headers)
    for answer in (preflight, read, write):
        assert cors(answer.headers) == {}
    assert write.status_code == 403


def test_no_cors_by_default(shop: Shop) -> None:
    """Without trusted origins no response has CORS headers."""
    headers = {"Origin": TRUSTED, "Access-Control-Request-Method": "POST"}
    for answer in (
        shop.browser.options("/genvoris/tryons", headers=headers),
        shop.browser.get("/genvoris/status", headers=headers),
        shop.browser.post("/genvoris/session", headers=headers),
    ):
        assert cors(answer.headers) == {}
        assert "Origin" not in answer.headers.get("Vary", "")


def behind_a_proxy() -> dict[str, Any]:
    """Return the headers that a proxy here forwards for a page of https://shop.example."""
    return {
        "base_url": "http://127.0.0.1:8000",
        "headers": {
            "X-Forwarded-Host": "shop.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.7",
            "Origin": "https://shop.example",
        },
    }


def test_behind_a_proxy(shop: Shop) -> None:
    """The origin is compared with the shop's public name."""
    bare = shop.browser.post("/genvoris/session", **behind_a_proxy())
    shop.app.wsgi_app = ProxyFix(shop.app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    fixed = shop.browser.post("/genvoris/session", **behind_a_proxy())
    assert bare.get_json()["error"] == "cross_origin"
    assert fixed.get_json()["error"] == "login_required"


@pytest.mark.parametrize("before", [True, False], ids=["before us", "after us"])
def test_flask_wtf(genvoris: LocalGenvoris, before: bool) -> None:
    """Flask-WTF's protection needs no exemption by the merchant."""
    shop = Flask("shop")
    shop.config.update(SECRET_KEY="s", GENVORIS_API_KEY=API_KEY)
    csrf = CSRFProtect()
    extension = GenvorisFlask()
    for step in (csrf, extension) if before else (extension, csrf):
        step.init_app(shop)
    shop.add_url_rule("/cart", view_func=lambda: "bought", methods=["POST"])
    browser = shop.test_client()
    answer = browser.post("/genvoris/session", headers=SAME_ORIGIN)
    assert answer.get_json()["error"] == "login_required"
    foreign = browser.post("/genvoris/session", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.get_json()["error"] == "cross_origin"
    assert browser.post("/cart", headers=SAME_ORIGIN).status_code == 400


def test_flask_wtf_reads_no_upload(shop: Shop) -> None:
    """CSRF protection never reads an upload to find its token."""
    CSRFProtect(shop.app)
    read: list[bool] = []

    @shop.app.before_request
    def look() -> None:
        read.append("form" in request.__dict__)

    assert shop.tryon().status_code == 202
    assert read == [False]


def test_flask_wtf_of_two_apps() -> None:
    """Two apps of a process keep their own protection."""
    apps = []
    for _ in range(2):
        app = Flask("shop")
        app.config.update(SECRET_KEY="s", GENVORIS_API_KEY=API_KEY)
        GenvorisFlask(app)
        CSRFProtect(app)
        apps.append(app)
    for app in apps:
        answer = app.test_client().post("/genvoris/session", headers=SAME_ORIGIN)
        assert answer.get_json()["error"] == "login_required"


def test_wrong_origin_setting() -> None:
    """A wrong GENVORIS_TRUSTED_ORIGINS is a ConfigurationError."""
    from genvoris_flask import ConfigurationError

    for wrong in ("https://shop.example/path", "*", "shop.example", ["ftp://shop.example"], 7):
        app = Flask("shop")
        app.config.update(GENVORIS_API_KEY=API_KEY, GENVORIS_TRUSTED_ORIGINS=wrong)
        with pytest.raises(ConfigurationError, match="GENVORIS_TRUSTED_ORIGINS"):
            GenvorisFlask(app)


def test_origins_as_string() -> None:
    """Origins may be one string, as in the environment."""
    app = Flask("shop")
    app.config.update(
        GENVORIS_API_KEY=API_KEY, GENVORIS_TRUSTED_ORIGINS="https://A.example/, http://b.example:81"
    )
    GenvorisFlask(app)
    settings = get_state(app).settings
    assert settings.trusted_origins == {"https://a.example", "http://b.example:81"}


def test_untrusted_proxy_is_logged_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A proxy that hides its visitors is logged once."""
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        shop.post("/session", headers={"X-Forwarded-For": "203.0.113.7"})
    assert caplog.text.count("ProxyFix") == 1
