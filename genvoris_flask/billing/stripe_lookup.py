"""Asks Stripe what its events leave out, with the official library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import StripeError

if TYPE_CHECKING:
    from stripe import StripeClient


TIMEOUT = 5.0  # seconds; the library's own is 80


class Lookup(Protocol):
    """What can be asked."""

    def prices_of_checkout(self, session_id: str) -> list[str]:
        """Give the prices that were bought in a Checkout Session."""

    def invoice_of_payment(self, intent: str) -> str | None:
        """Give the invoice that a payment intent paid."""


class NoLookup:
    """Without GENVORIS_STRIPE_API_KEY nothing is asked."""

    def prices_of_checkout(self, _session_id: str) -> list[str]:
        """Nothing is known."""
        return []

    def invoice_of_payment(self, _intent: str) -> str | None:
        """Nothing is known."""
        return None


class StripeLookup:
    """Asks by the official library; a restricted key that reads these two things is enough.

    Args:
        client: The library's own client.
    """

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    def prices_of_checkout(self, session_id: str) -> list[str]:
        """Give the prices that were bought in a Checkout Session.

        Raises:
            StripeError: Stripe does not say so now.
        """
        import stripe

        try:
            lines = self._client.v1.checkout.sessions.line_items.list(session_id)
        except stripe.StripeError as error:
            raise _cannot("the Checkout Session's line items", error) from None
        prices: list[str] = [line.price.id for line in lines.data if line.price]
        return prices

    def invoice_of_payment(self, intent: str) -> str | None:
        """Give the invoice that a payment intent paid; None for one that paid none.

        Raises:
            StripeError: Stripe does not say so now.
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


def open_lookup(api_key: str | None) -> Lookup:
    """Give what asks with this key; without one, what asks nothing."""
    if api_key is None:
        return NoLookup()
    import stripe

    http = stripe.RequestsClient(timeout=TIMEOUT)
    return StripeLookup(stripe.StripeClient(api_key, http_client=http, max_network_retries=1))


def _cannot(what: str, error: Exception) -> StripeError:
    # The library's own text may repeat a part of the key.
    kind = type(error).__name__
    return StripeError(f"Stripe does not tell {what} ({kind}): check GENVORIS_STRIPE_API_KEY.")
