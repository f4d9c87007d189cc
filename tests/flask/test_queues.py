"""What a shop is told whose try-ons run on an engine that is not set up, or does not answer."""

from __future__ import annotations

import functools

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.tryon.jobs import BrokerError
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.rq import find_app
from genvoris_flask.web.health_checks.shop import check_queue
from genvoris_flask.web.queues.celery import CeleryBroker
from genvoris_flask.web.queues.running import run_job
from genvoris_flask.web.state import get_state
from tests.support.fake_genvoris import Clock
from tests.support.queue_shop import celery_init_app

NOWHERE = "redis://127.0.0.1:1/0"


def shop(**config: object) -> Flask:
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY="gvk_test_1", **config)
    GenvorisFlask(app)
    return app


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"GENVORIS_QUEUE": "rq"}, "needs GENVORIS_STORE_URL"),
        ({"GENVORIS_QUEUE": "huey", "GENVORIS_STORE_URL": NOWHERE}, "threads, rq or celery"),
        ({"GENVORIS_QUEUE_SIZE": 0}, "GENVORIS_QUEUE_SIZE"),
    ],
)
def test_wrong_setting_is_refused(config: dict[str, object], message: str) -> None:
    """At set-up, with what to do."""
    with pytest.raises(ConfigurationError, match=message):
        shop(**config)


def test_shop_without_a_celery_app() -> None:
    """It is told to make one, when try-ons are sent and when it is checked."""
    app = shop(GENVORIS_QUEUE="celery", GENVORIS_STORE_URL=NOWHERE)
    broker = CeleryBroker(app, None)
    for call in (functools.partial(broker.send, "job"), broker.has_worker):
        with pytest.raises(ConfigurationError, match="patterns/celery"):
            call()


def test_celery_broker_that_does_not_answer() -> None:
    """It is an error of the engine, whose text has no password. Others do not wait for it."""
    app = Flask("shop")
    app.config["CELERY"] = {
        "broker_url": "amqp://guest:secret@127.0.0.1:1//",
        "broker_transport_options": {"connect_retries_timeout": 0.1, "interval_start": 0.1},
    }
    celery_init_app(app)
    broker = CeleryBroker(app, "genvoris", Clock())
    with pytest.raises(BrokerError, match=r"unavailable \(OperationalError\)\.$"):
        broker.send("job")
    with pytest.raises(BrokerError, match="a moment ago"):
        broker.send("job")


def test_rq_that_does_not_answer() -> None:
    """The check of the shop says that nobody can try on."""
    app = shop(GENVORIS_QUEUE="rq", GENVORIS_STORE_URL=NOWHERE)
    (finding,) = check_queue(get_state(app))
    assert not finding.ok
    assert finding.text.startswith("Nobody can try on. Redis does not answer")


def test_worker_with_other_settings_than_the_shop() -> None:
    """It is told what to set, rather than failing at its first try-on in silence."""
    with pytest.raises(ConfigurationError, match="same settings as the shop"):
        run_job(shop(), "job")


def test_worker_uses_the_current_app() -> None:
    """As Flask-RQ's workers push it."""
    app = shop()
    with app.app_context():
        assert find_app() is app
