"""Compares the visitors of the hold-out with those who see the button.

Visitors are compared by their group, whatever they did in it, so that nothing but the button tells
the groups apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, Protocol

from .statistics import Interval, Sample, newcombe, size_needed, welch

Kind = Literal["waiting", "no_orders", "more", "fewer", "same"]
MIN_SIZE = 100  # visitors in the smaller group, before which nothing is estimated


@dataclass(frozen=True)
class GroupOrders:
    """The orders of a group's visitors in one currency.

    Attributes:
        is_held: Whether its visitors see no button.
        currency: The ISO 4217 code.
        orders: How many orders there are.
        returns: How many of them were returned, at least in part.
        amount: The sum, in the currency's minor unit.
        squares: The sum of the squares of what each visitor paid.
        returned: What was paid back.
    """

    is_held: bool
    currency: str
    orders: int
    returns: int
    amount: int
    squares: float
    returned: int


@dataclass
class Group:
    """One group of visitors.

    Attributes:
        visitors: How many there are.
        buyers: How many of them ordered.
        by_currency: Their orders.
    """

    visitors: int = 0
    buyers: int = 0
    by_currency: dict[str, GroupOrders] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        """The number of orders."""
        return sum(each.orders for each in self.by_currency.values())

    @property
    def returns(self) -> int:
        """The number of orders of which something was returned."""
        return sum(each.returns for each in self.by_currency.values())

    def sample(self, currency: str) -> Sample:
        """Return what visitors paid in a currency."""
        found = self.by_currency.get(currency)
        if found is None:
            return Sample(self.visitors, 0.0, 0.0)
        return Sample(self.visitors, found.amount, found.squares)


@dataclass(frozen=True)
class Verdict:
    """What can be said.

    Attributes:
        kind: Whether more or fewer visitors with the button order, or neither can be seen.
        days: If it is too early, after how many days at this pace it is not; None if unknown.
    """

    kind: Kind
    days: int | None = None


@dataclass(frozen=True)
class Trial:
    """Both groups, and what tells them apart: that with the button minus that without.

    Attributes:
        share: The share of visitors without a button, in ten-thousandths.
        first: The first day of visitors.
        last: The last one.
        shown: Visitors with the button.
        held: Visitors without it.
        conversion: The difference of the shares of visitors who ordered.
        revenue: The difference of what a visitor pays, in minor units, by currency.
        returns: The difference of the shares of orders that were returned.
        verdict: What can be said.
    """

    share: int
    first: date
    last: date
    shown: Group
    held: Group
    conversion: Interval
    revenue: Mapping[str, Interval]
    returns: Interval
    verdict: Verdict


class TrialStore(Protocol):
    """Where visitors and their orders are counted."""

    def counts(self, first: date, last: date) -> dict[date, dict[str, int]]:
        """Return the counts of each day that has any, by name."""

    def group_orders(self, share: int, first: date, last: date) -> list[GroupOrders]:
        """Return the orders of visitors whose first day is in a range."""

    def buyers(self, share: int, first: date, last: date) -> dict[bool, int]:
        """Return how many visitors ordered, by whether they see no button."""


def visitors_name(share: int, *, is_held: bool) -> str:
    """Return the name under which new visitors of a group are counted."""
    return f"visitors:{'held' if is_held else 'shown'}:{share}"


def read_trial(
    store: TrialStore, share: int, today: date, first: date | None = None, last: date | None = None
) -> Trial:
    """Compare the visitors whose first day is in a range.

    Args:
        store: Where they are counted.
        share: The share of visitors without a button; visitors of another one are left out.
        today: The current day.
        first: The first day. Default: that of the first visitor, in the last two years.
        last: The last day. Default: today.
    """
    last = last or today
    counts = store.counts(first or last - timedelta(days=2 * 365), last)
    names = {held: visitors_name(share, is_held=held) for held in (True, False)}
    days = [day for day in counts if any(name in counts[day] for name in names.values())]
    first = first or min(days, default=last)
    groups = {}
    buyers, found = store.buyers(share, first, last), store.group_orders(share, first, last)
    for held, name in names.items():
        visitors = sum(day.get(name, 0) for day in counts.values())
        by_currency = {each.currency: each for each in found if each.is_held == held}
        # Orders are written at once and visitors a moment later.
        groups[held] = Group(max(visitors, buyers.get(held, 0)), buyers.get(held, 0), by_currency)
    elapsed = (last - min(days, default=last)).days + 1
    return compare(share, first, last, groups[False], groups[True], elapsed)


def compare(share: int, first: date, last: date, shown: Group, held: Group, elapsed: int) -> Trial:
    """Compare two groups.

    Args:
        share: The share of visitors without a button.
        first: The first day of visitors.
        last: The last one.
        shown: Visitors with the button.
        held: Visitors without it.
        elapsed: In how many days they came.
    """
    conversion = newcombe((shown.buyers, shown.visitors), (held.buyers, held.visitors))
    currencies = sorted({*shown.by_currency, *held.by_currency})
    return Trial(
        share,
        first,
        last,
        shown,
        held,
        conversion,
        {each: welch(shown.sample(each), held.sample(each)) for each in currencies},
        newcombe((shown.returns, shown.orders), (held.returns, held.orders)),
        _judge(shown, held, conversion, elapsed),
    )


def _judge(shown: Group, held: Group, conversion: Interval, elapsed: int) -> Verdict:
    """Return what can be said.

    Nothing is said before enough visitors came: whoever looks every day and stops at the first
    difference would be wrong far more often than the intervals are.
    """
    buyers, visitors = shown.buyers + held.buyers, shown.visitors + held.visitors
    smaller, larger = sorted((shown.visitors, held.visitors))
    if not buyers or not smaller or buyers == visitors:
        return Verdict("no_orders")
    needed = max(MIN_SIZE, size_needed(buyers / visitors, larger / smaller))
    if smaller < needed:
        return Verdict("waiting", math.ceil((needed - smaller) * elapsed / smaller))
    if not conversion.excludes_zero:
        return Verdict("same")
    return Verdict("more" if conversion.estimate > 0 else "fewer")
