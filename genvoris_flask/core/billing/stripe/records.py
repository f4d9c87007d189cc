"""Records of subscriptions, single payments and shoppers, which events are merged into.

Stripe delivers events in any order and more than once. So an event is merged into a record in such
a way that the same events lead to the same record, in whatever order and however often they come:
the newest event determines the current state, and final states stay. Records are stored as JSON,
with the names that their fields have here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from ...api.models import Status
from .payloads import SubscriptionState

# Orders events of the same second: invoices, the subscription's first event, its later events.
BY_INVOICE, AT_CREATION, LATER = range(3)


@dataclass(frozen=True)
class Record:
    """A record that is stored as JSON."""

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Return what ``dump`` wrote; fields of other versions are ignored."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def dump(self) -> dict[str, Any]:
        """Return the record as JSON can represent it."""
        return asdict(self)


@dataclass(frozen=True)
class SubscriptionRecord(Record):
    """A subscription, as far as events have come.

    Attributes:
        external_id: The shop's id of its owner.
        told_id: The shop's id of its owner, according to its metadata.
        customer: Stripe's id of its owner.
        created: When it was created, in Unix seconds.
        began_at: When it was first active, on trial or paid for, as far as events say so; 0 before
            that.
        state: Its state in the newest event.
        state_at: When that was: Unix seconds, and the order within the same second.
        is_overdue: Whether its payment had failed by then.
        has_sold: Whether any of its prices ever had a plan.
        prices: The prices of its items.
        prices_at: When that was, as in ``state_at``.
        repriced_at: When its price was last changed, as far as events say so.
        paid_until: The end of the newest period that was paid for.
        paid_at: When that was paid.
        invoice: The invoice of that period.
        first_until: The end of the first period.
        filled_until: The end of the newest period that has filled the quota; 0 for the start
            alone, None before the start has.
        plans: Genvoris's ids of the plans that its prices have stood for.
        is_closed: Whether its owner's account was closed, so that the record forgot who it was.
    """

    external_id: str | None = None
    told_id: str | None = None
    customer: str | None = None
    created: int = 0
    began_at: int = 0
    has_sold: bool = False
    state: SubscriptionState = "undecided"
    state_at: tuple[int, int] = (0, 0)
    is_overdue: bool = False
    prices: tuple[str, ...] = ()
    prices_at: tuple[int, int] = (0, 0)
    repriced_at: int = 0
    paid_until: int = 0
    paid_at: int = 0
    invoice: str | None = None
    first_until: int = 0
    filled_until: int | None = None
    plans: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Return what ``dump`` wrote, or what version 0.1 did."""
        if "waits_with" in record:
            return cls._load_old(record)
        lists = {name: tuple(record[name]) for name in ("state_at", "prices", "prices_at")}
        return super().load({**record, **lists})

    @classmethod
    def _load_old(cls, record: Mapping[str, Any]) -> Self:
        price, state = record["price"] or record["waits_with"], record["state"]
        at = (record["state_at"], LATER)
        return cls(
            began_at=max(1, record["state_at"]) if state or record["waits_with"] else 0,
            has_sold=True,
            state=state or "undecided",
            state_at=at,
            prices=(price,) if price else (),
            prices_at=at,
            paid_until=record["paid_until"],
            filled_until=None if state is None else record["paid_until"],
            # Version 0.1 did not record the plan: it is the one that the shopper has.
            plans={price: ""} if state is not None and price else {},
        )

    @property
    def has_started(self) -> bool:
        """Whether it was ever active, on trial or paid for."""
        return self.began_at > 0

    @property
    def is_due(self) -> bool:
        """Whether its start, or a new period, has not filled the quota yet."""
        return self.filled_until is None or self.paid_until > max(
            self.filled_until, self.first_until
        )

    def is_of(self, external_id: str) -> bool:
        """Return whether it is a shopper's; version 0.1 did not record whose it was."""
        is_unknown = self.external_id is None and not self.is_closed
        return is_unknown or self.external_id == external_id

    def unless_closed(self, external_id: str | None) -> str | None:
        """Return whom a checkout or an invoice names; None if that may be from before the closing.

        The subscription's own metadata is as it is now, and may name a new owner.
        """
        return None if self.is_closed else external_id

    def closed(self, external_id: str) -> Self:
        """Merge that the account of its owner, a shopper of the shop's, was closed."""
        told_id = None if self.told_id == external_id else self.told_id
        return replace(self, external_id=None, told_id=told_id, is_closed=True)

    def began(self, at: int) -> Self:
        """Merge that it was active at some time."""
        return replace(self, began_at=min(at, self.began_at or at))

    def seen(
        self, state: SubscriptionState, at: tuple[int, int], *, is_overdue: bool = False
    ) -> Self:
        """Merge its state in an event."""
        merged = self.began(at[0]) if state in ("active", "paused") else self
        if self.state == "ended" or (at < self.state_at and state != "ended"):
            return merged
        latest = max(at, self.state_at)
        return replace(merged, state=state, state_at=latest, is_overdue=is_overdue)

    def priced(
        self, prices: tuple[str, ...], at: tuple[int, int], *, sells: bool, is_new: bool = False
    ) -> Self:
        """Merge its prices in an event.

        Args:
            prices: The prices of its items.
            at: When they were these, as in ``state_at``.
            sells: Whether one of them has a plan.
            is_new: Whether the event is about a change of them.
        """
        merged = replace(self, has_sold=self.has_sold or sells)
        if is_new and sells:
            merged = replace(merged, repriced_at=max(self.repriced_at, at[0]))
        if at < self.prices_at:
            return merged
        return replace(merged, prices=prices, prices_at=at)

    def paid(self, invoice: str, until: int, at: int, *, begins: bool) -> Self:
        """Merge the period of a paid invoice.

        Args:
            invoice: The invoice's id.
            until: The end of the period, in Unix seconds.
            at: When it was paid, in Unix seconds.
            begins: Whether it is the subscription's first period.
        """
        merged = self.began(at)
        if begins:
            merged = replace(merged, first_until=max(until, self.first_until))
        if (until, at) < (self.paid_until, self.paid_at):
            return merged
        return replace(merged, paid_until=until, paid_at=at, invoice=invoice)


