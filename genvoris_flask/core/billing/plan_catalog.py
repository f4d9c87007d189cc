"""The plans at Genvoris: those that are declared, by their prices, and those of granted try-ons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...errors import ConfigurationError
from ..api.client import GenvorisClient
from ..api.models import Customer, Plan
from ..storage.interface import Store
from .catalog import GRANTED, Catalog
from .plan_sync import PlanChange, apply_changes, plan_changes
from .plans import DeclaredPlan

# Looks a plan up when it is needed; None names no plan.
PlanName = Callable[[], str | None]

SYNC_WAIT = 30.0
SYNC_HOLD = 120.0


class PlanBook:
    """Finds plans, and makes them.

    Args:
        client: Speaks to Genvoris.
        store: Keeps two processes from synchronising at once.
        declared: GENVORIS_PLANS; None when unset.
        default_plan: GENVORIS_DEFAULT_PLAN.
    """

    def __init__(
        self,
        client: GenvorisClient,
        store: Store,
        declared: Sequence[DeclaredPlan] | None,
        default_plan: str | None,
    ) -> None:
        self._client = client
        self._store = store
        self._declared = declared
        self.default_plan = default_plan

    def sync(self, *, dry_run: bool) -> list[PlanChange]:
        """Make the plans at Genvoris the declared ones; return the steps.

        Raises:
            ConfigurationError: GENVORIS_PLANS is not set.
            LockTimeoutError: Another process is doing it.
        """
        if self._declared is None:
            raise ConfigurationError("GENVORIS_PLANS is not set: list the plans that you sell.")
        if dry_run:
            return plan_changes(self._declared, self._all(), self._is_kept)
        with self._store.lock("billing-plans", wait=SYNC_WAIT, hold=SYNC_HOLD):
            changes = plan_changes(self._declared, self._all(), self._is_kept)
            return list(apply_changes(self._client.plans, changes))

    def named(self, price_id: str | None, plan_id: str | None) -> PlanName:
        """Return a function that looks up the plan that is named by either id, if one is.

        The function raises UnknownPriceError when no plan at Genvoris has that price.
        """
        if price_id is None:
            return lambda: plan_id
        if plan_id is not None:
            raise TypeError("Give the price_id or the plan_id, not both.")
        return lambda: self._id_with_price(price_id)

    def _id_with_price(self, price_id: str) -> str:
        catalog = self.catalog()
        return catalog.need(catalog.plan(price_id), price_id).id

    def catalog(self) -> Catalog:
        """Return the plans as they are now."""
        declared = [plan.external_price_id for plan in self._declared or ()]
        return Catalog(tuple(self._all()), frozenset(price for price in declared if price))

    def enlarged(self, customer: Customer | None, try_ons: int) -> str:
        """Return a plan with which the shopper has so many try-ons more than now."""
        if customer is None:
            return self._of_size(try_ons)
        usage = self._client.customers.usage(customer.id)
        size = 0 if customer.status == "CANCELLED" else usage.limit or 0
        # What was used beyond a plan, as after a refund, is not held against a new purchase.
        return self._of_size(max(size, usage.used) + try_ons)

    def reduced(self, customer: Customer | None, try_ons: int) -> str | None:
        """Return a plan that is smaller by so many; below one, GENVORIS_DEFAULT_PLAN or none."""
        limit = self._client.customers.usage(customer.id).limit if customer else None
        size = (limit or 0) - try_ons
        return self._of_size(size) if size > 0 else self.default_plan

    def _of_size(self, size: int) -> str:
        """Find or make the plan of so many granted try-ons."""
        price_id = f"{GRANTED}{size}"
        found = self.catalog().plan(price_id)
        if found and found.active:
            return found.id
        made = self._client.plans.create(
            name=f"{size} try-ons", monthly_try_ons=size, external_price_id=price_id
        )
        return made.id

    def _all(self) -> list[Plan]:
        return self._client.plans.list(include_inactive=True)

    def _is_kept(self, plan: Plan) -> bool:
        """Say whether a plan is used without being declared."""
        is_granted = (plan.external_price_id or "").startswith(GRANTED)
        return is_granted or plan.id == self.default_plan
