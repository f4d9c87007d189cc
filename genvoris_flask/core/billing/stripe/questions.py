"""Questions to Stripe and to the shop that may come up while an event is handled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .lookup import Lookup
from .payloads import Item, Line

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
