"""Stripe's events change a shopper's plan and quota, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvoris_flask.errors import StripeEventError, UnknownPriceError
from tests.support.fake_genvoris import Clock
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, StripeShop, start_events


@pytest.fixture
def shop() -> StripeShop:
    return StripeShop()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_start_in_any_order(shop: StripeShop, stripe: Stripe, order: tuple[int, ...]) -> None:
    """A subscription starts once, in whatever order its events come."""
    events = start_events(stripe)
    shop.deliver(*(events[each] for each in order))
    assert (shop.fills, shop.plan, shop.status) == (1, "pln_pro", "ACTIVE")
    assert set(shop.apply(*events)) <= {"repeated", "ignored"}
    assert shop.fills == 1


def test_metadata_identifies(
    shop: StripeShop,
) -> None:
    """A subscription with the shopper's id in its metadata needs no checkout."""
    stripe = Stripe(metadata={"genvoris_external_id": "ada"})
    shop.apply(stripe.change("created", status="trialing"))
    assert (shop.fills, shop.plan) == (1, "pln_pro")


def test_shop_identifies(shop: StripeShop, stripe: Stripe) -> None:
    """The shop's own function may identify the customer."""
    created = stripe.change("created")
    with pytest.raises(StripeEventError, match="stripe_shopper"):
        shop.apply(created)
    shop.shoppers[stripe.customer] = "ada"
    assert shop.apply(created) == ["applied"]
    assert shop.fills == 1


def test_renewals(shop: StripeShop, stripe: Stripe) -> None:
    """Each paid month fills the quota once."""
    shop.deliver(*start_events(stripe))
    second = stripe.paid(month=1)
    same_in_another_event = {**second, "id": "evt_twin"}
    shop.apply(second, second, same_in_another_event)
    assert shop.fills == 2
    shop.apply(stripe.paid(month=2))
    assert shop.fills == 3


def test_late_invoice(shop: StripeShop, stripe: Stripe) -> None:
    """A month reported late does not fill the quota of the next one."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.paid(month=2), stripe.paid(month=1))
    assert shop.fills == 2


def test_early_renewal(shop: StripeShop, stripe: Stripe) -> None:
    """A renewal that comes first starts the plan."""
    shop.shoppers[stripe.customer] = "ada"
    shop.apply(stripe.paid(month=1), *start_events(stripe))
    assert (shop.fills, shop.plan) == (1, "pln_pro")


def test_upgrade(shop: StripeShop, stripe: Stripe) -> None:
    """An upgrade changes the plan, and its proration does not fill the quota."""
    shop.deliver(*start_events(stripe))
    proration = stripe.paid("subscription_update", month=0, price="max", id="in_proration")
    line = proration["data"]["object"]["lines"]["data"][0]
    if stripe.basil:
        line["parent"]["subscription_item_details"]["proration"] = True
    else:
        line["proration"] = True
    shop.apply(stripe.change(price="max", at=10), proration)
    assert (shop.fills, shop.plan) == (1, "pln_max")


def test_late_change(shop: StripeShop, stripe: Stripe) -> None:
    """An older change that comes late does not undo a newer one."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(price="max", at=20), stripe.change(price="pro", at=10))
    assert shop.plan == "pln_max"


def test_late_event_before_start(shop: StripeShop, stripe: Stripe) -> None:
    """An older event of a subscription that has not started is ignored."""
    newer = stripe.change(status="incomplete", at=10)
    older = stripe.change(status="incomplete", at=5)
    assert shop.apply(newer, older) == ["applied", "ignored"]


@pytest.mark.parametrize(
    "pause",
    [
        {"kind": "paused", "status": "paused"},
        {"kind": "updated", "status": "unpaid"},
        {"kind": "updated", "pause_collection": {"behavior": "void", "resumes_at": None}},
    ],
)
def test_pause(shop: StripeShop, stripe: Stripe, pause: dict[str, Any]) -> None:
    """Every kind of pause is followed, and so is its end."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(at=10, **pause))
    assert shop.status == "PAUSED"
    shop.apply(stripe.change("resumed", at=20), stripe.change(at=10, **pause))
    assert (shop.status, shop.fills) == ("ACTIVE", 1)


def test_past_due(shop: StripeShop, stripe: Stripe) -> None:
    """A payment that is past due changes nothing yet."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(status="past_due", at=10))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_pro")


