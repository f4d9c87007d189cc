"""Every call of the typed client against the sandbox, over HTTP: what it gives, what it raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import EVENT_TYPES, Customer, Event, Plan, PlanSummary
from genvoris_flask.core.button_design import ButtonDesign
from genvoris_flask.errors import (
    ApiError,
    BadRequestError,
    CreditError,
    CustomerInactiveError,
    ForbiddenError,
    InvalidSessionTokenError,
    NotFoundError,
    QuotaError,
    UnauthorizedError,
)
from genvoris_flask.testing import Sandbox

Name = Callable[[], str]
HOOK: dict[str, Any] = {
    "url": "http://127.0.0.1:9/hook",
    "secret": "whsec_1",
    "events": ["tryon.completed"],
}


@pytest.fixture
def plan(client: GenvorisClient) -> Plan:
    return client.plans.create(name="Pro", monthly_try_ons=3, external_price_id="price_1")


@pytest.fixture
def ada(client: GenvorisClient, plan: Plan, new_name: Name) -> Customer:
    return client.customers.upsert(
        external_id=new_name(), email="ada@example.com", plan_id=plan.id, metadata={"vip": True}
    )


def test_plan(client: GenvorisClient, plan: Plan) -> None:
    """A plan is created, read, changed, listed and disabled."""
    assert plan.id.startswith("pln_")
    assert plan.created_at is not None
    assert client.plans.get(plan.id) == plan
    changed = client.plans.update(
        plan.id, name="Pro 5", monthly_try_ons=5, external_price_id=None, active=True
    )
    assert (changed.name, changed.monthly_try_ons, changed.external_price_id) == ("Pro 5", 5, None)
    assert changed in client.plans.list()
    client.plans.disable(plan.id)
    client.plans.disable(plan.id)
    assert plan.id not in {each.id for each in client.plans.list()}
    disabled = {each.id: each.active for each in client.plans.list(include_inactive=True)}
    assert disabled[plan.id] is False


def test_creating_a_plan_twice_makes_two(client: GenvorisClient) -> None:
    made = [client.plans.create(name="Same", monthly_try_ons=1) for _ in range(2)]
    assert made[0].id != made[1].id


def test_upsert(client: GenvorisClient, ada: Customer, plan: Plan) -> None:
    """A sale registers a shopper, and the next one starts a new period."""
    assert ada.id.startswith("ec_")
    assert (ada.email, ada.plan_id, ada.status) == ("ada@example.com", plan.id, "ACTIVE")
    assert ada.metadata == {"vip": True}
    token = client.sessions.mint(ada.id).token
    client.tryons.track(end_customer_token=token)
    assert client.customers.usage(ada.id).used == 1
    assert ada.external_id is not None
    again = client.customers.upsert(external_id=ada.external_id)
    assert again.id == ada.id
    assert again.period_start is not None
    assert ada.period_start is not None
    assert again.period_start > ada.period_start
    usage = client.customers.usage(ada.id)
    assert (usage.used, usage.limit, usage.remaining, usage.plan_name) == (0, 3, 3, "Pro")
    assert [period.used for period in usage.history] == [1]


def test_customers(client: GenvorisClient, ada: Customer, new_name: Name) -> None:
    """Customers are found by both ids, and listed over pages."""
    assert ada.external_id is not None
    assert client.customers.get(ada.external_id) == client.customers.get(ada.id) == ada
    made = {client.customers.upsert(external_id=new_name()).id for _ in range(3)}
    page = client.customers.list(limit=2)
    assert len(page.items) == 2
    assert page.next_cursor
    listed = [customer.id for customer in client.customers.iterate(page_size=2)]
    assert len(listed) == len(set(listed))
    assert made | {ada.id} <= set(listed)
    client.customers.update(ada.id, status="PAUSED")
    assert ada.id in {each.id for each in client.customers.iterate(status="PAUSED")}
    assert ada.id not in {each.id for each in client.customers.iterate(status="ACTIVE")}


def test_update_customer(client: GenvorisClient, ada: Customer) -> None:
    """A customer is changed, cleared, refilled and cancelled."""
    client.tryons.track(end_customer_token=client.sessions.mint(ada.id).token)
    changed = client.customers.update(ada.id, email=None, metadata={"size": "M"}, plan_id=None)
    assert (changed.email, changed.plan_id, changed.metadata) == (None, None, {"size": "M"})
    assert changed.period_start == ada.period_start
    assert client.customers.usage(ada.id).used == 1
    client.customers.update(ada.id, reset_period=True)
    assert client.customers.usage(ada.id).used == 0
    for _ in range(2):
        client.customers.cancel(ada.id)
    assert client.customers.get(ada.id).status == "CANCELLED"


def test_sessions(client: GenvorisClient, ada: Customer) -> None:
    """A token is minted and revoked by either id."""
    assert ada.external_id is not None
    session = client.sessions.mint(ada.external_id, expires_in=60)
    assert (session.customer_id, session.plan_name) == (ada.id, "Pro")
    assert session.jti is not None
    for _ in range(2):
        client.sessions.revoke(ada.id, session.jti)
    with pytest.raises(InvalidSessionTokenError):
        client.tryons.track(end_customer_token=session.token)


def test_events_of_every_type_are_accepted(client: GenvorisClient) -> None:
    events = [
        Event("s1", kind, product_id="sku", page_url="https://shop.test/x", metadata={"n": 1})  # type: ignore[arg-type]  # a text of the literal
        for kind in EVENT_TYPES
    ]
    assert client.events.send(events) == len(EVENT_TYPES)


def test_conversion(
    client: GenvorisClient,
) -> None:
    """An order after a try-on is attributed once, and its refunds are linked."""
    client.events.send([Event("s2", "TRYON_VIEWED")])
    told: dict[str, Any] = {"order_id": "o1", "amount_cents": 4900, "session_id": "s2"}
    first = client.conversions.record(**told, currency="EUR", quantity=2, product_id="sku")
    second = client.conversions.record(**told)
    assert first.attributed_from_try_on
    assert (first.deduped, second.deduped) == (False, True)
    assert first.id == second.id
    parts = [
        client.returns.record(order_id="o1", refunded_amount_cents=900, reason="late")
        for _ in range(2)
    ]
    assert {part.conversion_event_id for part in parts} == {first.id}
    assert parts[0].id != parts[1].id


def test_conversion_without_tryon(client: GenvorisClient) -> None:
    """An order without a try-on is not attributed."""
    assert not client.conversions.record(order_id="o2", amount_cents=1).attributed_from_try_on


def test_webhook_endpoints(client: GenvorisClient) -> None:
    """Endpoints are created, listed, tested and deleted."""
    endpoint = client.webhook_endpoints.create(**HOOK, description="main")
    assert (endpoint.url, endpoint.events, endpoint.active) == (
        HOOK["url"],
        ("tryon.completed",),
        True,
    )
    assert endpoint in client.webhook_endpoints.list()
    assert client.webhook_endpoints.test(endpoint.id).event_id
    client.webhook_endpoints.delete(endpoint.id)
    assert endpoint not in client.webhook_endpoints.list()
    with pytest.raises(NotFoundError):
        client.webhook_endpoints.delete(endpoint.id)


def test_tracked_tryon(client: GenvorisClient, ada: Customer) -> None:
    """A tracked try-on is charged to the shopper and to the shop."""
    token = client.sessions.mint(ada.id).token
    first = client.tryons.track(end_customer_token=token, product_type="apparel")
    second = client.tryons.track(end_customer_token=token, generation_time_ms=900)
    assert first.quota is not None
    assert second.quota is not None
    assert (first.quota.used, second.quota.remaining) == (1, 1)
    assert first.remaining_credits is not None
    assert second.remaining_credits == first.remaining_credits - 1
    failed = client.tryons.track(end_customer_token=token, success=False)
    assert failed.remaining_credits == second.remaining_credits


Call = Callable[[GenvorisClient], object]
WRONG: dict[str, tuple[type[ApiError], Call]] = {
    "a plan without a name": (
        BadRequestError,
        lambda client: client.plans.create(name="", monthly_try_ons=1),
    ),
    "a plan of no try-ons": (
        BadRequestError,
        lambda client: client.plans.create(name="P", monthly_try_ons=0),
    ),
    "an unknown plan": (NotFoundError, lambda client: client.plans.get("pln_0")),
    "a change of an unknown plan": (
        NotFoundError,
        lambda client: client.plans.update("pln_0", name="P"),
    ),
    "a plan changed to over a million": (
        BadRequestError,
        lambda client: client.plans.update("pln_0", monthly_try_ons=1_000_001),
    ),
    "the end of an unknown plan": (NotFoundError, lambda client: client.plans.disable("pln_0")),
    "a sale of an unknown plan": (
        ForbiddenError,
        lambda client: client.customers.upsert(external_id="x", plan_id="pln_0"),
    ),
    "a sale to nobody": (BadRequestError, lambda client: client.customers.upsert(external_id="")),
    "metadata that is nested": (
        BadRequestError,
        lambda client: client.customers.upsert(external_id="x", metadata={"a": []}),  # type: ignore[dict-item]
    ),
    "a page of no customers": (BadRequestError, lambda client: client.customers.list(limit=0)),
    "a cursor from elsewhere": (
        BadRequestError,
        lambda client: client.customers.list(cursor="elsewhere"),
    ),
    "an unknown customer": (NotFoundError, lambda client: client.customers.get("nobody")),
    "a change of an unknown customer": (
        NotFoundError,
        lambda client: client.customers.update("nobody", email=None),
    ),
    "the end of an unknown customer": (
        NotFoundError,
        lambda client: client.customers.cancel("nobody"),
    ),
    "usage of an unknown customer": (
        NotFoundError,
        lambda client: client.customers.usage("nobody"),
    ),
    "a token for nobody": (NotFoundError, lambda client: client.sessions.mint("nobody")),
    "an event of no session": (
        BadRequestError,
        lambda client: client.events.send([Event("", "CLOSED")]),
    ),
    "an event of no known type": (
        BadRequestError,
        lambda client: client.events.send([Event("s", "JUMPED")]),  # type: ignore[arg-type]
    ),
    "an order of less than nothing": (
        BadRequestError,
        lambda client: client.conversions.record(order_id="o", amount_cents=-1),
    ),
    "an order from no known platform": (
        BadRequestError,
        lambda client: client.conversions.record(
            order_id="o",
            amount_cents=1,
            platform="other",  # type: ignore[arg-type]
        ),
    ),
    "a refund of less than nothing": (
        BadRequestError,
        lambda client: client.returns.record(order_id="o", refunded_amount_cents=-1),
    ),
    "webhooks of no type": (
        BadRequestError,
        lambda client: client.webhook_endpoints.create(**{**HOOK, "events": []}),
    ),
    "webhooks to no address": (
        BadRequestError,
        lambda client: client.webhook_endpoints.create(**{**HOOK, "url": "shop"}),
    ),
    "a test of an unknown endpoint": (
        NotFoundError,
        lambda client: client.webhook_endpoints.test("whe_0"),
    ),
    "the end of an unknown endpoint": (
        NotFoundError,
        lambda client: client.webhook_endpoints.delete("whe_0"),
    ),
    "a tracked try-on of no pictures": (
        BadRequestError,
        lambda client: client.tryons.track(variation_count=0),
    ),
    "a tracked try-on with no real token": (
        InvalidSessionTokenError,
        lambda client: client.tryons.track(end_customer_token="forged"),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_fields(client: GenvorisClient, what: str) -> None:
    """Each kind of mistake has its error, with a request id."""
    error, call = WRONG[what]
    with pytest.raises(error) as caught:
        call(client)
    assert type(caught.value) is error
    assert caught.value.request_id
    assert caught.value.detail


def test_wrong_sessions(client: GenvorisClient, ada: Customer, new_name: Name) -> None:
    """A token that lives too long, or is another's, is refused."""
    with pytest.raises(BadRequestError):
        client.sessions.mint(ada.id, expires_in=3601)
    other = client.customers.upsert(external_id=new_name())
    session = client.sessions.mint(other.id)
    assert session.jti is not None
    with pytest.raises(NotFoundError):
        client.sessions.revoke(ada.id, session.jti)


