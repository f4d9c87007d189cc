"""Random lives of shoppers at Stripe, and a simple model of what they should have at the end.

The model is told what happens in order, and knows nothing of events. Each life is generated from a
seed, so that one that fails can be run again alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event, start_events

SIZES = {"pro": 5, "max": 50, "free": 1}
OTHER_PRODUCT = "price_of_socks"


@dataclass
class Payment:
    """A payment for a month of a subscription, or for a single plan if ``month`` is None."""

    of: Stripe
    month: int | None
    is_refunded: bool = False
    dispute: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the money was returned."""
        return self.is_refunded or self.dispute == "lost"


@dataclass
class Purchase:
    """A subscription, or a single payment.

    Attributes:
        is_due: Whether it was paid for and has not filled the quota for that yet.
    """

    stripe: Stripe
    is_subscription: bool
    price: str
    born: int
    sold_at: int
    paid: Payment
    status: str = "active"
    months: int = 1
    is_due: bool = True

    @property
    def state(self) -> str:
        """Whether it can give a plan now: ``active``, ``on_hold``, ``ended`` or ``lost``."""
        if self.status == "ended" or self.price not in SIZES:
            return "ended"
        if self.paid.is_lost:
            return "lost"
        return "on_hold" if self.paid.dispute == "open" or self.status == "paused" else "active"


@dataclass
class Model:
    """What a shopper should have.

    Attributes:
        sales: The number of payments for plans.
        fills: How often the quota is filled when Stripe delivers in order.
    """

    default_plan: str | None
    purchases: list[Purchase] = field(default_factory=list)
    sales: int = 0
    fills: int = 0

    def chosen(self) -> Purchase | None:
        """Return the purchase that gives the plan."""
        buyers = {each.stripe.customer for each in self.purchases}
        for state in ("active", "on_hold"):
            found = [best for each in buyers if (best := self._best(each, state))]
            if found:
                return max(found, key=lambda each: (SIZES[each.price], -each.sold_at))
        return None

    def settle(self) -> None:
        """Fill the quota if the chosen purchase was paid for since it last did."""
        chosen = self.chosen()
        if chosen and chosen.is_due:
            chosen.is_due = False
            self.fills += 1

    def end(self) -> set[tuple[str, str | None]]:
        """Return the accounts that the shopper may have at the end."""
        if chosen := self.chosen():
            is_active = chosen.state == "active"
            return {("ACTIVE", f"pln_{chosen.price}") if is_active else ("PAUSED", None)}
        # A shopper whose events came only after everything had ended is not registered at all.
        if self.default_plan:
            return {("ACTIVE", self.default_plan), ("NONE", None)}
        if any(each.state == "ended" for each in self.purchases):
            return {("CANCELLED", None), ("NONE", None)}
        return {("ACTIVE", None), ("NONE", None)}

    def _best(self, buyer: str, state: str) -> Purchase | None:
        own = [each for each in self.purchases if each.stripe.customer == buyer]
        found = [each for each in own if each.state == state]
        last_sale = max(
            (each.sold_at for each in own if each.is_subscription and each.state != "lost"),
            default=-1,
        )
        payments = [each for each in found if not each.is_subscription and each.sold_at > last_sale]
        if payments:
            return max(payments, key=lambda each: each.sold_at)
        subscriptions = [each for each in found if each.is_subscription]
        return max(subscriptions, key=lambda each: each.born, default=None)