def test_end_is_final(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription that has ended stays ended, whatever comes late."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change("deleted", status="canceled", at=30))
    assert shop.status == "CANCELLED"
    late = [stripe.change(at=20), stripe.paid(month=1), stripe.change("resumed", at=30)]
    assert shop.apply(*late) == ["ignored"] * 3
    assert (shop.status, shop.fills) == ("CANCELLED", 1)


def test_end_before_start(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription whose end comes first never starts."""
    shop.apply(stripe.change("deleted", status="canceled", at=30))
    shop.deliver(*start_events(stripe))
    assert shop.genvoris.customers == {}


def test_end_with_default_plan() -> None:
    """The end of a subscription leads back to the default plan."""
    shop, stripe = StripeShop(default_plan="pln_free"), Stripe()
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(status="unpaid", at=10))
    shop.apply(stripe.change("deleted", status="canceled", at=30))
    assert (shop.status, shop.plan) == ("ACTIVE", "pln_free")


def test_end_of_older_subscription(shop: StripeShop) -> None:
    """The end of an older subscription does not end the newer one."""
    old, new = Stripe(), Stripe(born=100)
    new.customer = old.customer
    shop.deliver(*start_events(old))
    shop.apply(new.change("created", price="max", at=100))
    shop.apply(old.change("deleted", status="canceled", at=101), old.paid(month=1))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_max", 2)


def test_other_products(shop: StripeShop, stripe: Stripe) -> None:
    """Subscriptions to other products are ignored."""
    events = [
        stripe.change("created", price="price_of_socks"),
        stripe.paid("subscription_create", month=0, price="price_of_socks"),
        stripe.change("deleted", price="price_of_socks", status="canceled"),
        stripe.event("customer.created", {"id": stripe.customer, "object": "customer"}),
    ]
    assert shop.apply(*events) == ["ignored"] * 4
    assert shop.genvoris.customers == {}


def test_older_subscription_continues(
    shop: StripeShop,
) -> None:
    """An older subscription that is still paid continues after the newer one ended."""
    older, newer = Stripe(), Stripe(born=10)
    newer.customer = older.customer
    shop.apply(*reversed(start_events(older)), *reversed(start_events(newer, "max", at=10)))
    assert (shop.fills, shop.plan) == (2, "pln_max")
    shop.apply(newer.change("deleted", status="canceled", at=80))
    assert (shop.fills, shop.plan, shop.status) == (2, "pln_pro", "ACTIVE")
    assert shop.apply(older.paid(month=1, at=90)) == ["applied"]
    assert (shop.fills, shop.plan, shop.status) == (3, "pln_pro", "ACTIVE")


def test_connected_account(shop: StripeShop, stripe: Stripe) -> None:
    """Events of connected accounts are ignored."""
    forged = stripe.one_off(metadata={"genvoris_price_id": "max"})
    assert shop.apply({**forged, "account": "acct_connected"}) == ["ignored"]
    assert shop.fills == 0


def test_change_to_other_product(shop: StripeShop, stripe: Stripe) -> None:
    """A subscription that changes to another product has ended."""
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.change(price="price_of_socks", at=10))
    assert shop.status == "CANCELLED"


def test_former_price(shop: StripeShop, stripe: Stripe) -> None:
    """A subscriber at a former price keeps the plan."""
    shop.deliver(*start_events(stripe))
    shop.genvoris.plans[0]["externalPriceId"] = "pro_at_a_new_price"
    shop.apply(stripe.change(at=10), stripe.paid(month=1, at=20))
    assert (shop.status, shop.plan, shop.fills) == ("ACTIVE", "pln_pro", 2)
    shop.apply(stripe.change(price="pro_at_a_new_price", at=30))
    shop.apply(stripe.change("deleted", status="canceled", at=40))
    assert shop.status == "CANCELLED"


def test_missing_plan(shop: StripeShop, stripe: Stripe) -> None:
    """A sale of a declared plan that Genvoris lacks is an error, and is not lost."""
    shop.shoppers[stripe.customer] = "ada"
    created = stripe.change("created", price="soon")
    with pytest.raises(UnknownPriceError, match="plans sync"):
        shop.apply(created)
    shop.genvoris.plans[0]["externalPriceId"] = "soon"
    assert shop.apply(created) == ["applied"]


def test_ignored_event_again(shop: StripeShop, stripe: Stripe) -> None:
    """An ignored event counts when it is delivered again and its plan exists."""
    shop.shoppers[stripe.customer] = "ada"
    created = stripe.change("created", price="later")
    assert shop.apply(created) == ["ignored"]
    shop.genvoris.plans[0]["externalPriceId"] = "later"
    assert shop.apply(created, created) == ["applied", "repeated"]


def test_refund(shop: StripeShop) -> None:
    """A full refund takes the plan back; a partial one does not."""
    stripe = Stripe(basil=False)
    shop.deliver(*start_events(stripe))
    assert shop.apply(stripe.refunded(whole=False)) == ["ignored"]
    assert shop.plan == "pln_pro"
    refund = stripe.refunded()
    assert shop.apply(refund, refund) == ["applied", "repeated"]
    assert shop.plan is None


def test_refund_of_earlier_month(shop: StripeShop) -> None:
    """A refund of an earlier month leaves the one paid since."""
    stripe = Stripe(basil=False)
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.paid(month=1), stripe.refunded(month=0))
    assert shop.plan == "pln_pro"
    shop.apply(stripe.refunded(month=1))
    assert shop.plan is None


def test_renewal_after_refund(shop: StripeShop) -> None:
    """A renewal after a refund gives the plan again."""
    stripe = Stripe(basil=False)
    shop.deliver(*start_events(stripe))
    shop.apply(stripe.refunded(), stripe.paid(month=1))
    assert (shop.plan, shop.fills) == ("pln_pro", 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_refund_by_invoice_payment(shop: StripeShop, order: tuple[int, ...]) -> None:
    """Since basil, the invoice payment identifies what was refunded, in any order."""
    stripe = Stripe()
    shop.deliver(*start_events(stripe)[:2], stripe.checkout())
    events = [
        stripe.paid("subscription_create", month=0),
        stripe.invoice_payment(),
        stripe.refunded(),
    ]
    shop.apply(*(events[each] for each in order))
    assert shop.plan is None


def test_refund_by_lookup(shop: StripeShop) -> None:
    """Since basil, Stripe is asked what was refunded if there is a key."""
    stripe = Stripe()
    shop.deliver(*start_events(stripe))
    shop.lookup.invoices[f"{stripe.intent}_0"] = stripe.invoice
    shop.apply(stripe.refunded())
    assert shop.plan is None


def test_refund_of_other_product(shop: StripeShop, stripe: Stripe) -> None:
    """A refund of something else changes nothing."""
    shop.deliver(*start_events(stripe))
    other = Stripe(stripe.basil)
    assert shop.apply(other.refunded(month=None, customer=stripe.customer)) == ["ignored"]
    assert shop.plan == "pln_pro"


def test_payment_by_line_items(shop: StripeShop, stripe: Stripe) -> None:
    """A single payment buys the plan among its line items."""
    shop.lookup.prices = ["price_of_socks", "pro"]
    checkout = stripe.one_off()
    assert shop.apply(checkout, checkout) == ["applied", "repeated"]
    assert (shop.fills, shop.plan) == (1, "pln_pro")
    shop.apply(stripe.refunded(month=None))
    assert shop.plan is None


def test_payment_by_metadata(shop: StripeShop, stripe: Stripe) -> None:
    """A single payment buys the plan in its metadata, without a lookup."""
    shop.apply(stripe.one_off(metadata={"genvoris_price_id": "max"}))
    assert shop.plan == "pln_max"


def test_delayed_payment(shop: StripeShop, stripe: Stripe) -> None:
    """A payment that takes days buys the plan when it has arrived."""
    metadata = {"genvoris_price_id": "pro"}
    assert shop.apply(stripe.one_off(payment_status="unpaid", metadata=metadata)) == ["ignored"]
    arrived = stripe.one_off(metadata=metadata)
    arrived["type"] = "checkout.session.async_payment_succeeded"
    shop.apply(arrived)
    assert shop.fills == 1


def test_refund_before_checkout(shop: StripeShop, stripe: Stripe) -> None:
    """A single payment whose refund comes first gives nothing."""
    shop.apply(stripe.refunded(month=None))
    shop.apply(stripe.one_off(metadata={"genvoris_price_id": "pro"}))
    assert shop.genvoris.customers == {}


def test_unidentified_guest(shop: StripeShop, stripe: Stripe) -> None:
    """A plan bought by an unidentified guest is an error that says what to do."""
    guest = stripe.one_off(reference=None, customer=None, metadata={"genvoris_price_id": "pro"})
    with pytest.raises(StripeEventError, match="client_reference_id"):
        shop.apply(guest)


def life(stripe: Stripe, later_events: int) -> list[Event]:
    """Return the events of a subscription: its start, and up to five later ones."""
    later = [
        stripe.paid(month=1, at=1000),
        stripe.change(price="max", at=2000),
        stripe.change("paused", price="max", status="paused", at=3000),
        stripe.change("resumed", price="max", at=4000),
        stripe.change("deleted", price="max", status="canceled", at=5000),
    ]
    return [*start_events(stripe), *later[:later_events]]


@pytest.mark.thorough
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 5), st.booleans(), st.data())
def test_life_in_any_order(later_events: int, basil: bool, data: st.DataObject) -> None:
    """A subscription's life ends alike in any order, however often events are repeated."""
    shop, stripe, in_order = StripeShop(), Stripe(basil), StripeShop()
    events = life(stripe, later_events)
    in_order.deliver(*events)
    shuffled = data.draw(st.permutations(events))
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shop.deliver(*shuffled, *again)
    assert shop.fills <= in_order.fills
    if "ada" not in shop.genvoris.customers:
        assert later_events == 5, "only a subscription that has ended may never have started"
        return
    assert shop.status == in_order.status
    assert shop.plan == in_order.plan or shop.status == "CANCELLED"


def test_records_last(stripe: Stripe) -> None:
    """A customer's records last as long as months are paid."""
    clock = Clock()
    shop = StripeShop(clock=clock)
    shop.deliver(*start_events(stripe))
    for month in range(1, 25):
        clock.now += 30 * 24 * 3600
        assert shop.apply(stripe.paid(month=month)) == ["applied"]
    assert shop.fills == 25
