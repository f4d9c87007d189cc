"""Pages on an upstream that misbehaves, over real sockets."""

from __future__ import annotations

import threading

import pytest
from flask import Flask, render_template_string, request

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.api.http import HttpClient, RetryPolicy
from genvoris_flask.errors import DeadlineError
from genvoris_flask.signals import session_failed
from genvoris_flask.web.state import get_state
from tests.integration.conftest import free_port
from tests.support.upstream import MODES, Upstream

BUDGET = 0.2  # seconds
UNANSWERED = ("hang", "drip-body", "drip-headers")
FAULTS = [mode for mode in MODES if mode != "ok"]


def shop(url: str, budget: float = BUDGET) -> Flask:
    app = Flask("shop")
    app.config.update(
        GENVORIS_API_KEY="gvk_test_1",
        GENVORIS_API_URL=f"{url}/api/v1",
        GENVORIS_PAGE_BUDGET=budget,
    )
    genvoris = GenvorisFlask(app)
    genvoris.shopper_loader(lambda: Shopper(request.args["user"]))
    app.add_url_rule("/", "page", lambda: render_template_string("{{ genvoris_widget() }}"))
    return app


def view(app: Flask, user: str) -> str:
    response = app.test_client().get("/", query_string={"user": user})
    assert response.status_code == 200
    return response.text


@pytest.mark.parametrize("fault", FAULTS)
def test_pages_render_while_genvoris_fails(upstream: Upstream, fault: str) -> None:
    """Pages render in time, and soon no request is sent."""
    app = shop(upstream.url)
    upstream.mode = fault
    ended: list[str] = []

    def note(_app: Flask, shopper: Shopper, **_: object) -> None:
        ended.append(shopper.external_id)

    with session_failed.connected_to(note, app):
        for number in range(3):
            assert "data-end-customer-token" not in view(app, f"s{number}")
            # Where Genvoris does not answer, a page does not wait until it is given up.
            assert fault not in UNANSWERED or f"s{number}" not in ended
        asked = upstream.counts["mints"]
        for number in range(10):
            view(app, f"t{number}")
    assert upstream.counts["mints"] <= asked + 2  # what was under way may be tried again
    upstream.over.set()


def test_closed_port() -> None:
    """The breaker opens after a few pages."""
    app = shop(f"http://127.0.0.1:{free_port()}")
    for number in range(13):
        view(app, f"s{number}")
    assert get_state(app).broker.is_backing_off


@pytest.mark.parametrize("fault", ["drip-body", "drip-headers", "hang", "half"])
def test_calls_end_with_deadline(upstream: Upstream, fault: str) -> None:
    """No misbehaving server holds a call beyond its deadline."""
    upstream.mode = fault
    client = HttpClient(upstream.url, {})
    with pytest.raises(Exception, match=r".") as caught:
        client.request("POST", "/x/sessions", timeout=0.4, repeat=RetryPolicy.NEVER)
    if fault != "half":
        assert caught.type is DeadlineError
    upstream.over.set()


def test_concurrent_first_views(upstream: Upstream) -> None:
    """Views at the same time share one mint."""
    app = shop(upstream.url, budget=10)
    barrier = threading.Barrier(20)
    texts: list[str] = []

    def look() -> None:
        barrier.wait()
        texts.append(view(app, "ada"))

    threads = [threading.Thread(target=look) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert upstream.counts["mints"] == 1
    assert len(set(texts)) == 1
    assert "data-end-customer-token" in texts[0]
