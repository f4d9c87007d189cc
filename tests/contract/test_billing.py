"""``genvoris.billing`` in an app, against the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from genvoris_flask import ConfigurationError, GenvorisFlask, Shopper
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import Customer
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.errors import ApiError, ForbiddenError, NotFoundError, UnknownPriceError
from genvoris_flask.signals import customer_linked, session_minted
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.state import get_state
from tests.support.waiting import until

PLANS = [
    {"name": "Free", "monthly_try_ons": 2},
    {"name": "Pro", "monthly_try_ons": 5, "external_price_id": "price_pro"},
    {"name": "Atelier", "monthly_try_ons": 50, "external_price_id": "price_atelier"},
]


@pytest.fixture
def make_app(sandbox: Sandbox) -> Callable[..., Flask]:
    def make(**config: Any) -> Flask:
        app = Flask("shop")
        app.config.update(
            sandbox.config,
            GENVORIS_PLANS=PLANS,
            GENVORIS_EXTERNAL_ID_PREFIX="shop-",
            **config,
        )
        GenvorisFlask(app)
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def billing(app: Flask) -> Billing:
    billing = get_state(app).billing
    billing.sync_plans()
    return billing


@pytest.fixture
def name(new_name: Callable[[], str]) -> str:
    return new_name()


def spend(client: GenvorisClient, name: str, count: int = 1) -> None:
    token = client.sessions.mint(f"shop-{name}").token
    for _ in range(count):
        client.tryons.track(end_customer_token=token)


def account_of(client: GenvorisClient, name: str) -> tuple[str, str | None, int, int | None]:
    usage = client.customers.usage(f"shop-{name}")
    return usage.status, usage.plan_name, usage.used, usage.limit


def test_sync_plans(app: Flask, client: GenvorisClient) -> None:
    """Plans are created, changed and disabled until they are the declared ones."""
    billing = get_state(app).billing
    for plan in client.plans.list():
        client.plans.disable(plan.id)
    old = client.plans.create(name="Old", monthly_try_ons=1)
    pro = client.plans.create(name="Pro", monthly_try_ons=1, external_price_id="price_0")
    planned = billing.sync_plans(dry_run=True)
    assert {each.id for each in client.plans.list()} == {old.id, pro.id}, "a dry run does nothing"
    done = billing.sync_plans()
    assert [each.action for each in done] == [each.action for each in planned]
    assert ("disable", old.id) in {(each.action, each.plan_id) for each in done}
    sold = {plan.external_price_id: plan for plan in client.plans.list()}
    assert {price: plan.monthly_try_ons for price, plan in sold.items()} == {
        None: 2,
        "price_pro": 5,
        "price_atelier": 50,
    }
    assert sold["price_pro"].id == pro.id, "the plan with that name got the new price"
    assert billing.sync_plans() == []
    assert billing.sync_plans(dry_run=True) == []


def test_sync_without_plans(make_app: Callable[..., Flask]) -> None:
    """Without GENVORIS_PLANS nothing is disabled."""
    app = make_app()
    app.config["GENVORIS_PLANS"] = None
    bare = Flask("bare")
    bare.config.update(app.config, GENVORIS_PLANS=None)
    GenvorisFlask(bare)
    with pytest.raises(ConfigurationError, match="GENVORIS_PLANS is not set"):
        get_state(bare).billing.sync_plans()


def test_activate_once(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A sale happens once, however often it is delivered."""
    first = billing.activate(
        name, price_id="price_pro", email="ada@example.com", event_id="order-1"
    )
    assert isinstance(first, Customer)
    assert (first.external_id, first.email) == (f"shop-{name}", "ada@example.com")
    spend(client, name, 3)
    again = billing.activate(name, price_id="price_pro", event_id="order-1")
    assert isinstance(again, Customer)
    assert again.id == first.id
    assert account_of(client, name) == ("ACTIVE", "Pro", 3, 5)
    billing.activate(name, price_id="price_pro", event_id="order-2")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_activate_without_event_id(billing: Billing, client: GenvorisClient, name: str) -> None:
    """Without an event id a sale happens at each call."""
    for _ in range(2):
        billing.activate(name, price_id="price_pro")
        assert account_of(client, name)[2] == 0
        spend(client, name)


