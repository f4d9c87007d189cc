"""Stripe's subscriptions as lots of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from genvoris_flask.core.billing.stripe.payloads import Item, Line
from genvoris_flask.core.ledger.allowances import Policy
from genvoris_flask.core.ledger.events import EventConflictError
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import Event, start_events

DAY = 24 * 3600


@pytest.fixture
def shop() -> Iterator[StripeLedgerShop]:
    """Return a shop with an empty ledger; afterwards its sums must be right."""
    made = StripeLedgerShop()
    yield made
    made.fixture.check()


both_shapes = pytest.mark.parametrize(
    "stripe", [True, False], ids=["basil", "acacia"], indirect=True
)


@pytest.fixture
def stripe(request: pytest.FixtureRequest) -> Stripe:
    """Return the maker of a customer's events, in the newer shape unless a test has both."""
    return Stripe(getattr(request, "param", True))


def begin(stripe: Stripe, price: str = "pro") -> list[Event]:
    """Return the events of a new subscription, with that of its payment."""
    return [*start_events(stripe, price), stripe.invoice_payment(0)]


def paid(stripe: Stripe, month: int, **changes: Any) -> list[Event]:
    at = changes.pop("at", month * MONTH + 5)
    return [stripe.paid(month=month, at=at, **changes), stripe.invoice_payment(month, at=at)]


