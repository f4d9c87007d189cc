"""The control API: the clock and the log of requests."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import API_KEY, DAY, LocalGenvoris


def clock(sandbox: LocalGenvoris, **body: Any) -> Any:
    return sandbox.http.post("/sandbox/clock", json=body)


def test_clock_moves(sandbox: LocalGenvoris) -> None:
    """The clock moves and keeps running."""
    before = sandbox.http.get("/sandbox/clock").get_json()
    assert before == {"now": "2023-11-14T22:13:20.000Z", "unix": 1_700_000_000.0, "offset": 0.0}
    assert clock(sandbox, advance=60).get_json()["unix"] == 1_700_000_060
    sandbox.clock.now += 5
    assert sandbox.http.get("/sandbox/clock").get_json()["unix"] == 1_700_000_065
    assert clock(sandbox, set="2030-01-01T00:00:00Z").get_json()["now"].startswith("2030-01-01T00")
    assert clock(sandbox, set=1_800_000_000).get_json()["unix"] == 1_800_000_000
    assert clock(sandbox, reset=True).get_json()["offset"] == 0


def test_clock_advances_exactly(genvoris_sandbox: Sandbox) -> None:
    """A running clock advances by exactly the given time."""
    for _ in range(2):
        moved = httpx.post(f"{genvoris_sandbox.url}/sandbox/clock", json={"advance": 30 * DAY})
    assert moved.json()["offset"] == 60 * DAY


def test_moved_clock_survives_restart(sandbox: LocalGenvoris, tmp_path: Any) -> None:
    """The offset of the clock is stored."""
    clock(sandbox, advance=DAY)
    again = LocalGenvoris(tmp_path / "data")
    assert again.http.get("/sandbox/clock").get_json()["offset"] == DAY


def test_moved_clock_expires_tokens(sandbox: LocalGenvoris) -> None:
    """Tokens expire when the clock moves."""
    sandbox.customer()
    token = sandbox.token()
    assert sandbox.tryon(token).status_code == 200
    clock(sandbox, advance=906)
    assert sandbox.tryon(token).get_json()["error"] == "invalid_session_token"


def test_moved_clock_rolls_periods(sandbox: LocalGenvoris) -> None:
    """Periods roll when the clock moves."""
    sandbox.customer(quota=3)
    sandbox.spend(3)
    clock(sandbox, advance=30 * DAY)
    assert sandbox.used() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "1"},
        {"advance": 1e12},
        {"advance": -1.8e9},
        {"set": "soon"},
        {"set": -1},
        {"set": True},
        {"jump": 1},
        {"advance": 1, "reset": True},
    ],
    ids=str,
)
def test_invalid_time_is_refused(sandbox: LocalGenvoris, body: dict[str, Any]) -> None:
    """An invalid time is refused."""
    answer = clock(sandbox, **body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")


def calls(sandbox: LocalGenvoris, query: str = "") -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = sandbox.http.get(f"/sandbox/calls{query}").get_json()["data"]
    return data


def test_calls_are_logged(sandbox: LocalGenvoris) -> None:
    """Requests are logged in order, with their responses."""
    plan = sandbox.plan(7, "Gold")
    answer = sandbox.call("GET", "/customers?status=x")
    first, second = calls(sandbox)
    assert (first["method"], first["path"], first["status"]) == ("POST", "/api/v1/plans", 201)
    assert first["body"] == {"name": "Gold", "monthlyTryOns": 7}
    assert (second["query"], second["status"]) == ({"status": "x"}, 400)
    assert second["requestId"] == answer.headers["X-Request-Id"]
    assert plan


def test_calls_can_be_filtered_and_cleared(sandbox: LocalGenvoris) -> None:
    """The log can be filtered and cleared."""
    sandbox.customer()
    sandbox.token()
    sandbox.token()
    minted = calls(sandbox, "?method=POST&path=/api/v1/customers/*/sessions")
    assert len(minted) == 2
    assert len(calls(sandbox, "?limit=1")) == 1
    sandbox.http.delete("/sandbox/calls")
    assert calls(sandbox) == []


def test_calls_contain_no_secrets(sandbox: LocalGenvoris) -> None:
    """The log never contains a key, a token or a photo."""
    sandbox.customer()
    token = sandbox.token()
    sandbox.spend(1)
    sandbox.tryon(token)
    query = {"end_customer_token": token}
    sandbox.http.get("/api/status", query_string=query, headers={"X-API-Key": API_KEY})
    endpoint = {"url": "http://127.0.0.1:1", "secret": "whsec_hush", "events": ["webhook.test"]}
    sandbox.call("POST", "/webhooks", endpoint)
    text = sandbox.http.get("/sandbox/calls").get_data(as_text=True)
    for secret in (API_KEY, token, "whsec_hush", "JFIF"):
        assert secret not in text
    assert "[hidden]" in text


@pytest.mark.parametrize(
    "raw",
    [b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 5000, b'{"a": "' + b"x" * 20_000 + b'"}', b"\xff"],
    ids=["NaN", "surrogate", "deep", "large", "bytes"],
)
def test_calls_of_any_bytes(sandbox: LocalGenvoris, raw: bytes) -> None:
    """The log can be read whatever was sent."""
    sandbox.call("POST", "/plans", data=raw, content_type="application/json")
    (call,) = calls(sandbox)
    assert call["body"].startswith("[")


@pytest.mark.parametrize("path", ["/sandbox/clock", "/sandbox/faults", "/sandbox/calls"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
def test_control_api_refuses_other_sites(
    sandbox: LocalGenvoris, path: str, headers: dict[str, str]
) -> None:
    """A page of another site cannot use the control API."""
    refused = sandbox.http.get(path, headers=headers)
    assert refused.status_code == 403
    foreign_host = "Open the sandbox by its own address: http://127.0.0.1 or http://localhost."
    foreign_site = "Call this from the machine that it runs on."
    assert refused.get_json()["detail"] == (foreign_host if "Host" in headers else foreign_site)


def test_used_can_be_set(sandbox: LocalGenvoris) -> None:
    """The number of used try-ons can be set."""
    sandbox.customer("a/b", quota=1_000_000)
    answer = sandbox.http.patch("/sandbox/customers/a%2Fb", json={"used": 1_000_000})
    assert answer.get_json()["data"]["current"]["remaining"] == 0
    assert sandbox.tryon(sandbox.token("a%2Fb")).get_json()["reason"] == "quota_exhausted"
    assert sandbox.http.get("/sandbox/credits").get_json()["balance"] == 1000