def test_event_id_scope(billing: Billing, client: GenvorisClient, name: str) -> None:
    """The same event id for another shopper or call is another event."""
    for each in (name, f"{name}-2"):
        billing.activate(each, price_id="price_pro", event_id="e")
    spend(client, name)
    billing.renew(name, event_id="e")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_renew_disabled_plan(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A renewal fills the quota and keeps a plan that is no longer sold."""
    customer = billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name, 5)
    assert isinstance(customer, Customer)
    assert customer.plan_id is not None
    client.plans.disable(customer.plan_id)
    for _ in range(2):
        billing.renew(name, price_id="price_pro", event_id="in_1")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)
    spend(client, name)
    billing.renew(name, event_id="in_1")
    assert account_of(client, name) == ("ACTIVE", "Pro", 1, 5)
    with pytest.raises(ForbiddenError, match="plan_not_found"):
        billing.activate(f"{name}-2", price_id="price_pro", event_id="o2")


def test_renew_other_plan(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A renewal with another plan moves to it, and registers an unknown shopper."""
    with pytest.raises(NotFoundError):
        billing.renew(name, event_id="in_0")
    billing.renew(name, price_id="price_pro", event_id="in_0")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)
    spend(client, name)
    billing.renew(name, price_id="price_atelier", event_id="in_1")
    assert account_of(client, name) == ("ACTIVE", "Atelier", 0, 50)


def test_change_plan(billing: Billing, client: GenvorisClient, name: str) -> None:
    """Another plan keeps what was used."""
    billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name, 4)
    billing.change_plan(name, price_id="price_atelier", event_id="up")
    assert account_of(client, name) == ("ACTIVE", "Atelier", 4, 50)


