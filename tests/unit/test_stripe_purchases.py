"""What somebody has after several purchases by Stripe, and after some of them were taken back."""

from __future__ import annotations

import itertools
import logging

import pytest

from genvoris_flask.errors import StripeEventError
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, StripeShop, beginning


@pytest.fixture
def shop() -> StripeShop:
    return StripeShop()


@pytest.fixture(params=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    return Stripe(request.param == "basil")


def another(stripe: Stripe, born: int, same_customer: bool = True) -> Stripe:
    """Return another purchase, of the same Stripe customer or of another one."""
    made = Stripe(stripe.basil, born=born)
    if same_customer:
        made.customer = stripe.customer
    return made


def single(stripe: Stripe, price: str = "pro", at: int = 4, **changes: object) -> Event:
    return stripe.one_off(metadata={"genvoris_price_id": price}, at=at, **changes)


def month(stripe: Stripe, number: int, price: str = "pro", at: int = 0) -> list[Event]:
    """Return what is said of a month that was paid for."""
    paid = [stripe.paid(month=number, price=price, at=at)]
    return [*paid, stripe.invoice_payment(number, at=at)] if stripe.basil else paid


def test_a_subscription_that_changes_to_another_product_and_back_carries_on(
    shop: StripeShop, stripe: Stripe
) -> None:
    """It sells no plan for a while, then the same one again; the next month is paid for."""
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(price="price_of_socks", at=10, was="pro"))
    assert shop.status == "CANCELLED"
    assert shop.take(stripe.change(at=20, was="price_of_socks")) == ["applied"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 1)
    assert shop.take(stripe.paid(month=1, at=30)) == ["applied"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_a_subscription_comes_back_from_another_product_in_any_order(stripe: Stripe) -> None:
    """The end is the same however the four events come."""
    events = [
        stripe.change(price="price_of_socks", at=10, was="pro"),
        stripe.change(price="max", at=20, was="price_of_socks"),
        stripe.change(price="pro", at=25, was="max"),
        stripe.paid(month=1, at=30),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.take_as_stripe_delivers(*beginning(stripe))
        shop.take(*order)
        assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_a_free_plan_is_left_again_when_a_subscription_comes_back(stripe: Stripe) -> None:
    """With a default plan the shopper falls to that meanwhile."""
    shop = StripeShop(default_plan="pln_free")
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(price="price_of_socks", at=10))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_free")
    shop.take(stripe.change(at=20))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_a_late_event_of_an_older_subscription_does_not_take_over(
    shop: StripeShop, stripe: Stripe
) -> None:
    """The newer one starts, the older one's start comes late, then the older one ends."""
    newer = another(stripe, born=100)
    shop.known[stripe.customer] = "ada"
    shop.take(newer.change("created", price="max", at=100))
    shop.take(stripe.change("created", at=0))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")
    shop.take(stripe.change("deleted", status="canceled", at=90))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 1)


def test_the_newer_of_two_subscriptions_gives_the_plan_in_any_order(stripe: Stripe) -> None:
    """Both are paid for; then the older ends."""
    newer = another(stripe, born=100)
    events = [
        stripe.change("created", at=0),
        newer.change("created", price="max", at=100),
        stripe.paid(month=1, at=110),
        stripe.change("deleted", status="canceled", at=120),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.known[stripe.customer] = "ada"
        shop.take(*order)
        assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")


def test_an_older_subscription_serves_while_the_newer_is_paused(
    shop: StripeShop, stripe: Stripe
) -> None:
    """Who pays for one plan is not locked out by a pause of another."""
    newer = another(stripe, born=100)
    shop.known[stripe.customer] = "ada"
    shop.take(stripe.change("created"), newer.change("created", price="max", at=100))
    shop.take(newer.change("paused", price="max", status="paused", at=110))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    shop.take(newer.change("resumed", price="max", at=120))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_a_month_that_was_paid_for_meanwhile_is_had_when_the_newer_subscription_ends(
    shop: StripeShop, stripe: Stripe
) -> None:
    """The older one's quota was not filled for it while the newer one gave the plan."""
    newer = another(stripe, born=100)
    shop.known[stripe.customer] = "ada"
    shop.take(stripe.change("created"), newer.change("created", price="max", at=100))
    shop.take(*month(stripe, 1, at=110))
    assert shop.fills == 2
    ended = newer.change("deleted", price="max", status="canceled", at=120)
    shop.take(ended, ended)
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 3)


