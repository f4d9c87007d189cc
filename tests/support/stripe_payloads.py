"""Events as Stripe sends them, in the shapes before (“acacia”) and since (“basil”) 2025-03-31."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any

SECRET = "whsec_stripe_test_0123456789"
MONTH = 30 * 24 * 3600
T0 = 1_780_000_000
_numbers = itertools.count(1)


def signed(event: dict[str, Any], secret: str = SECRET, at: float | None = None) -> dict[str, Any]:
    """Return body and headers for a test client, signed as Stripe documents it."""
    body = json.dumps(event, indent=2).encode()
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    header = f"t={stamp},v1={digest},v0={'0' * 64}"
    return {
        "data": body,
        "headers": {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"},
    }


class Stripe:
    """Makes the events of one customer.

    Args:
        basil: Which shapes.
        metadata: Of the subscription.
        born: When the subscription was made, in seconds after T0.

    Attributes:
        extra: Other fields of the subscription.
    """

    def __init__(
        self, basil: bool = True, metadata: dict[str, str] | None = None, born: int = 0
    ) -> None:
        number = next(_numbers)
        self.basil = basil
        self.born = born
        self.metadata = metadata or {}
        self.customer = f"cus_Rk{number}"
        self.subscription = f"sub_1Qx{number}"
        self.invoice = f"in_1Qx{number}"
        self.intent = f"pi_3Qx{number}"
        self.charge = f"ch_3Qx{number}"
        self.session = f"cs_test_a1{number}"
        self.extra: dict[str, Any] = {}

    def event(self, kind: str, thing: dict[str, Any], at: int = 0, **more: Any) -> dict[str, Any]:
        """Return an event about an object."""
        return {
            "id": f"evt_1Qx{next(_numbers)}",
            "object": "event",
            "api_version": "2025-08-27.basil" if self.basil else "2024-12-18.acacia",
            "created": T0 + at,
            "data": {"object": thing, **more},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": "req_w1", "idempotency_key": "0f1e2d3c"},
            "type": kind,
        }

    def checkout(
        self, reference: str | None = "ada", at: int = 4, **changes: Any
    ) -> dict[str, Any]:
        """Return a completed Checkout Session of a subscription."""
        thing = {
            "id": self.session,
            "object": "checkout.session",
            "amount_subtotal": 900,
            "amount_total": 900,
            "client_reference_id": reference,
            "currency": "eur",
            "customer": self.customer,
            "customer_details": {"email": "ada@example.com", "name": "Ada"},
            "invoice": self.invoice,
            "metadata": {},
            "mode": "subscription",
            "payment_intent": None,
            "payment_status": "paid",
            "status": "complete",
            "subscription": self.subscription,
            **changes,
        }
        return self.event("checkout.session.completed", thing, at=at)

    def one_off(self, **changes: Any) -> dict[str, Any]:
        """Return a completed Checkout Session of a single payment."""
        one_off = {"mode": "payment", "subscription": None, "payment_intent": self.intent}
        return self.checkout(**{**one_off, "invoice": None, **changes})

    def bought(self, shopper: str = "ada", try_ons: int = 5, **changes: Any) -> dict[str, Any]:
        """Return a paid Checkout Session for single try-ons, as this package makes it."""
        metadata = {"genvoris_external_id": shopper, "genvoris_try_ons": str(try_ons)}
        one_off = {"reference": shopper, "metadata": metadata, "customer": None}
        return self.one_off(**{**one_off, **changes})

    def intent_paid(
        self, shopper: str = "ada", try_ons: int = 5, at: int = 3, **changes: Any
    ) -> dict[str, Any]:
        """Return the event of a session's payment intent."""
        thing = {
            "id": self.intent,
            "object": "payment_intent",
            "amount": 900,
            "amount_received": 900,
            "currency": "eur",
            "customer": None,
            "latest_charge": self.charge,
            "metadata": {"genvoris_external_id": shopper, "genvoris_try_ons": str(try_ons)},
            "status": "succeeded",
            **changes,
        }
        return self.event("payment_intent.succeeded", thing, at=at)

    def change(
        self,
        kind: str = "updated",
        price: str = "pro",
        status: str = "active",
        at: int = 0,
        was: str | None = None,
        more: int = 0,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return a ``customer.subscription`` event.

        Args:
            kind: What happened.
            price: That of its item.
            status: As Stripe has it now.
            at: When, in seconds after T0.
            was: The price before, when this changed it.
            more: So many items of other things come first; Stripe shows ten at most.
            changes: Other fields.
        """
        period = {"current_period_start": T0, "current_period_end": T0 + MONTH}
        item = {
            "id": "si_Rk1",
            "object": "subscription_item",
            "created": T0,
            "metadata": {},
            "price": {
                "id": price,
                "object": "price",
                "active": True,
                "currency": "eur",
                "recurring": {"interval": "month", "interval_count": 1},
                "unit_amount": 900,
            },
            "quantity": 1,
            "subscription": self.subscription,
            **(period if self.basil else {}),
        }
        items = [{**item, "id": f"si_More{n}", "price": _other_price(n)} for n in range(more)]
        items.append(item)
        thing = {
            "id": self.subscription,
            "object": "subscription",
            "cancel_at_period_end": False,
            "created": T0 + self.born,
            "currency": "eur",
            "customer": self.customer,
            "items": _page(items),
            "latest_invoice": self.invoice,
            "metadata": self.metadata,
            "pause_collection": None,
            "status": status,
            **({} if self.basil else period),
            **self.extra,
            **changes,
        }
        before = {"previous_attributes": {"items": {}, "plan": {"id": was}}} if was else {}
        return self.event(f"customer.subscription.{kind}", thing, at=at, **before)

    def paid(
        self,
        reason: str = "subscription_cycle",
        month: int = 1,
        price: str = "pro",
        at: int = 0,
        more: int = 0,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return a paid invoice of a month; 0 is the first.

        ``more`` lines of other things come first.
        """
        line = {
            "id": f"il_1Qx{month}",
            "object": "line_item",
            "amount": 900,
            "currency": "eur",
            "description": "1 x Pro (at €9.00 / month)",
            "metadata": self.metadata,
            "period": {"start": T0 + month * MONTH, "end": T0 + (month + 1) * MONTH},
            "quantity": 1,
        }
        thing = {
            "id": self.invoice if month == 0 else f"{self.invoice}_{month}",
            "object": "invoice",
            "amount_due": 900,
            "amount_paid": 900,
            "billing_reason": reason,
            "collection_method": "charge_automatically",
            "created": T0 + at,
            "currency": "eur",
            "customer": self.customer,
            "customer_email": "ada@example.com",
            "lines": {"object": "list", "data": [], "has_more": False, "total_count": 1},
            "metadata": {},
            "status": "paid",
        }
        link = {"subscription": self.subscription, "metadata": self.metadata}
        if self.basil:
            thing["parent"] = {
                "quote_details": None,
                "subscription_details": link,
                "type": "subscription_details",
            }
            line["parent"] = {
                "invoice_item_details": None,
                "subscription_item_details": {"proration": False, **link},
                "type": "subscription_item_details",
            }
            line["pricing"] = {
                "price_details": {"price": price, "product": "prod_Rk1"},
                "type": "price_details",
                "unit_amount_decimal": "900",
            }
        else:
            thing |= {
                "charge": f"{self.charge}_{month}",
                "paid": True,
                "payment_intent": f"{self.intent}_{month}",
                "subscription": self.subscription,
                "subscription_details": {"metadata": self.metadata},
            }
            line |= {"plan": {"id": price, "object": "plan"}, "proration": False}
            line["price"] = {"id": price, "object": "price", "type": "recurring"}
        others = [self._line_of_other(line, n) for n in range(more)]
        thing["lines"] = _page([*others, line])
        return self.event("invoice.paid", {**thing, **changes}, at=at)

    def _line_of_other(self, line: dict[str, Any], number: int) -> dict[str, Any]:
        price = _other_price(number)
        if self.basil:
            details = {"price": price["id"], "product": "prod_More"}
            return {**line, "id": f"il_More{number}", "pricing": {"price_details": details}}
        return {**line, "id": f"il_More{number}", "price": price, "plan": price}

    def refunded(
        self, month: int | None = 0, whole: bool = True, at: int = 50, **changes: Any
    ) -> dict[str, Any]:
        """Return a refund of a month's charge, or of a single payment if ``month`` is None."""
        tail = "" if month is None else f"_{month}"
        thing = {
            "id": f"{self.charge}{tail}",
            "object": "charge",
            "amount": 900,
            "amount_captured": 900,
            "amount_refunded": 900 if whole else 300,
            "currency": "eur",
            "customer": self.customer,
            "metadata": {},
            "paid": True,
            "payment_intent": f"{self.intent}{tail}",
            "refunded": whole,
            "status": "succeeded",
            **changes,
        }
        if not self.basil and month is not None:
            thing["invoice"] = self.invoice if month == 0 else f"{self.invoice}_{month}"
        return self.event("charge.refunded", thing, at=at)

    def disputed(
        self,
        kind: str = "created",
        status: str = "needs_response",
        month: int | None = 0,
        at: int = 60,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return a dispute of a month's charge, or of a single payment if ``month`` is None."""
        tail = "" if month is None else f"_{month}"
        thing = {
            "id": f"dp_{self.charge}{tail}",
            "object": "dispute",
            "amount": 900,
            "balance_transactions": [],
            "charge": f"{self.charge}{tail}",
            "created": T0 + at,
            "currency": "eur",
            "evidence": {},
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": f"{self.intent}{tail}",
            "reason": "fraudulent",
            "status": status,
            **changes,
        }
        return self.event(f"charge.dispute.{kind}", thing, at=at)

    def invoice_payment(self, month: int = 0, at: int = 3) -> dict[str, Any]:
        """Return the event that says, since basil, which payment paid an invoice."""
        thing = {
            "id": f"inpay_1Qx{month}",
            "object": "invoice_payment",
            "amount_paid": 900,
            "amount_requested": 900,
            "currency": "eur",
            "invoice": self.invoice if month == 0 else f"{self.invoice}_{month}",
            "is_default": True,
            "payment": {"payment_intent": f"{self.intent}_{month}", "type": "payment_intent"},
            "status": "paid",
        }
        return self.event("invoice_payment.paid", thing, at=at)


def _page(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list as events contain it: at most ten items."""
    total = {"has_more": len(items) > 10, "total_count": len(items)}
    return {"object": "list", "data": items[:10], **total}


def _other_price(number: int) -> dict[str, Any]:
    return {"id": f"price_of_socks_{number}", "object": "price"}
