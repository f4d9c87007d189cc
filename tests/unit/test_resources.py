"""The calls of the REST API as they go over the wire, and the models that they give."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import httpx
import jwt
import pytest

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import Customer, Session, Usage
from genvoris_flask.core.button_design import ButtonDesign
from genvoris_flask.errors import MalformedAnswerError
from tests.support.wire import NOW, Wire

TOKEN = jwt.encode(
    {"sub": "ec_1", "sid": "shop_1", "jti": "ec_1.a", "exp": int(NOW) + 800},
    "no secret at all, but a long one",
)


PLAN = {"id": "pln_1", "name": "Pro", "monthlyTryOns": 100, "externalPriceId": "price_1"}


def test_create_plan() -> None:
    """A plan is created as in Genvoris's quickstart."""
    wire = Wire(PLAN, 201)
    plan = wire.client.plans.create(name="Pro", monthly_try_ons=100, external_price_id="price_1")
    assert wire.line == "POST /api/v1/plans"
    assert wire.body == {"name": "Pro", "monthlyTryOns": 100, "externalPriceId": "price_1"}
    assert (plan.id, plan.monthly_try_ons, plan.active) == ("pln_1", 100, True)


def test_list_plans() -> None:
    """Inactive plans are listed on request."""
    wire = Wire({"data": [PLAN, {**PLAN, "active": False}]})
    assert [plan.active for plan in wire.client.plans.list(include_inactive=True)] == [True, False]
    assert wire.line == "GET /api/v1/plans?include_inactive=true"


def test_update_plan() -> None:
    """Only the fields that are passed are sent; None clears."""
    wire = Wire({"data": PLAN})
    wire.client.plans.update("pln_1", external_price_id=None, active=False)
    assert wire.line == "PATCH /api/v1/plans/pln_1"
    assert wire.body == {"externalPriceId": None, "active": False}


def test_upsert_customer() -> None:
    """A customer is registered as in Genvoris's quickstart."""
    wire = Wire({"id": "ec_1", "externalId": "user_42", "status": "active"})
    customer = wire.client.customers.upsert(
        external_id="user_42", email="shopper@example.com", plan_id="pln_1"
    )
    assert wire.line == "POST /api/v1/customers"
    assert wire.body == {
        "externalId": "user_42",
        "email": "shopper@example.com",
        "planId": "pln_1",
    }
    assert (customer.id, customer.status) == ("ec_1", "ACTIVE")


def test_ids_are_encoded() -> None:
    """Ids may contain any character."""
    wire = Wire({"id": "ec_1"})
    wire.client.customers.get("a/b?c#d é")
    assert wire.line == "GET /api/v1/customers/a%2Fb%3Fc%23d%20%C3%A9"
    wire.client.customers.get("..")
    assert wire.line == "GET /api/v1/customers/%2E%2E"


def test_bad_id() -> None:
    """An empty id would address the whole list."""
    wire = Wire({})
    for wrong in ("", 42):
        with pytest.raises(ValueError, match="use str"):
            wire.client.customers.cancel(wrong)  # type: ignore[arg-type]
    assert wire.sent == []


def test_iterate_customers() -> None:
    """Each page is fetched when it is needed."""
    pages = [
        httpx.Response(200, json={"data": [{"id": "ec_1"}], "next_cursor": "c2"}),
        httpx.Response(200, json={"data": [{"id": "ec_2"}], "nextCursor": None}),
    ]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return pages[len(asked) - 1]

    client = GenvorisClient("gvk_test_1", transport=httpx.MockTransport(answer))
    assert [customer.id for customer in client.customers.iterate()] == ["ec_1", "ec_2"]
    assert asked == ["limit=200", "limit=200&cursor=c2"]


def test_cursor_loop() -> None:
    """A cursor that leads to itself is an error."""
    wire = Wire({"data": [{"id": "ec_1"}], "next_cursor": "c"})
    with pytest.raises(MalformedAnswerError, match="again and again"):
        list(wire.client.customers.iterate())
    assert len(wire.sent) == 2


def test_reset_period() -> None:
    """A fresh quota is requested explicitly."""
    wire = Wire({"id": "ec_1"})
    wire.client.customers.update("ec_1", status="PAUSED", reset_period=True)
    assert wire.body == {"status": "PAUSED", "resetPeriod": True}


def test_mint_and_revoke() -> None:
    """A session is minted and revoked."""
    wire = Wire({"token": TOKEN, "expires_in": 900, "customer": {"id": "ec_1"}})
    session = wire.client.sessions.mint("ec_1", expires_in=900)
    assert wire.line == "POST /api/v1/customers/ec_1/sessions"
    assert wire.body == {"expires_in": 900}
    assert (session.jti, session.shop_id) == ("ec_1.a", "shop_1")
    wire.client.sessions.revoke("ec_1", "ec_1.a")
    assert wire.line == "DELETE /api/v1/customers/ec_1/sessions/ec_1.a"