@pytest.mark.parametrize(("status", "reason"), [("PAUSED", "paused"), ("CANCELLED", "cancelled")])
def test_inactive_customer(client: GenvorisClient, ada: Customer, status: Any, reason: str) -> None:
    """A paused or cancelled customer gets no token and no try-on."""
    token = client.sessions.mint(ada.id).token
    client.customers.update(ada.id, status=status)
    with pytest.raises(CustomerInactiveError):
        client.sessions.mint(ada.id)
    with pytest.raises(QuotaError) as caught:
        client.tryons.track(end_customer_token=token)
    assert caught.value.reason == reason


def test_quota_and_credit(client: GenvorisClient, ada: Customer, sandbox: Sandbox) -> None:
    """The quota, a missing plan and the shop's credit have errors of their own."""
    token = client.sessions.mint(ada.id).token
    for _ in range(3):
        client.tryons.track(variation_count=4, end_customer_token=token)
    with pytest.raises(QuotaError) as caught:
        client.tryons.track(end_customer_token=token)
    refusal = caught.value
    assert (refusal.reason, refusal.used, refusal.limit) == ("quota_exhausted", 3, 3)
    client.customers.update(ada.id, plan_id=None)
    with pytest.raises(QuotaError) as caught:
        client.tryons.track(end_customer_token=token)
    assert caught.value.reason == "no_plan"
    sandbox.empty_credits()
    with pytest.raises(CreditError):
        client.tryons.track()
    sandbox.top_up()


