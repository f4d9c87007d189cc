"""A shop that goes on with the records of version 0.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genvoris_flask.core.storage.interface import digest
from tests.support.billing_shop import Shop
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import StripeShop


def keep(shop: StripeShop | Shop, kind: str, name: str, value: Any) -> None:
    raw = value if isinstance(value, str) else json.dumps(value)
    shop.store.set(f"{kind}:{digest(name)}", raw.encode(), 10**6)


@pytest.fixture(params=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    return Stripe(request.param == "basil")


@pytest.fixture
def shop(stripe: Stripe) -> StripeShop:
    """Return a shop where Ada's subscription was started by version 0.1."""
    shop = StripeShop()
    shop.billing.activate("ada", price_id="pro", event_id=f"stripe:{stripe.subscription}:start")
    standing = {
        "state": "active",
        "state_at": T0 + 2,
        "price": "pro",
        "paid_until": T0 + MONTH,
        "waits_with": None,
    }
    keep(shop, "stripe:customer", stripe.customer, "ada")
    keep(shop, "stripe:current", "ada", stripe.subscription)
    keep(shop, "stripe:subscription", stripe.subscription, standing)
    payment = {"external_id": "ada", "sale_id": f"stripe:{stripe.subscription}:start"}
    for name in (stripe.invoice, f"{stripe.intent}_0", f"{stripe.charge}_0"):
        keep(shop, "stripe:payment", name, payment)
    keep(shop, "stripe:intent", f"{stripe.intent}_0", stripe.invoice)
    return shop


def test_the_period_that_was_paid_for_is_not_filled_again(shop: StripeShop, stripe: Stripe) -> None:
    """The next one is, once."""
    shop.take(stripe.paid("subscription_create", month=0, at=2))
    assert shop.fills == 1
    shop.take(stripe.paid(month=1, at=10), stripe.change(at=20))
    assert (shop.standing, shop.fills) == (("ACTIVE", "pln_pro"), 2)


def test_an_end_is_an_end(shop: StripeShop, stripe: Stripe) -> None:
    """Also when it is the first event after the upgrade."""
    shop.take(stripe.change("deleted", status="canceled", at=20))
    assert shop.status == "CANCELLED"


def test_a_newer_subscription_takes_over_from_one_that_has_not_been_heard_of_since(
    shop: StripeShop, stripe: Stripe
) -> None:
    """And the older goes on when the newer ends."""
    newer = Stripe(stripe.basil, born=100)
    newer.customer = stripe.customer
    shop.take(stripe.change(at=50), newer.change("created", price="max", at=100))
    assert shop.plan == "pln_max"
    shop.take(newer.change("deleted", price="max", status="canceled", at=120))
    assert shop.standing == ("ACTIVE", "pln_pro")


def test_who_subscribed_at_an_old_price_keeps_the_plan(shop: StripeShop, stripe: Stripe) -> None:
    """The plan has got another price since."""
    shop.genvoris.plans[0]["externalPriceId"] = "pro_at_a_new_price"
    shop.take(stripe.change(at=10), stripe.paid(month=1, at=20))
    assert (shop.standing, shop.fills) == (("ACTIVE", "pln_pro"), 2)


def test_a_refund_takes_back_what_was_sold(shop: StripeShop, stripe: Stripe) -> None:
    """And the month that is paid for afterwards gives the plan again."""
    shop.take(stripe.refunded(month=0))
    assert shop.standing == ("ACTIVE", None)
    shop.take(stripe.paid(month=1, at=60))
    assert shop.plan == "pln_pro"


def test_a_subscription_that_waited_for_its_checkout_starts(stripe: Stripe) -> None:
    """It was not known yet whose it is."""
    shop = StripeShop()
    waiting = {"state": None, "state_at": 0, "price": None, "paid_until": 0, "waits_with": "pro"}
    keep(shop, "stripe:subscription", stripe.subscription, waiting)
    shop.take(stripe.checkout())
    assert (shop.standing, shop.fills) == (("ACTIVE", "pln_pro"), 1)


def test_a_refund_that_came_before_its_checkout_is_remembered(stripe: Stripe) -> None:
    """Version 0.1 noted it."""
    shop = StripeShop()
    keep(shop, "stripe:refunded", stripe.intent, "1")
    shop.take(stripe.one_off(metadata={"genvoris_price_id": "pro"}))
    assert shop.genvoris.customers == {}


def test_a_grant_that_broke_off_is_finished_by_the_next_event() -> None:
    """Its record names the plan before and the one to have."""
    shop = Shop()
    shop.activate("o1")
    shop.billing.grant("ada", 4, event_id="g1")
    shop.genvoris.customers["ada"]["planId"] = "pln_pro"
    started = {"period_start": None, "plan_before": "pln_pro", "plan_id": "pln_granted-try-ons:9"}
    shop.store.delete(f"billing:order:{digest('ada')}")
    key = "billing:" + digest("grant\nada\ng1")
    shop.store.set(key, json.dumps(started).encode(), 10**6)
    keep(shop, "billing:open", "ada", key)
    shop.billing.grant("ada", 3, event_id="g2")
    shop.billing.grant("ada", 4, event_id="g1")
    assert shop.genvoris.size("ada") == 12


def test_a_refund_knows_the_latest_sale() -> None:
    """It was noted apart."""
    shop = Shop()
    shop.activate("o1")
    shop.store.delete(f"billing:order:{digest('ada')}")
    keep(shop, "billing:last", "ada", "o2")
    shop.billing.refund("ada", sale_id="o1", event_id="r1")
    assert shop.genvoris.customers["ada"]["planId"] == "pln_pro"
    shop.billing.refund("ada", sale_id="o2", event_id="r2")
    assert shop.standing == ("ACTIVE", None)
