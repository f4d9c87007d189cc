"""What Stripe's events do to a shopper's quota, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvoris_flask.errors import StripeEventError, UnknownPriceError
from tests.support.fake_genvoris import Clock
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, beginning
from tests.support.stripe_shop import StripeShop as Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(params=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    return Stripe(request.param == "basil")


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_subscription_begins_once_in_whatever_order_its_events_come(
    shop: Shop, stripe: Stripe, order: tuple[int, ...]
) -> None:
    events = beginning(stripe)
    shop.take_as_stripe_delivers(*(events[each] for each in order))
    assert (shop.fills, shop.plan, shop.status) == (1, "pln_pro", "ACTIVE")
    assert set(shop.take(*events)) <= {"repeated", "ignored"}
    assert shop.fills == 1


def test_with_the_shoppers_id_in_its_metadata_a_subscription_needs_no_checkout(
    shop: Shop,
) -> None:
    stripe = Stripe(metadata={"genvoris_external_id": "ada"})
    shop.take(stripe.change("created", status="trialing"))
    assert (shop.fills, shop.plan) == (1, "pln_pro")


def test_the_shops_own_answer_tells_whose_customer_it_is(shop: Shop, stripe: Stripe) -> None:
    created = stripe.change("created")
    with pytest.raises(StripeEventError, match="stripe_shopper"):
        shop.take(created)
    shop.known[stripe.customer] = "ada"
    assert shop.take(created) == ["applied"]
    assert shop.fills == 1


def test_each_month_that_is_paid_for_fills_the_quota_once(shop: Shop, stripe: Stripe) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    second = stripe.paid(month=1)
    same_in_another_event = {**second, "id": "evt_twin"}
    shop.take(second, second, same_in_another_event)
    assert shop.fills == 2
    shop.take(stripe.paid(month=2))
    assert shop.fills == 3


def test_a_month_that_is_reported_late_does_not_fill_the_quota_of_the_next(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.paid(month=2), stripe.paid(month=1))
    assert shop.fills == 2


def test_a_renewal_that_comes_before_everything_else_begins_the_plan(
    shop: Shop, stripe: Stripe
) -> None:
    shop.known[stripe.customer] = "ada"
    shop.take(stripe.paid(month=1), *beginning(stripe))
    assert (shop.fills, shop.plan) == (1, "pln_pro")


def test_an_upgrade_changes_the_plan_and_its_proration_fills_nothing(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    proration = stripe.paid("subscription_update", month=0, price="max", id="in_proration")
    line = proration["data"]["object"]["lines"]["data"][0]
    if stripe.basil:
        line["parent"]["subscription_item_details"]["proration"] = True
    else:
        line["proration"] = True
    shop.take(stripe.change(price="max", at=10), proration)
    assert (shop.fills, shop.plan) == (1, "pln_max")


def test_an_older_change_that_comes_late_does_not_undo_a_newer_one(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(price="max", at=20), stripe.change(price="pro", at=10))
    assert shop.plan == "pln_max"


@pytest.mark.parametrize(
    "pause",
    [
        {"kind": "paused", "status": "paused"},
        {"kind": "updated", "status": "unpaid"},
        {"kind": "updated", "pause_collection": {"behavior": "void", "resumes_at": None}},
    ],
)
def test_a_pause_and_its_end_are_followed(
    shop: Shop, stripe: Stripe, pause: dict[str, Any]
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(at=10, **pause))
    assert shop.status == "PAUSED"
    shop.take(stripe.change("resumed", at=20), stripe.change(at=10, **pause))
    assert (shop.status, shop.fills) == ("ACTIVE", 1)


def test_a_payment_that_is_past_due_changes_nothing_yet(shop: Shop, stripe: Stripe) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(status="past_due", at=10))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_the_end_of_a_subscription_is_final_whatever_comes_late(shop: Shop, stripe: Stripe) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change("deleted", status="canceled", at=30))
    assert shop.status == "CANCELLED"
    late = [stripe.change(at=20), stripe.paid(month=1), stripe.change("resumed", at=30)]
    assert shop.take(*late) == ["ignored"] * 3
    assert (shop.status, shop.fills) == ("CANCELLED", 1)


def test_a_subscription_that_ended_before_we_heard_of_it_never_begins(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take(stripe.change("deleted", status="canceled", at=30))
    shop.take_as_stripe_delivers(*beginning(stripe))
    assert shop.genvoris.customers == {}


def test_where_there_is_a_free_plan_the_end_leads_back_to_it() -> None:
    shop, stripe = Shop(default_plan="pln_free"), Stripe()
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(status="unpaid", at=10))
    shop.take(stripe.change("deleted", status="canceled", at=30))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_free")


def test_the_end_of_an_old_subscription_does_not_end_the_new_one(shop: Shop) -> None:
    old, new = Stripe(), Stripe(born=100)
    new.customer = old.customer
    shop.take_as_stripe_delivers(*beginning(old))
    shop.take(new.change("created", price="max", at=100))
    shop.take(old.change("deleted", status="canceled", at=101), old.paid(month=1))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_what_else_the_shop_sells_is_left_alone(shop: Shop, stripe: Stripe) -> None:
    events = [
        stripe.change("created", price="price_of_socks"),
        stripe.paid("subscription_create", month=0, price="price_of_socks"),
        stripe.change("deleted", price="price_of_socks", status="canceled"),
        stripe.event("customer.created", {"id": stripe.customer, "object": "customer"}),
    ]
    assert shop.take(*events) == ["ignored"] * 4
    assert shop.genvoris.customers == {}


def test_an_older_subscription_that_is_still_paid_carries_on_after_the_newer_ended(
    shop: Shop,
) -> None:
    older, newer = Stripe(), Stripe(born=10)
    newer.customer = older.customer
    shop.take(*reversed(beginning(older)), *reversed(beginning(newer, "max", at=10)))
    assert (shop.fills, shop.plan) == (2, "pln_max")
    shop.take(newer.change("deleted", status="canceled", at=80))
    assert (shop.fills, shop.plan, shop.status) == (2, "pln_pro", "ACTIVE")
    assert shop.take(older.paid(month=1, at=90)) == ["applied"]
    assert (shop.fills, shop.plan, shop.status) == (3, "pln_pro", "ACTIVE")


def test_what_a_connected_account_says_changes_nothing(shop: Shop, stripe: Stripe) -> None:
    forged = stripe.one_off(metadata={"genvoris_price_id": "max"})
    assert shop.take({**forged, "account": "acct_of_somebody"}) == ["ignored"]
    assert shop.fills == 0


def test_a_subscription_that_changes_to_something_else_has_ended(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.change(price="price_of_socks", at=10))
    assert shop.status == "CANCELLED"


def test_who_subscribed_at_an_old_price_keeps_the_plan_when_it_gets_a_new_one(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.genvoris.plans[0]["externalPriceId"] = "pro_at_a_new_price"
    shop.take(stripe.change(at=10), stripe.paid(month=1, at=20))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)
    shop.take(stripe.change(price="pro_at_a_new_price", at=30))
    shop.take(stripe.change("deleted", status="canceled", at=40))
    assert shop.status == "CANCELLED"


def test_a_declared_plan_that_was_not_brought_to_genvoris_is_an_error_not_a_lost_sale(
    shop: Shop, stripe: Stripe
) -> None:
    shop.known[stripe.customer] = "ada"
    created = stripe.change("created", price="soon")
    with pytest.raises(UnknownPriceError, match="plans sync"):
        shop.take(created)
    shop.genvoris.plans[0]["externalPriceId"] = "soon"
    assert shop.take(created) == ["applied"]


def test_what_was_ignored_counts_when_it_is_sent_again_with_its_plan_there(
    shop: Shop, stripe: Stripe
) -> None:
    shop.known[stripe.customer] = "ada"
    created = stripe.change("created", price="later")
    assert shop.take(created) == ["ignored"]
    shop.genvoris.plans[0]["externalPriceId"] = "later"
    assert shop.take(created, created) == ["applied", "repeated"]


def test_a_whole_refund_takes_the_plan_back_and_one_in_part_does_not(shop: Shop) -> None:
    stripe = Stripe(basil=False)
    shop.take_as_stripe_delivers(*beginning(stripe))
    assert shop.take(stripe.refunded(whole=False)) == ["ignored"]
    assert shop.plan == "pln_pro"
    refund = stripe.refunded()
    assert shop.take(refund, refund) == ["applied", "repeated"]
    assert shop.plan is None


def test_a_refund_of_an_earlier_month_leaves_the_month_that_was_paid_since(shop: Shop) -> None:
    stripe = Stripe(basil=False)
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.paid(month=1), stripe.refunded(month=0))
    assert shop.plan == "pln_pro"
    shop.take(stripe.refunded(month=1))
    assert shop.plan is None


def test_a_renewal_after_a_refund_gives_the_plan_again(shop: Shop) -> None:
    stripe = Stripe(basil=False)
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.take(stripe.refunded(), stripe.paid(month=1))
    assert (shop.plan, shop.fills) == ("pln_pro", 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_since_basil_the_invoice_payment_tells_what_was_refunded(
    shop: Shop, order: tuple[int, ...]
) -> None:
    stripe = Stripe()
    shop.take_as_stripe_delivers(*beginning(stripe)[:2], stripe.checkout())
    events = [
        stripe.paid("subscription_create", month=0),
        stripe.invoice_payment(),
        stripe.refunded(),
    ]
    shop.take(*(events[each] for each in order))
    assert shop.plan is None


def test_since_basil_stripe_is_asked_what_was_refunded_when_it_may_be(shop: Shop) -> None:
    stripe = Stripe()
    shop.take_as_stripe_delivers(*beginning(stripe))
    shop.lookup.invoices[f"{stripe.intent}_0"] = stripe.invoice
    shop.take(stripe.refunded())
    assert shop.plan is None


def test_a_refund_of_something_else_changes_nothing(shop: Shop, stripe: Stripe) -> None:
    shop.take_as_stripe_delivers(*beginning(stripe))
    other = Stripe(stripe.basil)
    assert shop.take(other.refunded(month=None, customer=stripe.customer)) == ["ignored"]
    assert shop.plan == "pln_pro"


def test_a_single_payment_buys_what_its_line_items_say(shop: Shop, stripe: Stripe) -> None:
    shop.lookup.prices = ["price_of_socks", "pro"]
    checkout = stripe.one_off()
    assert shop.take(checkout, checkout) == ["applied", "repeated"]
    assert (shop.fills, shop.plan) == (1, "pln_pro")
    shop.take(stripe.refunded(month=None))
    assert shop.plan is None


def test_a_single_payment_buys_what_its_metadata_says_without_asking(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take(stripe.one_off(metadata={"genvoris_price_id": "max"}))
    assert shop.plan == "pln_max"


def test_a_payment_that_takes_days_buys_when_it_has_arrived(shop: Shop, stripe: Stripe) -> None:
    metadata = {"genvoris_price_id": "pro"}
    assert shop.take(stripe.one_off(payment_status="unpaid", metadata=metadata)) == ["ignored"]
    arrived = stripe.one_off(metadata=metadata)
    arrived["type"] = "checkout.session.async_payment_succeeded"
    shop.take(arrived)
    assert shop.fills == 1


def test_a_single_payment_refunded_before_its_checkout_is_heard_of_gives_nothing(
    shop: Shop, stripe: Stripe
) -> None:
    shop.take(stripe.refunded(month=None))
    shop.take(stripe.one_off(metadata={"genvoris_price_id": "pro"}))
    assert shop.genvoris.customers == {}


def test_a_guests_single_payment_of_a_plan_is_an_error_that_says_what_to_do(
    shop: Shop, stripe: Stripe
) -> None:
    guest = stripe.one_off(reference=None, customer=None, metadata={"genvoris_price_id": "pro"})
    with pytest.raises(StripeEventError, match="client_reference_id"):
        shop.take(guest)


def life(stripe: Stripe, chapters: int) -> list[Event]:
    """Give what happens to a subscription: four events to begin with, then so many more."""
    later = [
        stripe.paid(month=1, at=1000),
        stripe.change(price="max", at=2000),
        stripe.change("paused", price="max", status="paused", at=3000),
        stripe.change("resumed", price="max", at=4000),
        stripe.change("deleted", price="max", status="canceled", at=5000),
    ]
    return [*beginning(stripe), *later[:chapters]]


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 5), st.booleans(), st.data())
def test_a_whole_life_ends_alike_in_any_order_and_however_often_it_is_delivered(
    chapters: int, basil: bool, data: st.DataObject
) -> None:
    shop, stripe, in_order = Shop(), Stripe(basil), Shop()
    events = life(stripe, chapters)
    in_order.take_as_stripe_delivers(*events)
    shuffled = data.draw(st.permutations(events))
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shop.take_as_stripe_delivers(*shuffled, *again)
    assert shop.fills <= in_order.fills
    if "ada" not in shop.genvoris.customers:
        assert chapters == 5, "only what had ended already may never have begun"
        return
    assert shop.status == in_order.status
    assert shop.plan == in_order.plan or shop.status == "CANCELLED"


def test_what_is_known_of_a_customer_lasts_as_long_as_their_months_are_paid(stripe: Stripe) -> None:
    clock = Clock()
    shop = Shop(clock=clock)
    shop.take_as_stripe_delivers(*beginning(stripe))
    for month in range(1, 25):
        clock.now += 30 * 24 * 3600
        assert shop.take(stripe.paid(month=month)) == ["applied"]
    assert shop.fills == 25
