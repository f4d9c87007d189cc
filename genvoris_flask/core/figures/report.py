"""What the counts of a range of days say, beside those of the range before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from .holdout import Mark
from .recorder import LONGER, TIME_CLASSES

# From a page with a button to an order that stays.
STAGES = ("seen", "opened", "photo", "tried", "cart", "ordered", "returned")
# Pictures that their shoppers like, or not; ``disliked:REASON`` if they said why.
LIKED, DISLIKED = "liked", "disliked"
# What is counted of the widget's events, by their type. Pictures are counted where they are made.
EVENT_COUNTS: Mapping[str, str] = {
    "WIDGET_OPENED": "opened",
    "PHOTO_UPLOADED": "photo",
    "ADDED_TO_CART": "cart",
    "CHECKOUT_STARTED": "checkout",
    "RESULT_SHARED": "shared",
    "PAYWALL_SHOWN": "paywall_shown",
    "PAYWALL_TAKEN": "paywall_taken",
}
MAX_DAYS = 731


@dataclass(frozen=True)
class ReportedOrder:
    """An order as the shop reports it.

    Attributes:
        platform: The platform that the shop runs on.
        id: The shop's id of the order.
        day: When it was reported, in UTC.
        currency: The ISO 4217 code.
        amount: What was paid, in the currency's minor unit.
        is_attributed: Whether it followed a visit to the dialog.
        product: The shop's id of the product.
        mark: The visitor's mark, if there is a hold-out.
    """

    platform: str
    id: str
    day: date
    currency: str
    amount: int
    is_attributed: bool
    product: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True)
class OrderFigures:
    """The orders of a day in one currency that followed a try-on.

    Attributes:
        day: When they were placed.
        currency: The ISO 4217 code.
        orders: How many there are.
        amount: What was paid, in the currency's minor unit.
        returns: Of how many something was paid back.
        returned: What was paid back.
    """

    day: date
    currency: str
    orders: int
    amount: int
    returns: int
    returned: int


@dataclass(frozen=True)
class ProductFigures:
    """What is counted of one product.

    Attributes:
        id: The shop's id.
        title: Its title; empty if it is not known.
        counts: The counts by name.
    """

    id: str
    title: str
    counts: Mapping[str, int]


class FigureStore(Protocol):
    """Where figures are read."""

    def counts(self, first: date, last: date) -> dict[date, dict[str, int]]:
        """Return the counts of each day that has any, by name."""

    def product_counts(self, first: date, last: date) -> list[ProductFigures]:
        """Return the counts and orders of each product."""

    def orders(self, first: date, last: date) -> list[OrderFigures]:
        """Return the orders that followed a try-on, by day and currency."""


@dataclass(frozen=True)
class Range:
    """Days, the last one included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < MAX_DAYS:
            raise ValueError(
                f"The first day must not be after the last one, nor more than {MAX_DAYS - 1} days "
                "before it."
            )

    @property
    def days(self) -> list[date]:
        """Each of the days."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> Range:
        """As many days, just before."""
        length = timedelta(days=len(self.days))
        return Range(self.first - length, self.last - length)


@dataclass(frozen=True)
class Money:
    """Sums in one currency, in its minor unit."""

    currency: str
    orders: int = 0
    amount: int = 0
    returns: int = 0
    returned: int = 0


@dataclass(frozen=True)
class Summary:
    """The figures of a range of days.

    Attributes:
        range: The days.
        totals: Counts by name, with ``ordered`` and ``returned`` among them.
        money: Sums by currency, the one with the most orders first.
    """

    range: Range
    totals: Mapping[str, int]
    money: Sequence[Money]

    def of(self, prefix: str) -> dict[str, int]:
        """Return the counts whose name begins with ``prefix:``, the highest first."""
        return with_prefix(self.totals, prefix)

    @property
    def times(self) -> list[tuple[str, int]]:
        """How many try-ons took up to so many seconds, by classes."""
        found = self.of("time")
        return [(str(each), found.get(str(each), 0)) for each in (*TIME_CLASSES, LONGER)]

    def time_within(self, part: float) -> int | None:
        """Return the seconds that a part of all try-ons took at most; None if unknown."""
        wanted = part * sum(count for _name, count in self.times)
        reached = 0
        for name, count in self.times:
            reached += count
            if count and reached >= wanted:
                return int(name) if name != LONGER else None
        return None


@dataclass(frozen=True)
class Report:
    """The figures of a range of days, beside those before.

    Attributes:
        now: The range.
        before: As many days, just before.
        daily: The counts of each day, by name, with zeros for days without any.
        products: Each product, the one with the most try-ons first.
    """

    now: Summary
    before: Summary
    daily: Mapping[date, Mapping[str, int]]
    products: Sequence[ProductFigures] = field(repr=False)


def with_prefix(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    """Return the counts whose name begins with ``prefix:``, by the rest, the highest first."""
    start = f"{prefix}:"
    found = {
        name.removeprefix(start): count for name, count in counts.items() if name.startswith(start)
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def read_report(store: FigureStore, days: Range) -> Report:
    """Read the figures of a range of days."""
    before = days.before
    counts = store.counts(before.first, days.last)
    orders = store.orders(before.first, days.last)
    products = sorted(
        store.product_counts(days.first, days.last),
        key=lambda each: (-each.counts.get("tried", 0), -sum(each.counts.values()), each.id),
    )
    daily: dict[date, dict[str, int]] = {day: {**counts.get(day, {})} for day in days.days}
    for each in orders:
        if each.day in daily:
            of_day = daily[each.day]
            of_day["ordered"] = of_day.get("ordered", 0) + each.orders
            of_day["returned"] = of_day.get("returned", 0) + each.returns
    return Report(_summary(days, counts, orders), _summary(before, counts, orders), daily, products)


def _summary(
    days: Range, counts: Mapping[date, Mapping[str, int]], orders: Sequence[OrderFigures]
) -> Summary:
    totals: dict[str, int] = {}
    for day in days.days:
        for name, count in counts.get(day, {}).items():
            totals[name] = totals.get(name, 0) + count
    money: dict[str, Money] = {}
    for each in orders:
        if days.first <= each.day <= days.last:
            so_far = money.get(each.currency, Money(each.currency))
            money[each.currency] = Money(
                each.currency,
                so_far.orders + each.orders,
                so_far.amount + each.amount,
                so_far.returns + each.returns,
                so_far.returned + each.returned,
            )
    totals["ordered"] = sum(each.orders for each in money.values())
    totals["returned"] = sum(each.returns for each in money.values())
    by_orders = sorted(money.values(), key=lambda each: (-each.orders, each.currency))
    return Summary(days, totals, by_orders)
