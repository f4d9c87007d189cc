"""Injected faults, over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from genvoris_flask.testing import Sandbox

PLAN = {"name": "Pro", "monthlyTryOns": 5}


@pytest.fixture
def http(genvoris_sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Yield a client of a sandbox."""
    headers = {"Authorization": f"Bearer {genvoris_sandbox.api_key}"}
    with httpx.Client(base_url=genvoris_sandbox.url, headers=headers, timeout=5) as client:
        yield client


def put(http: httpx.Client, *faults: dict[str, Any]) -> None:
    answer = http.put("/sandbox/faults", json={"faults": list(faults)})
    assert answer.status_code == 200, answer.text


def plans(http: httpx.Client) -> httpx.Response:
    return http.get("/api/v1/plans")


def test_latency(http: httpx.Client) -> None:
    """A response can be delayed."""
    put(http, {"kind": "latency", "seconds": 0.3})
    started = time.monotonic()
    assert plans(http).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_status(http: httpx.Client) -> None:
    """An error status has its code and Retry-After."""
    put(http, {"kind": "status", "status": 429, "error": "rate_limited", "retryAfter": 7})
    answer = plans(http)
    assert (answer.status_code, answer.json()["error"]) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == "7"


def test_hang(http: httpx.Client) -> None:
    """A hanging request gets no response and ends by itself."""
    put(http, {"kind": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        http.get("/api/v1/plans", timeout=0.2)
    put(http, {"kind": "hang", "seconds": 0.1})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        plans(http)


def test_garbage(http: httpx.Client) -> None:
    """A successful response can have a body that is not JSON."""
    put(http, {"kind": "garbage"})
    answer = plans(http)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_drop(http: httpx.Client) -> None:
    """A connection can be reset."""
    put(http, {"kind": "drop"})
    with pytest.raises(httpx.ReadError):
        plans(http)


def test_slow(http: httpx.Client) -> None:
    """A body can be sent bit by bit."""
    put(http, {"kind": "slow", "seconds": 0.4})
    with http.stream("GET", "/api/v1/plans") as answer:
        started = time.monotonic()
        pieces = list(answer.iter_raw())
    assert len(pieces) > 3
    assert time.monotonic() - started >= 0.2
    assert b"".join(pieces) == b'{"data":[]}\n'


def test_fault_matches_path_and_method(http: httpx.Client) -> None:
    """A fault affects only its path and method."""
    put(http, {"kind": "status", "path": "/api/v1/customers/*/sessions", "method": "post"})
    http.post("/api/v1/customers", json={"externalId": "ada"})
    assert http.post("/api/v1/customers/ada/sessions").status_code == 503
    assert http.get("/api/v1/customers/ada/usage").status_code == 200


def test_fault_ends_after_count(http: httpx.Client) -> None:
    """A fault ends after its count."""
    put(http, {"kind": "status", "count": 2})
    assert [plans(http).status_code for _ in range(4)] == [503, 503, 200, 200]
    assert http.get("/sandbox/faults").json()["faults"][0]["hits"] == 2


def test_fault_share_is_exact(http: httpx.Client) -> None:
    """A share affects exactly that part of the requests."""
    put(http, {"kind": "status", "share": 0.25})
    assert [plans(http).status_code for _ in range(8)].count(503) == 2


def test_first_fault_decides(http: httpx.Client) -> None:
    """The first fault that matches is applied."""
    first = {"kind": "status", "status": 500, "count": 1}
    put(http, first, {"kind": "status", "status": 502})
    assert [plans(http).status_code for _ in range(2)] == [500, 502]


@pytest.mark.parametrize("kind", ["drop", "status"])
def test_fault_before_or_after(http: httpx.Client, kind: str) -> None:
    """A request takes effect before a fault only if the fault is set to `after`."""
    for when, there in (("before", 0), ("after", 1)):
        put(http, {"kind": kind, "when": when, "count": 1})
        try:
            http.post("/api/v1/plans", json=PLAN)
        except httpx.ReadError:
            assert kind == "drop"
        assert len(plans(http).json()["data"]) == there


def test_faults_can_be_cleared(http: httpx.Client) -> None:
    """All faults can be removed."""
    put(http, {"kind": "status"})
    http.delete("/sandbox/faults")
    assert plans(http).status_code == 200


def test_control_api_has_no_faults(http: httpx.Client) -> None:
    """Faults do not affect the control API."""
    put(http, {"kind": "drop"})
    assert http.get("/sandbox/calls").status_code == 200
    assert http.get("/").status_code == 200


def test_log_names_faults(http: httpx.Client) -> None:
    """The request log names the fault of a request."""
    put(http, {"kind": "status", "count": 1}, {"kind": "drop"})
    plans(http)
    with pytest.raises(httpx.ReadError):
        plans(http)
    told = [(call["fault"], call["status"]) for call in http.get("/sandbox/calls").json()["data"]]
    assert told == [("status", 503), ("drop", None)]


WRONG: list[tuple[Any, str]] = [
    ({}, "faults"),
    ({"faults": ["x"]}, "faults.0"),
    ({"faults": [{}]}, "faults.0.kind"),
    ({"faults": [{"kind": "fire"}]}, "faults.0.kind"),
    ({"faults": [{"kind": "hang"}, {"kind": "hang", "share": 2}]}, "faults.1.share"),
    ({"faults": [{"kind": "hang", "seconds": 1e9}]}, "faults.0.seconds"),
    ({"faults": [{"kind": "status", "status": 200}]}, "faults.0.status"),
    ({"faults": [{"kind": "status", "count": 0}]}, "faults.0.count"),
    ({"faults": [{"kind": "drop", "when": "never"}]}, "faults.0.when"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=str)
def test_invalid_fault_is_refused(http: httpx.Client, body: Any, field: str) -> None:
    """The error names the invalid field of a fault."""
    answer = http.put("/sandbox/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{field}:")
