"""The sandbox's clock, and what was asked of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import API_KEY, DAY, LocalGenvoris


def clock(sandbox: LocalGenvoris, **body: Any) -> Any:
    return sandbox.http.post("/sandbox/clock", json=body)


def test_the_clock_moves_and_time_runs_on_from_there(sandbox: LocalGenvoris) -> None:
    before = sandbox.http.get("/sandbox/clock").get_json()
    assert before == {"now": "2023-11-14T22:13:20.000Z", "unix": 1_700_000_000.0, "offset": 0.0}
    assert clock(sandbox, advance=60).get_json()["unix"] == 1_700_000_060
    sandbox.clock.now += 5
    assert sandbox.http.get("/sandbox/clock").get_json()["unix"] == 1_700_000_065
    assert clock(sandbox, set="2030-01-01T00:00:00Z").get_json()["now"].startswith("2030-01-01T00")
    assert clock(sandbox, set=1_800_000_000).get_json()["unix"] == 1_800_000_000
    assert clock(sandbox, reset=True).get_json()["offset"] == 0


def test_a_step_of_a_running_clock_is_as_long_as_asked(genvoris_sandbox: Sandbox) -> None:
    for _ in range(2):
        moved = httpx.post(f"{genvoris_sandbox.url}/sandbox/clock", json={"advance": 30 * DAY})
    assert moved.json()["offset"] == 60 * DAY


def test_a_moved_clock_survives_a_restart(sandbox: LocalGenvoris, tmp_path: Any) -> None:
    clock(sandbox, advance=DAY)
    again = LocalGenvoris(tmp_path / "data")
    assert again.http.get("/sandbox/clock").get_json()["offset"] == DAY


def test_a_token_expires_when_the_clock_moves(sandbox: LocalGenvoris) -> None:
    sandbox.customer()
    token = sandbox.token()
    assert sandbox.tryon(token).status_code == 200
    clock(sandbox, advance=906)
    assert sandbox.tryon(token).get_json()["error"] == "invalid_session_token"


def test_a_period_rolls_when_the_clock_moves(sandbox: LocalGenvoris) -> None:
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
def test_a_wrong_time_is_refused(sandbox: LocalGenvoris, body: dict[str, Any]) -> None:
    answer = clock(sandbox, **body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")


def calls(sandbox: LocalGenvoris, query: str = "") -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = sandbox.http.get(f"/sandbox/calls{query}").get_json()["data"]
    return data


def test_calls_are_listed_in_order_with_what_they_asked_and_got(sandbox: LocalGenvoris) -> None:
    plan = sandbox.plan(7, "Gold")
    answer = sandbox.call("GET", "/customers?status=x")
    first, second = calls(sandbox)
    assert (first["method"], first["path"], first["status"]) == ("POST", "/api/v1/plans", 201)
    assert first["body"] == {"name": "Gold", "monthlyTryOns": 7}
    assert (second["query"], second["status"]) == ({"status": "x"}, 400)
    assert second["requestId"] == answer.headers["X-Request-Id"]
    assert plan


def test_calls_can_be_sought_and_forgotten(sandbox: LocalGenvoris) -> None:
    sandbox.customer()
    sandbox.token()
    sandbox.token()
    minted = calls(sandbox, "?method=POST&path=/api/v1/customers/*/sessions")
    assert len(minted) == 2
    assert len(calls(sandbox, "?limit=1")) == 1
    sandbox.http.delete("/sandbox/calls")
    assert calls(sandbox) == []


def test_calls_never_show_a_key_a_token_or_a_photo(sandbox: LocalGenvoris) -> None:
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
def test_calls_can_be_read_whatever_was_sent(sandbox: LocalGenvoris, raw: bytes) -> None:
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
def test_a_page_of_another_site_cannot_touch_the_switches(
    sandbox: LocalGenvoris, path: str, headers: dict[str, str]
) -> None:
    assert sandbox.http.get(path, headers=headers).status_code == 403


def test_what_a_customer_has_used_can_be_set(sandbox: LocalGenvoris) -> None:
    """The next try-on is refused at once, and nothing was taken from the pool."""
    sandbox.customer("a/b", quota=1_000_000)
    answer = sandbox.http.patch("/sandbox/customers/a%2Fb", json={"used": 1_000_000})
    assert answer.get_json()["data"]["current"]["remaining"] == 0
    assert sandbox.tryon(sandbox.token("a%2Fb")).get_json()["reason"] == "quota_exhausted"
    assert sandbox.http.get("/sandbox/credits").get_json()["balance"] == 1000
