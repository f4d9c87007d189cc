"""A shop with an application factory, blueprints and Flask-Login."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from . import accounts, catalogue
from .extensions import genvoris, login_manager


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_SECRET_KEY, FLASK_GENVORIS_API_KEY, …
    app.config["GENVORIS_PLANS"] = [
        {"name": "Pro", "monthly_try_ons": 100, "external_price_id": "price_pro"}
    ]
    app.config.from_mapping(config or {})
    login_manager.init_app(app)
    genvoris.init_app(app)
    app.register_blueprint(accounts.bp)
    app.register_blueprint(catalogue.bp)
    return app
