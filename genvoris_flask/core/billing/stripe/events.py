"""Applies Stripe's events: each once, and one at a time for each Stripe customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...storage.interface import Store
from ..service import Billing
from .context import ShopperOf, StripeContext
from .lookup import Lookup
from .payloads import Checkout, Json, Outcome, as_id
from .payments import Payments
from .repository import StripeRepository
from .subscriptions import Subscriptions

LOCK_WAIT = 15.0
LOCK_HOLD = 180.0  # longer than all requests of one event to Genvoris and Stripe
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
    """Dispatches events to the code for subscriptions and payments.

    Args:
        billing: Changes shoppers' accounts at Genvoris.
        store: Holds the records. It must be shared by all processes that receive events.
        shopper_of: The shop's function from a Stripe customer to the shop's id.
        lookup: Asks Stripe for what an event leaves out.
        default_plan: GENVORIS_DEFAULT_PLAN, which the end of a subscription leads back to.
        metadata_only: Whether ``client_reference_id`` is ignored.
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
        self._repository = StripeRepository(store)
        self._metadata_only = metadata_only
        context = StripeContext(
            billing, self._repository, shopper_of, lookup, default_plan, metadata_only
        )
        self._subscriptions = Subscriptions(context)
        self._payments = Payments(context)

    def apply(self, event: Mapping[str, Any]) -> Outcome:
        """Apply a genuine event.

        Args:
            event: The event, as ``signature.verify`` returned it.

        Raises:
            GenvorisError: It cannot be applied now. Answer with an error, so that Stripe delivers
                it again.
        """
        if event["type"] not in HANDLED or event.get("account"):
            return "ignored"  # connected accounts sell their own things
        thing = event["data"]["object"]
        owner = as_id(thing.get("customer")) or as_id(thing.get("charge")) or str(thing["id"])
        with self._store.lock(f"stripe:{owner}", wait=LOCK_WAIT, hold=LOCK_HOLD):
            if self._repository.is_done(event["id"]):
                return "repeated"
            outcome = self._dispatch(thing, event)
            if outcome == "applied":  # an ignored event may have an effect once its plan exists
                self._repository.set_done(event["id"])
        return outcome

    def _dispatch(self, thing: Json, event: Json) -> Outcome:
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
        """Store whose Stripe customer it is, and start what was bought."""
        if checkout.customer and checkout.external_id:
            self._repository.link(checkout.customer, checkout.external_id)
        if checkout.is_one_off:
            return self._payments.on_checkout(checkout, event)
        return self._subscriptions.on_checkout(checkout)
