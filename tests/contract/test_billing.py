"""``genvoris.billing`` of a real app against the sandbox, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from genvoris_flask import ConfigurationError, GenvorisFlask, Shopper
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.errors import ApiError, ForbiddenError, NotFoundError, UnknownPriceError
from genvoris_flask.signals import customer_linked, session_minted
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.state import get_state
from tests.support.waiting import LIMIT, until

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


def standing(client: GenvorisClient, name: str) -> tuple[str, str | None, int, int | None]:
    usage = client.customers.usage(f"shop-{name}")
    return usage.status, usage.plan_name, usage.used, usage.limit


def test_plans_are_created_changed_and_disabled_until_they_are_the_declared_ones(
    app: Flask, client: GenvorisClient
) -> None:
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
    assert sold["price_pro"].id == pro.id, "the plan of that name got the new price"
    assert billing.sync_plans() == []
    assert billing.sync_plans(dry_run=True) == []


def test_without_declared_plans_nothing_is_disabled(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    app.config["GENVORIS_PLANS"] = None
    bare = Flask("bare")
    bare.config.update(app.config, GENVORIS_PLANS=None)
    GenvorisFlask(bare)
    with pytest.raises(ConfigurationError, match="GENVORIS_PLANS is not set"):
        get_state(bare).billing.sync_plans()


def test_a_sale_is_told_once_however_often_it_is_delivered(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    first = billing.activate(
        name, price_id="price_pro", email="ada@example.com", event_id="order-1"
    )
    assert (first.external_id, first.email) == (f"shop-{name}", "ada@example.com")
    spend(client, name, 3)
    again = billing.activate(name, price_id="price_pro", event_id="order-1")
    assert again.id == first.id
    assert standing(client, name) == ("ACTIVE", "Pro", 3, 5)
    billing.activate(name, price_id="price_pro", event_id="order-2")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_without_an_event_id_it_happens_at_each_call(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    for _ in range(2):
        billing.activate(name, price_id="price_pro")
        assert standing(client, name)[2] == 0
        spend(client, name)


def test_the_same_event_id_for_another_shopper_or_another_call_is_another_event(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    for each in (name, f"{name}-2"):
        billing.activate(each, price_id="price_pro", event_id="e")
    spend(client, name)
    billing.renew(name, event_id="e")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_a_renewal_fills_the_quota_and_keeps_a_plan_that_is_no_longer_sold(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    customer = billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name, 5)
    assert customer.plan_id is not None
    client.plans.disable(customer.plan_id)
    for _ in range(2):
        billing.renew(name, price_id="price_pro", event_id="in_1")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)
    spend(client, name)
    billing.renew(name, event_id="in_1")
    assert standing(client, name) == ("ACTIVE", "Pro", 1, 5)
    with pytest.raises(ForbiddenError, match="plan_not_found"):
        billing.activate(f"{name}-2", price_id="price_pro", event_id="o2")


def test_a_renewal_with_another_plan_moves_to_it_and_one_of_a_stranger_registers_them(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    with pytest.raises(NotFoundError):
        billing.renew(name, event_id="in_0")
    billing.renew(name, price_id="price_pro", event_id="in_0")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)
    spend(client, name)
    billing.renew(name, price_id="price_atelier", event_id="in_1")
    assert standing(client, name) == ("ACTIVE", "Atelier", 0, 50)


def test_another_plan_keeps_what_was_used(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name, 4)
    billing.change_plan(name, price_id="price_atelier", event_id="up")
    assert standing(client, name) == ("ACTIVE", "Atelier", 4, 50)


def test_a_pause_that_is_delivered_again_after_the_resumption_pauses_nobody(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_pro", event_id="o")
    spend(client, name)
    billing.pause(name, event_id="p1")
    assert standing(client, name)[0] == "PAUSED"
    billing.resume(name, event_id="r1")
    billing.pause(name, event_id="p1")
    assert standing(client, name) == ("ACTIVE", "Pro", 1, 5)


def test_a_cancelled_shopper_who_buys_again_begins_anew(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_pro", event_id="o1")
    spend(client, name)
    billing.cancel(name, event_id="c1")
    assert standing(client, name)[0] == "CANCELLED"
    billing.activate(name, price_id="price_pro", event_id="o2")
    billing.cancel(name, event_id="c1")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_a_refund_takes_back_what_its_sale_gave(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_pro", event_id="order-1")
    billing.refund(name, sale_id="order-1", event_id="refund-1")
    assert standing(client, name) == ("ACTIVE", None, 0, None)


def test_a_refund_of_an_earlier_sale_leaves_what_was_bought_since(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_pro", event_id="order-1")
    billing.activate(name, price_id="price_pro", event_id="order-2")
    for _ in range(2):
        billing.refund(name, sale_id="order-1", event_id="refund-1")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)


def test_a_refund_leads_back_to_the_free_plan_where_there_is_one(
    make_app: Callable[..., Flask], billing: Billing, client: GenvorisClient, name: str
) -> None:
    free = next(plan.id for plan in client.plans.list() if plan.name == "Free")
    billing = get_state(make_app(GENVORIS_DEFAULT_PLAN=free)).billing
    billing.activate(name, price_id="price_pro", event_id="o")
    billing.refund(name, event_id="r")
    assert standing(client, name) == ("ACTIVE", "Free", 0, 2)


@pytest.mark.parametrize("call", ["change_plan", "pause", "resume", "cancel", "refund"])
def test_a_change_of_somebody_unknown_says_so(billing: Billing, call: str, name: str) -> None:
    more = {"price_id": "price_pro"} if call == "change_plan" else {}
    with pytest.raises(NotFoundError):
        getattr(billing, call)(name, event_id="e", **more)


def test_a_price_that_no_plan_has_is_told_with_what_to_do(billing: Billing, name: str) -> None:
    with pytest.raises(UnknownPriceError, match="plans sync"):
        billing.activate(name, price_id="price_0", event_id="e")


def test_a_sale_of_no_plan_or_of_two_is_a_slip(billing: Billing, name: str) -> None:
    with pytest.raises(TypeError, match="needs the price_id or the plan_id"):
        billing.activate(name)
    with pytest.raises(TypeError, match="needs the price_id or the plan_id"):
        billing.change_plan(name)
    with pytest.raises(TypeError, match="not both"):
        billing.renew(name, price_id="price_pro", plan_id="pln_1")


def test_the_shop_is_told_the_customer_id_and_the_token_is_new_at_once(
    app: Flask, billing: Billing, name: str
) -> None:
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
    # Nobody asked for a token, and still there is to be one.
    until(lambda: broker.cached(shopper) is not None)
    assert linked == [(name, customer.id)]
    new = broker.session(shopper, 10)
    assert new.token != old.token
    assert new.plan_name == "Atelier"
    billing.pause(name, event_id="p")
    assert broker.cached(shopper) is None


def test_orders_add_up_and_their_refunds_take_them_back(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    for _ in range(2):
        billing.grant(name, 3, email="ada@example.com", event_id="order-1")
    assert standing(client, name) == ("ACTIVE", "3 try-ons", 0, 3)
    spend(client, name, 2)
    for _ in range(2):
        billing.grant(name, 4, event_id="order-2")
    assert standing(client, name) == ("ACTIVE", "7 try-ons", 2, 7)
    for _ in range(2):
        billing.take_back(name, 4, event_id="refund-2")
    assert standing(client, name) == ("ACTIVE", "3 try-ons", 2, 3)
    billing.take_back(name, 3, event_id="refund-1")
    assert standing(client, name) == ("ACTIVE", None, 2, None)
    billing.grant(name, 3, event_id="order-3")
    assert client.customers.usage(f"shop-{name}").remaining == 3, "the new order is worth its own"


def test_granted_try_ons_use_one_plan_for_each_size_which_a_synchronisation_leaves_alone(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    for each in (name, f"{name}-2"):
        billing.grant(each, 9, event_id="o")
    assert [plan.name for plan in client.plans.list()].count("9 try-ons") == 1
    assert billing.sync_plans() == []


def test_the_plan_of_newcomers_is_never_disabled_by_a_synchronisation(
    make_app: Callable[..., Flask], billing: Billing, client: GenvorisClient
) -> None:
    starter = client.plans.create(name="Starter", monthly_try_ons=1)
    assert [each.plan_id for each in billing.sync_plans(dry_run=True)] == [starter.id]
    kept = get_state(make_app(GENVORIS_DEFAULT_PLAN=starter.id)).billing
    assert kept.sync_plans() == []


def test_try_ons_are_granted_to_who_was_cancelled_and_taken_from_who_is_paused(
    billing: Billing, client: GenvorisClient, name: str
) -> None:
    billing.activate(name, price_id="price_atelier", event_id="o")
    spend(client, name)
    billing.cancel(name, event_id="c")
    billing.grant(name, 5, event_id="o2")
    assert standing(client, name) == ("ACTIVE", "6 try-ons", 1, 6)
    billing.pause(name, event_id="p")
    billing.take_back(name, 2, event_id="r")
    assert standing(client, name) == ("PAUSED", "4 try-ons", 1, 4)


def test_fewer_than_one_try_on_is_a_slip_and_nothing_is_taken_from_strangers(
    billing: Billing, name: str
) -> None:
    with pytest.raises(ValueError, match="at least one"):
        billing.grant(name, 0)
    with pytest.raises(ValueError, match="at least one"):
        billing.take_back(name, -1)
    with pytest.raises(NotFoundError):
        billing.take_back(name, 1, event_id="r")


def test_a_closed_account_leaves_nothing_to_whoever_has_its_id_next(
    app: Flask, billing: Billing, client: GenvorisClient, name: str
) -> None:
    """No plan, nothing used, no address, and the old token is useless."""
    broker, shopper = get_state(app).broker, Shopper(name)
    first = billing.activate(name, price_id="price_pro", email="ada@example.com", event_id="o1")
    client.customers.update(first.id, metadata={"size": "M"})
    spend(client, name, 1)
    old = broker.session(shopper, 10)
    billing.close_account(name)
    assert standing(client, name) == ("ACTIVE", None, 0, None)
    closed = client.customers.get(first.id)
    assert (closed.email, closed.metadata) == (None, {})
    assert broker.cached(shopper) is None
    end = time.monotonic() + LIMIT
    while True:  # it is revoked on a thread of its own
        try:
            client.tryons.track(end_customer_token=old.token)
        except ApiError as error:
            if error.status == 401:
                break
        assert time.monotonic() < end, "the old token was not revoked"
        time.sleep(0.01)
    billing.activate(name, price_id="price_pro", event_id="o1")
    assert standing(client, name)[1] is None, "a repeat is the old shopper's"
    billing.activate(name, price_id="price_pro", event_id="o2")
    assert standing(client, name) == ("ACTIVE", "Pro", 0, 5)
