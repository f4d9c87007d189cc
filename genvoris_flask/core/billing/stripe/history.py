"""What a subscription has sold over time, for a ledger that carries each period to the unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..plan_catalog import PlanCatalog
from .payloads import Invoice, Item, Line
from .records import Record

MAX_STATEMENTS = 100
MAX_INVOICES = 40


@dataclass(frozen=True)
class PaidPeriod(Record):
    """The period of a paid invoice.

    Attributes:
        since: When it starts, in Unix seconds.
        until: When it ends, in Unix seconds.
        units: Try-ons a month.
        paid: The amount of the invoice, in the currency's minor unit.
        currency: The currency's ISO code.
    """

    since: int
    until: int
    units: int
    paid: int = 0
    currency: str | None = None


@dataclass(frozen=True)
class HistoryRecord(Record):
    """The history of a subscription. Merging is independent of order.

    Numbers of try-ons are noted when they are sold: a plan that the shop changes later does not
    change what was sold before.

    Attributes:
        statements: When an event said how many try-ons a month are sold: Unix seconds, the order
            within the same second, and the number.
        invoices: The periods that were paid for, by the id of the invoice.
        trial: When the trial starts and ends, in Unix seconds.
        trial_at: When an event said so, as in the statements.
    """

    statements: tuple[tuple[int, int, int], ...] = ()
    invoices: Mapping[str, PaidPeriod] = field(default_factory=dict)
    trial: tuple[int, int] | None = None
    trial_at: tuple[int, int] = (0, 0)

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Return what ``dump`` wrote."""
        return cls(
            statements=tuple(tuple(each) for each in record["statements"]),
            invoices={name: PaidPeriod.load(each) for name, each in record["invoices"].items()},
            trial=tuple(record["trial"]) if record["trial"] else None,
            trial_at=tuple(record["trial_at"]),
        )

    def stated(self, at: tuple[int, int], units: int, trial: tuple[int, int] | None) -> Self:
        """Merge what an event said about the subscription."""
        statements = sorted({*self.statements, (*at, units)})[-MAX_STATEMENTS:]
        merged = replace(self, statements=tuple(statements))
        return merged if at < self.trial_at else replace(merged, trial=trial, trial_at=at)

    def invoiced(self, invoice: str, period: PaidPeriod) -> Self:
        """Merge that an invoice was paid."""
        invoices = {**self.invoices, invoice: self.invoices.get(invoice, period)}
        recent = sorted(invoices.items(), key=lambda each: (each[1].since, each[0]))
        return replace(self, invoices=dict(recent[-MAX_INVOICES:]))


def units_of(items: Iterable[Item | Line], catalog: PlanCatalog, former: Mapping[str, str]) -> int:
    """Return how many try-ons a month some items sell together."""
    plans = [(catalog.plan(item.price, former), item.quantity) for item in items]
    return sum((plan.monthly_try_ons or 0) * quantity for plan, quantity in plans if plan)


def paid_period(
    invoice: Invoice, lines: Iterable[Line], catalog: PlanCatalog, former: Mapping[str, str]
) -> PaidPeriod:
    """Return the latest period among the lines that sell a plan, or among all if none does."""
    found = list(lines)
    sold = [line for line in found if catalog.plan(line.price, former)] or found
    until = max(line.until for line in sold)
    latest = [line for line in sold if line.until == until]
    return PaidPeriod(
        since=min(line.since for line in latest),
        until=until,
        units=units_of(latest, catalog, former),
        paid=invoice.paid,
        currency=invoice.currency,
    )
