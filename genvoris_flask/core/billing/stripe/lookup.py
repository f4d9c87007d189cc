"""Looks up at Stripe what its events leave out, outside of transactions that hold locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ....errors import StripeEventError, see
from .fields import Json
from .payloads import Item, Line, items_of, lines_of

if TYPE_CHECKING:
    import stripe

TIMEOUT = 5.0  # seconds; the library's own default is 80
PAGE_SIZE = 100  # the largest that Stripe allows


class Lookup(Protocol):
    """The questions that events may raise."""

    def items_of_checkout(self, session_id: str) -> list[Item]:
        """Return what was bought in a Checkout Session."""

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid."""

    def items_of_subscription(self, subscription: str) -> list[Item]:
        """Return what all items of a subscription sell."""

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for."""


def open_lookup(api_key: str | None) -> Lookup:
    """Return a lookup that uses this key; without one, a lookup that asks nothing."""
    if api_key is None:
        return NoLookup()
    import stripe  # an extra, and slow to import

    http = stripe.RequestsClient(timeout=TIMEOUT)
    return StripeLookup(stripe.StripeClient(api_key, http_client=http, max_network_retries=1))


class NoLookup:
    """Asks nothing, since GENVORIS_STRIPE_API_KEY is not set."""

    def items_of_checkout(self, _session_id: str) -> list[Item]:
        """Return nothing."""
        return []

    def invoice_of_payment(self, _intent: str) -> str | None:
        """Return None."""
        return None

    def items_of_subscription(self, subscription: str) -> list[Item]:
        """Raise StripeEventError: the event lacks items, and Stripe cannot be asked."""
        raise _incomplete(f"items of {subscription}")

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Raise StripeEventError: the event lacks lines, and Stripe cannot be asked."""
        raise _incomplete(f"lines of {invoice}")


def _incomplete(what: str) -> StripeEventError:
    return StripeEventError(
        f"The event does not hold all {what}, and the plan may be among the others: set "
        f"GENVORIS_STRIPE_API_KEY, so that Stripe can be asked ({see('billing.md')})."
    )


class StripeLookup:
    """Asks Stripe's API. A restricted key that may read the objects below is enough.

    All methods raise StripeEventError if Stripe does not answer the question.

    Args:
        client: The library's client.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self._v1 = client.v1

    def items_of_checkout(self, session_id: str) -> list[Item]:
        """Return what was bought in a Checkout Session."""
        with _asking_for("the Checkout Session's line items"):
            lines = self._v1.checkout.sessions.line_items.list(session_id, {"limit": PAGE_SIZE})
            return list(items_of(_all(lines)))

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid; None if it paid none."""
        with _asking_for("which invoice a payment was for"):
            found = self._v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": intent}}
            )
        if not found.data:
            return None
        invoice = found.data[0].invoice
        invoice_id: str = invoice if isinstance(invoice, str) else invoice.id
        return invoice_id

    def items_of_subscription(self, subscription: str) -> list[Item]:
        """Return what all items of a subscription sell now."""
        with _asking_for("the subscription's items"):
            items = self._v1.subscription_items.list(
                {"subscription": subscription, "limit": PAGE_SIZE}
            )
            return list(items_of(_all(items)))

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for."""
        with _asking_for("the invoice's lines"):
            lines = self._v1.invoices.line_items.list(invoice, {"limit": PAGE_SIZE})
            return list(lines_of(_all(lines)))


@contextmanager
def _asking_for(what: str) -> Iterator[None]:
    """Turn the library's errors into StripeEventError."""
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        # The library's message is left out: it may repeat a part of the key.
        kind = type(error).__name__
        raise StripeEventError(
            f"Stripe does not tell {what} ({kind}): check GENVORIS_STRIPE_API_KEY."
        ) from None


def _all(page: Any) -> Iterator[Json]:
    """Yield the objects on this page of a list and on those after it, as plain JSON."""
    for each in page.auto_paging_iter():
        # The library's objects were dicts before version 15.
        yield each if isinstance(each, Mapping) else each.to_dict()


ShopperOf = Callable[[str], str | None]


class UnansweredError(Exception):
    """A question that must be answered outside of the transaction, which is then begun again.

    Args:
        ask: Finds the answer, and keeps it.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__("asked outside of the transaction")
        self.ask = ask


class DeferredQuestions:
    """Answers what it knows, and otherwise raises UnansweredError.

    A transaction that holds locks must not wait for another server. It implements ``Lookup``.

    Args:
        lookup: Asks Stripe.
        shopper_of: The shop's function from a Stripe customer to the shop's id.
    """

    def __init__(self, lookup: Lookup, shopper_of: ShopperOf) -> None:
        self._lookup = lookup
        self._shopper_of = shopper_of
        self._answers: dict[tuple[str, str], Any] = {}

    def shopper_of(self, customer: str) -> str | None:
        """Return the shop's id of a Stripe customer, if the shop knows it."""
        found: str | None = self._answer("shopper_of", customer, self._shopper_of)
        return found

    def items_of_checkout(self, session_id: str) -> list[Item]:
        """Return what was bought in a Checkout Session."""
        found: list[Item] = self._answer("checkout", session_id, self._lookup.items_of_checkout)
        return found

    def invoice_of_payment(self, intent: str) -> str | None:
        """Return the invoice that a payment intent paid."""
        found: str | None = self._answer("invoice", intent, self._lookup.invoice_of_payment)
        return found

    def items_of_subscription(self, subscription: str) -> list[Item]:
        """Return what all items of a subscription sell."""
        ask = self._lookup.items_of_subscription
        found: list[Item] = self._answer("items", subscription, ask)
        return found

    def lines_of_invoice(self, invoice: str) -> list[Line]:
        """Return all periods that an invoice is for."""
        found: list[Line] = self._answer("lines", invoice, self._lookup.lines_of_invoice)
        return found

    def _answer(self, kind: str, name: str, ask: Callable[[str], Any]) -> Any:
        key = (kind, name)
        if key not in self._answers:
            self._defer(key, ask)
        return self._answers[key]

    def _defer(self, key: tuple[str, str], ask: Callable[[str], Any]) -> NoReturn:
        def find_out() -> None:
            self._answers[key] = ask(key[1])

        raise UnansweredError(find_out)
