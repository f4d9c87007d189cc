"""A shopper's plan after several purchases by Stripe, and after refunds and disputes."""

from __future__ import annotations

import itertools
import logging

import httpx
import pytest

from genvoris_flask.errors import StripeEventError
from tests.support.billing_shop import Killed, is_change
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, StripeShop, start_events


@pytest.fixture
def shop() -> StripeShop:
    return StripeShop()


def another(stripe: Stripe, born: int, same_customer: bool = True) -> Stripe:
    """Return another purchase, of the same Stripe customer or of another one."""
    made = Stripe(stripe.basil, born=born)
    if same_customer:
        made.customer = stripe.customer
    return made


def single(stripe: Stripe, price: str = "pro", at: int = 4, **changes: object) -> Event:
    return stripe.one_off(metadata={"genvoris_price_id": price}, at=at, **changes)


def month(stripe: Stripe, number: int, price: str = "pro", at: int = 0) -> list[Event]:
    """Return the events of a paid month."""
    paid = [stripe.paid(month=number, price=price, at=at)]
    return [*paid, stripe.invoice_payment(number, at=at)] if stripe.basil else paid


def test_other_product_and_back(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription that sells no plan for a while continues when it does again."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(price="price_of_socks", at=10, was="pro"))
    assert shop.status == "CANCELLED"
    assert shop.apply(stripe.change(at=20, was="price_of_socks")) == ["applied"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 1)
    assert shop.apply(stripe.paid(month=1, at=30)) == ["applied"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_other_product_and_back_in_any_order(stripe: Stripe) -> None:
    """The end is the same in whatever order the four events come."""
    events = [
        stripe.change(price="price_of_socks", at=10, was="pro"),
        stripe.change(price="max", at=20, was="price_of_socks"),
        stripe.change(price="pro", at=25, was="max"),
        stripe.paid(month=1, at=30),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.deliver(*start_events(stripe))
        shop.apply(*order)
        assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_other_product_and_back_with_default_plan(stripe: Stripe) -> None:
    """Meanwhile the shopper has the default plan."""
    shop = StripeShop(default_plan="pln_free")
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(price="price_of_socks", at=10))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_free")
    shop.apply(stripe.change(at=20))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_late_start_of_older_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """The late start of an older subscription does not take over."""
    newer = another(stripe, born=100)
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(newer.change("created", price="max", at=100))
    shop.apply(stripe.change("created", at=0))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")
    shop.apply(stripe.change("deleted", status="canceled", at=90))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 1)


def test_newer_subscription_in_any_order(stripe: Stripe) -> None:
    """The newer of two paid subscriptions gives the plan, in any order."""
    newer = another(stripe, born=100)
    events = [
        stripe.change("created", at=0),
        newer.change("created", price="max", at=100),
        stripe.paid(month=1, at=110),
        stripe.change("deleted", status="canceled", at=120),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.shoppers[stripe.customer] = "ada"
        shop.apply(*order)
        assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")


def test_age_counts_from_creation(shop: StripeShop, stripe: Stripe) -> None:
    """The subscription that was created later is the newer one, even if it was active first."""
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.change("created", status="incomplete", at=0))
    shop.apply(another(stripe, born=100).change("created", price="max", at=100))
    shop.apply(stripe.change(at=200))
    assert shop.account == ("ACTIVE", "pln_max")


def test_pause_of_newer_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """An older subscription gives the plan while the newer one is paused."""
    newer = another(stripe, born=100)
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.change("created"), newer.change("created", price="max", at=100))
    shop.apply(newer.change("paused", price="max", status="paused", at=110))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    shop.apply(newer.change("resumed", price="max", at=120))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_month_paid_meanwhile(shop: StripeShop, stripe: Stripe) -> None:
    """A month paid while a newer subscription gave the plan counts when that one ends."""
    newer = another(stripe, born=100)
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.change("created"), newer.change("created", price="max", at=100))
    shop.apply(*month(stripe, 1, at=110))
    assert shop.fills == 2
    ended = newer.change("deleted", price="max", status="canceled", at=120)
    shop.apply(ended, ended)
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 3)


