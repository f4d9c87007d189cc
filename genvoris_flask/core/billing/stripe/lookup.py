"""Looks up at Stripe what its events leave out."""

from __future__ import annotations

from typing import Protocol

from ....errors import StripeEventError, see
from .payloads import Line


class Lookup(Protocol):
    """The questions that events may raise."""

    def prices_of_checkout(self, session_id: str) -> list[str]:
        """Return the prices that were bought in a Checkout Session."""

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid."""

    def prices_of_subscription(self, subscription: str) -> list[str]:
        """Return the prices of all items of a subscription."""

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for."""


class NoLookup:
    """Asks nothing, since GENVORIS_STRIPE_API_KEY is not set."""

    def prices_of_checkout(self, _session_id: str) -> list[str]:
        """Return no prices."""
        return []

    def invoice_of_payment(self, _intent: str) -> str | None:
        """Return None."""
        return None

    def prices_of_subscription(self, subscription: str) -> list[str]:
        """Raise StripeEventError: the event lacks items, and Stripe cannot be asked."""
        raise _incomplete(f"items of {subscription}")

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Raise StripeEventError: the event lacks lines, and Stripe cannot be asked."""
        raise _incomplete(f"lines of {invoice}")


def open_lookup(api_key: str | None) -> Lookup:
    """Return a lookup that uses this key; without one, a lookup that asks nothing."""
    if api_key is None:
        return NoLookup()
    from .api_lookup import open_client  # imports the library, which is an extra

    return open_client(api_key)


def _incomplete(what: str) -> StripeEventError:
    return StripeEventError(
        f"The event does not hold all {what}, and the plan may be among the others: set "
        f"GENVORIS_STRIPE_API_KEY, so that Stripe can be asked ({see('billing.md')})."
    )
