"""What all of Stripe's events need: whose they are, what is sold, and what was paid for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from ..errors import NotFoundError, StripeError, see
from .desk import Billing
from .stripe_lookup import Lookup
from .stripe_memory import Payment, StripeMemory

ShopperOf = Callable[[str], str | None]


@dataclass(frozen=True)
class StripeDesk:
    """The means of handling events.

    Attributes:
        billing: Tells Genvoris.
        memory: Remembers what earlier events said.
        shopper_of: The shop's own answer to whose Stripe customer this is.
        lookup: Asks Stripe what an event leaves out.
        default_plan: GENVORIS_DEFAULT_PLAN, which the end of a subscription leads back to.
    """

    billing: Billing
    memory: StripeMemory
    shopper_of: ShopperOf
    lookup: Lookup
    default_plan: str | None

    def who(self, customer: str | None, told: str | None) -> str:
        """Give the shop's id of a Stripe customer.

        Raises:
            StripeError: It is not known yet; the checkout that says so may still come.
        """
        known = (self.shopper_of(customer) or self.memory.shopper(customer)) if customer else None
        found = told or known
        if not found:
            raise StripeError(
                f"It is not known yet which shopper the Stripe customer {customer} is: give "
                "Checkout Sessions a client_reference_id, or use @genvoris.stripe_shopper "
                f"({see('billing.md')})."
            )
        if customer:
            self.memory.link(customer, found)  # each time, so that it lasts
        return found

    def first_known(self, prices: Iterable[str]) -> str | None:
        """Give the first price that is a plan's; the others are of other things."""
        asked = list(prices)
        known = self.billing.known_prices() if asked else set()
        return next((price for price in asked if price in known), None)

    def is_current(self, external_id: str, subscription: str) -> bool:
        """Say whether the shopper's plan comes from this subscription, not from a newer one."""
        return self.memory.current(external_id) in (None, subscription)

    def note_payment(self, ids: tuple[str, ...], payment: Payment) -> None:
        """Remember what a payment paid for; it may have been refunded before we knew."""
        self.memory.keep_payment(ids, payment)
        if self.memory.was_refunded(ids):
            self.take_back(payment, ids[0])

    def take_back(self, payment: Payment, refund_id: str) -> None:
        """Take back what a payment gave, unless something was bought since."""
        with suppress(NotFoundError):
            self.billing.refund(
                payment.external_id, sale_id=payment.sale_id, event_id=f"stripe:{refund_id}"
            )