def test_refund_beside_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """A refunded single payment leads back to the subscription."""
    shop.deliver(*start_events(stripe, "max"))
    one = another(stripe, born=0)
    shop.apply(single(one, "free", at=40))
    assert shop.plan == "pln_free"
    refund = one.refunded(month=None, at=50)
    assert shop.apply(refund, refund) == ["applied", "repeated"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_refund_of_second_payment(shop: StripeShop, stripe: Stripe) -> None:
    """A refunded single payment leads back to the one before."""
    second = another(stripe, born=0)
    shop.apply(single(stripe, "pro", at=4), single(second, "max", at=40))
    assert shop.plan == "pln_max"
    shop.apply(second.refunded(month=None))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)
    shop.apply(stripe.refunded(month=None))
    assert shop.account == ("ACTIVE", None)


def test_renewal_ends_payment(shop: StripeShop, stripe: Stripe) -> None:
    """The next month of a subscription ends a single payment, for good."""
    shop.deliver(*start_events(stripe, "max"))
    shop.apply(single(another(stripe, born=0), "free", at=40))
    shop.apply(*month(stripe, 1, "max", at=50))
    assert (shop.plan, shop.fills) == ("pln_max", 3)
    shop.apply(stripe.change("deleted", price="max", status="canceled", at=60))
    assert shop.status == "CANCELLED"


