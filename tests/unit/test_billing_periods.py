"""Periods that Genvoris begins by itself, and payments that come late."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import BillingShop
from tests.support.quota_server import START, no_fault
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import StripeShop, start_events

DAY = 24 * 3600


class Month:
    """A shop whose shopper Ada bought a month, which Genvoris rolls after 30 days."""

    def __init__(self) -> None:
        self.now = START.timestamp()
        self.shop = BillingShop(clock=lambda: self.now)
        self.shop.activate("e1")

    def roll(self, day: int) -> None:
        self.shop.genvoris.customers["ada"]["periodStart"] = (
            START + dt.timedelta(days=day)
        ).isoformat()

    def renew(self, event_id: str | None, day: float) -> None:
        self.now = START.timestamp() + day * DAY
        self.shop.billing.renew("ada", event_id=event_id)


@pytest.mark.parametrize(("day", "fills"), [(31, 1), (32.9, 1), (33.1, 2)])
def test_month_of_31_days(day: float, fills: int) -> None:
    """A period that Genvoris began on day 30 is not filled again by its payment."""
    month = Month()
    month.roll(30)
    for _ in range(2):
        month.renew("in_1", day)
    assert (month.shop.fills, month.shop.account[0]) == (fills, "ACTIVE")


def test_month_of_30_days() -> None:
    """A payment that comes before Genvoris begins a period fills the quota."""
    month = Month()
    month.renew("in_1", 29.9)
    assert month.shop.fills == 2


def test_two_payments() -> None:
    """A second payment within three days fills the quota: it was paid for."""
    month = Month()
    month.roll(30)
    month.renew("in_1", 31)
    month.renew("in_2", 31.5)
    assert month.shop.fills == 2


def test_other_plan() -> None:
    """A renewal with another plan fills its quota."""
    month = Month()
    month.roll(30)
    month.now = START.timestamp() + 31 * DAY
    month.shop.billing.renew("ada", price_id="max", event_id="in_1")
    assert month.shop.fills == 2


def test_refund_of_a_period_that_was_rolled() -> None:
    """The payment of such a period is the latest sale, which a refund takes back."""
    month = Month()
    month.roll(30)
    month.renew("in_1", 31)
    month.shop.billing.refund("ada", sale_id="in_1", event_id="r1")
    assert month.shop.account == ("ACTIVE", None)


def overdue_shop() -> tuple[StripeShop, Stripe]:
    """Return a shop whose shopper's second month could not be collected."""
    shop, stripe = StripeShop(), Stripe()
    shop.clock.now = T0 + 10
    shop.deliver(*start_events(stripe))
    shop.clock.now = T0 + MONTH + 3600
    shop.apply(stripe.change(status="past_due", at=MONTH + 3600))
    return shop, stripe


def test_grace_ends_by_the_clock() -> None:
    """Three days after the paid period, without any event, an overdue subscriber is paused once."""
    shop, stripe = overdue_shop()
    shop.clock.now = T0 + MONTH + 3 * DAY - 1
    assert (shop.events.end_grace(), shop.status) == (0, "ACTIVE")
    shop.clock.now += 1
    shop.restart()
    assert (shop.events.end_grace("ben"), shop.status) == (0, "ACTIVE")
    assert shop.events.end_grace("ada") == 1
    assert shop.status.casefold() == "paused"
    calls = len(shop.genvoris.calls)
    assert (shop.events.end_grace(), len(shop.genvoris.calls)) == (0, calls)
    shop.apply(stripe.paid(month=1, at=MONTH + 4 * DAY), stripe.change(at=MONTH + 4 * DAY))
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_pro"), 2)


def test_paid_within_the_days_of_grace() -> None:
    """Who pays in time is not paused, in whatever order the events come."""
    for order in ((0, 1), (1, 0)):
        shop, stripe = overdue_shop()
        events = [stripe.paid(month=1, at=MONTH + DAY), stripe.change(at=MONTH + DAY)]
        shop.apply(*(events[each] for each in order))
        shop.clock.now = T0 + MONTH + 9 * DAY
        assert (shop.events.end_grace(), shop.status) == (0, "ACTIVE")


def test_grace_while_genvoris_is_away() -> None:
    """What could not be told is told the next time."""
    shop, _ = overdue_shop()
    shop.clock.now = T0 + MONTH + 3 * DAY
    shop.genvoris.before = lambda _request: httpx.Response(503)
    with pytest.raises(GenvorisError):
        shop.events.end_grace()
    shop.genvoris.before = no_fault
    assert shop.events.end_grace() == 1
    assert shop.status.casefold() == "paused"


def test_overdue() -> None:
    """An overdue subscriber is paused three days after the paid period, until they have paid."""
    shop, stripe = StripeShop(), Stripe()
    shop.clock.now = T0 + 10
    shop.deliver(*start_events(stripe))
    shop.clock.now = T0 + MONTH + 3600
    shop.apply(stripe.change(status="past_due", at=MONTH + 3600))
    assert shop.status == "ACTIVE"
    failed = stripe.paid(month=1, at=MONTH + 3 * DAY)
    failed["type"] = "invoice.payment_failed"
    shop.clock.now = T0 + MONTH + 3 * DAY + 60
    assert shop.apply(failed, failed) == ["applied", "repeated"]
    assert shop.status.casefold() == "paused"
    shop.apply(stripe.paid(month=1, at=MONTH + 4 * DAY), stripe.change(at=MONTH + 4 * DAY))
    assert (shop.account, shop.fills) == (("ACTIVE", "pln_pro"), 2)
