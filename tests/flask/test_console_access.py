"""Who may use the console: the shop's owner, and nobody else, on every one of its routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
NOT_FOUND = 404


def console_rules(app: Flask) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if "/console" in rule.rule]
    assert len(rules) > 2
    return rules


def calls(app: Flask) -> list[tuple[str, str]]:
    """Return each method and address of the console."""
    return [
        (method, rule.rule.replace("<name>", "console.css"))
        for rule in console_rules(app)
        for method in sorted(rule.methods or ())
    ]


def answers(
    shop: Shop, browser: FlaskClient, headers: dict[str, str] = SAME_ORIGIN
) -> dict[tuple[str, str], TestResponse]:
    return {
        (method, path): browser.open(path, method=method, headers=headers)
        for method, path in calls(shop.app)
    }


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop whose owner is Fen, in which Ada is logged in."""
    shop = ledger_shop(genvoris, tmp_path)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    return shop


def assert_hidden(shop: Shop, browser: FlaskClient) -> None:
    """Assert that every address looks like one that does not exist."""
    unknown = browser.get("/genvoris/console/nothing", headers=SAME_ORIGIN)
    for (method, path), answer in answers(shop, browser).items():
        assert answer.status_code == NOT_FOUND, (method, path)
        if method != "HEAD":
            assert answer.json == unknown.json, (method, path)
        assert "Allow" not in answer.headers


def test_nobody(shop: Shop) -> None:
    """Whoever is not logged in finds nothing."""
    assert_hidden(shop, shop.app.test_client())


def test_shopper(shop: Shop) -> None:
    """A shopper finds nothing."""
    assert_hidden(shop, shop.browser)


def test_owner(shop: Shop) -> None:
    """The owner finds every page, and may change things from it."""
    shop.log_in("fen")
    for (method, path), answer in answers(shop, shop.browser).items():
        assert answer.status_code not in (403, 405), (method, path)
        if method == "GET" and "/assets/" not in path:
            assert answer.status_code in (200, 404), (method, path)
            assert answer.mimetype == "text/html"


def test_owner_of_another_app(shop: Shop, genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The cookie of another app's owner opens nothing here."""
    (tmp_path / "other").mkdir()
    other = ledger_shop(genvoris, tmp_path / "other", SECRET_KEY="another")
    other.app.config["SECRET_KEY"] = "another"
    other.log_in("fen")
    cookie = other.browser.get_cookie("session")
    assert cookie is not None
    browser = shop.app.test_client()
    browser.set_cookie("session", cookie.value)
    assert_hidden(shop, browser)


@pytest.mark.parametrize("trusted", [False, True])
def test_forged_origin(genvoris: LocalGenvoris, tmp_path: Path, *, trusted: bool) -> None:
    """Another site's page changes nothing with the owner's cookie, even one that may try on."""
    origins = "https://evil.example" if trusted else None
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_TRUSTED_ORIGINS=origins)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    shop.log_in("fen")
    found = answers(shop, shop.browser, OTHER_SITE)
    for (method, path), answer in found.items():
        if method not in ("GET", "HEAD", "OPTIONS"):
            assert answer.status_code == 403, (method, path)
            assert answer.get_json()["error"] == "cross_origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_wrong_method(shop: Shop) -> None:
    """A wrong method does not tell strangers that there is an address."""
    for path in ("/genvoris/console", "/genvoris/console/history"):
        assert shop.browser.delete(path, headers=SAME_ORIGIN).status_code == NOT_FOUND


def test_off_by_default(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Until the shop says who may use it, nobody may."""
    shop = ledger_shop(genvoris, tmp_path)
    shop.log_in("fen")
    assert_hidden(shop, shop.browser)


def failing() -> bool:
    raise RuntimeError("secret")


@pytest.mark.parametrize("access", [failing, lambda: object(), lambda: "fen", lambda: None])
def test_doubtful_answer(shop: Shop, access: Any) -> None:
    """A function that fails, or says something else than yes or no, lets nobody in."""
    shop.extension.console_access(access)
    shop.log_in("fen")
    assert_hidden(shop, shop.browser)


def test_headers(shop: Shop) -> None:
    """Pages run no foreign code, are in no frame, no cache and no search engine."""
    shop.log_in("fen")
    headers = shop.browser.get("/genvoris/console").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"


class User(UserMixin):  # type: ignore[misc]
    """A user as shops and Flask-Security have them."""

    def __init__(self, **fields: Any) -> None:
        self.id = 7
        self.is_admin: Any = False
        self.__dict__.update(fields)


class Role:
    """A role as Flask-Security has them."""

    name = "owner"


ATTRIBUTE, ROLE = {"GENVORIS_CONSOLE_ATTRIBUTE": "is_admin"}, {"GENVORIS_CONSOLE_ROLE": "owner"}


@pytest.mark.parametrize(
    ("settings", "user", "may"),
    [
        ({}, User(is_admin=True), False),
        (ATTRIBUTE, User(is_admin=True), True),
        (ATTRIBUTE, User(is_admin=1), True),
        (ATTRIBUTE, User(is_admin=lambda: True), True),
        (ATTRIBUTE, User(), False),
        (ATTRIBUTE, User(is_admin="false"), False),
        (ATTRIBUTE, User(is_admin=2), False),
        (ATTRIBUTE, None, False),
        ({"GENVORIS_CONSOLE_ATTRIBUTE": "is_boss"}, User(is_admin=True), False),
        (ROLE, User(has_role=lambda role: role == "owner"), True),
        (ROLE, User(has_role=lambda role: False), False),
        (ROLE, User(roles=[Role()]), True),
        (ROLE, User(roles=["owner"]), True),
        (ROLE, User(roles=["owners"]), False),
        (ROLE, User(role="owner"), True),
        (ROLE, User(role="shopper"), False),
        (ROLE, User(), False),
        (ATTRIBUTE | ROLE, User(is_admin=True), False),
        (ATTRIBUTE | ROLE, User(is_admin=True, roles=["owner"]), True),
    ],
)
def test_flask_login(
    genvoris: LocalGenvoris,
    tmp_path: Path,
    settings: dict[str, str],
    user: User | None,
    *,
    may: bool,
) -> None:
    """A user of Flask-Login may use it by an attribute or a role that the shop has named."""
    shop = ledger_shop(genvoris, tmp_path, **settings)
    manager = LoginManager(shop.app)
    manager.request_loader(lambda _request: user)
    status = shop.browser.get("/genvoris/console").status_code
    assert status == (200 if may else NOT_FOUND)
