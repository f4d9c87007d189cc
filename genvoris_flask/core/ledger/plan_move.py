"""Moves shoppers from plans at Genvoris into the ledger, which decides from then on.

What is left of a shopper's running period becomes a lot. Then Genvoris is told to count that
shopper without a limit. A shopper is moved once: an interrupted move is continued by repeating it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, Protocol

from ...errors import NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer, Plan, Usage
from ..billing.plan_catalog import UNLIMITED, PlanCatalog, PlanService, is_granted, is_unlimited

# Genvoris's periods.
PERIOD = timedelta(days=30)

PlanKind = Literal["subscription", "gift", "free"]
Outcome = Literal["moved", "moved before", "nothing to move", "not this shop's"]


@dataclass(frozen=True)
class PlanBalance:
    """What a shopper has by a plan at Genvoris.

    Attributes:
        external_id: The shop's id of the shopper.
        customer_id: Genvoris's id.
        plan_id: Genvoris's id of the plan.
        kind: Whether the plan was sold, granted, or is that of new shoppers.
        units: Try-ons of the running period.
        used: How many of them were made.
        starts_at: When the period began.
        ends_at: When it ends.
        monthly: Try-ons of later periods.
        is_paused: Whether the shopper was paused.
    """

    external_id: str
    customer_id: str
    plan_id: str
    kind: PlanKind
    units: int
    used: int
    starts_at: datetime
    ends_at: datetime
    monthly: int
    is_paused: bool = False

    @property
    def left(self) -> int:
        """How many try-ons are left, whether or not the shopper is paused."""
        return max(0, self.units - self.used)

    def at(self, now: datetime) -> PlanBalance:
        """Return it as Genvoris's next answer will say: a period that is over begins anew."""
        if self.ends_at > now or self.is_paused:
            return self
        begin = self.ends_at + (now - self.ends_at) // PERIOD * PERIOD
        return replace(self, units=self.monthly, used=0, starts_at=begin, ends_at=begin + PERIOD)


@dataclass(frozen=True)
class LedgerMove:
    """What a move did in the ledger.

    Attributes:
        is_new: Whether it moved something, rather than finding it moved.
        before: What the shopper had in the ledger.
        after: What they have there now.
        held: How many more a pause keeps back.
        until: When what was moved ends; None if it does not, or if nothing was.
    """

    is_new: bool
    before: int
    after: int
    held: int
    until: datetime | None


class MoveTarget(Protocol):
    """The ledger, as far as a move needs it."""

    def move_in(self, plan: PlanBalance, *, dry_run: bool = False) -> LedgerMove:
        """Put what is left of a plan into the ledger, once; with ``dry_run``, only say how."""


@dataclass(frozen=True)
class MovedShopper:
    """What became of one customer of Genvoris's.

    Attributes:
        external_id: The shop's id of the shopper; Genvoris's if the shop has none.
        plan: The plan's name.
        kind: What it is.
        genvoris: What they have left by the plan.
        ledger: What they have in the ledger.
        after: What they have in the ledger afterwards.
        held: How many more a pause keeps back.
        until: When what was moved ends.
        outcome: What was done, or would be.
    """

    external_id: str
    outcome: Outcome
    plan: str | None = None
    kind: PlanKind | None = None
    genvoris: int = 0
    ledger: int = 0
    after: int = 0
    held: int = 0
    until: datetime | None = None


class PlanMove:
    """Moves all shoppers who have a plan at Genvoris.

    Args:
        client: The REST client.
        plans: The plans at Genvoris.
        ledger: Where the shoppers are moved to.
        prefix: GENVORIS_EXTERNAL_ID_PREFIX.
        clock: Returns the time in Unix seconds.
    """

    def __init__(
        self,
        client: GenvorisClient,
        plans: PlanService,
        ledger: MoveTarget,
        *,
        prefix: str,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._plans = plans
        self._ledger = ledger
        self._prefix = prefix
        self._clock = clock

    def run(self, *, dry_run: bool = False, limit: int | None = None) -> Iterator[MovedShopper]:
        """Move one shopper after the other; yield what became of each customer.

        Args:
            dry_run: Neither Genvoris nor the ledger is changed.
            limit: At most so many customers, for a preview that must not take long.
        """
        # All are listed first, since a change of one could shift the pages after it.
        customers = list(islice(self._client.customers.iterate(), limit))
        catalog = self._plans.catalog()
        for customer in customers:
            yield self._move(customer, catalog, dry_run)

    def _move(self, customer: Customer, catalog: PlanCatalog, dry_run: bool) -> MovedShopper:
        external_id = customer.external_id
        if external_id is None or not external_id.startswith(self._prefix):
            return MovedShopper(external_id or customer.id, "not this shop's")
        external_id = external_id.removeprefix(self._prefix)
        plan = catalog.by_id(customer.plan_id)
        if plan is not None and is_unlimited(plan):
            return MovedShopper(external_id, "moved before", plan.name)
        found = self._balance(external_id, customer, plan)
        if plan is None or found is None:
            return MovedShopper(external_id, "nothing to move", plan.name if plan else None)
        moved = self._ledger.move_in(found, dry_run=dry_run)
        if not dry_run:
            # A pause is kept in the ledger, where a later call can end it.
            self._client.customers.update(customer.id, plan_id=self._unlimited, status="ACTIVE")
        return MovedShopper(
            external_id,
            "moved" if moved.is_new else "moved before",
            plan.name,
            found.kind,
            0 if found.is_paused else found.left,
            moved.before,
            moved.after,
            moved.held,
            moved.until,
        )

    @functools.cached_property
    def _unlimited(self) -> str:
        """The plan by which Genvoris counts a shopper without a limit."""
        return self._plans.unlimited()

    def _balance(
        self, external_id: str, customer: Customer, plan: Plan | None
    ) -> PlanBalance | None:
        """Return what a customer has; None if that is nothing."""
        if plan is None or customer.status == "CANCELLED":
            return None
        kind = self._kind(plan)
        if kind == "free" and (plan.monthly_try_ons or 0) >= UNLIMITED:
            return None  # the shop pays for everyone, so nobody has bought anything
        try:
            usage = self._client.customers.usage(customer.id)
        except NotFoundError:  # deleted meanwhile
            return None
        return _read(external_id, usage, plan, kind, self._now())

    def _kind(self, plan: Plan) -> PlanKind:
        if plan.id == self._plans.default_plan:
            return "free"
        return "gift" if is_granted(plan) else "subscription"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _read(external_id: str, usage: Usage, plan: Plan, kind: PlanKind, now: datetime) -> PlanBalance:
    starts_at = usage.period_start or now
    monthly = plan.monthly_try_ons or 0
    found = PlanBalance(
        external_id=external_id,
        customer_id=usage.customer_id,
        plan_id=plan.id,
        kind=kind,
        units=monthly if usage.limit is None else usage.limit,
        used=usage.used,
        starts_at=starts_at,
        ends_at=usage.period_end or starts_at + PERIOD,
        monthly=monthly,
        is_paused=usage.status == "PAUSED",
    )
    return found.at(now)
