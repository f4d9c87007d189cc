"""Applies Stripe's events, each once, one at a time for each Stripe customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...storage.interface import Store
from ..service import Billing
from .context import ShopperOf, StripeDesk
from .lookup import Lookup
from .payloads import Checkout, Json, Outcome, as_id
from .payments import Payments
from .repository import StripeMemory
from .settlement import Settling
from .subscriptions import Subscriptions

LOCK_WAIT = 15.0
LOCK_HOLD = 180.0  # longer than all that one event asks of Genvoris and Stripe
HANDLED = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "invoice.paid",
    "invoice_payment.paid",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


class StripeEvents:
    """Says what each event means for the shopper's quota, and tells Genvoris.

    Args:
        billing: Tells Genvoris.
        store: Remembers; shared by all processes that receive events.
        shopper_of: The shop's own answer to whose Stripe customer this is.
        lookup: Asks Stripe what an event leaves out.
        default_plan: GENVORIS_DEFAULT_PLAN, which the end of a subscription leads back to.
        metadata_only: Whether ``client_reference_id`` does not say whose a purchase is.
    """

    def __init__(
        self,
        billing: Billing,
        store: Store,
        shopper_of: ShopperOf,
        lookup: Lookup,
        *,
        default_plan: str | None = None,
        metadata_only: bool = False,
    ) -> None:
        self._store = store
        self._memory = StripeMemory(store)
        self._metadata_only = metadata_only
        desk = StripeDesk(billing, self._memory, shopper_of, lookup, default_plan, metadata_only)
        settling = Settling(desk)
        self._subscriptions = Subscriptions(desk, settling)
        self._payments = Payments(desk, settling)

    def apply(self, event: Mapping[str, Any]) -> Outcome:
        """Do what a genuine event says.

        Args:
            event: As the official library has verified it.

        Raises:
            GenvorisError: It cannot be done now. Answer with an error: Stripe delivers it again.
        """
        if event["type"] not in HANDLED or event.get("account"):
            return "ignored"  # an account that is connected to the shop's sells its own things
        thing = event["data"]["object"]
        owner = as_id(thing.get("customer")) or as_id(thing.get("charge")) or str(thing["id"])
        with self._store.lock(f"stripe:{owner}", wait=LOCK_WAIT, hold=LOCK_HOLD):
            if self._memory.is_done(event["id"]):
                return "repeated"
            outcome = self._handle(thing, event)
            if outcome == "applied":  # what was ignored may mean something once its plan is there
                self._memory.set_done(event["id"])
        return outcome

    def _handle(self, thing: Json, event: Json) -> Outcome:
        match event["type"].split(".")[:2]:
            case ["checkout", _]:
                checkout = Checkout.read(thing, metadata_only=self._metadata_only)
                return self._on_checkout(checkout, event)
            case ["customer", "subscription"]:
                return self._subscriptions.on_subscription(thing, event)
            case ["invoice", _]:
                return self._subscriptions.on_invoice(thing, event)
            case ["invoice_payment", _]:
                return self._payments.on_invoice_payment(thing)
            case ["charge", "dispute"]:
                return self._payments.on_dispute(thing, event)
            case _:
                return self._payments.on_refund(thing)

    def _on_checkout(self, checkout: Checkout, event: Json) -> Outcome:
        """Learn whose Stripe customer it is, and start what was bought."""
        if checkout.customer and checkout.external_id:
            self._memory.link(checkout.customer, checkout.external_id)
        if checkout.is_one_off:
            return self._payments.sell_once(checkout, event)
        return self._subscriptions.on_checkout(checkout)
