"""Whole lives of shoppers at Stripe, and a plain model of what they should have at the end.

The model is told what happens in order, and knows nothing of events. Each life is made from a
seed, so that one that fails can be run again alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, beginning

SIZES = {"pro": 5, "max": 50, "free": 1}
SOCKS = "price_of_socks"


@dataclass
class Payment:
    """Money that came: for a month of a subscription, or for a single plan."""

    of: Stripe
    month: int | None
    is_refunded: bool = False
    dispute: str | None = None

    @property
    def is_lost(self) -> bool:
        return self.is_refunded or self.dispute == "lost"


@dataclass
class Purchase:
    """A subscription, or a single payment."""

    stripe: Stripe
    is_subscription: bool
    price: str
    born: int
    sold_at: int
    paid: Payment
    state: str = "active"
    months: int = 1

    @property
    def standing(self) -> str:
        if self.state == "ended" or self.price not in SIZES:
            return "over"
        if self.paid.is_lost:
            return "lost"
        return "held" if self.paid.dispute == "open" or self.state == "paused" else "active"


@dataclass
class Model:
    """What a shopper should have."""

    default_plan: str | None
    purchases: list[Purchase] = field(default_factory=list)
    sales: int = 0

    def best(self, buyer: str, standing: str) -> Purchase | None:
        """Return what counts of one buyer's purchases."""
        own = [each for each in self.purchases if each.stripe.customer == buyer]
        there = [each for each in own if each.standing == standing]
        last = max(
            (each.sold_at for each in own if each.is_subscription and each.standing != "lost"),
            default=-1,
        )
        singles = [each for each in there if not each.is_subscription and each.sold_at > last]
        if singles:
            return max(singles, key=lambda each: each.sold_at)
        subscriptions = [each for each in there if each.is_subscription]
        return max(subscriptions, key=lambda each: each.born, default=None)

    def end(self) -> set[tuple[str, str | None]]:
        """Return how the shopper may stand at the end."""
        buyers = {each.stripe.customer for each in self.purchases}
        for standing, status in (("active", "ACTIVE"), ("held", "PAUSED")):
            found = [best for each in buyers if (best := self.best(each, standing))]
            if found:
                best = max(found, key=lambda each: (SIZES[each.price], -each.sold_at))
                return {(status, f"pln_{best.price}" if status == "ACTIVE" else None)}
        # Who was never heard of while they had something is not registered at all.
        if self.default_plan:
            return {("ACTIVE", self.default_plan), ("NONE", None)}
        if any(each.standing == "over" for each in self.purchases):
            return {("CANCELLED", None), ("NONE", None)}
        return {("ACTIVE", None), ("NONE", None)}


class Life:
    """Makes a life from a seed: what happens is told the model, and Stripe's events are kept."""

    def __init__(self, seed: int, basil: bool, default_plan: str | None) -> None:
        self.random = random.Random(f"{seed} {basil}")
        self.basil = basil
        self.now = 0
        self.model = Model(default_plan)
        self.events: list[Event] = []
        self.customer = Stripe(basil).customer
        self.payments: list[Payment] = []
        self.subscribe()
        weights = {
            self.renew: 4,
            self.reprice: 4,
            self.buy: 3,
            self.decide: 3,
            self.refund: 2,
            self.dispute: 2,
            self.pause_or_resume: 2,
            self.subscribe: 2,
            self.refund_in_part: 1,
            self.stop: 1,
        }
        steps = self.random.choices([*weights], [*weights.values()], k=self.random.randint(3, 16))
        for step in steps:
            step()

    def tick(self) -> int:
        self.now += self.random.randint(1, 40)
        return self.now

    def stripe(self) -> Stripe:
        made = Stripe(self.basil, born=self.now)
        if self.random.random() < 0.8:
            made.customer = self.customer
        return made

    def subscribe(self) -> None:
        if len([each for each in self.model.purchases if each.is_subscription]) == 2:
            return
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max"])
        self.events += beginning(stripe, price, at)
        if self.basil:
            self.events.append(stripe.invoice_payment(0, at=at + 3))
        self.now += 5
        payment = Payment(stripe, 0)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, True, price, at, at + 2, payment))
        self.model.sales += 1

    def buy(self) -> None:
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max", "free"])
        self.events.append(stripe.one_off(metadata={"genvoris_price_id": price}, at=at))
        payment = Payment(stripe, None)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, False, price, at, at, payment))
        self.model.sales += 1

    def living(self) -> Purchase | None:
        found = [
            each for each in self.model.purchases if each.is_subscription and each.state != "ended"
        ]
        return self.random.choice(found) if found else None

    def renew(self) -> None:
        each = self.living()
        if each is None or each.state == "paused":
            return
        at, month = self.tick(), each.months
        each.months += 1
        self.events.append(each.stripe.paid(month=month, price=each.price, at=at))
        if self.basil:
            self.events.append(each.stripe.invoice_payment(month, at=at))
        if each.price in SIZES:
            each.paid, each.sold_at = Payment(each.stripe, month), at
            self.payments.append(each.paid)
            self.model.sales += 1

    def reprice(self) -> None:
        each = self.living()
        if each is None:
            return
        at, was = self.tick(), each.price
        each.price = self.random.choice([name for name in ("pro", "max", SOCKS) if name != was])
        if each.price in SIZES:
            each.sold_at = at
        self.say(each, "updated", at, was=was)

    def pause_or_resume(self) -> None:
        each = self.living()
        if each is None:
            return
        each.state = "active" if each.state == "paused" else "paused"
        self.say(each, "updated", self.tick())

    def stop(self) -> None:
        each = self.living()
        if each is not None:
            each.state = "ended"
            self.say(each, "deleted", self.tick())

    def say(self, each: Purchase, kind: str, at: int, was: str | None = None) -> None:
        status = {"active": "active", "paused": "paused", "ended": "canceled"}[each.state]
        self.events.append(each.stripe.change(kind, each.price, status, at=at, was=was))

    def refund(self) -> None:
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            payment.is_refunded = True
            self.events.append(payment.of.refunded(payment.month, at=self.tick()))

    def refund_in_part(self) -> None:
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            at = self.tick()
            self.events.append(payment.of.refunded(payment.month, whole=False, at=at))

    def dispute(self) -> None:
        payment = self.random.choice(self.payments)
        at = self.tick()
        if payment.dispute is None and self.random.random() < 0.3:
            inquiry = payment.of.disputed(
                "created", "warning_needs_response", payment.month, at, id=f"dp_inquiry_{at}"
            )
            self.events.append(inquiry)
        elif payment.dispute is None:
            payment.dispute = "open"
            self.events.append(payment.of.disputed(month=payment.month, at=at))

    def decide(self) -> None:
        open_ones = [each for each in self.payments if each.dispute == "open"]
        if open_ones:
            payment = self.random.choice(open_ones)
            payment.dispute = self.random.choice(["won", "lost"])
            month, at = payment.month, self.tick()
            self.events.append(payment.of.disputed("closed", payment.dispute, month, at))

    def deliveries(self) -> list[Event]:
        """Return the events as they may come: some twice, in any order."""
        doubled = self.random.sample(self.events, self.random.randint(0, len(self.events)))
        shuffled = [*self.events, *doubled]
        self.random.shuffle(shuffled)
        return shuffled
