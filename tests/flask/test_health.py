"""What a load balancer learns from GET health."""

from __future__ import annotations

import httpx
import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.tryon.jobs import QueueLoad
from genvoris_flask.errors import UnreachableError
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import Shop


def test_healthy_process(shop: Shop) -> None:
    """It costs neither Genvoris nor the session anything, and is never kept or limited."""
    before = len(shop.transport.requests)
    with shop.browser.session_transaction() as session:
        session.permanent = True  # Flask would refresh its cookie with every response
    for _ in range(700):
        answer = shop.browser.get("/genvoris/health")
        assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ok",
        "parts": {
            "store": {"status": "ok", "detail": "memory"},
            "queue": {"status": "ok", "detail": "idle"},
            "genvoris": {"status": "ok", "circuit": "closed"},
        },
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert len(shop.transport.requests) == before
    assert shop.browser.head("/genvoris/health").status_code == 200


def test_open_circuit_degrades(shop: Shop) -> None:
    """Pages are served all the same, so no balancer takes the process out."""

    def fail(_request: httpx.Request) -> None:
        raise httpx.ConnectError("refused")

    shop.transport.fault = fail
    state = get_state(shop.app)
    for _ in range(3):
        with pytest.raises(UnreachableError):
            state.broker.session(Shopper("ada"), 60)
    answer = shop.browser.get("/genvoris/health")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "degraded"
    assert answer.get_json()["parts"]["genvoris"]["circuit"] == "open"


@pytest.mark.parametrize(
    ("load", "code", "status", "detail"),
    [
        (QueueLoad(1, 20), 200, "ok", "busy"),
        (QueueLoad(20, 20), 200, "degraded", "full"),
        (QueueLoad(5, 20, is_stuck=True), 503, "down", "stuck"),
        (QueueLoad(0, 20, is_ending=True), 503, "down", "ending"),
    ],
)
def test_queue_of_the_process(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    load: QueueLoad,
    code: int,
    status: str,
    detail: str,
) -> None:
    """One that makes no more try-ons gets no more requests."""
    monkeypatch.setattr(get_state(shop.app).jobs, "load", lambda: load)
    answer = shop.browser.get("/genvoris/health")
    assert answer.status_code == code
    assert answer.get_json()["status"] == status
    assert answer.get_json()["parts"]["queue"] == {"status": status, "detail": detail}


def test_unreachable_redis_degrades(shop: Shop) -> None:
    """All processes have the same Redis, so none of them is better."""
    app = Flask("other")
    app.config.update(shop.app.config, GENVORIS_STORE_URL="redis://127.0.0.1:1/0")
    GenvorisFlask().init_app(app, transport=shop.transport)
    before = len(shop.transport.requests)
    answer = app.test_client().get("/genvoris/health")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "degraded"
    assert answer.get_json()["parts"]["store"] == {"status": "degraded", "detail": "unavailable"}
    assert len(shop.transport.requests) == before