class Life:
    """Generates a life from a seed: tells the model what happens, and collects Stripe's events."""

    def __init__(self, seed: int, basil: bool, default_plan: str | None) -> None:
        self.random = random.Random(f"{seed} {basil}")
        self.basil = basil
        self.now = 0
        self.model = Model(default_plan)
        self.events: list[Event] = []
        self.customer = Stripe(basil).customer
        self.payments: list[Payment] = []
        self.subscribe()
        self.model.settle()
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
            self.model.settle()

    def tick(self) -> int:
        """Return a later time, in seconds after T0."""
        self.now += self.random.randint(1, 40)
        return self.now

    def stripe(self) -> Stripe:
        """Return the maker of a purchase's events; most purchases are by the same customer."""
        made = Stripe(self.basil, born=self.now)
        if self.random.random() < 0.8:
            made.customer = self.customer
        return made

    def subscribe(self) -> None:
        """Start a subscription, unless there were two."""
        if len([each for each in self.model.purchases if each.is_subscription]) == 2:
            return
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max"])
        self.events += start_events(stripe, price, at)
        if self.basil:
            self.events.append(stripe.invoice_payment(0, at=at + 3))
        self.now += 5
        payment = Payment(stripe, 0)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, True, price, at, at + 2, payment))
        self.model.sales += 1

    def buy(self) -> None:
        """Make a single payment."""
        at = self.tick()
        stripe, price = self.stripe(), self.random.choice(["pro", "max", "free"])
        self.events.append(stripe.one_off(metadata={"genvoris_price_id": price}, at=at))
        payment = Payment(stripe, None)
        self.payments.append(payment)
        self.model.purchases.append(Purchase(stripe, False, price, at, at, payment))
        self.model.sales += 1

    def renew(self) -> None:
        """Pay for the next month of a subscription."""
        each = self._running()
        if each is None or each.status == "paused":
            return
        at, month = self.tick(), each.months
        each.months += 1
        self.events.append(each.stripe.paid(month=month, price=each.price, at=at))
        if self.basil:
            self.events.append(each.stripe.invoice_payment(month, at=at))
        if each.price in SIZES:
            each.paid, each.sold_at, each.is_due = Payment(each.stripe, month), at, True
            self.payments.append(each.paid)
            self.model.sales += 1

    def reprice(self) -> None:
        """Change a subscription's price."""
        each = self._running()
        if each is None:
            return
        at, was = self.tick(), each.price
        prices = ("pro", "max", OTHER_PRODUCT)
        each.price = self.random.choice([name for name in prices if name != was])
        if each.price in SIZES:
            each.sold_at = at
        self._report(each, "updated", at, was=was)

    def pause_or_resume(self) -> None:
        """Pause a subscription, or resume it."""
        each = self._running()
        if each is None:
            return
        each.status = "active" if each.status == "paused" else "paused"
        self._report(each, "updated", self.tick())

    def stop(self) -> None:
        """End a subscription."""
        each = self._running()
        if each is not None:
            each.status = "ended"
            self._report(each, "deleted", self.tick())

    def refund(self) -> None:
        """Refund a payment."""
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            payment.is_refunded = True
            self.events.append(payment.of.refunded(payment.month, at=self.tick()))

    def refund_in_part(self) -> None:
        """Refund a part of a payment."""
        payment = self.random.choice(self.payments)
        if not payment.is_refunded:
            at = self.tick()
            self.events.append(payment.of.refunded(payment.month, whole=False, at=at))

    def dispute(self) -> None:
        """Open a dispute or an inquiry about a payment."""
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
        """Decide an open dispute."""
        open_ones = [each for each in self.payments if each.dispute == "open"]
        if open_ones:
            payment = self.random.choice(open_ones)
            payment.dispute = self.random.choice(["won", "lost"])
            month, at = payment.month, self.tick()
            self.events.append(payment.of.disputed("closed", payment.dispute, month, at))

    def deliveries(self) -> list[Event]:
        """Return the events as they may come: in any order, and some twice."""
        doubled = self.random.sample(self.events, self.random.randint(0, len(self.events)))
        shuffled = [*self.events, *doubled]
        self.random.shuffle(shuffled)
        return shuffled

    def _running(self) -> Purchase | None:
        found = [
            each for each in self.model.purchases if each.is_subscription and each.status != "ended"
        ]
        return self.random.choice(found) if found else None

    def _report(self, each: Purchase, kind: str, at: int, was: str | None = None) -> None:
        status = {"active": "active", "paused": "paused", "ended": "canceled"}[each.status]
        self.events.append(each.stripe.change(kind, each.price, status, at=at, was=was))