def test_a_refunded_single_payment_leads_back_to_the_subscription(
    shop: StripeShop, stripe: Stripe
) -> None:
    """A subscriber buys a single plan, and is given that money back."""
    shop.take_as_stripe_delivers(*beginning(stripe, "max"))
    one = another(stripe, born=0)
    shop.take(single(one, "free", at=40))
    assert shop.plan == "pln_free"
    refund = one.refunded(month=None, at=50)
    assert shop.take(refund, refund) == ["applied", "repeated"]
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_a_refunded_single_payment_leads_back_to_the_one_before(
    shop: StripeShop, stripe: Stripe
) -> None:
    """The first was paid for too, and was not refunded."""
    second = another(stripe, born=0)
    shop.take(single(stripe, "pro", at=4), single(second, "max", at=40))
    assert shop.plan == "pln_max"
    shop.take(second.refunded(month=None))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)
    shop.take(stripe.refunded(month=None))
    assert shop.standing == ("ACTIVE", None)


def test_the_next_month_of_a_subscription_ends_a_single_payment(
    shop: StripeShop, stripe: Stripe
) -> None:
    """Its plan does not come back when the subscription ends later."""
    shop.take_as_stripe_delivers(*beginning(stripe, "max"))
    shop.take(single(another(stripe, born=0), "free", at=40))
    shop.take(*month(stripe, 1, "max", at=50))
    assert (shop.plan, shop.fills) == ("pln_max", 3)
    shop.take(stripe.change("deleted", price="max", status="canceled", at=60))
    assert shop.status == "CANCELLED"