def test_late_pause(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A pause repeated after the resumption has no effect."""
    billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name)
    billing.pause(name, event_id="p1")
    assert account_of(client, name)[0] == "PAUSED"
    billing.resume(name, event_id="r1")
    billing.pause(name, event_id="p1")
    assert account_of(client, name) == ("ACTIVE", "Pro", 1, 5)


def test_activate_after_cancel(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A cancelled shopper who buys again has a full quota."""
    billing.activate(name, price_id="price_pro", event_id="o1")
    spend(client, name)
    billing.cancel(name, event_id="c1")
    assert account_of(client, name)[0] == "CANCELLED"
    billing.activate(name, price_id="price_pro", event_id="o2")
    billing.cancel(name, event_id="c1")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_refund(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A refund takes back what its sale gave."""
    billing.activate(name, price_id="price_pro", event_id="order-1")
    billing.refund(name, sale_id="order-1", event_id="refund-1")
    assert account_of(client, name) == ("ACTIVE", None, 0, None)


def test_refund_of_earlier_sale(billing: Billing, client: GenvorisClient, name: str) -> None:
    """A refund of an earlier sale leaves what was bought since."""
    billing.activate(name, price_id="price_pro", event_id="order-1")
    billing.activate(name, price_id="price_pro", event_id="order-2")
    for _ in range(2):
        billing.refund(name, sale_id="order-1", event_id="refund-1")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_refund_with_default_plan(
    make_app: Callable[..., Flask], billing: Billing, client: GenvorisClient, name: str
) -> None:
    """A refund leads back to the default plan."""
    free = next(plan.id for plan in client.plans.list() if plan.name == "Free")
    billing = get_state(make_app(GENVORIS_DEFAULT_PLAN=free)).billing
    billing.activate(name, price_id="price_pro", event_id="o")
    billing.refund(name, event_id="r")
    assert account_of(client, name) == ("ACTIVE", "Free", 0, 2)


@pytest.mark.parametrize("call", ["change_plan", "pause", "resume", "cancel", "refund"])
def test_unknown_shopper(billing: Billing, call: str, name: str) -> None:
    """Changes of an unknown shopper raise NotFoundError."""
    more = {"price_id": "price_pro"} if call == "change_plan" else {}
    with pytest.raises(NotFoundError):
        getattr(billing, call)(name, event_id="e", **more)


def test_unknown_price(billing: Billing, name: str) -> None:
    """A price without a plan is an error that says what to do."""
    with pytest.raises(UnknownPriceError, match="plans sync"):
        billing.activate(name, price_id="price_0", event_id="e")


def test_plan_arguments(billing: Billing, name: str) -> None:
    """A sale takes exactly one of price and plan."""
    with pytest.raises(TypeError, match="needs the price_id or the plan_id"):
        billing.activate(name)
    with pytest.raises(TypeError, match="needs the price_id or the plan_id"):
        billing.change_plan(name)
    with pytest.raises(TypeError, match="not both"):
        billing.renew(name, price_id="price_pro", plan_id="pln_1")


def test_linked_and_token(app: Flask, billing: Billing, name: str) -> None:
    """A sale sends customer_linked, and mints a new token at once."""
    broker = get_state(app).broker
    shopper = Shopper(name)
    billing.activate(name, price_id="price_pro", event_id="o1")
    old = broker.session(shopper, 10)
    linked: list[tuple[str, str]] = []
    minted: list[str] = []

    @customer_linked.connect_via(app)
    def link(_app: Flask, shopper: Shopper, customer_id: str) -> None:
        linked.append((shopper.external_id, customer_id))

    @session_minted.connect_via(app)
    def note(_app: Flask, shopper: Shopper, session: Any) -> None:
        minted.append(session.plan_name)

    customer = billing.activate(name, price_id="price_atelier", event_id="o2")
    assert isinstance(customer, Customer)
    # A token is minted although none was asked for.
    until(lambda: broker.cached(shopper) is not None)
    assert linked == [(name, customer.id)]
    new = broker.session(shopper, 10)
    assert new.token != old.token
    assert new.plan_name == "Atelier"
    billing.pause(name, event_id="p")
    assert broker.cached(shopper) is None


def test_sync_keeps_default_plan(
    make_app: Callable[..., Flask], billing: Billing, client: GenvorisClient
) -> None:
    """A synchronisation never disables the default plan."""
    starter = client.plans.create(name="Starter", monthly_try_ons=1)
    assert [each.plan_id for each in billing.sync_plans(dry_run=True)] == [starter.id]
    kept = get_state(make_app(GENVORIS_DEFAULT_PLAN=starter.id)).billing
    assert kept.sync_plans() == []


def test_close_account(app: Flask, billing: Billing, client: GenvorisClient, name: str) -> None:
    """The next owner of the id has no plan and no address, and the old token is revoked."""
    broker, shopper = get_state(app).broker, Shopper(name)
    first = billing.activate(name, price_id="price_pro", email="ada@example.com", event_id="o1")
    assert isinstance(first, Customer)
    client.customers.update(first.id, metadata={"size": "M"})
    spend(client, name, 1)
    old = broker.session(shopper, 10)
    billing.close_account(name)
    assert account_of(client, name) == ("ACTIVE", None, 0, None)
    closed = client.customers.get(first.id)
    assert (closed.email, closed.metadata) == (None, {})
    assert broker.cached(shopper) is None

    def is_revoked() -> bool:
        try:
            client.tryons.track(end_customer_token=old.token)
        except ApiError as error:
            return error.status == 401
        return False

    until(is_revoked, "the old token was not revoked")
    billing.activate(name, price_id="price_pro", event_id="o1")
    assert account_of(client, name)[1] is None, "the event was the former owner's"
    billing.activate(name, price_id="price_pro", event_id="o2")
    assert account_of(client, name) == ("ACTIVE", "Pro", 0, 5)
