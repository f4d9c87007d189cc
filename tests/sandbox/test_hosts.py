"""The host names that the sandbox accepts, which are those of this machine."""

from __future__ import annotations

import pytest

from tests.support.local_genvoris import API_KEY, LocalGenvoris

FOREIGN = [
    "evil.example",
    "evil.example:8787",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "notlocalhost",
    "127.0.0.1@evil.example",
    "127.0.0.2",
    "0.0.0.0",
    "[::1].evil.example",
    "[",
    "localhost:8787:1",
]


def headers(host: str) -> dict[str, str]:
    key = {"Authorization": f"Bearer {API_KEY}", "X-API-Key": API_KEY}
    return {"Host": host, **key}


def test_other_hosts_are_refused(sandbox: LocalGenvoris) -> None:
    """Requests to other host names are refused on every path."""
    paths = {
        rule.rule.replace("<", "").replace(">", "") for rule in sandbox.app.url_map.iter_rules()
    }
    assert {"/", "/docs", "/openapi.json", "/page.css", "/.well-known/jwks.json"} <= paths
    for path in [*paths, "/unknown"]:
        for method in ("GET", "POST", "OPTIONS"):
            answer = sandbox.http.open(path, method=method, headers=headers("evil.example"))
            assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_origin"), path
            assert "127.0.0.1" in answer.get_json()["detail"]


@pytest.mark.parametrize("host", FOREIGN)
def test_lookalike_hosts_are_refused(sandbox: LocalGenvoris, host: str) -> None:
    """A host name that resembles a local one is refused."""
    for path in ("/openapi.json", "/sandbox/clock", "/"):
        assert sandbox.http.get(path, headers=headers(host)).status_code == 403


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8787", "localhost:8787", "LocalHost", "[::1]:8787"]
)
def test_local_names_are_accepted(sandbox: LocalGenvoris, host: str) -> None:
    """Each name of this machine is accepted."""
    for path in ("/openapi.json", "/sandbox/clock", "/", "/api/v1/plans"):
        assert sandbox.http.get(path, headers=headers(host)).status_code == 200


def test_refused_hosts_are_not_logged(sandbox: LocalGenvoris) -> None:
    """A request to another host is not logged and has no faults."""
    sandbox.http.put("/sandbox/faults", json={"faults": [{"kind": "status", "count": 1}]})
    refused = sandbox.http.get("/api/v1/plans", headers=headers("evil.example"))
    assert refused.status_code == 403
    assert sandbox.http.get("/sandbox/calls").get_json() == {"data": []}
    assert sandbox.http.get("/sandbox/faults").get_json()["faults"][0]["hits"] == 0