def test_wrong_key(sandbox_url: str) -> None:
    """Every call refuses a wrong key."""
    wrong = GenvorisClient("gvk_test_wrong", f"{sandbox_url}/api/v1", sandbox_url)
    calls: list[Call] = [
        lambda client: client.plans.list(),
        lambda client: client.plans.create(name="P", monthly_try_ons=1),
        lambda client: client.plans.get("pln_1"),
        lambda client: client.plans.update("pln_1", name="P"),
        lambda client: client.plans.disable("pln_1"),
        lambda client: client.customers.upsert(external_id="x"),
        lambda client: client.customers.list(),
        lambda client: client.customers.get("x"),
        lambda client: client.customers.update("x", email=None),
        lambda client: client.customers.cancel("x"),
        lambda client: client.customers.usage("x"),
        lambda client: client.sessions.mint("x"),
        lambda client: client.sessions.list("x"),
        lambda client: client.sessions.revoke("x", "j"),
        lambda client: client.events.send([Event("s", "CLOSED")]),
        lambda client: client.conversions.record(order_id="o", amount_cents=1),
        lambda client: client.returns.record(order_id="o", refunded_amount_cents=1),
        lambda client: client.webhook_endpoints.list(),
        lambda client: client.webhook_endpoints.create(**HOOK),
        lambda client: client.webhook_endpoints.test("w"),
        lambda client: client.webhook_endpoints.delete("w"),
        lambda client: client.tryons.track(),
        lambda client: client.tryons.status(),
    ]
    for call in calls:
        with pytest.raises(UnauthorizedError) as caught:
            call(wrong)
        assert "gvk_test_wrong" not in str(caught.value)


