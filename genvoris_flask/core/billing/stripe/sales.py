"""What the handlers of Stripe's events work with.

What events say takes effect in ``Sales``: as plans at Genvoris, or as lots of the shop's ledger.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ....errors import StripeEventError, see
from ..plan_catalog import PlanCatalog
from .fields import Json, as_id
from .lookup import Lookup, ShopperOf
from .payloads import Outcome
from .records import SubscriptionRecord
from .repository import OldPayment, StripeRepository
from .reversals import Reversal

log: logging.Logger = logging.getLogger("genvoris_flask.billing")


@dataclass(frozen=True)
class EventKey:
    """What an event is known by.

    Attributes:
        id: Stripe's id of the event.
        about: What it says and when, to tell a repeat from another event.
        owner: What its object belongs to: a Stripe customer, a charge, or the object itself.
    """

    id: str
    about: str
    owner: str

    @classmethod
    def read(cls, event: Json) -> EventKey:
        """Return the key of a genuine event."""
        thing = event["data"]["object"]
        owner = as_id(thing.get("customer")) or as_id(thing.get("charge")) or str(thing["id"])
        return cls(event["id"], f"{event['type']} {thing['id']} {event['created']}", owner)


class Settling(Protocol):
    """What the handler of one event works with."""

    @property
    def repository(self) -> StripeRepository:
        """The records that earlier events left."""

    def settle(self, external_id: str, name: str, catalog: PlanCatalog) -> bool:
        """Bring a shopper's account to what follows from all of their purchases.

        Args:
            external_id: The shop's id of the shopper.
            name: The subscription or Checkout Session that the event was about.
            catalog: The current plans.

        Returns:
            Whether that changed anything.

        Raises:
            GenvorisError: It cannot be done now, and must be tried again.
        """


# Handles an event.
Work = Callable[[Settling], Outcome]


class Sales(Protocol):
    """Carries out what the records of Stripe's events say was sold.

    Handlers of events merge what an event says into the records, and then settle the shopper's
    account: what a shopper has follows from the records alone, in whatever order they came about.
    """

    @property
    def is_exact(self) -> bool:
        """Whether sales are carried to the unit, with each period and the share of each refund."""

    @property
    def packs(self) -> Mapping[str, int]:
        """How many single try-ons each of Stripe's prices brings."""

    @property
    def is_transaction(self) -> bool:
        """Whether the work of an event is a transaction, in which nobody else is to be asked."""

    def catalog(self) -> PlanCatalog:
        """Return the current plans."""

    def once(self, event: EventKey, work: Work) -> Outcome:
        """Do the work of an event, unless that was done before; return the outcome.

        An event that is ignored may have an effect when it is delivered again, once its plan
        exists. If the work raises an error, the event counts as not delivered.
        """

    def end_grace(self, external_id: str | None = None) -> int:
        """Pause those whose payment is overdue for longer than the days of grace.

        Args:
            external_id: The shop's id of a shopper; by default all shoppers.

        Returns:
            How many subscriptions were paused.

        Raises:
            GenvorisError: It cannot be done now.
        """

    def take_back_old(self, old: OldPayment, charge: str) -> None:
        """Take back a sale of version 0.1 whose charge was refunded."""


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
        self,
        customer: str | None,
        from_event: str | None,
        from_record: str | None = None,
        *,
        is_closed: bool = False,
    ) -> str:
        """Return the shop's id of a Stripe customer.

        Args:
            customer: Stripe's id of the customer.
            from_event: The shop's id, if the event contains it.
            from_record: The shop's id, if an earlier event about the same purchase contained it.
            is_closed: Whether the purchase is of an account that was closed. Then it is not
                another shopper's just because they have bought as the same customer since.

        Raises:
            StripeEventError: It is not known yet; a checkout that contains it may still come.
        """
        found = from_event or (self.shopper_of(customer) if customer else None) or from_record
        if not found and customer and not is_closed:
            found = self.repository.shopper(customer)
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
        return (payment.external_id, paid) if payment and payment.external_id else None


def warn_of_closed(known: SubscriptionRecord, name: str) -> None:
    """Log that a subscription continues although its owner's account was closed."""
    if known.has_started and known.state != "ended":
        log.warning(
            "%s continues at Stripe although its shopper's account was closed: cancel it there.",
            name,
        )