@dataclass(frozen=True)
class PaymentRecord(Record):
    """A single payment.

    Attributes:
        external_id: The shop's id of its owner; None once their account was closed.
        customer: Stripe's id of its owner; None for a guest.
        price: The price that was bought.
        sold_at: When, in Unix seconds.
        plan_id: Genvoris's id of the plan that has filled the quota; None before it has.
        units: How many try-ons it brings, in a shop with a ledger.
        is_single: Whether these are single try-ons, rather than those of a plan.
        paid: What was paid, in the currency's minor unit.
        currency: The currency's ISO code.
    """

    external_id: str | None
    customer: str | None
    price: str
    sold_at: int
    plan_id: str | None = None
    units: int | None = None
    is_single: bool = False
    paid: int = 0
    currency: str | None = None


@dataclass(frozen=True)
class ClosureRecord(Record):
    """The purchases and customers of a shopper whose account was closed.

    Attributes:
        at: When it was closed, in Unix seconds.
        purchases: The ids of their subscriptions and Checkout Sessions.
        customers: Their Stripe customers.
    """

    at: float = 0.0
    purchases: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountRecord(Record):
    """A shopper's purchases by Stripe, and the plan that was reported to Genvoris.

    Attributes:
        subscriptions: Their subscriptions.
        payments: The Checkout Sessions of their single payments.
        source: The purchase that gives the plan.
        buyer: Its Stripe customer, or its own id for a guest.
        plan_id: The plan that was reported to Genvoris.
        status: The status that was reported to Genvoris; None before the first report.
        is_sure: Whether Genvoris has certainly received both; false during a report.
        intended: The plans that Genvoris may have received instead, while that is not certain.
        turn: The number of reports, which makes the event id of each one unique.
        withheld: Purchases of other Stripe customers that wait for a larger plan to end.
        customers: Their Stripe customers, as far as checkouts say so, whatever they bought.
        closed: The purchases and customers before the account was closed.
    """

    subscriptions: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()
    source: str | None = None
    buyer: str | None = None
    plan_id: str | None = None
    status: Status | None = None
    is_sure: bool = True
    intended: tuple[str, ...] = ()
    turn: int = 0
    withheld: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    closed: ClosureRecord = ClosureRecord()

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Return what ``dump`` wrote."""
        closed = record.get("closed", {})
        of_closed = {name: tuple(closed.get(name, ())) for name in ("purchases", "customers")}
        lists = ("subscriptions", "payments", "intended", "withheld", "customers")
        return super().load(
            {
                **record,
                **{name: tuple(record.get(name, ())) for name in lists},
                "closed": ClosureRecord.load({**closed, **of_closed}),
            }
        )

    def with_purchase(self, name: str, *, is_payment: bool) -> Self:
        """Return the account with a subscription or a single payment added."""
        if is_payment:
            return replace(self, payments=tuple(dict.fromkeys((*self.payments, name))))
        return replace(self, subscriptions=tuple(dict.fromkeys((*self.subscriptions, name))))
