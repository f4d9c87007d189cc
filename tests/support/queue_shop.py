"""A shop whose try-ons run on an engine, as its web processes and its workers load it.

Its settings are in the environment. Its Celery app is made as Flask's documentation has it.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from flask import Flask, render_template_string, request

from genvoris_flask import GenvorisFlask, Shopper
from tests.support.pace import UNPACED


def celery_init_app(app: Flask) -> Celery:
    class FlaskTask(Task):  # type: ignore[misc]
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.name, task_cls=FlaskTask)
    celery.config_from_object(app.config["CELERY"])
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


def who() -> Shopper | None:
    user = request.args.get("user")
    return Shopper(user) if user else None


def page() -> str:
    return render_template_string("<h1>A shirt</h1>{{ genvoris_widget() }}")


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Return a shop.

    Args:
        config: Its settings; those of the environment are used where they lack.
    """
    app = Flask("queue_shop")
    app.config.update(
        SECRET_KEY="s",
        CELERY={"broker_url": os.environ.get("GENVORIS_STORE_URL")},
        GENVORIS_API_KEY="gvk_test_1",
        GENVORIS_STORE_NAMESPACE="queue shop",
        TRUSTED_HOSTS=["127.0.0.1", "localhost"],  # also behind a balancer at another port
        GENVORIS_LIMIT_TRYONS="100000/minute",
        **UNPACED,
    )
    app.config.update(config or {})
    GenvorisFlask(app).shopper_loader(who)
    app.add_url_rule("/", view_func=page)
    queue = app.config.get("GENVORIS_QUEUE", os.environ.get("GENVORIS_QUEUE"))
    if queue == "celery":
        celery_init_app(app)
    return app