def mint_answer(**fields: Any) -> dict[str, Any]:
    return {"token": TOKEN, "customer": {"id": "ec_1", "plan_name": "Pro"}, **fields}


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({}, 800),
        ({"expires_in": 900}, 800),
        ({"expires_in": 60}, 60),
        ({"expiresIn": 60}, 60),
        ({"expires_at": NOW + 30}, 30),
        ({"expiresAt": "2023-11-14T22:13:50.000Z", "expires_in": 700}, 30),
        ({"expires_at": "garbage", "expires_in": True}, 800),
        ({"expires_at": "2023-11-14T22:13:60Z"}, 39),
        ({"expires_in": 10**400}, 800),
        ({"expires_at": 10**400}, 800),
        ({"token": "opaque", "expires_at": "2023-11-14T22:13:60Z"}, 39),
        ({"token": "opaque", "expires_in": 10**18}, 24 * 3600),
    ],
)
def test_token_expiry(fields: dict[str, Any], end: int) -> None:
    """The earliest end in the response counts, if it can be one."""
    assert Session.read(mint_answer(**fields), NOW).expires_at == NOW + end


def test_token_without_expiry() -> None:
    """A token without an end is refused."""
    with pytest.raises(MalformedAnswerError, match="when it ends"):
        Session.read({"token": "opaque", "customer": {"id": "ec_1"}}, NOW)


def test_token_without_customer() -> None:
    """A token without a customer is refused."""
    with pytest.raises(MalformedAnswerError, match="whose"):
        Session.read({"token": "opaque", "expires_in": 900}, NOW)


def test_session_repr() -> None:
    """The repr hides the token."""
    assert TOKEN not in repr(Session.read(mint_answer(), NOW))


def test_key_spellings() -> None:
    """Keys may be in snake_case or camelCase."""
    camel = {"id": "ec_1", "externalId": "u", "planId": "p", "periodEnd": "2026-05-28T00:00:00Z"}
    snake = {"id": "ec_1", "external_id": "u", "plan_id": "p", "period_end": 1779926400}
    assert Customer.read(camel) == Customer.read(snake)
    assert Customer.read(camel).period_end == dt.datetime(2026, 5, 28, tzinfo=dt.UTC)


def test_unknown_status() -> None:
    """An unknown status counts as paused."""
    assert Customer.read({"id": "ec_1", "status": "frozen"}).status == "PAUSED"


def test_usage_history() -> None:
    """Usage has its past periods."""
    wire = Wire(
        {
            "data": {
                "customer_id": "ec_1",
                "external_id": "user_42",
                "plan": {"id": "pln_1", "name": "Pro"},
                "status": "ACTIVE",
                "period_end": "2026-05-28T00:00:00.000Z",
                "current": {"used": 3, "limit": 5, "remaining": 2, "ok": True},
                "history": [{"period_start": "2026-03-28T00:00:00Z", "used": 5, "limit": 5}],
            }
        }
    )
    usage = wire.client.customers.usage("user_42")
    assert wire.line == "GET /api/v1/customers/user_42/usage"
    assert (usage.used, usage.limit, usage.remaining, usage.ok) == (3, 5, 2, True)
    assert (usage.plan_name, len(usage.history)) == ("Pro", 1)


def test_usage_without_remaining() -> None:
    """A missing remainder is computed."""
    usage = Usage.read({"customerId": "ec_1", "plan": "Pro", "current": {"used": 7, "limit": 5}})
    assert (usage.remaining, usage.plan_name) == (0, "Pro")


DIGEST = bytes(range(48))
ENCODED = base64.b64encode(DIGEST).decode()


@pytest.mark.parametrize("sha384", [DIGEST.hex(), ENCODED, f"sha384-{ENCODED}"])
def test_widget_integrity(sha384: str) -> None:
    """Whichever of the usual ways Genvoris writes it."""
    wire = Wire({"version": "2.1.0", "sha384": sha384})
    found = wire.client.widget.hash()
    assert found.version == "2.1.0"
    assert found.integrity == f"sha384-{ENCODED}"
    assert wire.sent[-1].url == "https://api.genvoris.org/widget-hash"


def test_partial_button_design() -> None:
    """Unknown fields and values out of range are left to the shop's own style."""
    wire = Wire({"label": "See it", "fontSize": 99, "icon": "rocket", "paddingX": 20, "new": 1})
    assert wire.client.widget.button_design() == ButtonDesign(label="See it", padding_x=20)
    assert wire.sent[-1].headers["X-API-Key"] == "gvk_test_1"
    assert wire.sent[-1].url.query == b"", "the key is not in the address"


@pytest.mark.parametrize(
    ("answers", "access", "asked"),
    [
        (["ALLOWED"], "ALLOWED", 1),
        (["ERROR", "LOCKED"], "LOCKED", 2),
        (["ERROR", "ERROR"], "ERROR", 2),
        (["PENDING", "ALLOWED"], "ALLOWED", 2),
    ],
)
def test_status_error_is_retried(answers: list[str], access: str, asked: int) -> None:
    """A value that is not known counts as an error."""
    left = iter(answers)
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"access": next(left)})

    client = GenvorisClient("gvk_test_1", transport=httpx.MockTransport(answer))
    assert client.tryons.status(end_customer_token="t").access == access
    assert len(requests) == asked
    assert requests[0].headers["Authorization"] == "Bearer t"
    assert requests[0].headers["X-API-Key"] == "gvk_test_1"
