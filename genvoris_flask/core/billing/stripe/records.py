"""What is known of subscriptions, single payments and shoppers, as records that add up.

Stripe delivers in any order and more than once. So what an event says is merged into a record
in such a way that the same events lead to the same record, in whatever order and however often
they come: the newest says how things stand, and what is final stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self

from ...api.models import Status
from .payloads import State

Standing = Literal["active", "held", "over", "lost"]
# Of events of the same second: what an invoice says, the subscription's first event, any later one.
BY_INVOICE, AT_CREATION, LATER = range(3)


@dataclass(frozen=True)
class Record:
    """A record that is kept as JSON."""

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Read what ``dump`` wrote; fields of other versions are left out."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def dump(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Subscribed(Record):
    """A subscription, as far as events have come.

    Attributes:
        external_id: Whose, by the shop's id.
        told_id: Whose, by the shop's id, when its metadata says so.
        customer: Whose, by Stripe's id.
        created: When it was made, in Unix seconds.
        began_at: When it was active, on trial or paid for the first time, as far as events say so;
            0 before that.
        state: What its newest event said.
        state_at: When that was: Unix seconds, and which of the same second is newer.
        has_sold: Whether one of its prices was ever a plan's.
        prices: The prices of its items.
        prices_at: When that was, as in ``state_at``.
        repriced_at: When its price was changed the last time, as far as events say so.
        paid_until: The end of the newest period that was paid for.
        paid_at: When that was paid.
        invoice: The invoice of that period.
        first_until: The end of the first period.
        filled_until: The newest period that has filled the quota, by its end; 0 for the start
            alone, None before the start has.
        plans: Genvoris's ids of the plans that its prices have stood for.
    """

    external_id: str | None = None
    told_id: str | None = None
    customer: str | None = None
    created: int = 0
    began_at: int = 0
    has_sold: bool = False
    state: State = "undecided"
    state_at: tuple[int, int] = (0, 0)
    prices: tuple[str, ...] = ()
    prices_at: tuple[int, int] = (0, 0)
    repriced_at: int = 0
    paid_until: int = 0
    paid_at: int = 0
    invoice: str | None = None
    first_until: int = 0
    filled_until: int | None = None
    plans: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Read what ``dump`` wrote, or what version 0.1 did."""
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
            # Which plan it was is not known: it is the one that the shopper has.
            plans={price: ""} if state is not None and price else {},
        )

    @property
    def has_started(self) -> bool:
        """Whether it was ever active, on trial or paid for."""
        return self.began_at > 0

    def began(self, at: int) -> Self:
        """Merge that it was active at some time."""
        return replace(self, began_at=min(at, self.began_at or at))

    def seen(self, state: State, at: tuple[int, int]) -> Self:
        """Merge what an event says of its state."""
        merged = self.began(at[0]) if state in ("active", "paused") else self
        if self.state == "ended" or (at < self.state_at and state != "ended"):
            return merged
        return replace(merged, state=state, state_at=max(at, self.state_at))

    def priced(
        self, prices: tuple[str, ...], at: tuple[int, int], *, sells: bool, is_new: bool = False
    ) -> Self:
        """Merge what an event says of its prices.

        Args:
            prices: Those of its items.
            at: When.
            sells: Whether one of them is a plan's.
            is_new: Whether they were changed by what the event tells of.
        """
        merged = replace(self, has_sold=self.has_sold or sells)
        if is_new and sells:
            merged = replace(merged, repriced_at=max(self.repriced_at, at[0]))
        if at < self.prices_at:
            return merged
        return replace(merged, prices=prices, prices_at=at)

    def paid(self, invoice: str, until: int, at: int, *, begins: bool) -> Self:
        """Merge what a paid invoice says of its period."""
        merged = self.began(at)
        if begins:
            merged = replace(merged, first_until=max(until, self.first_until))
        if (until, at) < (self.paid_until, self.paid_at):
            return merged
        return replace(merged, paid_until=until, paid_at=at, invoice=invoice)

    @property
    def is_due(self) -> bool:
        """Whether it began, or begins a period, and the quota is not filled for that yet."""
        return self.filled_until is None or self.paid_until > max(
            self.filled_until, self.first_until
        )


@dataclass(frozen=True)
class Bought(Record):
    """A single payment.

    Attributes:
        external_id: Whose, by the shop's id.
        customer: Whose, by Stripe's id; None for a guest.
        price: What was bought.
        sold_at: When, in Unix seconds.
        plan_id: Genvoris's id of the plan that has filled the quota; None before it has.
    """

    external_id: str
    customer: str | None
    price: str
    sold_at: int
    plan_id: str | None = None


@dataclass(frozen=True)
class Closed(Record):
    """What belonged to the shopper before their account was closed.

    Attributes:
        at: When it was closed, in Unix seconds.
        purchases: The ids of their subscriptions and Checkout Sessions.
        customers: Their Stripe customers.
    """

    at: float = 0.0
    purchases: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account(Record):
    """What a shopper has bought by Stripe, and what Genvoris was told of it.

    Attributes:
        subscriptions: Their subscriptions.
        payments: Their single payments, by the Checkout Session.
        source: The one that the plan comes from.
        buyer: Its Stripe customer, or its own id for a guest.
        plan_id: The plan that Genvoris was told.
        status: The status that Genvoris was told; None before it was told anything.
        is_sure: Whether Genvoris has surely heard that; false while it is being told.
        intended: The plans that it may have heard of instead, while that is not sure.
        turn: How often Genvoris was told; no two tellings have the same.
        withheld: The purchases of other Stripe customers that wait for a larger plan to end.
        closed: What came before the account was closed.
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
    closed: Closed = Closed()

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Self:
        """Read what ``dump`` wrote."""
        closed = record.get("closed", {})
        of_closed = {name: tuple(closed.get(name, ())) for name in ("purchases", "customers")}
        lists = ("subscriptions", "payments", "intended", "withheld")
        return super().load(
            {
                **record,
                **{name: tuple(record[name]) for name in lists},
                "closed": Closed.load({**closed, **of_closed}),
            }
        )
