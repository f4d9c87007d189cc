"""What Stripe says of single payments, refunds and disputes."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace

from ....errors import NotFoundError
from .context import STRIPE, StripeDesk
from .payloads import Checkout, Json, Outcome, as_id
from .records import Bought
from .repository import EVENT_SECONDS
from .reversals import Charge, Dispute, Reversal
from .settlement import Settling

log = logging.getLogger("genvoris_flask.billing")


class Payments:
    """Sells what is paid for once, and takes back what is refunded or lost.

    Args:
        desk: The means.
        settling: Tells Genvoris what follows.
    """

    def __init__(self, desk: StripeDesk, settling: Settling) -> None:
        self._desk = desk
        self._settling = settling

    def sell_once(self, checkout: Checkout, event: Json) -> Outcome:
        """Start what was bought in a Checkout Session without a subscription."""
        if not checkout.is_paid:
            return "ignored"  # checkout.session.async_payment_succeeded comes when it is
        catalog = self._desk.catalog()
        told = [checkout.price] if checkout.price else None
        price = catalog.sold(told or self._desk.lookup.prices_of_checkout(checkout.id))
        if price is None:
            return "ignored"
        owner = self._desk.who(checkout.customer, checkout.external_id)
        known = self._desk.memory.purchase(checkout.id)
        bought = known or Bought(owner, checkout.customer, price, event["created"])
        sold_at = min(bought.sold_at, event["created"])
        self._desk.memory.keep_purchase(checkout.id, replace(bought, sold_at=sold_at))
        for payment in checkout.payments:
            if self._desk.learn_payment(payment, checkout.id):
                self._log_part(payment, self._desk.memory.reversal(payment))
        self._settling.settle(bought.external_id, checkout.id, catalog)
        return "applied"

    def on_refund(self, thing: Json) -> Outcome:
        """Take back what a payment gave; one that is refunded in part is the shop's own affair."""
        charge = Charge.read(thing)
        part = None if charge.is_refunded else charge.refunded
        reversal = Reversal(is_refunded=charge.is_refunded, part=part)
        if charge.invoice:
            for payment in charge.payments:
                self._desk.memory.keep_paid_by(payment, charge.invoice)
        paid = self._find_paid(charge.payments, charge.intent, reversal)
        is_news = paid is not None and self._desk.memory.reverse(paid, reversal)
        found = self._desk.owner_of(paid) if paid else None
        if found is None:
            return self._take_back_old(charge)
        if part:
            if is_news:
                self._log_part(charge.id, reversal)
            return "ignored"
        self._settling.settle(*found, self._desk.catalog())
        return "applied"

    def on_dispute(self, thing: Json, event: Json) -> Outcome:
        """Hold back what a disputed payment gave, and give or take it when that is decided."""
        dispute = Dispute.read(thing)
        state = (event["created"], dispute.is_closed, dispute.state)
        reversal = Reversal(disputes={dispute.id: state})
        paid = self._find_paid(dispute.payments, dispute.intent, reversal)
        if paid is None:
            return "ignored"
        self._desk.memory.reverse(paid, reversal)
        found = self._desk.owner_of(paid)
        if found is None:
            return "ignored"
        told = self._settling.settle(*found, self._desk.catalog())
        return "applied" if told or dispute.state else "ignored"

    def on_invoice_payment(self, thing: Json) -> Outcome:
        """Learn which payment paid an invoice, since newer invoices do not say."""
        payment = thing.get("payment")
        payment = payment if isinstance(payment, dict) else {}
        ids = [as_id(payment.get(kind)) for kind in ("payment_intent", "charge")]
        invoice = as_id(thing.get("invoice"))
        if not invoice or not any(ids):
            return "ignored"
        was_reversed = [self._desk.learn_payment(each, invoice) for each in ids if each]
        found = self._desk.owner_of(invoice)
        if any(was_reversed) and found:
            self._log_part(invoice, self._desk.memory.reversal(invoice))
            self._settling.settle(*found, self._desk.catalog())
        return "applied"

    def _find_paid(
        self, payments: tuple[str, ...], intent: str | None, reversal: Reversal
    ) -> str | None:
        """Return the invoice or the Checkout Session that was paid; it may be heard of later."""
        memory = self._desk.memory
        # Noted before looking: what the payment paid may be noted at this moment.
        for payment in payments:
            memory.reverse(payment, reversal, EVENT_SECONDS)
        paid = next((found for each in payments if (found := memory.paid_by(each))), None)
        if paid is None and intent:
            paid = self._desk.lookup.invoice_of_payment(intent)
            if paid:
                memory.keep_paid_by(intent, paid)
        return paid

    def _take_back_old(self, charge: Charge) -> Outcome:
        """Take back what version 0.1 had sold, when that is what was refunded."""
        ids = (*charge.payments, *((charge.invoice,) if charge.invoice else ()))
        paid = [found for each in ids if (found := self._desk.memory.paid_by(each))]
        for each in (*ids, *paid):
            if charge.is_refunded and (old := self._desk.memory.old_payment(each)):
                with suppress(NotFoundError):
                    self._desk.billing.refund(
                        old.external_id, sale_id=old.sale_id, event_id=STRIPE + charge.id
                    )
                return "applied"
        return "ignored"

    def _log_part(self, name: str, reversal: Reversal) -> None:
        if reversal.part and not reversal.is_lost:
            log.warning(
                "%s was refunded in part (%s, in the currency's minor unit). Nothing was taken "
                "back: call genvoris.billing.change_plan() or take_back() if something is to be.",
                name,
                reversal.part,
            )
