"""What Stripe says of one-off payments and refunds."""

from __future__ import annotations

from .stripe_desk import StripeDesk
from .stripe_memory import Payment
from .stripe_shapes import Charge, Checkout, Json, Outcome, as_id


class Payments:
    """Sells what is paid for once, and takes back what is refunded.

    Args:
        desk: The means.
    """

    def __init__(self, desk: StripeDesk) -> None:
        self._desk = desk

    def sell_once(self, checkout: Checkout) -> Outcome:
        """Start what was bought in a Checkout Session without a subscription."""
        if not checkout.is_paid:
            return "ignored"  # checkout.session.async_payment_succeeded comes when it is
        told = [checkout.price] if checkout.price else None
        price = self._desk.first_known(told or self._desk.lookup.prices_of_checkout(checkout.id))
        if price is None:
            return "ignored"
        external_id = self._desk.who(checkout.customer, checkout.external_id)
        sale = Payment(external_id, f"stripe:{checkout.id}")
        self._desk.billing.activate(external_id, price_id=price, event_id=sale.sale_id)
        self._desk.note_payment(checkout.payments, sale)
        return "applied"

    def on_refund(self, thing: Json) -> Outcome:
        """Take back what a payment gave; a refund in part is the shop's own affair."""
        charge = Charge.read(thing)
        if not charge.is_refunded:
            return "ignored"
        ids = charge.payments
        payment = self._desk.memory.payment(ids)
        if payment is None and charge.intent:
            invoice = self._desk.memory.invoice(charge.intent)
            invoice = invoice or self._desk.lookup.invoice_of_payment(charge.intent)
            ids = (*ids, invoice) if invoice else ids
            payment = self._desk.memory.payment(ids)
        if payment is None:
            self._desk.memory.keep_refund(ids)  # it may come before what it refunds
            return "ignored"
        self._desk.take_back(payment, charge.id)
        return "applied"

    def on_invoice_payment(self, thing: Json) -> Outcome:
        """Learn which payment paid an invoice, since newer invoices do not say."""
        intent = as_id(thing.get("payment", {}).get("payment_intent"))
        invoice = as_id(thing.get("invoice"))
        if not intent or not invoice:
            return "ignored"
        self._desk.memory.keep_invoice(intent, invoice)
        if self._desk.memory.was_refunded((intent,)):
            # Written before looking: the invoice's own event may be handled at this moment.
            self._desk.memory.keep_refund((invoice,))
            if payment := self._desk.memory.payment((invoice,)):
                self._desk.take_back(payment, intent)
        return "applied"
