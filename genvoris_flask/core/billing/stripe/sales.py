"""Where what Stripe's events say takes effect: plans at Genvoris, or lots of the shop's ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..plan_catalog import PlanCatalog
from .fields import Json, as_id
from .payloads import Outcome
from .repository import OldPayment, StripeRepository


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

    def take_back_old(self, old: OldPayment, charge: str) -> None:
        """Take back a sale of version 0.1 whose charge was refunded."""
