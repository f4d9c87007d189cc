"""Random lives of subscribers at Stripe, and a simple model of the try-ons that they have left.

The model is told what happens in order, and knows nothing of events. Each life is generated from a
seed, so that one that fails can be run again alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.support.stripe_payloads import MONTH, T0, Stripe
from tests.support.stripe_shop import Event

DAY = 24 * 3600
UNITS = {"pro": 5, "max": 50, "free": 1, "socks": 0}
PRICE = 900  # of each invoice


@dataclass
class Month:
    """A period that was paid for; times are seconds after T0."""

    number: int
    start: int
    end: int
    price: str
    refunded: int = 0
    dispute: str | None = None
    is_invoiced: bool = True


@dataclass
class Subscriber:
    """A subscription."""

    stripe: Stripe
    born: int
    prices: list[tuple[int, str]]  # each with the time since when
    months: list[Month] = field(default_factory=list)
    status: str = "active"

    @property
    def price(self) -> str:
        """The current price."""
        return self.prices[-1][1]

    def price_at(self, time: int) -> str:
        """Return the price at a time."""
        return [price for since, price in self.prices if since <= time][-1]

    def month_at(self, now: int) -> Month | None:
        """Return the period that was paid for and that runs."""
        running = [each for each in self.months if each.start <= now < each.end]
        return max(running, key=lambda each: each.start, default=None)

    def granted(self, now: int) -> int:
        """Return what the running period comes with: that of its largest plan so far."""
        month = self.month_at(now)
        if month is None:
            return 0
        prices = [price for since, price in self.prices if since >= month.start]
        return max(UNITS[price] for price in [month.price, *prices])

    def kept(self, now: int) -> int:
        """Return what refunds and lost disputes leave of it."""
        month, granted = self.month_at(now), self.granted(now)
        if month is None or month.dispute == "lost":
            return 0
        return granted - granted * month.refunded // PRICE

    def is_paying(self, now: int) -> bool:
        """Return whether it gives try-ons, unless a newer one does."""
        month = self.month_at(now)
        is_free = month is not None and month.dispute != "open"
        return self.status == "active" and is_free and self.kept(now) > 0


class SubscriptionLife:
    """Generates a life from a seed: the events, and what the model says of its end.

    Args:
        seed: Makes it the same each time.
        shopper: The shop's id.
    """

    def __init__(self, seed: int, shopper: str = "ada") -> None:
        self.random = random.Random(seed)
        self.basil = self.random.random() < 0.5
        self.shopper = shopper
        self.now = 0
        self.events: list[Event] = []
        self.subscribers: list[Subscriber] = []
        self.customer = Stripe(self.basil).customer
        self.subscribe()
        weights = {
            self.renew: 5,
            self.reprice: 3,
            self.refund: 3,
            self.dispute: 2,
            self.decide: 2,
            self.pause_or_resume: 2,
            self.subscribe: 2,
            self.stop: 1,
        }
        count = self.random.randint(1, 9)
        for step in self.random.choices([*weights], [*weights.values()], k=count):
            self.now += self.random.randint(60, 8 * DAY)
            step()
        self.now += self.random.choice([1, 3600, 12 * DAY])

    @property
    def available(self) -> int:
        """How many try-ons the model says are there at the end."""
        paying = [each for each in self.subscribers if each.is_paying(self.now)]
        newest = {each.stripe.customer: each for each in sorted(paying, key=lambda e: e.born)}
        return sum(each.kept(self.now) for each in newest.values())

    def subscribe(self) -> None:
        """Start a subscription, by the same customer or another one, perhaps with a trial."""
        if len(self.subscribers) == 2:
            return
        at = self.now
        stripe = Stripe(self.basil, metadata={"genvoris_external_id": self.shopper}, born=at)
        if self.random.random() < 0.7:
            stripe.customer = self.customer
        each = Subscriber(stripe, at, [(at, self.random.choice(["pro", "max"]))])
        self.subscribers.append(each)
        self.events.append(stripe.change("created", each.price, "incomplete", at=at))
        if self.random.random() < 0.2:
            self._start_trial(each, at)
        else:
            self.events.append(stripe.change("updated", each.price, "active", at=at + 2))
            self._pay(each, at, at + MONTH, at + 2)

    def renew(self) -> None:
        """Let a month end, and pay for the next one: at once, late or never."""
        each = self._one()
        if each is None or each.status != "active":
            return
        start = each.months[-1].end
        self.now = max(self.now, start)
        if self.random.random() < 0.15:  # it is not paid
            self._report(each, "past_due")
            return
        self.now += self.random.choice([3600, 3600, 3 * DAY])
        self._pay(each, start, start + MONTH, self.now)

    def reprice(self) -> None:
        """Change the plan, perhaps to something that is no plan."""
        each = self._one()
        if each is None:
            return
        was = each.price
        price = self.random.choice([name for name in UNITS if name != was])
        each.prices.append((self.now, price))
        self._report(each, was=was)

    def refund(self) -> None:
        """Pay back a part of an invoice, or all of it; Stripe tells the sum."""
        found = self._paid()
        if found is None:
            return
        each, month = found
        if month.refunded == PRICE or month.dispute:
            return
        month.refunded = self.random.choice([PRICE, self.random.randint(month.refunded, PRICE)])
        amounts: dict[str, Any] = {
            "amount_refunded": month.refunded,
            "refunded": month.refunded == PRICE,
        }
        self.events.append(each.stripe.refunded(month.number, at=self.now, **amounts))

    def dispute(self) -> None:
        """Open a dispute, or an inquiry that takes nothing."""
        found = self._paid()
        if found is None or found[1].dispute:
            return
        each, month = found
        if self.random.random() < 0.3:
            status, name = "warning_needs_response", f"dp_inquiry_{self.now}_{month.number}"
            event = each.stripe.disputed("created", status, month.number, self.now, id=name)
        else:
            month.dispute = "open"
            event = each.stripe.disputed(month=month.number, at=self.now)
        self.events.append(event)

    def decide(self) -> None:
        """Decide an open dispute."""
        for each in self.subscribers:
            for month in each.months:
                if month.dispute == "open":
                    month.dispute = self.random.choice(["won", "lost"])
                    event = each.stripe.disputed("closed", month.dispute, month.number, self.now)
                    self.events.append(event)
                    return

    def pause_or_resume(self) -> None:
        """Pause a subscription, or resume it."""
        each = self._one()
        if each is not None:
            each.status = "active" if each.status == "paused" else "paused"
            self._report(each)

    def stop(self) -> None:
        """End a subscription at once."""
        each = self._one()
        if each is not None:
            each.status = "ended"
            event = each.stripe.change("deleted", each.price, "canceled", at=self.now)
            self.events.append(event)

    def shuffled(self) -> list[Event]:
        """Return the events in any order, some of them twice."""
        doubled = self.random.sample(self.events, self.random.randint(0, len(self.events)))
        found = [*self.events, *doubled]
        self.random.shuffle(found)
        return found

    def delayed(self) -> list[tuple[int, Event]]:
        """Return the events with the times of their deliveries: late by hours or days."""
        found = [
            (event["created"] - T0 + int(self.random.expovariate(1 / (2 * DAY))), event)
            for event in self.shuffled()
        ]
        return sorted(found, key=lambda each: each[0])

    def _pay(self, each: Subscriber, start: int, end: int, at: int) -> None:
        number, price = len(each.months), each.price_at(start)  # an invoice has that of its start
        reason = "subscription_create" if number == 0 else "subscription_cycle"
        event = each.stripe.paid(reason, number, price, at=at)
        period = {"start": T0 + start, "end": T0 + end}
        event["data"]["object"]["lines"]["data"][0]["period"] = period
        self.events.append(event)
        if self.basil:
            self.events.append(each.stripe.invoice_payment(number, at=at))
        each.months.append(Month(number, start, end, price))

    def _start_trial(self, each: Subscriber, at: int) -> None:
        end = at + 7 * DAY
        trial = {"trial_start": T0 + at, "trial_end": T0 + end}
        each.stripe.extra = trial
        self.events.append(each.stripe.change("updated", each.price, "trialing", at=at + 2))
        if self.random.random() < 0.8:
            self._pay(each, at + 1, end, at + 2)  # its invoice begins a second after it
        else:  # Stripe's invoice of nothing is lost for good
            each.months.append(Month(0, at, end, each.price, is_invoiced=False))

    def _one(self) -> Subscriber | None:
        found = [each for each in self.subscribers if each.status != "ended"]
        return self.random.choice(found) if found else None

    def _paid(self) -> tuple[Subscriber, Month] | None:
        each = self.random.choice(self.subscribers)
        found = [month for month in each.months if month.is_invoiced]
        return (each, self.random.choice(found)) if found else None

    def _report(self, each: Subscriber, status: str | None = None, was: str | None = None) -> None:
        states = {"active": "active", "paused": "paused"}
        status = status or states[each.status]
        event = each.stripe.change("updated", each.price, status, at=self.now, was=was)
        self.events.append(event)
