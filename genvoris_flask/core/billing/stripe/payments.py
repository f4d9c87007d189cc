"""Handles events about single payments, refunds and disputes."""

from __future__ import annotations

import logging
from dataclasses import replace

from ..plan_catalog import PlanCatalog
from .fields import Json, as_id
from .history import units_of
from .payloads import Checkout, Item, Outcome
from .records import PaymentRecord
from .repository import EVENT_SECONDS
from .reversals import Charge, Dispute, Reversal
from .sales import StripeContext

log: logging.Logger = logging.getLogger("genvoris_flask.billing")


class Payments:
    """Follows what is paid for once, and what is refunded or disputed.

    Args:
        context: The services.
    """

    def __init__(self, context: StripeContext) -> None:
        self._context = context

    def on_checkout(self, checkout: Checkout, event: Json) -> Outcome:
        """Start what was bought in a Checkout Session without a subscription."""
        if not checkout.is_paid:
            return "ignored"  # checkout.session.async_payment_succeeded follows
        context, repository = self._context, self._context.repository
        if context.sales.is_exact:
            return self._on_exact_checkout(checkout, event)
        catalog = context.catalog()
        price = catalog.sold_price(item.price for item in self._items(checkout))
        if price is None:
            return "ignored"
        owner = context.identify(checkout.customer, checkout.external_id)
        known = repository.payment(checkout.id)
        payment = known or PaymentRecord(owner, checkout.customer, price, event["created"])
        sold_at = min(payment.sold_at, event["created"])
        repository.save_payment(checkout.id, replace(payment, sold_at=sold_at))
        for intent in checkout.payments:
            if context.link_payment(intent, checkout.id):
                self._warn_of_part(intent, repository.reversal(intent))
        self._settle(payment, checkout.id, catalog)
        return "applied"

    def on_intent(self, payment: Checkout, event: Json) -> Outcome:
        """Sell single try-ons that were paid for without a Checkout Session of ours."""
        if payment.try_ons is None or not self._context.sales.is_exact:
            return "ignored"
        return self._on_exact_checkout(payment, event)

    def _on_exact_checkout(self, checkout: Checkout, event: Json) -> Outcome:
        """Sell as many try-ons as were paid for."""
        context, repository = self._context, self._context.repository
        catalog = context.catalog()
        units, is_single = self._units(checkout, catalog)
        if not units:
            return "ignored"
        # The events of a Checkout Session and of its payment intent are about one sale.
        is_named = checkout.try_ons is not None and checkout.payments
        name = checkout.payments[0] if is_named else checkout.id
        owner = context.identify(checkout.customer, checkout.external_id)
        payment = repository.payment(name) or PaymentRecord(
            owner,
            checkout.customer,
            checkout.price or "",
            event["created"],
            units=units,
            is_single=is_single,
            paid=checkout.paid,
            currency=checkout.currency,
        )
        sold_at = min(payment.sold_at, event["created"])
        repository.save_payment(name, replace(payment, sold_at=sold_at))
        for intent in checkout.payments:
            context.link_payment(intent, name)
        self._settle(payment, name, catalog)
        return "applied"

    def _settle(self, payment: PaymentRecord, name: str, catalog: PlanCatalog) -> None:
        """Settle the owner's account, unless it was closed since."""
        if payment.external_id:
            self._context.settle(payment.external_id, name, catalog)

    def _units(self, checkout: Checkout, catalog: PlanCatalog) -> tuple[int, bool]:
        """Return how many try-ons were bought, and whether as single ones."""
        if checkout.try_ons is not None:
            return checkout.try_ons, True
        items, packs = self._items(checkout), self._context.sales.packs
        singles = sum(packs.get(item.price, 0) * item.quantity for item in items)
        if singles:
            return singles, True
        return units_of(items, catalog, {}), False

    def _items(self, checkout: Checkout) -> list[Item]:
        if checkout.price:
            return [Item(checkout.price)]
        return self._context.lookup.items_of_checkout(checkout.id)

    def on_refund(self, thing: Json) -> Outcome:
        """Take back what a payment gave, or its share if the shop's ledger can carry that."""
        context, repository = self._context, self._context.repository
        charge = Charge.read(thing)
        part = None if charge.is_refunded else charge.refunded
        shares = {charge.id: charge.share}
        reversal = Reversal(is_refunded=charge.is_refunded, part=part, shares=shares)
        if charge.invoice:
            for payment in charge.payments:
                repository.save_paid_by(payment, charge.invoice)
        paid = self._find_paid(charge.payments, charge.intent, reversal)
        is_new = paid is not None and repository.merge_reversal(paid, reversal)
        purchase = context.purchase_of(paid) if paid else None
        if purchase is None:
            return self._take_back_old(charge)
        if part and not context.sales.is_exact:
            if is_new:
                self._warn_of_part(charge.id, reversal)
            return "ignored"
        context.settle(*purchase, context.catalog())
        return "applied"

    def on_dispute(self, thing: Json, event: Json) -> Outcome:
        """Suspend what a disputed payment gave; restore it or take it back once decided."""
        context = self._context
        dispute = Dispute.read(thing)
        state = (event["created"], dispute.is_closed, dispute.state)
        reversal = Reversal(disputes={dispute.id: state})
        paid = self._find_paid(dispute.payments, dispute.intent, reversal)
        if paid is None:
            return "ignored"
        context.repository.merge_reversal(paid, reversal)
        purchase = context.purchase_of(paid)
        if purchase is None:
            return "ignored"
        has_changed = context.settle(*purchase, context.catalog())
        return "applied" if has_changed or dispute.state else "ignored"

    def on_invoice_payment(self, thing: Json) -> Outcome:
        """Store which payment paid an invoice; since 2025-03-31 invoices do not contain that."""
        context = self._context
        payment = thing.get("payment")
        payment = payment if isinstance(payment, dict) else {}
        ids = [as_id(payment.get(kind)) for kind in ("payment_intent", "charge")]
        invoice = as_id(thing.get("invoice"))
        if not invoice or not any(ids):
            return "ignored"
        was_reversed = [context.link_payment(each, invoice) for each in ids if each]
        purchase = context.purchase_of(invoice)
        if any(was_reversed) and purchase:
            self._warn_of_part(invoice, context.repository.reversal(invoice))
            context.settle(*purchase, context.catalog())
        return "applied"

    def _find_paid(
        self, payments: tuple[str, ...], intent: str | None, reversal: Reversal
    ) -> str | None:
        """Store a reversal, and return the invoice or Checkout Session that was paid, if known."""
        repository = self._context.repository
        # Written before reading: what the payment paid may be recorded at the same moment.
        for payment in payments:
            repository.merge_reversal(payment, reversal, EVENT_SECONDS)
        paid = next((found for each in payments if (found := repository.paid_by(each))), None)
        if paid is None and intent:
            paid = self._context.lookup.invoice_of_payment(intent)
            if paid:
                repository.save_paid_by(intent, paid)
        return paid

    def _take_back_old(self, charge: Charge) -> Outcome:
        """Take back a sale of version 0.1, if that is what was refunded."""
        repository = self._context.repository
        ids = (*charge.payments, *((charge.invoice,) if charge.invoice else ()))
        paid = [found for each in ids if (found := repository.paid_by(each))]
        for each in (*ids, *paid):
            if charge.is_refunded and (old := repository.old_payment(each)):
                self._context.sales.take_back_old(old, charge.id)
                return "applied"
        return "ignored"

    def _warn_of_part(self, name: str, reversal: Reversal) -> None:
        if reversal.part and not reversal.is_lost and not self._context.sales.is_exact:
            log.warning(
                "%s was partially refunded (%s, in the currency's minor unit). Nothing was taken "
                "back: call genvoris.billing.change_plan() or take_back() if something should be.",
                name,
                reversal.part,
            )
