"""Random single payments of a shopper at Stripe, and a simple model of what they leave.

Each life is generated from a seed, so that one that fails can be run again alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from genvoris_flask.core.billing.stripe.payloads import Item
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import Event

HOUR = 3600
PRICE = 900  # of each payment
# How many try-ons each price brings, and whether as single ones, which last a day.
ITEMS = {"price_one": (1, True), "price_five": (5, True), "pro": (5, False), "max": (50, False)}


@dataclass
class Payment:
    """A Checkout Session and what became of its money; times are seconds after T0."""

    units: int
    is_single: bool
    sold_at: int | None = None
    refunded: int = 0
    disputes: dict[str, str] = field(default_factory=dict)

    def left(self, now: int) -> int:
        """Return what is there of it."""
        states = set(self.disputes.values())
        if self.sold_at is None or states & {"needs_response", "lost"}:
            return 0
        if self.is_single and now >= self.sold_at + 24 * HOUR:
            return 0
        return self.units - self.units * self.refunded // PRICE


class PaymentLife:
    """Generates the payments of a shopper: the events, and what the model says of their end.

    Args:
        seed: Makes it the same each time.
        shopper: The shop's id.
    """

    def __init__(self, seed: int, shopper: str) -> None:
        self.random = random.Random(seed)
        self.shopper = shopper
        self.events: list[Event] = []
        self.payments: list[Payment] = []
        self.items: dict[str, list[Item]] = {}
        self.now = 0
        for _each in range(self.random.randint(1, 3)):
            self.now += self.random.choice([10, HOUR, 20 * HOUR])
            self._buy()
        self.now += self.random.choice([1, HOUR, 23 * HOUR, 40 * HOUR])

    @property
    def available(self) -> int:
        """How many try-ons the model says are there at the end."""
        return sum(each.left(self.now) for each in self.payments)

    def shuffled(self) -> list[Event]:
        """Return the events in any order, some of them twice."""
        found = [*self.events, *self.random.choices(self.events, k=self.random.randint(0, 6))]
        self.random.shuffle(found)
        return found

    def _buy(self) -> None:
        stripe = Stripe(self.random.random() < 0.5)
        is_ours = self.random.random() < 0.6
        payment = self._of_ours() if is_ours else self._of_a_link(stripe)
        self.payments.append(payment)
        session = self._session(stripe, payment, is_ours)
        if self.random.random() < 0.25:  # a bank transfer
            self.events.append(session(at=self.now, payment_status="unpaid"))
            self.now += 30 * HOUR
            succeeds = self.random.random() < 0.7
            word = "succeeded" if succeeds else "failed"
            status = "paid" if succeeds else "unpaid"
            later = session(at=self.now, payment_status=status)
            later["type"] = f"checkout.session.async_payment_{word}"
            self.events.append(later)
            if not succeeds:
                return
        else:
            self.events.append(session(at=self.now))
        payment.sold_at = self.now
        if is_ours and self.random.random() < 0.8:
            self.events.append(stripe.intent_paid(self.shopper, payment.units, at=self.now))
        self._reverse(stripe, payment)

    def _session(self, stripe: Stripe, payment: Payment, is_ours: bool) -> Any:
        if is_ours:
            return lambda **more: stripe.bought(self.shopper, payment.units, **more)
        return lambda **more: stripe.one_off(reference=self.shopper, **more)

    def _of_ours(self) -> Payment:
        return Payment(self.random.randint(1, 12), is_single=True)

    def _of_a_link(self, stripe: Stripe) -> Payment:
        """Return a payment for several items, some for other things; they may take many pages."""
        others = [Item(f"socks_{number}") for number in range(self.random.choice([0, 2, 120]))]
        prices = self.random.choice([["price_one", "price_five"], ["price_five"], ["pro"], ["max"]])
        sold = [Item(price, self.random.randint(1, 3)) for price in prices]
        items = [*others, *sold]
        self.random.shuffle(items)
        self.items[stripe.session] = items
        units = sum(ITEMS[item.price][0] * item.quantity for item in sold)
        return Payment(units, is_single=ITEMS[prices[0]][1])

    def _reverse(self, stripe: Stripe, payment: Payment) -> None:
        """Refund it, in parts, or have it disputed, perhaps twice."""
        at = self.now
        for _each in range(self.random.choice([0, 0, 1, 2, 3])):
            at += self.random.randint(1, HOUR)
            payment.refunded = self.random.randint(payment.refunded, PRICE)
            whole = payment.refunded == PRICE
            amounts: dict[str, Any] = {"amount_refunded": payment.refunded}
            self.events.append(stripe.refunded(None, whole=whole, at=at, **amounts))
        for number in range(self.random.choice([0, 0, 0, 1, 2])):
            name = f"dp_{stripe.charge}_{number}"
            if self.random.random() < 0.3:
                inquiry = stripe.disputed(
                    status="warning_needs_response", month=None, at=at, id=f"{name}_inquiry"
                )
                self.events.append(inquiry)
            at += self.random.randint(1, HOUR)
            self.events.append(stripe.disputed(month=None, at=at, id=name))
            payment.disputes[name] = self.random.choice(["needs_response", "won", "lost"])
            if payment.disputes[name] != "needs_response":
                at += self.random.randint(1, HOUR)
                event = stripe.disputed("closed", payment.disputes[name], None, at, id=name)
                self.events.append(event)