def test_a_single_payment_outlives_the_subscription_it_was_made_beside(
    shop: StripeShop, stripe: Stripe
) -> None:
    """It was paid for after the subscription's last month."""
    shop.take_as_stripe_delivers(*beginning(stripe, "max"))
    shop.take(single(another(stripe, born=0), "pro", at=40))
    shop.take(stripe.change("deleted", price="max", status="canceled", at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_an_upgrade_counts_from_when_it_is_made_beside_a_single_payment(
    shop: StripeShop, stripe: Stripe
) -> None:
    """What was sold last gives the plan."""
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(single(another(stripe, born=0), "free", at=40))
    shop.take(stripe.change(price="max", was="pro", at=50))
    assert shop.plan == "pln_max"


DISPUTES: dict[str, tuple[str, tuple[str, str | None]]] = {
    "won": ("won", ("ACTIVE", "pln_pro")),
    "lost": ("lost", ("ACTIVE", None)),
}


def disputed(stripe: Stripe) -> list[Event]:
    """Return what is said of a disputed month: whose payment it is, then the dispute."""
    told = [stripe.invoice_payment(0)] if stripe.basil else []
    return [*told, stripe.disputed(at=60)]


@pytest.mark.parametrize("name", DISPUTES)
def test_a_dispute_pauses_until_it_is_decided(shop: StripeShop, stripe: Stripe, name: str) -> None:
    """Won: the shopper goes on. Lost: as with a refund."""
    status, end = DISPUTES[name]
    shop.take_as_stripe_delivers(*beginning(stripe), *disputed(stripe))
    assert (shop.status, shop.plan) == ("PAUSED", "pln_pro")
    shop.take(stripe.disputed("updated", status="under_review", at=65))
    assert (shop.status, shop.plan) == ("PAUSED", "pln_pro")
    shop.take(stripe.disputed("closed", status=status, at=70))
    assert shop.standing == end
    assert shop.fills == 1


@pytest.mark.parametrize("name", DISPUTES)
def test_a_dispute_ends_alike_in_any_order(stripe: Stripe, name: str) -> None:
    """Also when it is heard of before what was disputed."""
    status, end = DISPUTES[name]
    paid = stripe.paid("subscription_create", month=0, at=2)
    events = [
        paid,
        *disputed(stripe),
        stripe.disputed("closed", status=status, at=70),
    ]
    for order in itertools.permutations(events):
        shop = StripeShop()
        shop.take_as_stripe_delivers(*beginning(stripe)[:2], stripe.checkout(), *order)
        assert shop.standing == end


def test_a_disputed_single_payment_pauses_and_is_lost(shop: StripeShop, stripe: Stripe) -> None:
    """It is known by its payment intent."""
    shop.take(single(stripe))
    shop.take(stripe.disputed(month=None, at=60))
    assert shop.status == "PAUSED"
    shop.take(stripe.disputed("closed", status="lost", month=None, at=70))
    assert (shop.status, shop.plan) == ("ACTIVE", None)


def test_a_dispute_about_one_purchase_leaves_another(shop: StripeShop, stripe: Stripe) -> None:
    """The subscription is paid for by another payment."""
    shop.take_as_stripe_delivers(*beginning(stripe))
    one = another(stripe, born=0)
    shop.take(single(one, "max", at=40), one.disputed(month=None, at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    shop.take(one.disputed("closed", status="won", month=None, at=70))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_a_dispute_about_an_earlier_month_leaves_the_one_that_was_paid_since(
    shop: StripeShop, stripe: Stripe
) -> None:
    """As a refund of an earlier month does."""
    shop.take_as_stripe_delivers(*beginning(stripe), *month(stripe, 1, at=30), *disputed(stripe))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review"])
def test_an_inquiry_changes_nothing_unless_it_becomes_a_dispute(
    shop: StripeShop, stripe: Stripe, status: str
) -> None:
    """Stripe calls both a dispute; an inquiry takes no money."""
    shop.take_as_stripe_delivers(*beginning(stripe))
    told = [stripe.invoice_payment(0)] if stripe.basil else []
    shop.take(*told, stripe.disputed(status=status, at=60))
    assert shop.status == "ACTIVE"
    shop.take(stripe.disputed("updated", status="needs_response", at=65))
    assert shop.status == "PAUSED"
    shop.take(stripe.disputed("closed", status="warning_closed", at=70))
    assert shop.status == "ACTIVE"


def test_a_dispute_that_is_lost_after_a_refund_takes_nothing_more(
    shop: StripeShop, stripe: Stripe
) -> None:
    """Both are about the same payment; the shopper has bought again since."""
    one, two = another(stripe, born=0), another(stripe, born=0)
    shop.take(single(one, at=4), one.refunded(month=None, at=20), single(two, "max", at=30))
    shop.take(one.disputed(month=None, at=60))
    shop.take(one.disputed("closed", status="lost", month=None, at=70))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_a_refund_in_part_is_told_the_merchant(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is taken back, and the log says what was refunded, and what can be done."""
    shop.take(single(stripe))
    shop.take(stripe.refunded(month=None, whole=False))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "300 of 900 eur" in record.getMessage()
    assert "change_plan" in record.getMessage()
    assert "ada" not in record.getMessage()


def test_a_refund_in_part_is_told_when_it_is_known_what_was_paid(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """The refund came before the checkout."""
    shop.take(stripe.refunded(month=None, whole=False))
    assert not caplog.records, "it may be of something else that the shop sells"
    shop.take(single(stripe))
    assert "partially refunded" in caplog.text


def test_the_rest_of_a_refund_takes_the_plan_back(shop: StripeShop, stripe: Stripe) -> None:
    """The last of several refunds makes it whole."""
    shop.take(single(stripe), stripe.refunded(month=None, whole=False, at=50))
    shop.take(stripe.refunded(month=None, whole=True, at=60))
    assert (shop.status, shop.plan) == ("ACTIVE", None)


def test_a_refund_in_part_of_something_else_is_not_logged(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A shop refunds many things that have no plan."""
    shop.take(stripe.refunded(month=None, whole=False))
    assert not caplog.records


def test_another_customers_purchase_does_not_lower_a_plan(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """A stranger names Ada in the address of a Payment Link."""
    shop.take_as_stripe_delivers(*beginning(stripe, "max"))
    stranger = another(stripe, born=50, same_customer=False)
    guest = another(stripe, born=50, same_customer=False)
    shop.take(single(guest, "free", at=60, customer=None))
    assert "bought by another Stripe customer" in caplog.text
    shop.take_as_stripe_delivers(*beginning(stranger, "pro", at=50))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 1)
    shop.take(stranger.change("paused", status="paused", at=70))
    shop.take(stranger.change("deleted", status="canceled", at=80), *month(stripe, 1, "max", at=90))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_another_customers_purchase_may_raise_a_plan_and_counts_when_the_larger_ends(
    shop: StripeShop, stripe: Stripe
) -> None:
    """A present: it is not lost either."""
    giver = another(stripe, born=50, same_customer=False)
    shop.take_as_stripe_delivers(*beginning(stripe, "pro"), *beginning(giver, "max", at=50))
    assert (shop.plan, shop.fills) == ("pln_max", 2)
    shop.take(giver.change("deleted", price="max", status="canceled", at=80))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)


def test_a_stranger_does_not_lower_what_was_sold_elsewhere(
    shop: StripeShop, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """The larger plan was sold by a billing system of the shop's own."""
    shop.billing.activate("ada", price_id="max", event_id="order-1")
    shop.take(single(stripe, "pro"))
    assert (shop.plan, shop.fills) == ("pln_max", 1)
    assert "bought by another Stripe customer" in caplog.text
    shop.billing.cancel("ada", event_id="order-1-ended")
    shop.take_as_stripe_delivers(*beginning(stripe, "pro"))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_a_shopper_who_leaves_a_smaller_or_a_granted_plan_gets_what_they_buy(
    shop: StripeShop, stripe: Stripe
) -> None:
    """A free plan or granted try-ons are nothing that was sold."""
    shop.billing.grant("ada", 500, event_id="order-1")
    shop.take(single(stripe, "pro"))
    assert (shop.plan, shop.fills) == ("pln_pro", 2)


def test_what_was_sold_elsewhere_since_is_not_taken_back(shop: StripeShop, stripe: Stripe) -> None:
    """The refund is of an older sale by Stripe."""
    shop.take(single(stripe, "pro"))
    shop.billing.activate("ada", price_id="max", event_id="order-1")
    shop.take(stripe.refunded(month=None))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_max")


def test_metadata_alone_can_be_trusted(stripe: Stripe) -> None:
    """Buyers can set the client_reference_id of a Payment Link, but no metadata."""
    shop = StripeShop(metadata_only=True)
    created = stripe.change("created")
    assert shop.take(stripe.checkout("bea")) == ["ignored"]
    with pytest.raises(StripeEventError, match="metadata"):
        shop.take(created)
    assert shop.genvoris.customers == {}
    shop.take(stripe.checkout("bea", metadata={"genvoris_external_id": "ada"}))
    assert shop.standing == ("ACTIVE", "pln_pro")
    assert list(shop.genvoris.customers) == ["ada"]


def test_a_subscription_that_moves_to_another_account_leaves_the_first(
    shop: StripeShop, stripe: Stripe
) -> None:
    """The shop joins two accounts, and says so by @genvoris.stripe_shopper."""
    shop.known[stripe.customer] = "bea"
    shop.take(stripe.change("created"))
    shop.known[stripe.customer] = "ada"
    shop.take(stripe.paid(month=1, at=30))
    assert shop.standing == ("ACTIVE", "pln_pro")
    assert shop.genvoris.customers["bea"]["planId"] is None or (
        shop.genvoris.customers["bea"]["status"] == "CANCELLED"
    )
