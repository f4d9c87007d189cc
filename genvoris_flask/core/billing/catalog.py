"""The plans at Genvoris at one moment, by their prices and their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ...errors import UnknownPriceError
from ..api.models import Plan

# What marks a plan as one of ours for so many granted try-ons; the number follows.
GRANTED = "granted-try-ons:"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Catalog:
    """The plans.

    Attributes:
        plans: Those at Genvoris, the inactive ones too.
        declared: The external price ids that the shop declares, whether or not they are there.
    """

    plans: tuple[Plan, ...]
    declared: frozenset[str]

    @property
    def prices(self) -> set[str]:
        """The external price ids that are sold: declared by the shop, or known to Genvoris."""
        return {plan.external_price_id for plan in self.plans if plan.external_price_id} | (
            self.declared
        )

    def sold(self, prices: Iterable[str], before: Mapping[str, str] = _NOTHING) -> str | None:
        """Return the first price that is a plan's; the others are of other things.

        Args:
            prices: Prices of the shop's billing system.
            before: Plans by prices that they had: who subscribed at one of them keeps the plan.
        """
        asked, known = list(prices), self.prices
        return next(
            (price for price in asked if price in known),
            next((price for price in asked if price in before), None),
        )

    def plan(self, price: str, before: Mapping[str, str] = _NOTHING) -> Plan | None:
        """Return the plan of a price, an active one if there is one, else the one that had it."""
        found = [plan for plan in self.plans if plan.external_price_id == price]
        found = found or [plan for plan in self.plans if plan.id == before.get(price)]
        return max(found, key=lambda plan: plan.active, default=None)

    def need(self, plan: Plan | None, price: str | None) -> Plan:
        """Return the plan of a price that was sold.

        Raises:
            UnknownPriceError: There is none at Genvoris.
        """
        if plan is None:
            raise UnknownPriceError(
                f"No plan at Genvoris has the external price id {price!r}: add it to "
                "GENVORIS_PLANS and run `flask genvoris plans sync`."
            )
        return plan

    def sold_size(self, plan_id: str | None) -> int:
        """Return how many try-ons a month a plan gives that was sold, rather than granted."""
        found = [plan for plan in self.plans if plan.id == plan_id]
        sold = [plan for plan in found if not (plan.external_price_id or "").startswith(GRANTED)]
        return max((plan.monthly_try_ons or 0 for plan in sold), default=0)