def test_payment_outlives_subscription(shop: StripeShop, stripe: Stripe) -> None:
    """A single payment made after the last paid month outlives the subscription."""
    shop.deliver(*start_events(stripe, "max"))
    shop.apply(single(another(stripe, born=0), "pro", at=40))
    shop.apply(stripe.change("deleted", price="max", status="canceled", at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_upgrade_after_payment(shop: StripeShop, stripe: Stripe) -> None:
    """An upgrade after a single payment gives the plan."""
    shop.deliver(*start_events(stripe))
    shop.apply(single(another(stripe, born=0), "free", at=40))
    shop.apply(stripe.change(price="max", was="pro", at=50))
    assert shop.plan == "pln_max"


DISPUTES: dict[str, tuple[str, tuple[str, str | None]]] = {
    "won": ("won", ("ACTIVE", "pln_pro")),
    "lost": ("lost", ("ACTIVE", None)),
}


def disputed(stripe: Stripe) -> list[Event]:
    """Return what is said of a disputed month: whose payment it is, then the dispute."""
    payment = [stripe.invoice_payment(0)] if stripe.basil else []
    return [*payment, stripe.disputed(at=60)]


@pytest.mark.parametrize("name", DISPUTES)
def test_dispute(shop: StripeShop, stripe: Stripe, name: str) -> None:
    """A dispute pauses the plan; won, it continues; lost, it is taken back."""
    status, end = DISPUTES[name]
    shop.deliver(*start_events(stripe), *disputed(stripe))
    assert (shop.status, shop.plan) == ("PAUSED", "pln_pro")
    shop.apply(stripe.disputed("updated", status="under_review", at=65))
    assert (shop.status, shop.plan) == ("PAUSED", "pln_pro")
    shop.apply(stripe.disputed("closed", status=status, at=70))
    assert shop.account == end
    assert shop.fills == 1


@pytest.mark.parametrize("name", DISPUTES)
def test_dispute_in_any_order(stripe: Stripe, name: str) -> None:
    """A dispute ends alike in any order, even if it comes before the payment."""
    status, end = DISPUTES[name]
    paid = stripe.paid("subscription_create", month=0, at=2)
    events = [
        paid,
        *disputed(stripe),
        stripe.disputed("closed", status=status, at=70),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.deliver(*start_events(stripe)[:2], stripe.checkout(), *order)
        assert shop.account == end


def test_dispute_of_payment(shop: StripeShop, stripe: Stripe) -> None:
    """A disputed single payment, known by its intent, pauses the plan and is lost."""
    shop.apply(single(stripe))
    shop.apply(stripe.disputed(month=None, at=60))
    assert shop.status == "PAUSED"
    shop.apply(stripe.disputed("closed", status="lost", month=None, at=70))
    assert (shop.status, shop.plan) == ("ACTIVE", None)


def test_dispute_of_one_purchase(shop: StripeShop, stripe: Stripe) -> None:
    """A dispute about one purchase does not affect another."""
    shop.deliver(*start_events(stripe))
    one = another(stripe, born=0)
    shop.apply(single(one, "max", at=40), one.disputed(month=None, at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    shop.apply(one.disputed("closed", status="won", month=None, at=70))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_dispute_of_earlier_month(shop: StripeShop, stripe: Stripe) -> None:
    """A dispute about an earlier month leaves the one paid since."""
    shop.deliver(*start_events(stripe), *month(stripe, 1, at=30), *disputed(stripe))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review"])
def test_inquiry(shop: StripeShop, stripe: Stripe, status: str) -> None:
    """An inquiry takes no money, and changes nothing unless it becomes a dispute."""
    shop.deliver(*start_events(stripe))
    payment = [stripe.invoice_payment(0)] if stripe.basil else []
    shop.apply(*payment, stripe.disputed(status=status, at=60))
    assert shop.status == "ACTIVE"
    shop.apply(stripe.disputed("updated", status="needs_response", at=65))
    assert shop.status == "PAUSED"
    shop.apply(stripe.disputed("closed", status="warning_closed", at=70))
    assert shop.status == "ACTIVE"


def test_dispute_after_refund(shop: StripeShop, stripe: Stripe) -> None:
    """A dispute lost after the refund of the same payment takes nothing more."""
    one, two = another(stripe, born=0), another(stripe, born=0)
    shop.apply(single(one, at=4), one.refunded(month=None, at=20), single(two, "max", at=30))
    shop.apply(one.disputed(month=None, at=60))
    shop.apply(one.disputed("closed", status="lost", month=None, at=70))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_partial_refund_is_logged(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A partial refund takes nothing back, and the log says what can be done."""
    shop.apply(single(stripe))
    shop.apply(stripe.refunded(month=None, whole=False))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "300 of 900 eur" in record.getMessage()
    assert "change_plan" in record.getMessage()
    assert "ada" not in record.getMessage()


def test_early_partial_refund_is_logged(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A partial refund that came before its checkout is logged with the checkout."""
    shop.apply(stripe.refunded(month=None, whole=False))
    assert not caplog.records, "it may be about another product"
    shop.apply(single(stripe))
    assert "partially refunded" in caplog.text


def test_rest_of_refund(shop: StripeShop, stripe: Stripe) -> None:
    """The last of several partial refunds takes the plan back."""
    shop.apply(single(stripe), stripe.refunded(month=None, whole=False, at=50))
    shop.apply(stripe.refunded(month=None, whole=True, at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", None)


def test_partial_refund_of_other_product(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A partial refund of something without a plan is not logged."""
    shop.apply(stripe.refunded(month=None, whole=False))
    assert not caplog.records


def test_strangers_smaller_plan(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A smaller plan that a stranger buys for the shopper is withheld."""
    shop.deliver(*start_events(stripe, "max"))
    stranger = another(stripe, born=50, same_customer=False)
    guest = another(stripe, born=50, same_customer=False)
    shop.apply(single(guest, "free", at=60, customer=None))
    assert "bought by another Stripe customer" in caplog.text
    shop.deliver(*start_events(stranger, "pro", at=50))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 1)
    shop.apply(stranger.change("paused", status="paused", at=70))
    shop.apply(
        stranger.change("deleted", status="canceled", at=80), *month(stripe, 1, "max", at=90)
    )
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_strangers_larger_plan(shop: StripeShop, stripe: Stripe) -> None:
    """A larger plan that someone else buys counts, and the shopper's own is not lost."""
    giver = another(stripe, born=50, same_customer=False)
    shop.deliver(*start_events(stripe, "pro"), *start_events(giver, "max", at=50))
    assert (shop.plan, shop.fills) == ("pln_max", 2)
    shop.apply(giver.change("deleted", price="max", status="canceled", at=80))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_larger_plan_sold_elsewhere(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A larger plan sold by other means is kept until it ends."""
    shop.billing.activate("ada", price_id="max", event_id="order-1")
    shop.apply(single(stripe, "pro"))
    assert (shop.plan, shop.fills) == ("pln_max", 1)
    assert "bought by another Stripe customer" in caplog.text
    shop.billing.cancel("ada", event_id="order-1-ended")
    shop.deliver(*start_events(stripe, "pro"))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_granted_plan_is_replaced(shop: StripeShop, stripe: Stripe) -> None:
    """A purchase replaces a plan of granted try-ons of a former version, which was not sold."""
    granted = {"id": "pln_granted", "name": "500 try-ons", "monthlyTryOns": 500}
    shop.genvoris.plans.append({**granted, "externalPriceId": "granted-try-ons:500"})
    shop.billing.activate("ada", plan_id="pln_granted", event_id="order-1")
    shop.apply(single(stripe, "pro"))
    assert (shop.plan, shop.fills) == ("pln_pro", 2)


def test_refund_after_sale_elsewhere(shop: StripeShop, stripe: Stripe) -> None:
    """A refund does not take back what was sold by other means since."""
    shop.apply(single(stripe, "pro"))
    shop.billing.activate("ada", price_id="max", event_id="order-1")
    shop.apply(stripe.refunded(month=None))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")


def test_metadata_only(stripe: Stripe) -> None:
    """With metadata_only, a client_reference_id, which buyers can set, is ignored."""
    shop = StripeShop(metadata_only=True)
    created = stripe.change("created")
    assert shop.apply(stripe.checkout("bea")) == ["ignored"]
    with pytest.raises(StripeEventError, match="metadata"):
        shop.apply(created)
    assert shop.genvoris.customers == {}
    shop.apply(stripe.checkout("bea", metadata={"genvoris_external_id": "ada"}))
    assert shop.account == ("ACTIVE", "pln_pro")
    assert list(shop.genvoris.customers) == ["ada"]


def test_subscription_moves(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription that moves to another shopper leaves the first."""
    shop.shoppers[stripe.customer] = "bea"
    shop.apply(stripe.change("created"))
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.paid(month=1, at=30))
    assert shop.account == ("ACTIVE", "pln_pro")
    assert shop.genvoris.customers["bea"]["planId"] is None or (
        shop.genvoris.customers["bea"]["status"] == "CANCELLED"
    )


def kill(request: httpx.Request) -> None:
    """Kill the process at a change of a customer."""
    if is_change(request):
        raise Killed


def test_purchase_after_interrupted_reports(shop: StripeShop, stripe: Stripe) -> None:
    """A plan whose report was interrupted is known as Stripe's, and withholds nothing."""
    shop.deliver(*start_events(stripe))
    shop.genvoris.after = kill
    with pytest.raises(Killed):
        shop.apply(stripe.change(price="max", was="pro", at=10))
    shop.genvoris.clear_faults()
    shop.genvoris.before = kill
    with pytest.raises(Killed):
        shop.apply(stripe.change("deleted", price="max", status="canceled", at=20))
    shop.genvoris.clear_faults()
    assert shop.account == ("ACTIVE", "pln_max")
    shop.apply(single(another(stripe, born=30, same_customer=False), "pro", at=40))
    assert shop.account == ("ACTIVE", "pln_pro")
