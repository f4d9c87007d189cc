"""Carries out Stripe's sales as plans at Genvoris, for shops without a ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

from ....errors import NotFoundError
from ...storage.interface import Store
from ..plan_catalog import PlanCatalog
from ..service import Billing
from .choice import STRIPE, PlanContext
from .payloads import Outcome
from .repository import LOCK_HOLD, LOCK_WAIT, OldPayment, StripeRepository
from .sales import EventKey, Work
from .settlement import settle


class PlanSettling:
    """Brings shoppers to the plans that they have bought; implements ``Settling``."""

    def __init__(self, context: PlanContext) -> None:
        self._context = context

    @property
    def repository(self) -> StripeRepository:
        """The records that earlier events left."""
        return self._context.repository

    def settle(self, external_id: str, name: str, catalog: PlanCatalog) -> bool:
        """Report to Genvoris what follows from all of a shopper's purchases.

        A subscription in its days of grace is noted, since no event tells when they end.
        """
        has_changed = settle(self._context, external_id, name, catalog)
        known = self.repository.subscription(name)
        ends = None
        # Whose account was closed is not to be noted again.
        if known.is_of(external_id) and not self._context.is_overdue(known):
            ends = self._context.grace_end(known)
        self.repository.note_overdue(name, external_id, ends)
        return has_changed


class PlanSales:
    """Changes shoppers' plans; implements ``Sales``.

    Args:
        billing: Changes shoppers' accounts at Genvoris.
        store: Holds the records. It must be shared by all processes that receive events.
        default_plan: GENVORIS_DEFAULT_PLAN, which the end of a subscription leads back to.
        grace_days: GENVORIS_GRACE_DAYS, after which an overdue subscription is paused.
        clock: Returns the time in Unix seconds.
    """

    is_exact = False
    packs: Mapping[str, int] = MappingProxyType({})
    is_transaction = False

    def __init__(
        self,
        billing: Billing,
        store: Store,
        default_plan: str | None,
        *,
        grace_days: int = 3,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._billing = billing
        self._store = store
        self._context = PlanContext(
            billing, StripeRepository(store), default_plan, grace_days, clock
        )

    def catalog(self) -> PlanCatalog:
        """Fetch the current plans."""
        return self._billing.plans.catalog()

    def once(self, event: EventKey, work: Work) -> Outcome:
        """Do the work of an event once, and one at a time for each Stripe customer."""
        repository = self._context.repository
        with self._store.lock(f"stripe:{event.owner}", wait=LOCK_WAIT, hold=LOCK_HOLD):
            if repository.is_done(event.id):
                return "repeated"
            outcome = work(PlanSettling(self._context))
            if outcome == "applied":
                repository.set_done(event.id)
        return outcome

    def end_grace(self, external_id: str | None = None) -> int:
        """Pause subscriptions whose days of grace have ended; return how many there were."""
        now, overdue = self._context.clock(), self._context.repository.overdue()
        due = {
            name: owner
            for name, (owner, ends) in overdue.items()
            if ends <= now and external_id in (None, owner)
        }
        if not due:
            return 0
        settling, catalog = PlanSettling(self._context), self.catalog()
        for name, owner in due.items():
            settling.settle(owner, name, catalog)
        return len(due)

    def take_back_old(self, old: OldPayment, charge: str) -> None:
        """Take back a sale of version 0.1 whose charge was refunded."""
        with suppress(NotFoundError):
            self._billing.refund(old.external_id, sale_id=old.sale_id, event_id=STRIPE + charge)