def test_customer_details(client: GenvorisClient, ada: Customer, plan: Plan) -> None:
    """Usage names the plan too, as it is now, beside the limit of this period."""
    client.tryons.track(end_customer_token=client.sessions.mint(ada.id).token)
    client.customers.update(ada.id, reset_period=True)
    client.plans.update(plan.id, monthly_try_ons=9)
    found = client.customers.get(ada.id)
    assert found.plan == PlanSummary(plan.id, "Pro", 9)
    assert [(period.used, period.limit) for period in found.usage] == [(1, 3)]
    usage = client.customers.usage(ada.id)
    assert usage.plan == found.plan
    assert (usage.limit, usage.history) == (3, found.usage)


def test_the_tokens_of_a_customer_are_listed(client: GenvorisClient, ada: Customer) -> None:
    minted = client.sessions.mint(ada.id)
    (listed,) = client.sessions.list(ada.id)
    assert listed.token == minted.token
    assert listed.expires_at == pytest.approx(minted.expires_at, abs=60)
    assert minted.token not in repr(listed)


def test_the_status_says_what_a_shopper_may(client: GenvorisClient, ada: Customer) -> None:
    """A guest has no quota; a shopper has, and the plan is the merchant's own."""
    guest = client.tryons.status()
    assert (guest.access, guest.limit, guest.external_id) == ("ALLOWED", None, None)
    token = client.sessions.mint(ada.id).token
    for _ in range(3):
        client.tryons.track(end_customer_token=token)
    status = client.tryons.status(end_customer_token=token)
    assert (status.access, status.used, status.limit) == ("EXHAUSTED", 3, 3)
    assert status.external_id == ada.external_id
    assert status.monetization_model == "per_tryon"
    with pytest.raises(InvalidSessionTokenError):
        client.tryons.status(end_customer_token="forged")


def test_the_hosted_widget_is_described(client: GenvorisClient, sandbox: Sandbox) -> None:
    assert re.fullmatch(r"sha384-[\w+/]{64}", client.widget.hash().integrity)
    design = {"label": "See it", "icon": "eye", "position": "inline", "showOnCards": True}
    url = f"{sandbox.url}/sandbox/settings"
    assert httpx.patch(url, json={"buttonDesign": design}).status_code == 200
    assert client.widget.button_design() == ButtonDesign(
        label="See it", icon="eye", position="inline", show_on_cards=True
    )


def test_return_of_unknown_order(client: GenvorisClient) -> None:
    """A return of an unknown order is accepted."""
    made = client.returns.record(order_id="never reported", refunded_amount_cents=1)
    assert made.conversion_event_id is None


def test_metadata_too_large(client: GenvorisClient) -> None:
    """Metadata that is too large has a code of its own."""
    with pytest.raises(BadRequestError) as caught:
        client.customers.upsert(external_id="big", metadata={"a": "x" * 4096})
    assert caught.value.code == "metadata_too_large"
