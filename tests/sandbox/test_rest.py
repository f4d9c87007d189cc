"""The REST API: plans, customers, sessions and errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.support.local_genvoris import API_KEY, LocalGenvoris


def test_plans(sandbox: LocalGenvoris) -> None:
    """Plans are created, listed, changed and disabled."""
    body = {"name": "Pro", "monthlyTryOns": 100, "externalPriceId": "price_1"}
    created = sandbox.call("POST", "/plans", body)
    plan = created.get_json()
    assert created.status_code == 201
    assert plan["id"].startswith("pln_")
    assert plan | body == plan
    assert plan["active"] is True
    changed = sandbox.call("PATCH", f"/plans/{plan['id']}", {"externalPriceId": None}).get_json()
    assert changed["externalPriceId"] is None
    sandbox.call("DELETE", f"/plans/{plan['id']}")
    assert sandbox.call("GET", "/plans").get_json() == {"data": []}
    everything = sandbox.call("GET", "/plans?include_inactive=true").get_json()["data"]
    assert [each["active"] for each in everything] == [False]


def test_plans_are_not_idempotent(sandbox: LocalGenvoris) -> None:
    """Creating the same plan twice creates two plans."""
    assert sandbox.plan() != sandbox.plan()


def test_customer_by_either_id(sandbox: LocalGenvoris) -> None:
    """A customer is found by either id."""
    odd = "shop/ada lovelace?#%é"
    customer_id = sandbox.customer(odd)
    from urllib.parse import quote

    by_external_id = sandbox.call("GET", f"/customers/{quote(odd, safe='')}").get_json()
    by_id = sandbox.call("GET", f"/customers/{customer_id}").get_json()
    assert by_external_id == by_id
    assert by_id["externalId"] == odd
    assert by_id["status"] == "ACTIVE"


def test_customers_are_paginated(sandbox: LocalGenvoris) -> None:
    """Customers are listed by pages and by status."""
    for number in range(5):
        sandbox.customer(f"s{number}", quota=None)
    sandbox.call("DELETE", "/customers/s4")
    first = sandbox.call("GET", "/customers?limit=3").get_json()
    rest = sandbox.call("GET", f"/customers?limit=3&cursor={first['next_cursor']}").get_json()
    names = [each["externalId"] for each in first["data"] + rest["data"]]
    assert names == ["s0", "s1", "s2", "s3", "s4"]
    assert rest["next_cursor"] is None
    cancelled = sandbox.call("GET", "/customers?status=cancelled").get_json()["data"]
    assert [each["externalId"] for each in cancelled] == ["s4"]


def test_minted_token(
    sandbox: LocalGenvoris,
) -> None:
    """A minted token is signed and has the documented claims."""
    customer_id = sandbox.customer()
    answer = sandbox.call("POST", "/customers/ada/sessions").get_json()
    keys = sandbox.http.get("/.well-known/jwks.json")
    key = jwt.PyJWKSet.from_dict(keys.get_json()).keys[0]
    claims = jwt.decode(
        answer["token"],
        key.key,
        algorithms=["RS256"],
        audience="genvoris-widget",
        issuer="https://genvoris.org",
        options={"verify_exp": False},
    )
    assert jwt.get_unverified_header(answer["token"])["kid"] == key.key_id
    assert claims["sub"] == customer_id
    assert claims["jti"].startswith(customer_id)
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 900
    assert {"id", "external_id", "plan_name", "monthly_try_ons", "period_end"} <= set(
        answer["customer"]
    )
    assert keys.cache_control.max_age == 3600


def test_token_expires_or_is_revoked(sandbox: LocalGenvoris) -> None:
    """A token expires, and can be revoked."""
    sandbox.customer()
    short, long = sandbox.token(expires_in=60), sandbox.token(expires_in=3600)
    sandbox.clock.now += 70
    assert sandbox.tryon(short).get_json()["error"] == "invalid_session_token"
    jti = jwt.decode(long, options={"verify_signature": False})["jti"]
    for _ in range(2):
        revoked = sandbox.call("DELETE", f"/customers/ada/sessions/{jti}")
        assert revoked.get_json() == {"data": {"jti": jti, "revoked": True}}
    assert sandbox.tryon(long).get_json()["error"] == "invalid_session_token"
    sandbox.customer("ben")
    assert sandbox.call("DELETE", f"/customers/ben/sessions/{jti}").status_code == 404


def test_sessions_are_listed(sandbox: LocalGenvoris) -> None:
    """The valid tokens of a customer are listed."""
    customer_id = sandbox.customer("a/b")
    sandbox.customer("ben")
    sandbox.token("ben")
    first = sandbox.token("a%2Fb", expires_in=60)
    second = sandbox.token("a%2Fb", expires_in=3600)
    listed = sandbox.call("GET", "/customers/a%2Fb/sessions").get_json()
    assert [each["token"] for each in listed["data"]] == [second, first]
    assert listed["data"][1]["expires_at"] == "2023-11-14T22:14:20.000Z"
    sandbox.clock.now += 60
    assert len(sandbox.call("GET", f"/customers/{customer_id}/sessions").get_json()["data"]) == 1
    jti = jwt.decode(second, options={"verify_signature": False})["jti"]
    sandbox.call("DELETE", f"/customers/{customer_id}/sessions/{jti}")
    assert sandbox.call("GET", "/customers/a%2Fb/sessions").get_json() == {"data": []}
    assert sandbox.call("GET", "/customers/nobody/sessions").status_code == 404
    assert sandbox.http.get("/api/v1/customers/ben/sessions").status_code == 401


def test_customer_contains_plan(sandbox: LocalGenvoris) -> None:
    """A customer contains their plan."""
    plan = sandbox.plan(7, "Gold")
    sandbox.call("POST", "/customers", {"externalId": "ada", "planId": plan})
    sandbox.call("POST", "/customers", {"externalId": "ben"})
    nested = {"id": plan, "name": "Gold", "monthlyTryOns": 7}
    assert sandbox.call("GET", "/customers/ada").get_json()["plan"] == nested
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["plan"] == nested
    assert sandbox.call("GET", "/customers/ben").get_json()["plan"] is None


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_forged_token_is_refused(sandbox: LocalGenvoris, token: str) -> None:
    """A forged token is refused."""
    answer = sandbox.tryon(token or "x")
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")


def test_token_of_another_shop_is_refused(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    """A token of another shop has its own error code."""
    other = LocalGenvoris(tmp_path / "other")  # with the same signing key, as at Genvoris
    other.customer()
    answer = sandbox.tryon(other.token())
    assert (answer.status_code, answer.get_json()["error"]) == (403, "token_store_mismatch")


@pytest.mark.parametrize("kind", ["json", "form"])
def test_analyze(sandbox: LocalGenvoris, kind: str) -> None:
    """A product can be analyzed before a try-on."""
    fields = {"product_category": "home", "unknown": "1"}
    ways: dict[str, dict[str, Any]] = {
        "json": {"json": fields},
        "form": {"data": fields, "content_type": "multipart/form-data"},
    }
    sent = ways[kind]
    answer = sandbox.http.post("/api/analyze", headers={"X-API-Key": API_KEY}, **sent)
    assert answer.get_json() == {"success": True, "product_category": "home"}
    assert sandbox.http.post("/api/analyze", **sent).status_code == 401
    nothing = {name: {} if name != "content_type" else value for name, value in sent.items()}
    refused = sandbox.http.post("/api/analyze", headers={"X-API-Key": API_KEY}, **nothing)
    assert refused.status_code == 400


def test_long_idempotency_key_is_refused(sandbox: LocalGenvoris) -> None:
    """An idempotency key has a maximum length."""
    assert sandbox.tryon(None, key="k" * 200).status_code == 200
    refused = sandbox.tryon(None, key="k" * 201)
    assert refused.status_code == 400
    assert refused.get_json()["detail"].startswith("Idempotency-Key: ")


PLAN: dict[str, Any] = {"name": "Pro", "monthlyTryOns": 100}
WRONG: list[tuple[str, str, Any, str]] = [
    ("POST", "/plans", {"monthlyTryOns": 1}, "name"),
    ("POST", "/plans", {"name": "Pro"}, "monthlyTryOns"),
    ("POST", "/plans", PLAN | {"name": "x" * 81}, "name"),
    ("POST", "/plans", PLAN | {"name": "  "}, "name"),
    ("POST", "/plans", PLAN | {"name": "a\0b"}, "name"),
    ("POST", "/plans", PLAN | {"monthlyTryOns": 1_000_001}, "monthlyTryOns"),
    ("POST", "/plans", PLAN | {"monthlyTryOns": 0}, "monthlyTryOns"),
    ("POST", "/plans", PLAN | {"monthlyTryOns": True}, "monthlyTryOns"),
    ("POST", "/plans", PLAN | {"monthlyTryOns": 1.5}, "monthlyTryOns"),
    ("POST", "/plans", PLAN | {"active": "yes"}, "active"),
    ("POST", "/plans", [1], "object"),
    ("POST", "/customers", {}, "externalId"),
    ("POST", "/customers", {"externalId": 7}, "externalId"),
    ("POST", "/customers", {"externalId": "u", "email": []}, "email"),
    ("POST", "/customers", {"externalId": "u", "metadata": []}, "metadata"),
    ("POST", "/customers", {"externalId": "u", "metadata": {"a": {}}}, "metadata.a"),
    ("PATCH", "/customers/ada", {"status": "FROZEN"}, "status"),
    ("PATCH", "/customers/ada", {"resetPeriod": 1}, "resetPeriod"),
    ("POST", "/customers/ada/sessions", {"expires_in": 59}, "expires_in"),
    ("POST", "/customers/ada/sessions", {"expires_in": 3601}, "expires_in"),
    ("GET", "/customers?limit=0", None, "limit"),
    ("GET", "/customers?limit=201", None, "limit"),
    ("GET", "/customers?cursor=x", None, "cursor"),
    ("GET", "/customers?cursor=" + "0" * 5000, None, "cursor"),
    ("GET", "/customers?cursor=" + "9" * 30, None, "cursor"),
    ("GET", "/customers?status=x", None, "status"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"), WRONG, ids=lambda value: str(value)[:60]
)
def test_invalid_field_is_refused(
    sandbox: LocalGenvoris, method: str, path: str, body: Any, field: str
) -> None:
    """The error names the invalid field."""
    sandbox.customer(quota=None)
    answer = sandbox.call(method, path, body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert field in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("raw", "mimetype", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"externalId": "u", "metadata": {"a": 1e999}}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"name=Pro", "application/x-www-form-urlencoded", 415),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "application/json", 413),
    ],
    ids=["half", "NaN", "infinite", "deep", "bytes", "form", "huge"],
)
def test_body_must_be_an_object(
    sandbox: LocalGenvoris, raw: bytes, mimetype: str, status: int
) -> None:
    """A body must be a JSON object."""
    answer = sandbox.call("POST", "/plans", data=raw, content_type=mimetype)
    assert answer.status_code == status
    assert json.loads(answer.data)["detail"]


def test_unknown_is_not_found(sandbox: LocalGenvoris) -> None:
    """Unknown ids and paths are not found."""
    paths = ["/plans/pln_x", "/customers/nobody", "/customers/nobody/usage", "/nothing"]
    for path in paths:
        answer = sandbox.call("GET", path)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")
    assert sandbox.call("PUT", "/plans").status_code == 405


def test_unknown_plan_is_refused(sandbox: LocalGenvoris) -> None:
    """A customer cannot get an unknown or disabled plan."""
    plan = sandbox.plan()
    sandbox.call("DELETE", f"/plans/{plan}")
    for plan_id in (plan, "pln_made_up"):
        answer = sandbox.call("POST", "/customers", {"externalId": "u", "planId": plan_id})
        assert (answer.status_code, answer.get_json()["error"]) == (403, "plan_not_found")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer gvk_test_other"}, {"Authorization": "Basic YTpi"}],
    ids=str,
)
def test_key_is_required(sandbox: LocalGenvoris, headers: dict[str, str]) -> None:
    """Every request requires the API key."""
    answer = sandbox.http.get("/api/v1/plans", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["error"] in ("unauthorized", "invalid_key")
    assert sandbox.http.get("/api/status", headers=headers).status_code == 401


def test_request_id(sandbox: LocalGenvoris) -> None:
    """Every response has a request id."""
    answers = [sandbox.http.get("/"), sandbox.call("GET", "/plans"), sandbox.http.get("/nothing")]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 3


def test_page_shows_no_key(sandbox: LocalGenvoris) -> None:
    """The page shows plans, customers and credits, but no key."""
    sandbox.customer("ada <script>", quota=7)
    page = sandbox.http.get("/").get_data(as_text=True)
    assert "ada &lt;script&gt;" in page
    assert "0 of 7" in page
    assert "1000" in page
    assert API_KEY not in page
