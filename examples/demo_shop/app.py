"""Marlow & Fen: a small clothes shop that shows how to use genvoris_flask."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, render_template
from flask_login import LoginManager
from werkzeug.exceptions import HTTPException

from genvoris_flask.cli import genvoris as commands
from genvoris_flask.signals import customer_linked

from . import accounts, controls, plans, security, shop
from .genvoris import genvoris, remember_customer
from .models import User, db
from .samples import add_users


def create_app(config: Mapping[str, Any]) -> Flask:
    """Create the shop.

    Args:
        config: GENVORIS_ settings, SQLALCHEMY_DATABASE_URI, and SECRET_KEY if it shall outlive
            this process.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME="demo_shop",
        SESSION_COOKIE_SAMESITE="Lax",
        GENVORIS_LOGIN_URL="/login",
        GENVORIS_UPGRADE_URL="/plans",
        GENVORIS_PRIVACY_URL="/privacy",
        GENVORIS_SUPPORT_URL="mailto:hello@marlow-and-fen.example",
        GENVORIS_SHOP_NAME="Marlow & Fen",
        GENVORIS_BUTTON={"label": "See it on you", "icon": "sparkles"},
        GENVORIS_PLANS=plans.GENVORIS_PLANS,
        GENVORIS_CSP_NONCE=security.csp_nonce,
        GENVORIS_CONSOLE_ATTRIBUTE="is_owner",
        GENVORIS_PREVIEW_PAGE="/product/breton-top",
    )
    app.config.update(config)
    # FLASK_GENVORIS_LIMIT_TRYONS=1/minute, for example, tries a setting out.
    app.config.from_prefixed_env()
    db.init_app(app)
    login = LoginManager(app)
    login.login_view = "accounts.login"
    login.login_message = "Please log in first."
    login.user_loader(load_user)
    security.init_app(app)
    genvoris.init_app(app)
    customer_linked.connect(remember_customer, app)  # other apps in this process have their own
    for module in (shop, accounts, plans, controls):
        app.register_blueprint(module.blueprint)
    app.register_error_handler(HTTPException, show_error)
    app.jinja_env.globals["cart_count"] = shop.cart_count
    app.jinja_env.globals["languages"] = shop.LANGUAGES
    app.jinja_env.filters["money"] = money
    app.jinja_env.filters["clock_time"] = controls.clock_time
    with app.app_context():
        db.create_all()
    add_users(app)
    if "GENVORIS_DATABASE_URL" in app.config:
        # What a deployment does by ``flask genvoris db upgrade``. The owner may be switching, in a
        # request of another app.
        with app.app_context():
            done = app.test_cli_runner().invoke(commands, ["db", "upgrade"])
        if done.exit_code:
            raise RuntimeError(done.output)
    return app


def load_user(user_id: str) -> User | None:
    """Return the user of a cookie session."""
    return db.session.get(User, int(user_id)) if user_id.isdigit() else None


def money(cents: int) -> str:
    """Format a price."""
    return f"€{cents // 100}" if cents % 100 == 0 else f"€{cents / 100:.2f}"


def show_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    """Render an error as a page of the shop."""
    if error.code is None or error.code < 400:
        return error
    return render_template("error.html", error=error), error.code
