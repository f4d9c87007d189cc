"""Random histories of a shopper with subscriptions, by hand and by Stripe, against a model."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from genvoris_flask.core.ledger.allowances import SubscriptionState
from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.core.ledger.models import LotBalance, OrderLine
from genvoris_flask.errors import UnknownSubscriptionError
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import Event
from tests.support.subscription_life import DAY, PRICE, Month, Subscriber

pytestmark = pytest.mark.thorough

# Histories of one run. Set it to 1000 or more for a long one.
EXAMPLES = int(os.environ.get("GENVORIS_TEST_HISTORIES", "25"))
TIME_LIMIT = 900
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", "k5", "k6"])
PLANS = st.sampled_from([("pro", 5), ("max", 50)])
WHICH = st.sampled_from([0, 1])


@dataclass
class ByHand:
    """The running period of the subscription that the shop reports; times are after T0."""

    end: int
    granted: int
    level: int
    refunded: bool = False


class SubscriptionMachine(RuleBasedStateMachine):
    """Applies each step to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.shop: StripeLedgerShop
        self.now = 0
        self.calls = 0
        self.period: ByHand | None = None
        self.subscribers: list[Subscriber] = []
        self.customer = Stripe().customer
        # What the shop said of its own subscription, and of each of those by Stripe.
        self.said: Counter[str] = Counter()
        self.states: dict[str, SubscriptionState] = {}
        self.bought: dict[str, int] = {}
        self.refunds: Counter[str] = Counter()
        self.open: dict[str, int] = {}
        self.used = 0
        self.committed: set[str] = set()
        self.told: list[tuple[int, Callable[[StripeLedgerShop], object]]] = []

    @initialize()
    def begin(self) -> None:
        """Start with a subscription of each kind, and an order."""
        self.shop = StripeLedgerShop()
        self._at(0)
        self.activate(("pro", 5), 30)
        self.subscribe(("pro", 5), basil=True)
        self.order("o1")

    # The subscription that the shop reports

    @rule(plan=PLANS, days=st.sampled_from([30, 31]))
    def activate(self, plan: tuple[str, int], days: int) -> None:
        """Sell a plan."""
        self._start("activate", plan[1], days)
        self.states["hand"] = "active"

    @precondition(lambda self: self.period)
    @rule(plan=st.none() | st.none() | PLANS, days=st.sampled_from([30, 31]))
    def renew(self, plan: tuple[str, int] | None, days: int) -> None:
        """Renew a plan, perhaps with another one."""
        self._start("renew", plan[1] if plan else None, days)

    @rule(plan=PLANS)
    def change_plan(self, plan: tuple[str, int]) -> None:
        """Change a plan; a larger one counts at once."""
        if self.period is None:
            with pytest.raises(UnknownSubscriptionError):
                self.shop.ledger.change_plan("ada", plan[1])
            return
        self._twice(lambda event: self.shop.ledger.change_plan("ada", plan[1], event_id=event))
        self.period.level = plan[1]
        if self.now < self.period.end:
            self.period.granted = max(self.period.granted, plan[1])

    @rule(state=st.sampled_from(["active", "active", "active", "paused", "ended"]))
    def set_state(self, state: SubscriptionState) -> None:
        """Pause, resume or cancel all subscriptions."""
        if not self.states:
            return

        def say(event: str) -> object:
            return self.shop.ledger.set_state("state", "ada", state, event_id=event)

        self._twice(say)
        self.states = dict.fromkeys(self.states, state)

    @precondition(lambda self: self.period and self.now < self.period.end)
    @rule()
    def refund_period(self) -> None:
        """Take back the running period."""
        self._twice(lambda event: self.shop.ledger.refund_sale("ada", None, event_id=event))
        assert self.period
        self.period.refunded = True

    # Subscriptions by Stripe

    @precondition(lambda self: len(self.subscribers) < 2)
    @rule(plan=PLANS, basil=st.booleans())
    def subscribe(self, plan: tuple[str, int], basil: bool) -> None:
        """Begin a subscription at Stripe; the second one is the same customer's."""
        stripe = Stripe(basil, metadata={"genvoris_external_id": "ada"}, born=self.now)
        stripe.customer = self.customer
        each = Subscriber(stripe, self.now, [(self.now, plan[0])])
        self.subscribers.append(each)
        self.states[stripe.subscription] = "active"
        self._tell(stripe.change("created", plan[0], "active", at=self.now))
        self._pay(each, self.now)

    @rule(which=WHICH)
    def pay_next(self, which: int) -> None:
        """Pay for the next month once the last one is over."""
        each = self._of_stripe(which)
        if each is None or each.status != "active":
            return
        start = each.months[-1].end
        self._at(max(self.now, start))
        self._pay(each, start)

    @rule(which=WHICH, price=st.sampled_from(["pro", "max"]))
    def reprice(self, which: int, price: str) -> None:
        """Change the plan of a subscription."""
        each = self._of_stripe(which)
        if each is None or each.price == price:
            return
        was = each.price
        self._at(self.now + 1)
        each.prices.append((self.now, price))
        self._tell(each.stripe.change("updated", price, self._status(each), self.now, was))

    @rule(which=WHICH, status=st.sampled_from(["active", "paused"]))
    def pause_at_stripe(self, which: int, status: str) -> None:
        """Pause a subscription at Stripe, or resume it."""
        each = self._of_stripe(which)
        if each is not None:
            self._at(self.now + 1)
            each.status = status
            self._tell(each.stripe.change("updated", each.price, status, self.now))

    @rule(which=WHICH)
    def stop(self, which: int) -> None:
        """End a subscription at Stripe."""
        each = self._of_stripe(which)
        if each is not None:
            self._at(self.now + 1)
            each.status = "ended"
            self._tell(each.stripe.change("deleted", each.price, "canceled", self.now))

    @rule(which=WHICH, refunded=st.integers(1, PRICE))
    def refund_month(self, which: int, refunded: int) -> None:
        """Pay back a part of the latest month; Stripe tells the sum."""
        each = self._of_stripe(which)
        if each is None or each.months[-1].dispute:
            return
        month = each.months[-1]
        month.refunded = max(month.refunded, refunded)
        amounts: dict[str, Any] = {"amount_refunded": refunded, "refunded": refunded == PRICE}
        self._tell(each.stripe.refunded(month.number, at=self.now, **amounts))

    @rule(which=WHICH, outcome=st.sampled_from(["won", "lost"]))
    def dispute(self, which: int, outcome: str) -> None:
        """Open a dispute of the latest month, or decide it."""
        each = self._of_stripe(which)
        if each is None or each.months[-1].dispute in ("won", "lost"):
            return
        month = each.months[-1]
        self._at(self.now + 1)
        if month.dispute is None:
            month.dispute = "open"
            self._tell(each.stripe.disputed(month=month.number, at=self.now))
        else:
            month.dispute = outcome
            self._tell(each.stripe.disputed("closed", outcome, month.number, self.now))

    # What is bought once

    @rule(order=st.sampled_from(["o1", "o2"]))
    def order(self, order: str) -> None:
        """Pay an order of four."""
        self.bought[order] = 4
        lines = [OrderLine("l", 4, 100)]
        self._state(lambda shop: shop.ledger.order_paid(order, lines, external_id="ada"))

    @rule(order=st.sampled_from(["o1", "o2"]), refunded=st.sampled_from([25, 60, 100]))
    def refund_order(self, order: str, refunded: int) -> None:
        """Tell how much of an order was refunded so far, before it or after it."""
        self.refunds[order] = max(self.refunds[order], refunded)
        self._state(lambda shop: shop.ledger.refunded("order", order, refunded))

    @rule()
    def grant(self) -> None:
        """Grant one."""
        name = self._name()
        self.bought[name] = 1
        grant = Grant("gift", "grant", name, 1)
        self._state(lambda shop: shop.ledger.give("ada", grant, event_id=name))

    # Try-ons and time

    @rule(key=KEYS, ending=st.sampled_from(["made", "failed", "unknown"]))
    def try_on(self, key: str, ending: str) -> None:
        """Reserve a try-on and make it, or fail, or leave it open."""
        before = self._available
        got = self.shop.ledger.reserve("ada", key)
        if key in self.open or key in self.committed:
            assert got is not None
        else:
            assert (got is not None) == (before > 0)
            if got:
                self.open[key] = self.now + TIME_LIMIT
        if ending == "made":
            self.commit(key)
        elif ending == "failed":
            self.release(key)

    @rule(key=KEYS)
    def commit(self, key: str) -> None:
        """A picture was made, in time or later."""
        was_open, before = key in self.open, self._available
        counted = self.shop.ledger.commit("ada", key)
        assert counted or not was_open
        if counted and key not in self.committed:
            assert was_open or before
            self.used += 1
            self.committed.add(key)
            self.open.pop(key, None)

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        """A try-on failed."""
        assert self.shop.ledger.release("ada", key) == (key in self.open)
        self.open.pop(key, None)

    @rule(seconds=st.sampled_from([60, 1000, 10 * DAY, 31 * DAY]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self._at(self.now + seconds)

    @rule()
    def step_back(self) -> None:
        """Set the clock back by a minute: nothing that has ended begins again."""
        self.shop.ledger.release("ada", "unknown")  # locks the account, so that lots expire
        before = self.shop.available()
        self.shop.at(self.now - 60)
        assert self.shop.available() <= before
        self._at(self.now)

    @invariant()
    def agrees(self) -> None:
        """The ledger has what the model has, and its sums are right."""
        if not hasattr(self, "shop"):
            return
        self._lapse()
        balance = self.shop.ledger.balance("ada")
        assert balance.available == self._expected(balance.lots)
        self.shop.fixture.check()

    def teardown(self) -> None:
        """What the events led to does not depend on their order, nor on how often they came."""
        if not hasattr(self, "shop"):
            return
        assert self._replayed(self._shuffled()) == self._replayed(self.told)
        self.shop.fixture.database.engine.dispose()

    def _start(self, call: str, units: int | None, days: int) -> None:
        until = datetime.fromtimestamp(T0 + self.now + days * DAY, UTC)
        ledger = self.shop.ledger

        def start(event: str) -> object:
            return ledger.start_period(call, "ada", units, event_id=event, until=until)

        self._twice(start)
        level = units or (self.period.level if self.period else 0)
        self.period = ByHand(self.now + days * DAY, level, level)
        self._at(self.now + 1)

    def _pay(self, each: Subscriber, start: int) -> None:
        number, end, price = len(each.months), start + MONTH, each.price_at(start)
        event = each.stripe.paid(month=number, price=price, at=self.now)
        period = {"start": T0 + start, "end": T0 + end}
        event["data"]["object"]["lines"]["data"][0]["period"] = period
        each.months.append(Month(number, start, end, price))
        self._tell(event)
        if each.stripe.basil:
            self._tell(each.stripe.invoice_payment(number, at=self.now))

    def _tell(self, event: Event) -> None:
        self._state(lambda shop: shop.deliver(event))

    def _state(self, say: Callable[[StripeLedgerShop], object]) -> None:
        """State a fact to the ledger; it may be stated again, at any time."""
        say(self.shop)
        self.told.append((self.now, say))

    def _twice(self, call: Callable[[str], object]) -> None:
        """Make a call with the same event id twice: it counts once."""
        event = self._name()
        call(event)
        before = self._lines()
        call(event)
        assert self._lines() == before

    def _lines(self) -> list[str]:
        """Return what happened, apart from what the passing of time leads to."""
        journal = self.shop.ledger.journal("ada", limit=1000)
        return [f"{line.kind} {line.event}" for line in journal if line.kind != "expired"]

    def _name(self) -> str:
        self.calls += 1
        return f"e{self.calls}"

    def _of_stripe(self, which: int) -> Subscriber | None:
        found = [each for each in self.subscribers[which : which + 1] if each.status != "ended"]
        return found[0] if found else None

    def _status(self, each: Subscriber) -> str:
        return "paused" if each.status == "paused" else "active"

    def _at(self, now: int) -> None:
        self.now = now
        self.shop.at(now)
        self._lapse()

    def _lapse(self) -> None:
        self.open = {key: end for key, end in self.open.items() if end > self.now}

    def _shuffled(self) -> list[tuple[int, Callable[[StripeLedgerShop], object]]]:
        """Return what was told in any order, some of it twice."""
        order = random.Random(len(self.told) + self.now)
        found = [*self.told, *order.sample(self.told, len(self.told) // 2)]
        order.shuffle(found)
        return found

    def _replayed(self, told: list[tuple[int, Callable[[StripeLedgerShop], object]]]) -> int:
        """Return what a shopper has in a shop that is told all of this now."""
        shop = StripeLedgerShop()
        shop.at(self.now)
        for _at, say in told:
            say(shop)
        shop.fixture.check()
        available = shop.available()
        shop.fixture.database.engine.dispose()
        return available

    @property
    def _available(self) -> int:
        return self._expected(self.shop.ledger.balance("ada").lots)

    def _expected(self, lots: Sequence[LotBalance]) -> int:
        """Return what the model says is there; which lot was drawn from, the ledger says."""
        assert sum(lot.used for lot in lots) <= self.used
        assert sum(lot.reserved for lot in lots) <= len(self.open)
        taken = {lot.source: lot.used + lot.reserved for lot in lots}
        return sum(max(0, kept - taken.get(name, 0)) for name, kept in self._kept(lots).items())

    def _kept(self, lots: Sequence[LotBalance]) -> dict[str, int]:
        """Return how many try-ons each lot has that can be used, with what was used of it."""
        kept = {}
        for name, units in self.bought.items():
            source = f"order:{name}/l" if name in ("o1", "o2") else f"grant:{name}"
            kept[source] = units - units * self.refunds[name] // 100
        paying = [
            each
            for each in self.subscribers
            if self.states[each.stripe.subscription] == "active" and each.is_paying(self.now)
        ]
        for each in sorted(paying, key=lambda each: (each.born, each.stripe.subscription))[-1:]:
            month = each.month_at(self.now)
            assert month
            name = f"stripe:{each.stripe.subscription}/{T0 + month.start}"
            kept[name] = each.kept(self.now)
        if self.period and self.now < self.period.end and self.states["hand"] == "active":
            (name,) = [lot.source for lot in lots if lot.source.startswith("shop:")]
            kept[name] = 0 if self.period.refunded else self.period.granted
        return kept


TestSubscriptionMachine = SubscriptionMachine.TestCase
TestSubscriptionMachine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None
)
