"""A shop as a process of its own, with a log at its most talkative: ``marked_shop PORT FOLDER``.

Its settings are in the environment.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.serving import make_server

from genvoris_flask import GenvorisFlask, Shopper, genvoris_account, genvoris_widget
from tests.support.local_genvoris import product_png
from tests.support.queue_shop import celery_init_app

EMAIL = "marked-address@example.com"
SHOPPER = "marked-shopper-4711"


def create_app() -> Flask:
    app = Flask("shop")
    app.config["SECRET_KEY"] = "secret"
    app.config["CELERY"] = {"broker_url": os.environ.get("GENVORIS_STORE_URL")}
    genvoris = GenvorisFlask(app)

    @genvoris.shopper_loader
    def who() -> Shopper | None:
        name = request.cookies.get("user")
        return Shopper(name, email=EMAIL, email_verified=True) if name else None

    @app.post("/order")
    def order() -> str:
        genvoris.conversion("order-1", 900, currency="EUR", customer_email=EMAIL)
        if "GENVORIS_DATABASE_URL" in os.environ:
            genvoris.billing.grant(SHOPPER, 3, event_id="order-1", paid=900, currency="EUR")
        return ""

    @app.get("/shirt.png")
    def shirt() -> Response:
        return Response(product_png(), mimetype="image/png")

    app.add_url_rule("/account", "account", lambda: str(genvoris_account()))
    app.add_url_rule("/", "home", lambda: str(genvoris_widget()))
    if os.environ.get("GENVORIS_QUEUE") == "celery":
        celery_init_app(app)
    return app


def main(port: str, folder: str) -> None:
    logging.basicConfig(level=logging.DEBUG, filename=Path(folder) / f"shop-{port}.log")
    make_server("127.0.0.1", int(port), create_app(), threaded=True).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
