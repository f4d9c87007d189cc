"""Flask-Limiter and Flask-WTF, which guard all of a shop, leave our routes alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from genvoris_flask import GenvorisFlask, Shopper
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.local_genvoris import API_KEY, LocalGenvoris

Setup = Callable[[Flask], object]


def limit(app: Flask) -> None:
    """Set the real Flask-Limiter up, with limits that two requests exceed."""
    Limiter(
        get_remote_address,
        app=app,
        default_limits=["1/hour"],
        application_limits=["100/hour"],
        storage_uri="memory://",
    )


def limit_late(app: Flask) -> None:
    """The same, in the two steps of an app factory."""
    limiter = Limiter(get_remote_address, application_limits=["1/hour"], storage_uri="memory://")
    limiter.init_app(app)


def make_shop(genvoris: LocalGenvoris, before: list[Setup], after: list[Setup]) -> Flask:
    """Return a shop in which Ada shops, with what is set up before and after us."""
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="s",
        GENVORIS_API_KEY=API_KEY,
        GENVORIS_API_URL="http://127.0.0.1:8787/api/v1",
    )
    genvoris.customer("ada")
    for setup in before:
        setup(app)
    extension = GenvorisFlask()
    extension.shopper_loader(lambda: Shopper("ada"))
    extension.init_app(app, transport=genvoris.transport, clock=genvoris.clock)
    for setup in after:
        setup(app)
    app.add_url_rule("/own", "own", lambda: "mine", methods=["GET", "POST"])
    return app


@pytest.mark.parametrize("setup", [limit, limit_late])
@pytest.mark.parametrize("first", [True, False], ids=["before us", "after us"])
def test_flask_limiter(genvoris: LocalGenvoris, setup: Setup, first: bool) -> None:
    """Polls, tokens and the widget's files are not counted; the shop's own routes are."""
    app = make_shop(genvoris, [setup] if first else [], [] if first else [setup])
    browser = app.test_client()
    for _ in range(3):
        assert browser.post("/genvoris/session", headers=SAME_ORIGIN).status_code == 200
        assert browser.get("/genvoris/tryons/1").status_code == 404
        assert browser.get("/genvoris/status").status_code == 200
        assert browser.get("/genvoris/widget.js").status_code == 200
    assert [browser.get("/own").status_code for _ in range(2)] == [200, 429]


def protect_by_hook(app: Flask) -> None:
    """A shop that decides by itself which requests need a token, as Flask-WTF documents it."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf = CSRFProtect(app)
    app.before_request(lambda: csrf.protect())


def protect_by_early_hook(app: Flask) -> None:
    """The same, with a hook that is registered before CSRFProtect is set up."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf = CSRFProtect()
    app.before_request(lambda: csrf.protect())
    csrf.init_app(app)


@pytest.mark.parametrize("setup", [CSRFProtect, protect_by_hook, protect_by_early_hook])
@pytest.mark.parametrize("first", [True, False], ids=["before us", "after us"])
def test_csrf_protect(genvoris: LocalGenvoris, setup: Setup, first: bool) -> None:
    """A hook of the shop may call ``csrf.protect()`` itself, to protect its own routes."""
    app = make_shop(genvoris, [setup] if first else [], [] if first else [setup])
    browser = app.test_client()
    for _ in range(2):
        assert browser.post("/genvoris/session", headers=SAME_ORIGIN).status_code == 200
        assert browser.post("/own").status_code == 400
    assert browser.post("/genvoris/session").status_code == 403  # our own guard stands


def test_one_protection_for_several_apps(genvoris: LocalGenvoris) -> None:
    """What is exempt in the shop is so in its other apps alone that have this extension."""
    csrf = CSRFProtect()
    shop = make_shop(genvoris, [csrf.init_app], [])
    other = Flask("other")
    other.config["SECRET_KEY"] = "s"
    csrf.init_app(other)
    other.add_url_rule("/own", "own", lambda: "mine", methods=["POST"])
    assert shop.test_client().post("/genvoris/session", headers=SAME_ORIGIN).status_code == 200
    assert other.test_client().post("/own").status_code == 400
