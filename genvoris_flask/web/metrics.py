"""Metrics of one app for Prometheus, in a registry that the shop chooses.

Nothing here is imported unless GENVORIS_METRICS is set. In prometheus-client's multiprocess mode a
gauge is what a process last set, so gauges are set whenever something happens.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, Response, request, request_finished
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from ..core.images.photos import Picture
from ..core.sessions.breaker import State
from ..core.tryon.jobs import QueueLoad, Run
from ..core.tryon.models import (
    Failure,
    Outcome,
    TryOnCancelledError,
    TryOnPostponedError,
    TryOnRequest,
)
from ..signals import session_failed, session_minted

CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 0.8, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
TRYON_BUCKETS = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 600.0)
CIRCUIT = {"closed": 0, "slow": 1, "open": 2}
# A label has few values: not the merchant's own ids, which ``name_of`` leaves in.
_ID = re.compile(r"/(plans|webhooks)/[^/?]+")


@dataclass(frozen=True)
class _Instruments:
    minted: Counter
    failed: Counter
    calls: Histogram
    tryons: Counter
    tryon_seconds: Histogram
    refusals: Counter
    unfinished: Gauge
    capacity: Gauge
    circuit: Gauge


_known: WeakKeyDictionary[CollectorRegistry, _Instruments] = WeakKeyDictionary()


def _instruments(registry: CollectorRegistry) -> _Instruments:
    """Return the instruments in a registry, which several apps may share."""
    if registry not in _known:
        _known[registry] = _make(registry)
    return _known[registry]


def _make(registry: CollectorRegistry) -> _Instruments:
    common: dict[str, Any] = {"namespace": "genvoris", "registry": registry}
    per_process = {**common, "multiprocess_mode": "livesum"}
    return _Instruments(
        Counter("sessions_minted", "Session tokens that were minted.", **common),
        Counter("sessions_failed", "Tokens that were not minted.", ["error"], **common),
        Histogram(
            "request_seconds",
            "Requests to Genvoris, by call and status.",
            ["call", "status"],
            buckets=CALL_BUCKETS,
            **common,
        ),
        Counter("tryons", "Try-ons that ended, and why without a picture.", ["outcome"], **common),
        Histogram("tryon_seconds", "How long try-ons ran.", buckets=TRYON_BUCKETS, **common),
        Counter("refusals", "Requests that were refused, by their error.", ["error"], **common),
        Gauge("queue_unfinished", "Try-ons that wait or run.", **per_process),
        Gauge("queue_capacity", "How many try-ons may wait or run.", **per_process),
        Gauge(
            "circuit",
            "0: Genvoris answers; 1: too slowly for pages; 2: it is not asked.",
            **{**per_process, "multiprocess_mode": "livemax"},
        ),
    )


class Metrics:
    """Counts what happens in an app.

    Args:
        app: The shop.
        registry: Where the metrics are; True is prometheus-client's default registry.
        load: Returns how busy the queue is.
        circuit: Returns the state of the circuit breaker.
    """

    def __init__(
        self,
        app: Flask,
        registry: CollectorRegistry | bool,
        *,
        load: Callable[[], QueueLoad],
        circuit: Callable[[], State],
    ) -> None:
        self._load = load
        self._circuit = circuit
        self._registry = registry if isinstance(registry, CollectorRegistry) else REGISTRY
        self._of = _instruments(self._registry)
        session_minted.connect(self._count_mint, app)
        session_failed.connect(self._count_failure, app)
        request_finished.connect(self._count_refusal, app)

    def observe(self, call: str, seconds: float, status: str) -> None:
        """Record a request to Genvoris."""
        self._of.calls.labels(_ID.sub(r"/\1/{id}", call), status).observe(seconds)

    def timed(self, run: Run) -> Run:
        """Return a function that makes try-ons and records them."""

        def make(tryon: TryOnRequest) -> Outcome:
            self.set_gauges()
            started = time.monotonic()
            try:
                made = run(tryon)
            except TryOnPostponedError:  # it has not ended
                raise
            except BaseException as error:
                is_cancelled = isinstance(error, TryOnCancelledError)
                self._count_tryon("cancelled" if is_cancelled else "raised", started)
                raise
            self._count_tryon(_name(made), started)
            return made

        return make

    def _count_tryon(self, outcome: str, started: float) -> None:
        self._of.tryons.labels(outcome).inc()
        self._of.tryon_seconds.observe(time.monotonic() - started)

    def set_gauges(self) -> None:
        """Set what a process knows of itself at any time."""
        load = self._load()
        self._of.unfinished.set(load.unfinished)
        self._of.capacity.set(load.capacity)
        self._of.circuit.set(CIRCUIT[self._circuit()])

    def exposition(self, accept: str | None) -> tuple[bytes, str]:
        """Return all metrics of the registry, of all processes in multiprocess mode.

        Args:
            accept: The request's Accept header, which may ask for OpenMetrics.

        Returns:
            The text and its content type.
        """
        self.set_gauges()
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, content_type = choose_encoder(accept or "")
        return encode(registry), content_type

    def _count_mint(self, _app: Flask, **_values: Any) -> None:
        self._of.minted.inc()
        self.set_gauges()

    def _count_failure(self, _app: Flask, *, error: Exception, **_values: Any) -> None:
        self._of.failed.labels(type(error).__name__).inc()
        self.set_gauges()

    def _count_refusal(self, _app: Flask, *, response: Response, **_values: Any) -> None:
        if not (request.blueprint or "").startswith("genvoris"):
            return
        if response.status_code >= 400 and response.is_json:
            self._of.refusals.labels(str(response.get_json()["error"])).inc()
        self.set_gauges()


def _name(outcome: Outcome) -> str:
    if isinstance(outcome, Picture):
        return "picture"
    return outcome.error if isinstance(outcome, Failure) else outcome.reason
