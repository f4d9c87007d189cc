"""Applies Stripe's events, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..plan_catalog import PlanCatalog
from .fields import Json
from .lookup import DeferredQuestions, Lookup, ShopperOf, UnansweredError
from .payloads import Checkout, Outcome
from .payments import Payments
from .sales import EventKey, Sales, Settling, StripeContext
from .subscriptions import Subscriptions

HANDLED = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "payment_intent.succeeded",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "invoice.paid",
    "invoice.payment_failed",
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
        sales: Carries out what was sold.
        shopper_of: The shop's function from a Stripe customer to the shop's id.
        lookup: Asks Stripe for what an event leaves out.
        metadata_only: Whether ``client_reference_id`` is ignored.
    """

    def __init__(
        self, sales: Sales, shopper_of: ShopperOf, lookup: Lookup, *, metadata_only: bool = False
    ) -> None:
        self._sales = sales
        self._shopper_of = shopper_of
        self._lookup = lookup
        self._metadata_only = metadata_only

    def end_grace(self, external_id: str | None = None) -> int:
        """Pause those whose payment is overdue for too long, as ``Sales.end_grace`` does."""
        return self._sales.end_grace(external_id)

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

        if self._sales.is_transaction:
            return self._apply_in_transaction(event)
        return self._apply(event, self._sales.catalog, self._shopper_of, self._lookup)

    def _apply_in_transaction(self, event: Json) -> Outcome:
        """Begin again after each question that came up, with its answer."""
        plans = self._sales.catalog()
        questions = DeferredQuestions(self._lookup, self._shopper_of)
        while True:
            try:
                return self._apply(event, lambda: plans, questions.shopper_of, questions)
            except UnansweredError as question:
                question.ask()

    def _apply(
        self,
        event: Json,
        catalog: Callable[[], PlanCatalog],
        shopper_of: ShopperOf,
        lookup: Lookup,
    ) -> Outcome:
        def work(settling: Settling) -> Outcome:
            context = StripeContext(
                self._sales, settling, catalog, shopper_of, lookup, self._metadata_only
            )
            return dispatch(context, event)

        return self._sales.once(EventKey.read(event), work)


def dispatch(context: StripeContext, event: Json) -> Outcome:
    """Handle an event by its type."""
    thing = event["data"]["object"]
    subscriptions, payments = Subscriptions(context), Payments(context)
    match event["type"].split(".")[:2]:
        case ["checkout", _]:
            checkout = Checkout.read(thing, metadata_only=context.metadata_only)
            if checkout.customer and checkout.external_id:
                context.repository.link_buyer(checkout.customer, checkout.external_id)
            if checkout.is_one_off:
                return payments.on_checkout(checkout, event)
            return subscriptions.on_checkout(checkout)
        case ["payment_intent", _]:
            return payments.on_intent(Checkout.of_intent(thing), event)
        case ["customer", "subscription"]:
            return subscriptions.on_subscription(thing, event)
        case ["invoice", "payment_failed"]:
            return subscriptions.on_failed_invoice(thing)
        case ["invoice", _]:
            return subscriptions.on_invoice(thing, event)
        case ["invoice_payment", _]:
            return payments.on_invoice_payment(thing)
        case ["charge", "dispute"]:
            return payments.on_dispute(thing, event)
        case _:
            return payments.on_refund(thing)
