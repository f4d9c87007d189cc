"""Records of version 0.1 are still understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genvoris_flask.core.storage.interface import digest
from tests.support.billing_shop import BillingShop
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import StripeShop


def keep(shop: StripeShop | BillingShop, kind: str, name: str, value: Any) -> None:
    raw = value if isinstance(value, str) else json.dumps(value)
    shop.store.set(f"{kind}:{digest(name)}", raw.encode(), 10**6)


@pytest.fixture
def shop(stripe: Stripe) -> StripeShop:
    """Return a shop where Ada's subscription was started by version 0.1."""
    shop = StripeShop()
    shop.billing.activate("ada", price_id="pro", event_id=f"stripe:{stripe.subscription}:start")
    account = {
        "state": "active",
        "state_at": T0 + 2,
        "price": "pro",
        "paid_until": T0 + MONTH,
        "waits_with": None,
    }
    keep(shop, "stripe:customer", stripe.customer, "ada")
    keep(shop, "stripe:current", "ada", stripe.subscription)
    keep(shop, "stripe:subscription", stripe.subscription, account)
    payment = {"external_id": "ada", "sale_id": f"stripe:{stripe.subscription}:start"}
    for name in (stripe.invoice, f"{stripe.intent}_0", f"{stripe.charge}_0"):
        keep(shop, "stripe:payment", name, payment)
    keep(shop, "stripe:intent", f"{stripe.intent}_0", stripe.invoice)
    return shop


def test_paid_period(shop: StripeShop, stripe: Stripe) -> None:
    """The period that version 0.1 filled is not filled again; the next one is, once."""
    shop.apply(stripe.paid("subscription_create", month=0, at=2))
    assert shop.fills == 1
    shop.apply(stripe.paid(month=1, at=10), stripe.change(at=20))
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_pro"), 2)


def test_end(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription ends even if that is the first event after the upgrade."""
    shop.apply(stripe.change("deleted", status="canceled", at=20))
    assert shop.status == "CANCELLED"


def test_newer_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """A newer subscription takes over, and the older one continues when it ends."""
    newer = Stripe(stripe.basil, born=100)
    newer.customer = stripe.customer
    shop.apply(stripe.change(at=50), newer.change("created", price="max", at=100))
    assert shop.plan == "pln_max"
    shop.apply(newer.change("deleted", price="max", status="canceled", at=120))
    assert shop.account == ("ACTIVE", "pln_pro")


def test_former_price(shop: StripeShop, stripe: Stripe) -> None:
    """A subscriber keeps the plan although its price has changed since."""
    shop.genvoris.plans[0]["externalPriceId"] = "pro_at_a_new_price"
    shop.apply(stripe.change(at=10), stripe.paid(month=1, at=20))
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_pro"), 2)


def test_refund(shop: StripeShop, stripe: Stripe) -> None:
    """A refund takes the plan back, and the next paid month gives it again."""
    shop.apply(stripe.refunded(month=0))
    assert shop.account == ("ACTIVE", None)
    shop.apply(stripe.paid(month=1, at=60))
    assert shop.plan == "pln_pro"


def test_waiting_subscription(stripe: Stripe) -> None:
    """A subscription that waited for its checkout starts."""
    shop = StripeShop()
    waiting = {"state": None, "state_at": 0, "price": None, "paid_until": 0, "waits_with": "pro"}
    keep(shop, "stripe:subscription", stripe.subscription, waiting)
    shop.apply(stripe.checkout())
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_pro"), 1)


def test_early_refund(stripe: Stripe) -> None:
    """A refund that came before its checkout is remembered."""
    shop = StripeShop()
    keep(shop, "stripe:refunded", stripe.intent, "1")
    shop.apply(stripe.one_off(metadata={"genvoris_price_id": "pro"}))
    assert shop.genvoris.customers == {}


def test_interrupted_grant() -> None:
    """A grant that a former version began is finished by the next event."""
    shop = BillingShop()
    shop.activate("o1")
    started = {"period_start": None, "plan_before": "pln_pro", "plan_id": "pln_granted-try-ons:9"}
    shop.store.delete(f"billing:order:{digest('ada')}")
    key = "billing:" + digest("grant\nada\ng1")
    shop.store.set(key, json.dumps(started).encode(), 10**6)
    keep(shop, "billing:open", "ada", key)
    shop.billing.pause("ada", event_id="p1")
    assert shop.genvoris.customers["ada"]["planId"] == "pln_granted-try-ons:9"


def test_latest_sale() -> None:
    """A refund knows the latest sale."""
    shop = BillingShop()
    shop.activate("o1")
    shop.store.delete(f"billing:order:{digest('ada')}")
    keep(shop, "billing:last", "ada", "o2")
    shop.billing.refund("ada", sale_id="o1", event_id="r1")
    assert shop.genvoris.customers["ada"]["planId"] == "pln_pro"
    shop.billing.refund("ada", sale_id="o2", event_id="r2")
    assert shop.account == ("ACTIVE", None)
