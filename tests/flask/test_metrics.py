"""Metrics for Prometheus: what is counted, who may read them, and what they cost a shop without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from genvoris_flask import ConfigurationError, GenvorisFlask
from genvoris_flask.core.images.photos import Photo
from genvoris_flask.core.products import Product
from genvoris_flask.core.tryon.models import (
    Outcome,
    TryOnCancelledError,
    TryOnPostponedError,
    TryOnRequest,
)
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.waiting import LIMIT

TOKEN = "a token of some length".replace(" ", "-")
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def measured(genvoris: LocalGenvoris, registry: CollectorRegistry) -> Shop:
    """Return a shop with metrics, in which Ada, who has one try-on, is logged in."""
    genvoris.customer("ada", quota=1)
    shop = Shop(genvoris, GENVORIS_METRICS=registry, GENVORIS_METRICS_TOKEN=TOKEN)
    shop.log_in()
    return shop


def values(registry: CollectorRegistry, name: str) -> dict[str, float]:
    """Return the values of a metric by their labels, such as ``picture`` or ``GET /plans 200``."""
    return {
        " ".join(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_life_of_a_shop_is_counted(measured: Shop, registry: CollectorRegistry) -> None:
    """Tokens, try-ons, refusals, calls, and how busy it is."""
    ends = [measured.finish(measured.tryon())["state"] for _ in range(2)]
    assert ends == ["done", "refused"]
    assert measured.browser.get("/genvoris/tryons/unknown").status_code == 404
    assert values(registry, "genvoris_sessions_minted_total") == {"": 1}
    assert values(registry, "genvoris_tryons_total") == {"picture": 1, "quota_exhausted": 1}
    assert values(registry, "genvoris_tryon_seconds_count") == {"": 2}
    assert values(registry, "genvoris_refusals_total") == {"not_found": 1}
    calls = values(registry, "genvoris_request_seconds_count")
    assert calls["POST /customers/{id}/sessions 200"] == 1
    assert calls["POST /api/tryon 402"] == 1
    assert values(registry, "genvoris_queue_capacity") == {"": 20}
    assert values(registry, "genvoris_circuit") == {"": 0}
    assert "ada" not in str(list(registry.collect()))


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (TryOnPostponedError(2.0), {}),
        (TryOnCancelledError(), {"cancelled": 1}),
        (ZeroDivisionError(), {"raised": 1}),
    ],
)
def test_tryons_without_an_outcome(
    measured: Shop, registry: CollectorRegistry, error: Exception, counted: dict[str, float]
) -> None:
    """A try-on that is put off is not counted, since it runs again."""

    def run(_request: TryOnRequest) -> Outcome:
        raise error

    request = TryOnRequest(Photo(b"", "image/jpeg", 1, 1), Product("/a.png"), None, "", "key")
    metrics = measured.state.metrics
    assert metrics
    with pytest.raises(type(error)):
        metrics.timed(run)(request)
    assert values(registry, "genvoris_tryons_total") == counted
    assert values(registry, "genvoris_tryon_seconds_count") == {"": sum(counted.values())}


def test_failures_are_counted(measured: Shop, registry: CollectorRegistry) -> None:
    """By their kind."""
    measured.log_in("nobody")
    assert measured.post("/session").status_code >= 400
    assert values(registry, "genvoris_sessions_failed_total") == {"NotFoundError": 1}


def test_metrics_are_read_with_the_token(measured: Shop) -> None:
    """In OpenMetrics' form if that is asked for; nothing else opens them."""
    refused = {"": 401, "Bearer": 401, "Bearer wrong": 401, f"Basic {TOKEN}": 401, "Bearer é": 401}
    for header, code in refused.items():
        answer = measured.browser.get("/genvoris/metrics", headers={"Authorization": header})
        assert (answer.status_code, answer.get_json()["error"]) == (code, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    plain = measured.browser.get("/genvoris/metrics", headers=BEARER)
    assert plain.content_type.startswith("text/plain; version=")
    answer = measured.browser.get("/genvoris/metrics", headers=BEARER | OPENMETRICS)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.headers["Cache-Control"] == "no-store"
    families = {each.name for each in text_string_to_metric_families(answer.text)}  # type: ignore[no-untyped-call]
    assert {"genvoris_tryons", "genvoris_request_seconds", "genvoris_circuit"} <= families


def test_registry_alone_opens_no_route(genvoris: LocalGenvoris) -> None:
    """The shop publishes it as it likes. Two apps can share one."""
    registry = CollectorRegistry()
    for _ in range(2):
        shop = Shop(genvoris, GENVORIS_METRICS=registry)
        assert shop.browser.get("/genvoris/metrics", headers=BEARER).status_code == 404


@pytest.mark.parametrize("token", ["short", "with spaces in it, and long", "é" * 20])
def test_weak_token_prevents_start_up(token: str) -> None:
    """The message does not repeat it."""
    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY=API_KEY, GENVORIS_METRICS_TOKEN=token)
    with pytest.raises(ConfigurationError, match="GENVORIS_METRICS_TOKEN") as caught:
        GenvorisFlask(app)
    assert token not in str(caught.value)


SHOP = """
import sys
from flask import Flask
from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.signals import session_minted

app = Flask("shop")
app.config.update(
    GENVORIS_API_KEY="gvk_test_1", GENVORIS_API_URL="http://127.0.0.1:1/api/v1", **{config}
)
GenvorisFlask(app)
browser = app.test_client()
browser.get("/genvoris/health")
{rest}
"""


def run(config: dict[str, str], rest: str, **environment: str) -> str:
    """Run a shop in a process of its own and return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-c", SHOP.format(config=config, rest=rest)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    return ended.stdout


def test_shop_without_metrics_imports_nothing() -> None:
    """So they cost it nothing."""
    assert run({}, "print('prometheus_client' in sys.modules)") == "False\n"


def test_processes_are_added_up(tmp_path: Path) -> None:
    """In prometheus-client's multiprocess mode, whichever process is asked."""
    config = {"GENVORIS_METRICS_TOKEN": TOKEN}
    refuse = "browser.get('/genvoris/tryons/unknown')"
    directory = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    run(config, refuse, **directory)
    show = f"{refuse}\nprint(browser.get('/genvoris/metrics', headers={BEARER}).text)"
    assert 'genvoris_refusals_total{error="login_required"} 2.0' in run(config, show, **directory)
