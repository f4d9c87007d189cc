"""The plans at Genvoris: by price, by size, and made to match GENVORIS_PLANS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ...errors import ConfigurationError, UnknownPriceError
from ..api.client import GenvorisClient
from ..api.models import Plan
from ..storage.interface import Store
from .plan_sync import PlanChange, apply_changes, plan_changes
from .plans import DeclaredPlan

# Returns the id of a plan when it is needed; None stands for no plan.
PlanId = Callable[[], str | None]

# The external price id of a plan for granted try-ons: their number follows.
GRANTED = "granted-try-ons:"
UNLIMITED = 1_000_000  # the largest plan that Genvoris has
SYNC_WAIT = 30.0
SYNC_HOLD = 120.0
_NO_PLANS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class PlanCatalog:
    """The plans at one moment.

    Attributes:
        plans: The plans at Genvoris, inactive ones included.
        declared: The prices that the shop declares, whether or not Genvoris has them, each with
            the one by which Genvoris knows its plan.
    """

    plans: tuple[Plan, ...]
    declared: Mapping[str, str]

    @property
    def prices(self) -> set[str]:
        """The external price ids that are sold: declared by the shop, or known to Genvoris."""
        known = {plan.external_price_id for plan in self.plans if plan.external_price_id}
        return known | self.declared.keys()

    def sold_price(
        self, prices: Iterable[str], former: Mapping[str, str] = _NO_PLANS
    ) -> str | None:
        """Return the first price that belongs to a plan; other prices are for other things.

        Args:
            prices: Prices of the shop's billing system.
            former: Ids of plans by their former prices: subscribers at those keep their plan.
        """
        candidates, known = list(prices), self.prices
        return next(
            (price for price in candidates if price in known),
            next((price for price in candidates if price in former), None),
        )

    def plan(self, price: str, former: Mapping[str, str] = _NO_PLANS) -> Plan | None:
        """Return the plan with a price, preferably an active one, or the plan that had it."""
        known_as = self.declared.get(price, price)
        found = [plan for plan in self.plans if plan.external_price_id == known_as]
        found = found or [plan for plan in self.plans if plan.id == former.get(price)]
        return max(found, key=lambda plan: plan.active, default=None)

    def by_id(self, plan_id: str | None) -> Plan | None:
        """Return the plan with an id."""
        return next((plan for plan in self.plans if plan.id == plan_id), None)

    def require(self, plan: Plan | None, price: str | None) -> Plan:
        """Return the plan of a price that was sold.

        Raises:
            UnknownPriceError: Genvoris has no such plan.
        """
        if plan is None:
            raise UnknownPriceError(
                f"No plan at Genvoris has the external price id {price!r}: add it to "
                "GENVORIS_PLANS and run `flask genvoris plans sync`."
            )
        return plan

    def sold_size(self, plan_id: str | None) -> int:
        """Return the try-ons per month of a plan that was sold; 0 for a granted one or none."""
        found = [plan for plan in self.plans if plan.id == plan_id]
        sold = [plan for plan in found if not is_granted(plan)]
        return max((plan.monthly_try_ons or 0 for plan in sold), default=0)


class PlanService:
    """Finds, creates and synchronises plans at Genvoris.

    Args:
        client: The REST client.
        store: Holds the lock that keeps two processes from synchronising at once.
        declared: GENVORIS_PLANS; None if unset.
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

    def catalog(self) -> PlanCatalog:
        """Fetch the current plans."""
        return PlanCatalog(tuple(self._fetch()), self._declared_prices())

    def sold(self) -> PlanCatalog:
        """Return the declared plans, without asking Genvoris; or its plans if none are declared.

        The id of a declared plan is its name, which outlasts changes of its prices.
        """
        if self._declared is None:
            return self.catalog()
        plans = [
            Plan(
                id=each.name,
                name=each.name,
                monthly_try_ons=each.monthly_try_ons,
                external_price_id=each.external_price_id,
                active=True,
                created_at=None,
                updated_at=None,
            )
            for each in self._declared
        ]
        return PlanCatalog(tuple(plans), self._declared_prices())

    def units_of(self, price_id: str | None, plan_id: str | None) -> int:
        """Return the try-ons a month of a plan that is sold, by its price, its id or its name.

        Raises:
            TypeError: Both ids are given.
            UnknownPriceError: There is no such plan.
        """
        if price_id is not None and plan_id is not None:
            raise TypeError("Give the price_id or the plan_id, not both.")
        catalog = self.sold()
        found = catalog.plan(price_id) if price_id is not None else catalog.by_id(plan_id)
        if found is None and plan_id is not None and self._declared is not None:
            found = self.catalog().by_id(plan_id)  # it may be Genvoris's id
        return catalog.require(found, price_id or plan_id).monthly_try_ons or 0

    def _declared_prices(self) -> dict[str, str]:
        return {
            price: str(plan.external_price_id)
            for plan in self._declared or ()
            for price in plan.prices
        }

    def sync(
        self, *, dry_run: bool, on_change: Callable[[PlanChange], object] = lambda _change: None
    ) -> list[PlanChange]:
        """Make the plans at Genvoris match the declared ones; return the steps.

        Args:
            dry_run: Return the steps without taking them.
            on_change: Called with each step once it is taken, also if a later one fails.

        Raises:
            ConfigurationError: GENVORIS_PLANS is not set.
            LockTimeoutError: Another process is synchronising them.
        """
        if self._declared is None:
            raise ConfigurationError("GENVORIS_PLANS is not set: list the plans that you sell.")
        if dry_run:
            return plan_changes(self._declared, self._fetch(), self._is_kept)
        with self._store.lock("billing-plans", wait=SYNC_WAIT, hold=SYNC_HOLD):
            changes = plan_changes(self._declared, self._fetch(), self._is_kept)
            taken = []
            for change in apply_changes(self._client.plans, changes):
                on_change(change)
                taken.append(change)
            return taken

    def resolver(self, price_id: str | None, plan_id: str | None) -> PlanId:
        """Return a function that returns the id of the plan named by either id, if one is given.

        The function raises UnknownPriceError if no plan at Genvoris has the price.

        Raises:
            TypeError: Both ids are given.
        """
        if price_id is None:
            return lambda: plan_id
        if plan_id is not None:
            raise TypeError("Give the price_id or the plan_id, not both.")
        return lambda: self._id_of_price(price_id)

    def unlimited(self) -> str:
        """Return the id of the plan for shoppers whose try-ons the shop's ledger counts."""
        price_id = f"{GRANTED}{UNLIMITED}"
        found = self.catalog().plan(price_id)
        if found and found.active:
            return found.id
        created = self._client.plans.create(
            name="Counted by the shop", monthly_try_ons=UNLIMITED, external_price_id=price_id
        )
        return created.id

    def lift_ceiling(self, customer_id: str) -> None:
        """Put a customer whom Genvoris refuses on the plan that refuses nobody."""
        self._client.customers.update(
            customer_id, plan_id=self.unlimited(), status="ACTIVE", reset_period=True
        )

    def _id_of_price(self, price_id: str) -> str:
        catalog = self.catalog()
        return catalog.require(catalog.plan(price_id), price_id).id

    def _fetch(self) -> list[Plan]:
        return self._client.plans.list(include_inactive=True)

    def _is_kept(self, plan: Plan) -> bool:
        """Return whether an undeclared plan is still in use."""
        return is_granted(plan) or plan.id == self.default_plan


def is_unlimited(plan: Plan) -> bool:
    """Return whether a plan is that of shoppers whose try-ons the shop's ledger counts."""
    return plan.external_price_id == f"{GRANTED}{UNLIMITED}"


def is_granted(plan: Plan) -> bool:
    """Return whether a plan stands for granted try-ons, or is that of shops with a ledger."""
    return (plan.external_price_id or "").startswith(GRANTED)
