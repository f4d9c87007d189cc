"""What a subscription allows a shopper, and when: pure functions of what its provider says.

A period that was paid for is a lot. A longer one, such as a year, is a lot for each of its months,
counted from its first day: from the 31st of January these end on the last day of February, the
31st of March, and so on. The number of a lot follows from the price that the period was paid at and
from the changes of the price since. All of it is stated anew each time, so it is the same in
whatever order the provider's events came.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

SubscriptionState = Literal["active", "paused", "ended"]

# The source of subscriptions that the shop reports itself.
SHOP = "shop"
# By how much a period may begin after the one before, and yet follow it.
TOLERANCE = timedelta(days=1)
# What is left of a longer period after its last whole month belongs to that month if it is less.
REST = timedelta(days=15)
# How many periods are kept of a subscription; the lots of older ones have long ended.
MAX_PERIODS = 30
MAX_CHANGES = 100


@dataclass(frozen=True)
class Policy:
    """What the shop decides about its subscriptions.

    Attributes:
        rolls_over: Whether what is left of a period can be used in the next one too.
        prorates: Whether a change of the plan counts for the rest of its period only.
        lowers_at_once: Whether a smaller plan counts at once, rather than from the next period.
    """

    rolls_over: bool = False
    prorates: bool = False
    lowers_at_once: bool = False


DEFAULT_POLICY = Policy()


@dataclass(frozen=True)
class Period:
    """A time that was paid for, or a trial.

    Attributes:
        id: Its id, unique in its subscription.
        starts_at: When it starts, in Unix seconds.
        ends_at: When it ends, in Unix seconds.
        units: Try-ons a month, by the price at its start.
        payment: The provider's id of what paid for it, which refunds and disputes name.
        paid: The amount, in the currency's minor unit.
        currency: The currency's ISO code.
        is_month: Whether it is one month for sure, though its days may be more.
    """

    id: str
    starts_at: float
    ends_at: float
    units: int
    payment: str | None = None
    paid: int | None = None
    currency: str | None = None
    is_month: bool = False

    @property
    def months(self) -> Iterator[tuple[datetime, datetime]]:
        """The months that it consists of."""
        begin, end = time(self.starts_at), time(self.ends_at)
        return iter([(begin, end)]) if self.is_month else months(begin, end)


@dataclass(frozen=True)
class Subscription:
    """What a provider, or the shop itself, says about a subscription. It is stored as JSON.

    Attributes:
        source: The system that sells it, such as ``stripe``.
        id: Its id there.
        buyer: Who pays for it. Of one buyer's subscriptions the newest counts.
        since: When it was made, in Unix seconds; the day from which the shop's own count months.
        state: Its state at the provider.
        shop_state: Its state by the shop's own calls.
        changes: From when on it allows how many try-ons a month, in Unix seconds.
        periods: What was paid for.
    """

    source: str
    id: str
    buyer: str
    since: float
    state: SubscriptionState = "active"
    shop_state: SubscriptionState = "active"
    changes: tuple[tuple[float, int], ...] = ()
    periods: tuple[Period, ...] = ()

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Return what ``dump`` wrote."""
        changes = tuple((at, units) for at, units in record["changes"])
        periods = tuple(Period(**each) for each in record["periods"])
        return cls(**{**record, "changes": changes, "periods": periods})

    def dump(self) -> dict[str, Any]:
        """Return the subscription as JSON can represent it."""
        return asdict(
            replace(
                self,
                periods=tuple(_in_order(self.periods)[-MAX_PERIODS:]),
                changes=tuple(self.changes_in_order[-MAX_CHANGES:]),
            )
        )

    @property
    def changes_in_order(self) -> list[tuple[float, int]]:
        """The changes by their time; of the same time, as they were reported."""
        return sorted(self.changes, key=lambda each: each[0])

    @property
    def holds(self) -> frozenset[str]:
        """Why its lots cannot be used."""
        states = {self.state, self.shop_state}
        return frozenset({"pause"} if "paused" in states else ()) | frozenset(
            {"ended"} if "ended" in states else ()
        )


@dataclass(frozen=True)
class Allowance:
    """One lot that a subscription comes with.

    Attributes:
        id: The lot's id in the subscription's source.
        starts_at: When it starts.
        ends_at: When it ends.
        units: How many try-ons.
        period: The period that it is of.
        follows: The id of the lot that it follows, if that one has run to its end.
    """

    id: str
    starts_at: datetime
    ends_at: datetime
    units: int
    period: Period
    follows: str | None = None


def allowances(subscription: Subscription, policy: Policy) -> Iterator[Allowance]:
    """Yield the lots of a subscription, past and future ones included, in their order.

    A period ends at the latest when the next one starts, as after a change from a monthly price to
    a yearly one.
    """
    periods = _in_order(subscription.periods)
    before: str | None = None
    ended_at = 0.0
    for number, period in enumerate(periods):
        cut = min((each.starts_at for each in periods[number + 1 :]), default=period.ends_at)
        cut = max(cut, period.starts_at)
        for starts_at, ends_at in period.months:
            begin = starts_at.timestamp()
            is_first = begin == period.starts_at
            if begin >= cut and not is_first:
                break
            name = f"{subscription.id}/{period.id}"
            if not is_first:
                name += f"/{starts_at:%Y-%m-%d}"
            runs_on = abs(begin - ended_at) <= TOLERANCE.total_seconds()
            yield Allowance(
                id=name,
                starts_at=starts_at,
                ends_at=min(ends_at, time(cut)),
                units=units_of(subscription, period, starts_at, ends_at, policy),
                period=period,
                # A provider pays back the rest of a period that it ends early.
                follows=before if runs_on or subscription.source == SHOP else None,
            )
            before, ended_at = name, ends_at.timestamp()


def months(starts_at: datetime, ends_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the months of a period; one of about a month or less is a single one."""
    begin, number = starts_at, 1
    while begin < ends_at:
        end = add_months(starts_at, number)
        if end >= ends_at - REST:
            end = ends_at
        yield begin, end
        begin, number = end, number + 1


def add_months(anchor: datetime, number: int) -> datetime:
    """Return the same day and time some months later; the last day of a month that lacks it."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + number, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def units_of(
    subscription: Subscription,
    period: Period,
    starts_at: datetime,
    ends_at: datetime,
    policy: Policy,
) -> int:
    """Return how many try-ons a month of a period comes with, after all changes of the plan.

    A larger plan counts at once. A smaller one counts from the next month or period, unless the
    shop has decided otherwise.
    """
    begin, end = starts_at.timestamp(), ends_at.timestamp()
    changes = [each for each in subscription.changes_in_order if each[0] >= period.starts_at]
    earlier = [units for at, units in changes if at < begin]
    level = highest = earlier[-1] if earlier else period.units
    granted = float(level)
    for at, units in [each for each in changes if begin <= each[0] < end]:
        share = (end - at) / (end - begin) if policy.prorates else 1.0
        if policy.lowers_at_once:
            granted += (units - level) * share
        else:
            granted += max(0, units - highest) * share
        level, highest = units, max(units, highest)
    return max(0, int(granted + 1e-9))


def _in_order(periods: Iterable[Period]) -> list[Period]:
    """Return periods by their start; of the same start, as they were reported."""
    return sorted(periods, key=lambda each: each.starts_at)


def time(seconds: float) -> datetime:
    """Return Unix seconds as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def newest(found: Sequence[Subscription]) -> Subscription | None:
    """Return the newest of one buyer's subscriptions."""
    return max(found, key=lambda each: (each.since, each.id), default=None)
