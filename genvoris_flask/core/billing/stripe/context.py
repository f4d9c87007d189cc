"""What all of Stripe's events need: whose they are, what is sold, and what was paid for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ....errors import StripeEventError, see
from ...api.models import Customer
from ...sessions.shopper import Shopper
from ..catalog import Catalog
from ..service import Billing
from .lookup import Lookup
from .repository import StripeMemory
from .reversals import Reversal

# What the ids of Stripe's sales begin with.
STRIPE = "stripe:"

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
        metadata_only: Whether ``client_reference_id`` says nothing.
    """

    billing: Billing
    memory: StripeMemory
    shopper_of: ShopperOf
    lookup: Lookup
    default_plan: str | None
    metadata_only: bool = False

    def catalog(self) -> Catalog:
        """Return the plans as they are now."""
        return self.billing.plans.catalog()

    def customer(self, external_id: str) -> Customer | None:
        """Return a shopper as Genvoris knows them, if it does."""
        return self.billing.accounts.find(Shopper(external_id))

    def who(self, customer: str | None, told: str | None, known: str | None = None) -> str:
        """Return the shop's id of a Stripe customer.

        Args:
            customer: Stripe's id.
            told: What the event itself says.
            known: What an earlier event said of the same purchase.

        Raises:
            StripeEventError: It is not known yet; the checkout that says so may still come.
        """
        found = told or (self.shopper_of(customer) if customer else None) or known
        found = found or (self.memory.shopper(customer) if customer else None)
        if not found:
            ways = "metadata" if self.metadata_only else "metadata or a client_reference_id"
            raise StripeEventError(
                f"It is not known yet which shopper the Stripe customer {customer} is: give "
                f"Checkout Sessions {ways}, or use @genvoris.stripe_shopper "
                f"({see('billing.md')})."
            )
        return found

    def learn_payment(self, payment: str, paid: str) -> bool:
        """Remember which invoice or Checkout Session a payment paid.

        Returns:
            Whether something of the payment was taken back before this was known.
        """
        # Written before looking: a refund may be noted by its own event at this moment.
        self.memory.keep_paid_by(payment, paid)
        reversal = self.memory.reversal(payment)
        if reversal == Reversal():
            return False
        self.memory.reverse(paid, reversal)
        return True

    def owner_of(self, paid: str) -> tuple[str, str] | None:
        """Return whose an invoice or a Checkout Session is, and the purchase that it belongs to."""
        subscription = self.memory.subscription_of(paid)
        if subscription:
            external_id = self.memory.subscription(subscription).external_id
            return (external_id, subscription) if external_id else None
        bought = self.memory.purchase(paid)
        return (bought.external_id, paid) if bought else None
