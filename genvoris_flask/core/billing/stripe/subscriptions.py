"""What Stripe says of subscriptions and the periods that are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....errors import StripeEventError
from ..catalog import Catalog
from .context import StripeDesk
from .payloads import Checkout, Invoice, Json, Line, Outcome, Subscription
from .records import AT_CREATION, BY_INVOICE, LATER, Subscribed
from .settlement import Settling


class Subscriptions:
    """Follows subscriptions.

    Args:
        desk: The means.
        settling: Tells Genvoris what follows.
    """

    def __init__(self, desk: StripeDesk, settling: Settling) -> None:
        self._desk = desk
        self._settling = settling

    def on_checkout(self, checkout: Checkout) -> Outcome:
        """Learn whose a subscription is, and start it if it waited for that."""
        if not checkout.subscription or not checkout.external_id:
            return "ignored"

        def merge(known: Subscribed) -> Subscribed:
            return replace(
                known,
                customer=known.customer or checkout.customer,
                external_id=known.external_id or checkout.external_id,
            )

        _, known = self._desk.memory.merge_subscription(checkout.subscription, merge)
        self._settle(checkout.subscription, known, self._desk.catalog())
        return "applied"

    def on_subscription(self, thing: Json, event: Json) -> Outcome:
        """Follow what a subscription has become."""
        subscription, catalog = Subscription.read(thing), self._desk.catalog()
        prices = self._prices(subscription, catalog)
        is_first = event["type"].endswith(".created")
        at = (event["created"], AT_CREATION if is_first else LATER)
        state = "ended" if event["type"].endswith(".deleted") else subscription.state
        changed = event["data"].get("previous_attributes") or {}
        is_new = "items" in changed or "plan" in changed
        sells = catalog.sold(prices) is not None

        def merge(known: Subscribed) -> Subscribed:
            told = subscription.external_id if at >= known.state_at else known.told_id
            merged = known.seen(state, at).priced(prices, at, sells=sells, is_new=is_new)
            return replace(
                merged,
                customer=subscription.customer or known.customer,
                told_id=told or known.told_id,
                created=subscription.created or known.created,
            )

        before, known = self._desk.memory.merge_subscription(subscription.id, merge)
        if not known.has_sold:
            return "ignored"  # it sells something else
        told = self._settle(subscription.id, known, catalog)
        is_newest = at == known.state_at and state == known.state
        return "applied" if told or before != known or is_newest else "ignored"

    def on_invoice(self, thing: Json, event: Json) -> Outcome:
        """Start the period that was paid for, unless that or a later one began already."""
        invoice, catalog = Invoice.read(thing), self._desk.catalog()
        if invoice.subscription is None:
            return "ignored"
        known = self._desk.memory.subscription(invoice.subscription)
        lines = self._lines(invoice, known, catalog)
        price = catalog.sold([line.price for line in reversed(lines)], known.plans)
        if price is None:
            return "ignored"
        until = max(line.until for line in lines if line.price == price)
        at = (invoice.created or event["created"], BY_INVOICE)

        def merge(known: Subscribed) -> Subscribed:
            paid = known.paid(invoice.id, until, event["created"], begins=invoice.begins)
            return replace(
                paid.priced((price,), at, sells=True),
                customer=known.customer or invoice.customer,
                told_id=known.told_id or invoice.external_id,
            )

        _, known = self._desk.memory.merge_subscription(invoice.subscription, merge)
        self._desk.memory.keep_invoice(invoice.id, invoice.subscription)
        for payment in invoice.payments:
            self._desk.learn_payment(payment, invoice.id)
        told = self._settle(invoice.subscription, known, catalog)
        return "applied" if told or known.state != "ended" else "ignored"

    def _settle(self, name: str, known: Subscribed, catalog: Catalog) -> bool:
        """Settle the account of the subscription's shopper, and of the one before, if it moved.

        Raises:
            StripeEventError: It gives a plan, and it is not known yet to whom.
        """
        if not known.has_started:
            return False
        is_over = known.state == "ended" or catalog.sold(known.prices, known.plans) is None
        try:
            owner = self._desk.who(known.customer, known.told_id, known.external_id)
        except StripeEventError:
            if is_over and known.filled_until is None:
                return False
            raise
        before = known.external_id
        if owner == before:
            return self._settling.settle(owner, name, catalog)

        def move(known: Subscribed) -> Subscribed:
            # Who has it now has not had its quota.
            filled = known.filled_until if before is None else None
            return replace(known, external_id=owner, filled_until=filled)

        self._desk.memory.merge_subscription(name, move)
        if before:
            self._settling.settle(before, name, catalog)
        return self._settling.settle(owner, name, catalog)

    def _prices(self, subscription: Subscription, catalog: Catalog) -> tuple[str, ...]:
        """Return the prices of a subscription, all of them when none of the first is a plan's."""
        known = self._desk.memory.subscription(subscription.id)
        if subscription.is_whole or catalog.sold(subscription.prices, known.plans):
            return subscription.prices
        return tuple(self._desk.lookup.prices_of_subscription(subscription.id))

    def _lines(self, invoice: Invoice, known: Subscribed, catalog: Catalog) -> Sequence[Line]:
        """Return the lines of an invoice, all of them when a plan's may be among the others."""
        sells_something_else = known.prices and not catalog.sold(known.prices, known.plans)
        found = catalog.sold([line.price for line in invoice.lines], known.plans)
        if invoice.is_whole or found or sells_something_else:
            return invoice.lines
        return self._desk.lookup.lines_of_invoice(invoice.id)