class TestPeriods:
    @both_shapes
    def test_month_by_month(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Each paid month is a lot of its own, which ends with the month."""
        shop.deliver(*begin(stripe))
        shop.use(2)
        assert shop.available() == 3
        shop.at(MONTH + 1)
        assert shop.available() == 0
        shop.deliver(*paid(stripe, 1))
        assert shop.available() == 5
        shop.at(2 * MONTH + 1)
        assert shop.available() == 0

    def test_month_of_31_days(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Nothing comes on day 30, and the invoice of day 31 brings one month."""
        long = [T0, T0 + 31 * DAY]
        events = begin(stripe)
        for event in events:
            for line in event["data"]["object"].get("lines", {}).get("data", []):
                line["period"] = {"start": long[0], "end": long[1]}
        shop.deliver(*events)
        shop.use(5)
        shop.at(30 * DAY + 60)
        assert shop.available() == 0
        shop.at(31 * DAY + 60)
        renewal = stripe.paid(month=1, at=31 * DAY)
        renewal["data"]["object"]["lines"]["data"][0]["period"] = {
            "start": T0 + 31 * DAY,
            "end": T0 + 61 * DAY,
        }
        shop.deliver(renewal)
        assert shop.available() == 5

    def test_overdue(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """An overdue subscription has what is paid for, and nothing new."""
        shop.deliver(*begin(stripe))
        shop.apply(stripe.change(status="past_due", at=20))
        assert shop.available() == 5
        shop.at(MONTH + 5)
        assert shop.available() == 0
        shop.deliver(*paid(stripe, 1, at=MONTH + 3 * DAY))
        assert shop.available() == 5

    def test_unpaid_first_invoice(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A subscription that is active before its invoice is paid has nothing yet."""
        shop.deliver(stripe.checkout(), stripe.change("created", at=1), stripe.change(at=2))
        assert shop.available() == 0

    @both_shapes
    def test_trial(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A trial is one lot, whether its event or its invoice of nothing comes first."""
        trial: dict[str, Any] = {"trial_start": T0, "trial_end": T0 + 7 * DAY}
        began = stripe.change("created", status="trialing", at=1, **trial)
        invoice = stripe.paid("subscription_create", month=0, at=1, amount_paid=0)
        line = invoice["data"]["object"]["lines"]["data"][0]
        line["period"] = {"start": T0, "end": T0 + 7 * DAY}
        shop.deliver(stripe.checkout(), began)
        shop.use(1)
        shop.deliver(invoice)
        assert shop.available() == 4
        extended: dict[str, Any] = {**trial, "trial_end": T0 + 10 * DAY}
        shop.deliver(stripe.change(status="trialing", at=5 * DAY, **extended))
        shop.at(8 * DAY)
        assert shop.available() == 4
        shop.at(10 * DAY)
        assert shop.available() == 0

    def test_yearly(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A year is a lot for each of its months, without further events."""
        invoice = stripe.paid("subscription_create", month=0, price="pro_yearly", at=1)
        line = invoice["data"]["object"]["lines"]["data"][0]
        line["period"] = {"start": T0, "end": T0 + 365 * DAY}
        shop.deliver(stripe.checkout(), stripe.change("created", "pro_yearly", at=1), invoice)
        shop.use(5)
        counts = []
        for day in range(25, 372, 15):
            shop.at(day * DAY)
            if count := shop.available():
                counts.append(count)
                shop.use(count)
        assert counts == [5] * 11
        assert shop.ledger.catch_up() == 0

    def test_yearly_by_command(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """The next month begins by the command too, for shoppers who are not there."""
        invoice = stripe.paid("subscription_create", month=0, price="pro_yearly", at=1)
        line = invoice["data"]["object"]["lines"]["data"][0]
        line["period"] = {"start": T0, "end": T0 + 365 * DAY}
        shop.deliver(stripe.checkout(), stripe.change("created", "pro_yearly", at=1), invoice)
        shop.at(40 * DAY)
        assert (shop.ledger.catch_up(), shop.ledger.catch_up()) == (1, 0)

    def test_month_ends(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """From the 31st of January, months end on the last day of shorter months."""
        start = int(datetime(2027, 1, 31, 10, tzinfo=UTC).timestamp())
        end = int(datetime(2028, 1, 31, 10, tzinfo=UTC).timestamp())
        invoice = stripe.paid("subscription_create", month=0, price="pro_yearly", at=1)
        invoice["data"]["object"]["lines"]["data"][0]["period"] = {"start": start, "end": end}
        shop.fixture.now = start + 5
        shop.deliver(stripe.checkout(), stripe.change("created", "pro_yearly", at=1), invoice)
        ends = []
        while (next_end := shop.ledger.balance("ada").next_expiry) is not None:
            ends.append((next_end.month, next_end.day, next_end.hour))
            shop.fixture.now = next_end.timestamp()
        assert ends[:4] == [(2, 28, 10), (3, 31, 10), (4, 30, 10), (5, 31, 10)]
        assert (len(ends), ends[-1]) == (12, (1, 31, 10))

    def test_from_monthly_to_yearly(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A new interval begins at once, and ends the month that Stripe pays back."""
        shop.deliver(*begin(stripe))
        invoice = stripe.paid("subscription_update", month=1, price="pro_yearly", at=10 * DAY)
        line = invoice["data"]["object"]["lines"]["data"][0]
        line["period"] = {"start": T0 + 10 * DAY, "end": T0 + 375 * DAY}
        shop.at(10 * DAY)
        shop.deliver(invoice)
        assert shop.available() == 5

    def test_from_yearly_to_monthly_heard_of_late(
        self, shop: StripeLedgerShop, stripe: Stripe
    ) -> None:
        """A month of the year that began after its end was none of it; the new period counts."""
        year = stripe.paid("subscription_create", month=0, price="pro_yearly", at=1)
        period = {"start": T0, "end": T0 + 365 * DAY}
        year["data"]["object"]["lines"]["data"][0]["period"] = period
        shop.deliver(stripe.checkout(), stripe.change("created", "pro_yearly", at=1), year)
        shop.at(45 * DAY)
        shop.use(2)
        assert shop.available() == 3
        month = stripe.paid("subscription_update", month=1, at=20 * DAY)
        period = {"start": T0 + 20 * DAY, "end": T0 + 50 * DAY}
        month["data"]["object"]["lines"]["data"][0]["period"] = period
        shop.deliver(month)
        assert shop.available() == 5

    @both_shapes
    def test_several_items(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Two of a plan are twice its try-ons, among other items and on later pages."""
        shop.lookup.items[stripe.subscription] = [Item("socks"), Item("pro", 2)]
        lines = [Line("pro", T0 + MONTH, T0, 2), Line("max", T0 + MONTH, T0, 1)]
        shop.lookup.lines[stripe.invoice] = lines
        shop.deliver(
            stripe.checkout(),
            stripe.change("created", at=1, more=12),
            stripe.paid("subscription_create", month=0, more=12, at=1),
        )
        assert shop.available() == 60
        assert not any(shop.asked), "nobody is asked while a transaction is open"

    def test_changed_plans(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """What the shop changes in its plans later does not change what was sold."""
        shop.deliver(*begin(stripe))
        shop.sell([{"name": "Pro", "monthly_try_ons": 2, "external_price_id": "new"}])
        shop.deliver(stripe.change(at=20))
        assert shop.available() == 5
        shop.at(MONTH + 5)
        shop.deliver(*paid(stripe, 1))
        assert shop.available() == 2, "the former price still stands for the plan"


class TestRollOver:
    def test_rest_lasts_one_more_month(self, stripe: Stripe) -> None:
        """What is left can be used in the next month, and then no more."""
        shop = StripeLedgerShop(Policy(rolls_over=True))
        shop.deliver(*begin(stripe))
        shop.use(2)
        shop.at(MONTH + 5)
        shop.deliver(*paid(stripe, 1))
        assert shop.available() == 5 + 3
        shop.use(4)  # the rest and one more
        shop.at(2 * MONTH + 5)
        shop.deliver(*paid(stripe, 2))
        assert shop.available() == 5 + 4
        shop.fixture.check()


class TestChanges:
    def test_upgrade(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """The running month grows, and what is used stays used."""
        shop.deliver(*begin(stripe))
        shop.use(2)
        shop.deliver(stripe.change(price="max", was="pro", at=100))
        assert shop.available() == 48

    def test_upgrade_in_proportion(self, stripe: Stripe) -> None:
        """With GENVORIS_PRORATE_UNITS, half of the month brings half of the difference."""
        shop = StripeLedgerShop(Policy(prorates=True))
        shop.deliver(*begin(stripe))
        shop.deliver(stripe.change(price="max", was="pro", at=MONTH // 2))
        assert shop.available() == 5 + 22

    def test_downgrade(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A smaller plan counts from the next month."""
        shop.deliver(*begin(stripe, "max"))
        shop.use(2)
        shop.deliver(stripe.change(price="pro", was="max", at=100))
        assert shop.available() == 48
        shop.at(MONTH + 5)
        shop.deliver(*paid(stripe, 1))
        assert shop.available() == 5

    @pytest.mark.parametrize(("used", "left"), [(2, 3), (9, 0)])
    def test_downgrade_at_once(self, stripe: Stripe, used: int, left: int) -> None:
        """With GENVORIS_DOWNGRADE_AT_ONCE it counts now, but what is used stays used."""
        shop = StripeLedgerShop(Policy(lowers_at_once=True))
        shop.deliver(*begin(stripe, "max"))
        shop.use(used)
        shop.deliver(stripe.change(price="pro", was="max", at=100))
        assert shop.available() == left
        shop.fixture.check()

    def test_up_and_down_and_up(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Going back and forth adds nothing."""
        shop.deliver(*begin(stripe))
        for number, price in enumerate(["max", "pro", "max", "pro"]):
            shop.deliver(stripe.change(price=price, was="x", at=100 + number))
        assert shop.available() == 50


class TestStates:
    def test_pause(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A pause holds the month, and its end releases it."""
        shop.deliver(*begin(stripe))
        shop.apply(stripe.change(at=20, pause_collection={"behavior": "void"}))
        assert (shop.available(), shop.ledger.balance("ada").held) == (0, 5)
        shop.apply(stripe.change(at=30))
        assert shop.available() == 5

    def test_pause_by_the_shop(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """What the shop pauses itself stays paused, whatever Stripe says."""
        shop.deliver(*begin(stripe))
        shop.ledger.set_state("pause", "ada", "paused")
        shop.apply(stripe.change(at=30))
        assert shop.available() == 0
        shop.ledger.set_state("resume", "ada", "active")
        assert shop.available() == 5

    def test_closed_account(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """What was bought before an account was closed gives its next owner nothing."""
        shop.deliver(*begin(stripe))
        shop.ledger.close("ada")
        shop.at(MONTH + 5)
        shop.apply(*paid(stripe, 1))
        assert shop.available() == 0

    def test_cancelled_at_period_end(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Nothing changes before the end of the month."""
        shop.deliver(*begin(stripe))
        shop.apply(stripe.change(at=20, cancel_at_period_end=True))
        assert shop.available() == 5

    def test_ended(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A subscription that is ended at once gives nothing more."""
        shop.deliver(*begin(stripe))
        shop.apply(stripe.change("deleted", status="canceled", at=20))
        assert (shop.available(), shop.ledger.balance("ada").held) == (0, 0)

    def test_newer_subscription_pays(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """The older one's month is held, until the newer one ends."""
        newer = Stripe(stripe.basil, born=5)
        newer.customer = stripe.customer
        shop.deliver(*begin(stripe), *start_events(newer, "max", at=6))
        assert (shop.available(), shop.ledger.balance("ada").held) == (50, 5)
        shop.deliver(newer.change("deleted", "max", "canceled", at=20))
        assert shop.available() == 5

    def test_newer_subscription_is_not_paid(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """The older one's month is free as soon as the newer one's is over."""
        newer = Stripe(stripe.basil, born=5)
        newer.customer = stripe.customer
        shop.deliver(*begin(stripe), *start_events(newer, "max", at=6))
        shop.at(MONTH - 60)
        renewal = stripe.paid(month=1, at=MONTH - 60)
        period = {"start": T0 + MONTH - 60, "end": T0 + 2 * MONTH}
        renewal["data"]["object"]["lines"]["data"][0]["period"] = period
        shop.deliver(renewal)
        assert shop.available() == 50
        shop.at(MONTH + 60)
        assert shop.available() == 5

    def test_of_another_buyer(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Nobody can take something away from a shopper by paying for them."""
        other = Stripe(stripe.basil, born=5)
        shop.deliver(*begin(stripe, "max"), *start_events(other, "pro", at=6))
        assert shop.available() == 55

    def test_of_another_shopper(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A subscription that moves to another shopper takes its month with it."""
        shop.deliver(*begin(stripe))
        shop.use(2)
        assert shop.ledger.reserve("ada", "under-way")
        stripe.metadata["genvoris_external_id"] = "bob"
        shop.apply(stripe.change(at=20))
        assert (shop.available("ada"), shop.available("bob")) == (0, 2)
        assert shop.ledger.commit("ada", "under-way")
        assert shop.available("bob") == 2


@both_shapes
class TestReversals:
    def test_partial_refunds(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A third of the price takes a third of the month, however often it is told."""
        shop.deliver(*begin(stripe, "max"))
        shop.use(2)
        part = stripe.refunded(whole=False)  # 300 of 900
        shop.deliver(part, part)
        assert shop.available() == 50 - 16 - 2
        shop.deliver(stripe.refunded())
        assert shop.available() == 0

    def test_refund_before_its_invoice(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A refund that comes first waits for its invoice."""
        shop.deliver(stripe.refunded(), *begin(stripe))
        assert shop.available() == 0

    def test_refund_of_another_month(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """A refund of last month takes nothing of this one."""
        shop.deliver(*begin(stripe))
        shop.at(MONTH + 10)
        shop.deliver(*paid(stripe, 1), stripe.refunded(0))
        assert shop.available() == 5

    def test_refund_in_another_currency(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Only the charge's own ratio counts."""
        shop.deliver(*begin(stripe))
        refund = stripe.refunded(whole=False, amount=1000, amount_refunded=400, currency="usd")
        shop.deliver(refund)
        assert shop.available() == 3

    def test_refund_of_a_year(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """It takes its share of each month that is still to come."""
        invoice = stripe.paid("subscription_create", month=0, price="pro_yearly", at=1)
        line = invoice["data"]["object"]["lines"]["data"][0]
        line["period"] = {"start": T0, "end": T0 + 365 * DAY}
        shop.deliver(
            stripe.checkout(),
            stripe.change("created", "pro_yearly", at=1),
            invoice,
            stripe.invoice_payment(0),
            stripe.refunded(whole=False),
        )
        assert shop.available() == 4
        shop.at(40 * DAY)
        assert shop.available() == 4

    @pytest.mark.parametrize(
        ("status", "left"),
        [("won", 5), ("lost", 0), ("warning_closed", 5), ("needs_response", 0)],
    )
    def test_disputes(self, shop: StripeLedgerShop, stripe: Stripe, status: str, left: int) -> None:
        """A dispute holds the month; won, it is free again; lost, it is void."""
        shop.deliver(*begin(stripe), stripe.disputed())
        assert (shop.available(), shop.ledger.balance("ada").held) == (0, 5)
        shop.deliver(stripe.disputed("closed", status, at=70))
        assert shop.available() == left

    def test_inquiry(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """An inquiry takes nothing."""
        shop.deliver(*begin(stripe), stripe.disputed(status="warning_needs_response"))
        assert shop.available() == 5


class TestDelivery:
    def test_same_event_twice(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """The database remembers which events had their effect."""
        events = begin(stripe)
        shop.deliver(*events)
        assert set(shop.apply(*events)) <= {"repeated", "ignored"}
        assert shop.available() == 5

    def test_event_id_of_another_event(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """An id that comes with another event changes nothing."""
        shop.deliver(*begin(stripe))
        other = stripe.change("deleted", status="canceled", at=9)
        other["id"] = stripe.change(at=2)["id"]
        known = stripe.change(at=3)
        shop.apply(known)
        with pytest.raises(EventConflictError):
            shop.apply({**other, "id": known["id"]})
        assert shop.available() == 5

    def test_unknown_shopper(self, shop: StripeLedgerShop, stripe: Stripe) -> None:
        """Nothing is stored of a sale to somebody unknown, so that it can come again."""
        invoice = stripe.paid("subscription_create", month=0, at=1)
        with pytest.raises(Exception, match="not known yet which shopper"):
            shop.apply(invoice)
        shop.shoppers[stripe.customer] = "ada"
        assert shop.apply(invoice) == ["applied"]
        assert shop.available() == 5
