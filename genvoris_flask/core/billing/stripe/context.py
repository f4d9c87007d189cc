"""The services that handlers of one of Stripe's events share, and the identity of shoppers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ....errors import StripeEventError, see
from ..plan_catalog import PlanCatalog
from .lookup import Lookup
from .questions import ShopperOf
from .repository import StripeRepository
from .reversals import Reversal
from .sales import Sales, Settling


@dataclass(frozen=True)
class StripeContext:
    """The services that handlers of one event use.

    Attributes:
        sales: Carries out what was sold.
        settling: Has the records, and settles accounts.
        catalog: Returns the current plans.
        shopper_of: The shop's function from a Stripe customer to the shop's id.
        lookup: Asks Stripe for what an event leaves out.
        metadata_only: Whether ``client_reference_id`` is ignored.
    """

    sales: Sales
    settling: Settling
    catalog: Callable[[], PlanCatalog]
    shopper_of: ShopperOf
    lookup: Lookup
    metadata_only: bool = False

    @property
    def repository(self) -> StripeRepository:
        """What earlier events said."""
        return self.settling.repository

    def settle(self, external_id: str, name: str, catalog: PlanCatalog) -> bool:
        """Bring a shopper's account to what follows from all of their purchases.

        Args:
            external_id: The shop's id of the shopper.
            name: The subscription or Checkout Session that the event was about.
            catalog: The current plans.
        """
        return self.settling.settle(external_id, name, catalog)

    def identify(
        self, customer: str | None, from_event: str | None, from_record: str | None = None
    ) -> str:
        """Return the shop's id of a Stripe customer.

        Args:
            customer: Stripe's id of the customer.
            from_event: The shop's id, if the event contains it.
            from_record: The shop's id, if an earlier event about the same purchase contained it.

        Raises:
            StripeEventError: It is not known yet; a checkout that contains it may still come.
        """
        found = from_event or (self.shopper_of(customer) if customer else None) or from_record
        found = found or (self.repository.shopper(customer) if customer else None)
        if not found:
            ways = "metadata" if self.metadata_only else "metadata or a client_reference_id"
            raise StripeEventError(
                f"It is not known yet which shopper the Stripe customer {customer} is: give "
                f"Checkout Sessions {ways}, or use @genvoris.stripe_shopper "
                f"({see('billing.md')})."
            )
        return found

    def link_payment(self, payment: str, paid: str) -> bool:
        """Store which invoice or Checkout Session a payment paid.

        Returns:
            Whether the payment had been reversed, wholly or in part, before this was known.
        """
        # Written before reading: a refund's own event may be recorded at the same moment.
        self.repository.save_paid_by(payment, paid)
        reversal = self.repository.reversal(payment)
        if reversal == Reversal():
            return False
        self.repository.merge_reversal(paid, reversal)
        return True

    def purchase_of(self, paid: str) -> tuple[str, str] | None:
        """Return the shop's id and the purchase that an invoice or Checkout Session belongs to."""
        subscription = self.repository.subscription_of(paid)
        if subscription:
            external_id = self.repository.subscription(subscription).external_id
            return (external_id, subscription) if external_id else None
        payment = self.repository.payment(paid)
        return (payment.external_id, paid) if payment else None
