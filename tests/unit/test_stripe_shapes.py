"""Lists that Stripe cuts off after ten, lines that are not periods, and odd fields."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from genvoris_flask.core.billing.stripe.payloads import Item, Line
from genvoris_flask.errors import GenvorisError, StripeEventError
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import Event, FakeLookup, StripeShop, start_events


@pytest.fixture
def shop() -> StripeShop:
    return StripeShop()


def asking() -> tuple[StripeShop, FakeLookup]:
    shop, asked = StripeShop(), FakeLookup()
    shop.lookup = asked
    shop.restart()
    return shop, asked


def test_long_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """A plan beyond the first ten items is an error that says what to do, never an end."""
    shop.deliver(*start_events(stripe))
    changed = stripe.change(at=10, more=10)
    assert changed["data"]["object"]["items"]["has_more"] is True
    with pytest.raises(StripeEventError, match="GENVORIS_STRIPE_API_KEY"):
        shop.apply(changed)
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_long_subscription_with_key(stripe: Stripe) -> None:
    """With a key, Stripe is asked for the other items."""
    shop, asked = asking()
    shop.deliver(*start_events(stripe))
    asked.items[stripe.subscription] = [*(Item(f"socks_{n}") for n in range(10)), Item("max")]
    assert shop.apply(stripe.change(at=10, more=10)) == ["applied"]
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")
    asked.items[stripe.subscription] = [Item("price_of_socks")] * 11
    shop.apply(stripe.change(price="price_of_socks", at=20, more=10))
    assert shop.status == "CANCELLED"


def test_plan_among_first_items(shop: StripeShop, stripe: Stripe) -> None:
    """A plan among the first ten items needs no lookup."""
    shop.deliver(*start_events(stripe))
    changed = stripe.change(price="max", at=10)
    changed["data"]["object"]["items"]["has_more"] = True
    assert shop.apply(changed) == ["applied"]
    assert shop.plan == "pln_max"


def test_long_invoice(shop: StripeShop, stripe: Stripe) -> None:
    """A plan beyond the first ten lines is an error without a key, and found with one."""
    shop.deliver(*start_events(stripe))
    paid = stripe.paid(month=1, more=10, at=30)
    with pytest.raises(StripeEventError, match="GENVORIS_STRIPE_API_KEY"):
        shop.apply(paid)
    assert shop.fills == 1
    shop.lookup = asked = FakeLookup()
    shop.restart()
    asked.lines[paid["data"]["object"]["id"]] = [Line("pro", T0 + 2 * MONTH)]
    assert shop.apply(paid) == ["applied"]
    assert shop.fills == 2


def test_long_invoice_of_other_product(shop: StripeShop, stripe: Stripe) -> None:
    """A long invoice of a subscription to something else needs no lookup."""
    assert shop.apply(stripe.change("created", price="price_of_socks")) == ["ignored"]
    assert shop.apply(stripe.paid(price="price_of_socks", more=10)) == ["ignored"]


def test_invoice_without_time(shop: StripeShop, stripe: Stripe) -> None:
    """An invoice without a time of its own has its event's."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.paid(month=1, price="max", at=30, created=None))
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_max"), 2)


def proration(stripe: Stripe, where: str) -> Event:
    """Return a paid invoice whose one line is a proration."""
    paid = stripe.paid("subscription_update", month=5, price="max", id="in_proration", at=20)
    (line,) = paid["data"]["object"]["lines"]["data"]
    if where == "acacia":
        line |= {"proration": True, "type": "invoiceitem"}
    elif where == "subscription item":
        line["parent"]["subscription_item_details"]["proration"] = True
    else:
        is_proration = where == "invoice item"
        line["parent"] = {
            "invoice_item_details": {"invoice_item": "ii_1", "proration": is_proration},
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return paid


PRORATIONS = ("acacia", "subscription item", "invoice item", "something beside the period")


@pytest.mark.parametrize("where", PRORATIONS)
def test_proration(shop: StripeShop, where: str) -> None:
    """A proration fills no quota, even if no invoice came before it."""
    stripe = Stripe(basil=where != "acacia")
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.change("created"))
    assert shop.apply(proration(stripe, where)) == ["ignored"]
    assert (shop.fills, shop.plan) == (1, "pln_pro")


def test_old_invoice_item(shop: StripeShop) -> None:
    """An invoice item of the older shape is not a period."""
    stripe = Stripe(basil=False)
    shop.deliver(*start_events(stripe))
    paid = stripe.paid(month=1, at=30)
    paid["data"]["object"]["lines"]["data"][0]["type"] = "invoiceitem"
    assert shop.apply(paid) == ["ignored"]
    assert shop.fills == 1


@pytest.mark.parametrize("payment", [None, {}, [], "pi_1", {"type": "payment_record"}])
def test_invoice_payment_without_payment(shop: StripeShop, payment: object) -> None:
    """An invoice payment without a payment, as when paid outside of Stripe, is ignored."""
    paid = Stripe().invoice_payment()
    paid["data"]["object"]["payment"] = payment
    assert shop.apply(paid) == ["ignored"]


def test_invoice_payment_by_charge(shop: StripeShop) -> None:
    """An invoice payment may name a charge instead of an intent."""
    stripe = Stripe()
    shop.deliver(*start_events(stripe))
    payment = stripe.invoice_payment()
    payment["data"]["object"]["payment"] = {"type": "charge", "charge": f"{stripe.charge}_0"}
    refund = stripe.refunded(payment_intent=None)
    shop.apply(payment, refund)
    assert shop.plan is None


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a payload."""
    found = [path] if path else []
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        found += places(child, (*path, name))
    return found


def put(payload: Any, path: tuple[Any, ...], value: object) -> None:
    for name in path[:-1]:
        payload = payload[name]
    payload[path[-1]] = value


ODD: tuple[object, ...] = (None, "", "odd", 0, -1, True, [], {}, [None], {"data": None}, 10**12)


@pytest.mark.thorough
def test_odd_payloads(stripe: Stripe) -> None:
    """Missing or odd values in any field raise nothing but our own errors."""
    events = [
        *start_events(stripe),
        stripe.change(price="max", was="pro", at=10),
        stripe.paid(month=1, at=20),
        stripe.invoice_payment(1),
        stripe.one_off(metadata={"genvoris_price_id": "pro"}),
        stripe.refunded(1),
        stripe.disputed(),
    ]
    cases = [
        (event, path, odd)
        for event in events
        for path in places(event["data"]["object"])
        for odd in ODD
        if path != ("id",)
    ]
    for number, (event, path, odd) in enumerate(random.Random(1).sample(cases, 1200)):
        if number % 100 == 0:
            shop = StripeShop()
            shop.deliver(*start_events(stripe))
        changed = copy.deepcopy({**event, "id": f"evt_odd_{number}"})
        put(changed["data"]["object"], path, odd)
        try:
            (outcome,) = shop.apply(changed)
        except GenvorisError:
            continue
        assert outcome in ("applied", "ignored", "repeated")
