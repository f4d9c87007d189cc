"""Handles events about subscriptions and the periods that are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....errors import StripeEventError
from ..plan_catalog import PlanCatalog
from .fields import Json
from .history import paid_period, units_of
from .payloads import Checkout, Invoice, Item, Line, Outcome, Subscription
from .records import AT_CREATION, BY_INVOICE, LATER, SubscriptionRecord
from .sales import StripeContext, warn_of_closed


class Subscriptions:
    """Follows subscriptions.

    Args:
        context: The services.
    """

    def __init__(self, context: StripeContext) -> None:
        self._context = context

    def on_checkout(self, checkout: Checkout) -> Outcome:
        """Store whose a subscription is, and start it if it has been waiting for that."""
        if not checkout.subscription or not checkout.external_id:
            return "ignored"

        def merge(known: SubscriptionRecord) -> SubscriptionRecord:
            return replace(
                known,
                customer=known.customer or checkout.customer,
                external_id=known.external_id or known.unless_closed(checkout.external_id),
            )

        _, known = self._context.repository.merge_subscription(checkout.subscription, merge)
        self._settle(checkout.subscription, known, self._context.catalog())
        return "applied"

    def on_subscription(self, thing: Json, event: Json) -> Outcome:
        """Follow a change of a subscription."""
        subscription, catalog = Subscription.read(thing), self._context.catalog()
        items = self._items(subscription, catalog)
        prices = tuple(item.price for item in items)
        is_first = event["type"].endswith(".created")
        at = (event["created"], AT_CREATION if is_first else LATER)
        state = "ended" if event["type"].endswith(".deleted") else subscription.state
        changed = event["data"].get("previous_attributes") or {}
        is_new = "items" in changed or "plan" in changed
        sells = catalog.sold_price(prices) is not None

        def merge(known: SubscriptionRecord) -> SubscriptionRecord:
            told = subscription.external_id if at >= known.state_at else known.told_id
            seen = known.seen(state, at, is_overdue=subscription.is_overdue)
            merged = seen.priced(prices, at, sells=sells, is_new=is_new)
            return replace(
                merged,
                customer=subscription.customer or known.customer,
                told_id=told or known.told_id,
                created=subscription.created or known.created,
            )

        before, known = self._context.repository.merge_subscription(subscription.id, merge)
        if self._context.sales.is_exact:
            history = self._context.repository.history(subscription.id)
            # The trial of a subscription that is not paid for yet has not begun.
            trial = subscription.trial if state != "undecided" else None
            history = history.stated(at, units_of(items, catalog, known.plans), trial)
            self._context.repository.save_history(subscription.id, history)
        if not known.has_sold:
            return "ignored"  # it sells something else
        has_changed = self._settle(subscription.id, known, catalog)
        is_newest = at == known.state_at and state == known.state
        return "applied" if has_changed or before != known or is_newest else "ignored"

    def on_invoice(self, thing: Json, event: Json) -> Outcome:
        """Start the period that was paid for, unless it or a later one has started already."""
        invoice, catalog = Invoice.read(thing), self._context.catalog()
        if invoice.subscription is None:
            return "ignored"
        repository = self._context.repository
        known = repository.subscription(invoice.subscription)
        lines = self._lines(invoice, known, catalog)
        price = catalog.sold_price([line.price for line in reversed(lines)], known.plans)
        if price is None:
            return self._on_other_invoice(invoice, known, lines, catalog)
        until = max(line.until for line in lines if line.price == price)
        at = (invoice.created or event["created"], BY_INVOICE)

        def merge(known: SubscriptionRecord) -> SubscriptionRecord:
            paid = known.paid(invoice.id, until, event["created"], begins=invoice.begins)
            return replace(
                paid.priced((price,), at, sells=True),
                customer=known.customer or invoice.customer,
                told_id=known.told_id or known.unless_closed(invoice.external_id),
            )

        _, known = repository.merge_subscription(invoice.subscription, merge)
        self._note_period(invoice, known, lines, catalog)
        has_changed = self._settle(invoice.subscription, known, catalog)
        return "applied" if has_changed or known.state != "ended" else "ignored"

    def _on_other_invoice(
        self,
        invoice: Invoice,
        known: SubscriptionRecord,
        lines: Sequence[Line],
        catalog: PlanCatalog,
    ) -> Outcome:
        """Note a period for something else, which may become a plan before its end."""
        if not self._context.sales.is_exact or not lines:
            return "ignored"
        self._note_period(invoice, known, lines, catalog)
        if not known.has_sold:
            return "ignored"
        self._settle(str(invoice.subscription), known, catalog)
        return "applied"

    def _note_period(
        self,
        invoice: Invoice,
        known: SubscriptionRecord,
        lines: Sequence[Line],
        catalog: PlanCatalog,
    ) -> None:
        """Store what an invoice paid for, and which payments paid it."""
        repository, name = self._context.repository, str(invoice.subscription)
        repository.save_invoice(invoice.id, name)
        if self._context.sales.is_exact:
            period = paid_period(invoice, lines, catalog, known.plans)
            repository.save_history(name, repository.history(name).invoiced(invoice.id, period))
        for payment in invoice.payments:
            self._context.link_payment(payment, invoice.id)

    def on_failed_invoice(self, thing: Json) -> Outcome:
        """Look whether a subscription whose payment failed once more is to be paused."""
        name = Invoice.read(thing).subscription
        known = self._context.repository.subscription(name) if name else None
        if self._context.sales.is_exact or known is None or not known.has_sold:
            return "ignored"  # a ledger has nothing that was not paid for
        return "applied" if self._settle(str(name), known, self._context.catalog()) else "ignored"

    def _settle(self, name: str, known: SubscriptionRecord, catalog: PlanCatalog) -> bool:
        """Settle the owner's account, and the former owner's if the subscription has moved.

        Raises:
            StripeEventError: The subscription gives a plan, but its owner is not known yet.
        """
        if not known.has_started:
            return False
        is_over = known.state == "ended" or catalog.sold_price(known.prices, known.plans) is None
        try:
            owner = self._context.identify(
                known.customer, known.told_id, known.external_id, is_closed=known.is_closed
            )
        except StripeEventError:
            if known.is_closed:
                warn_of_closed(known, name)
                return False
            if is_over and known.filled_until is None:
                return False
            raise
        before = known.external_id
        if owner == before:
            return self._context.settle(owner, name, catalog)

        def move(known: SubscriptionRecord) -> SubscriptionRecord:
            # A new owner has not had the quota of this period.
            is_new = before is not None or known.is_closed
            filled = None if is_new else known.filled_until
            return replace(known, external_id=owner, filled_until=filled, is_closed=False)

        self._context.repository.merge_subscription(name, move)
        if before:
            self._context.settle(before, name, catalog)
        return self._context.settle(owner, name, catalog)

    def _items(self, subscription: Subscription, catalog: PlanCatalog) -> tuple[Item, ...]:
        """Return the event's items, or all from Stripe if a plan's may be among the others."""
        known = self._context.repository.subscription(subscription.id)
        if subscription.is_whole:
            return subscription.items
        found = catalog.sold_price(subscription.prices, known.plans)
        if found and not self._context.sales.is_exact:
            return subscription.items
        return tuple(self._context.lookup.items_of_subscription(subscription.id))

    def _lines(
        self, invoice: Invoice, known: SubscriptionRecord, catalog: PlanCatalog
    ) -> Sequence[Line]:
        """Return the event's lines, or all from Stripe if a plan's may be among the others."""
        sells_something_else = known.prices and not catalog.sold_price(known.prices, known.plans)
        found = catalog.sold_price([line.price for line in invoice.lines], known.plans)
        is_enough = found and not self._context.sales.is_exact
        if invoice.is_whole or is_enough or (sells_something_else and not found):
            return invoice.lines
        return self._context.lookup.lines_of_invoice(invoice.id)
