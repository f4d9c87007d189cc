"""Asks Stripe what its events leave out, with the official library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ....errors import StripeEventError, see
from .payloads import Json, Line, lines_of, prices_of

if TYPE_CHECKING:
    from stripe import StripeClient


TIMEOUT = 5.0  # seconds; the library's own is 80
PAGE = 100  # Stripe's largest


class Lookup(Protocol):
    """What can be asked."""

    def prices_of_checkout(self, session_id: str) -> list[str]:
        """Return the prices that were bought in a Checkout Session."""

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid."""

    def prices_of_subscription(self, subscription: str) -> list[str]:
        """Return the prices of all items of a subscription."""

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for."""


class NoLookup:
    """Without GENVORIS_STRIPE_API_KEY nothing is asked."""

    def prices_of_checkout(self, _session_id: str) -> list[str]:
        """Nothing is known."""
        return []

    def invoice_of_payment(self, _intent: str) -> str | None:
        """Nothing is known."""
        return None

    def prices_of_subscription(self, subscription: str) -> list[str]:
        """Raise StripeEventError: what is not in the event is not known."""
        raise _cut_off(f"items of {subscription}")

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Raise StripeEventError: what is not in the event is not known."""
        raise _cut_off(f"lines of {invoice}")


class StripeLookup:
    """Asks by the official library; a restricted key that reads these things is enough.

    Args:
        client: The library's own client.
    """

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    def prices_of_checkout(self, session_id: str) -> list[str]:
        """Return the prices that were bought in a Checkout Session.

        Raises:
            StripeEventError: Stripe does not say so now.
        """
        import stripe

        try:
            lines = self._client.v1.checkout.sessions.line_items.list(session_id, {"limit": PAGE})
            return list(prices_of(_all(lines)))
        except stripe.StripeError as error:
            raise _cannot("the Checkout Session's line items", error) from None

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid; None for one that paid none.

        Raises:
            StripeEventError: Stripe does not say so now.
        """
        import stripe

        try:
            found = self._client.v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": intent}}
            )
        except stripe.StripeError as error:
            raise _cannot("which invoice a payment was for", error) from None
        if not found.data:
            return None
        invoice = found.data[0].invoice
        invoice_id: str = invoice if isinstance(invoice, str) else invoice.id
        return invoice_id

    def prices_of_subscription(self, subscription: str) -> list[str]:
        """Return the prices of all items of a subscription, as they are now.

        Raises:
            StripeEventError: Stripe does not say so now.
        """
        import stripe

        try:
            items = self._client.v1.subscription_items.list(
                {"subscription": subscription, "limit": PAGE}
            )
            return list(prices_of(_all(items)))
        except stripe.StripeError as error:
            raise _cannot("the subscription's items", error) from None

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for.

        Raises:
            StripeEventError: Stripe does not say so now.
        """
        import stripe

        try:
            lines = self._client.v1.invoices.line_items.list(invoice, {"limit": PAGE})
            return list(lines_of(_all(lines)))
        except stripe.StripeError as error:
            raise _cannot("the invoice's lines", error) from None


def open_lookup(api_key: str | None) -> Lookup:
    """Return what asks with this key; without one, what asks nothing."""
    if api_key is None:
        return NoLookup()
    import stripe

    http = stripe.RequestsClient(timeout=TIMEOUT)
    return StripeLookup(stripe.StripeClient(api_key, http_client=http, max_network_retries=1))


def _cannot(what: str, error: Exception) -> StripeEventError:
    # The library's own text may repeat a part of the key.
    kind = type(error).__name__
    return StripeEventError(f"Stripe does not tell {what} ({kind}): check GENVORIS_STRIPE_API_KEY.")


def _cut_off(what: str) -> StripeEventError:
    return StripeEventError(
        f"The event does not hold all {what}, and the plan may be among the others: set "
        f"GENVORIS_STRIPE_API_KEY, so that Stripe can be asked ({see('billing.md')})."
    )


def _all(page: Any) -> Iterator[Json]:
    """Yield what is on this page of a list and on those after it, as plain JSON."""
    for each in page.auto_paging_iter():
        # Objects of the library were dicts before its version 15.
        yield each if isinstance(each, Mapping) else each.to_dict()
