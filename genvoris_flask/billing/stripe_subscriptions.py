"""What Stripe says of subscriptions and the periods that are paid for.

Stripe delivers in any order. So an event that is older than what is known of its subscription
changes nothing, a period is begun once by whichever event says so first, and what has ended stays
ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ..errors import NotFoundError, UnknownPriceError
from .stripe_desk import StripeDesk
from .stripe_memory import Payment, Standing
from .stripe_shapes import Checkout, Invoice, Json, Outcome, Subscription


class Subscriptions:
    """Follows subscriptions.

    Args:
        desk: The means.
    """

    def __init__(self, desk: StripeDesk) -> None:
        self._desk = desk

    def on_checkout(self, checkout: Checkout) -> Outcome:
        """Start what waited to know whose it is."""
        if not checkout.subscription or not checkout.external_id:
            return "ignored"
        standing = self._desk.memory.standing(checkout.subscription)
        if standing.waits_with and standing.state is None:
            self._start(checkout.subscription, checkout.external_id, standing.waits_with, standing)
            self._desk.memory.keep(checkout.subscription, standing)
        return "applied"

    def on_subscription(self, thing: Json, event: Json) -> Outcome:
        """Follow what a subscription has become."""
        subscription = Subscription.read(thing)
        standing = self._desk.memory.standing(subscription.id)
        price = self._price(subscription.prices, standing)
        if standing.state == "ended" or event["created"] < standing.state_at:
            return "ignored"
        if price is None and standing.state is None:
            return "ignored"  # it sells something else
        if price is None or event["type"].endswith(".deleted") or subscription.state == "ended":
            self._end(subscription, standing, event["id"])
        elif subscription.state != "undecided":
            self._follow(subscription, price, standing, event["id"])
        standing.state_at = event["created"]
        self._desk.memory.keep(subscription.id, standing)
        return "applied"

    def on_invoice(self, thing: Json, event: Json) -> Outcome:
        """Start the period that was paid for, unless that or a later one began already."""
        invoice = Invoice.read(thing)
        if invoice.subscription is None:
            return "ignored"
        standing = self._desk.memory.standing(invoice.subscription)
        price = self._price([line.price for line in reversed(invoice.lines)], standing)
        if price is None or standing.state == "ended":
            return "ignored"
        external_id = self._desk.who(invoice.customer, invoice.external_id)
        until = max(line.until for line in invoice.lines if line.price == price)
        sale = Payment(external_id, f"stripe:{invoice.id}")
        if invoice.begins:
            sale = Payment(external_id, _start_id(invoice.subscription))
            if standing.state is None:
                self._start(invoice.subscription, external_id, price, standing)
        elif until > standing.paid_until:
            self._renew(invoice.subscription, sale, price, standing, event)
        standing.paid_until = max(until, standing.paid_until)
        self._desk.memory.keep(invoice.subscription, standing)
        self._desk.note_payment((invoice.id, *invoice.payments), sale)
        return "applied"

    def _follow(
        self, subscription: Subscription, price: str, standing: Standing, event_id: str
    ) -> None:
        """Bring the shopper's plan and status to those of a subscription that lives."""
        if standing.state is None:
            # Kept before it is known whose it is: the checkout that says so may come later.
            standing.waits_with = price
            self._desk.memory.keep(subscription.id, standing)
        external_id = self._desk.who(subscription.customer, subscription.external_id)
        if standing.state is None:
            self._start(subscription.id, external_id, price, standing)
        if not self._desk.is_current(external_id, subscription.id):
            standing.state, standing.price = subscription.state, price
            return
        if standing.price != price:
            self._desk.billing.change_plan(external_id, price_id=price, event_id=event_id)
            standing.price = price
        if standing.state != subscription.state:
            paused = subscription.state == "paused"
            (self._desk.billing.pause if paused else self._desk.billing.resume)(
                external_id, event_id=event_id
            )
            standing.state = subscription.state

    def _start(self, subscription: str, external_id: str, price: str, standing: Standing) -> None:
        """Begin a subscription, which several events may say, each before the others."""
        self._desk.billing.activate(external_id, price_id=price, event_id=_start_id(subscription))
        self._desk.memory.set_current(external_id, subscription)
        standing.state, standing.price, standing.waits_with = "active", price, None

    def _end(self, subscription: Subscription, standing: Standing, event_id: str) -> None:
        started = standing.state is not None
        standing.state = "ended"
        if not started:
            return
        external_id = self._desk.who(subscription.customer, subscription.external_id)
        if not self._desk.is_current(external_id, subscription.id):
            return
        self._desk.memory.clear_current(external_id)
        with suppress(NotFoundError):
            if self._desk.default_plan is None:
                self._desk.billing.cancel(external_id, event_id=event_id)
                return
            self._desk.billing.change_plan(
                external_id, plan_id=self._desk.default_plan, event_id=event_id
            )
            self._desk.billing.resume(external_id, event_id=event_id)

    def _renew(
        self, subscription: str, sale: Payment, price: str, standing: Standing, event: Json
    ) -> None:
        # An invoice that comes late brings its period, but neither its plan nor an end of a pause.
        is_late = standing.state is not None and event["created"] < standing.state_at
        if is_late:
            price = standing.price or price
        if standing.state is None or self._desk.is_current(sale.external_id, subscription):
            self._fill(sale, price, standing)
            self._desk.memory.set_current(sale.external_id, subscription)
            if is_late and standing.state == "paused":
                self._desk.billing.pause(sale.external_id, event_id=event["id"])
        standing.state = standing.state if is_late else "active"
        standing.price, standing.waits_with = price, None

    def _fill(self, sale: Payment, price: str, standing: Standing) -> None:
        try:
            self._desk.billing.renew(sale.external_id, price_id=price, event_id=sale.sale_id)
        except UnknownPriceError:
            if price != standing.price:
                raise
            self._desk.billing.renew(sale.external_id, event_id=sale.sale_id)

    def _price(self, prices: Sequence[str], standing: Standing) -> str | None:
        """Give the price that is a plan's.

        That is also the one that the subscription has had, though its plan may have another price
        by now: who subscribed stays with the old one.
        """
        known = self._desk.first_known(prices)
        return known or (standing.price if standing.price in prices else None)


def _start_id(subscription: str) -> str:
    return f"stripe:{subscription}:start"
