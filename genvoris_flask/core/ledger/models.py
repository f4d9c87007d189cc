"""What others see of a ledger: balances, the journal, reservations, and what spends from it.

Nothing here imports SQLAlchemy, which only shops with a ledger have installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from .reconciliation import Counts

LotKind = Literal["allowance", "gift", "order", "single"]
LotState = Literal["pending", "active", "held", "spent", "void", "expired"]
DisputeOutcome = Literal["opened", "won", "lost"]
ReservationState = Literal["open", "committed", "released", "lapsed"]

# The sources of free try-ons, and of those that were granted as a plan at Genvoris.
FREE_SOURCE, PLAN_SOURCE = "free", "plan"
# Of what is sold or given once, the end is told so many days before; the nearest comes first.
CREDIT_KINDS: tuple[LotKind, ...] = ("order", "gift")
NOTICE_DAYS = (1, 7)


@dataclass(frozen=True)
class OrderLine:
    """A line of an order that comes with try-ons.

    Attributes:
        id: The line's id in the shop.
        try_ons: How many try-ons it brings.
        paid: What was paid for it, in the currency's minor unit.
    """

    id: str
    try_ons: int
    paid: int | None = None


@dataclass(frozen=True)
class LotBalance:
    """One lot, as the shopper and the shop's staff see it.

    Attributes:
        kind: What it is.
        state: What a person would call its state.
        source: Where it came from: the system, and the id there.
        granted: How many try-ons were sold or given.
        available: How many can be used now.
        used: How many were made.
        reserved: How many are under way.
        expires_at: When it ends; None if it does not.
        held: How many a pause or a dispute keeps back.
    """

    kind: LotKind
    state: LotState
    source: str
    granted: int
    available: int
    used: int
    reserved: int
    expires_at: datetime | None
    held: int = 0

    @property
    def is_free(self) -> bool:
        """Whether nobody has paid for them."""
        return self.kind == "gift" or self.source.startswith(f"{FREE_SOURCE}:")


@dataclass(frozen=True)
class Balance:
    """What a shopper has.

    Attributes:
        available: Try-ons that can be made now.
        held: Try-ons that a pause or a dispute keeps back.
        lots: What they consist of, in the order in which they are used.
        next_expiry: When the next of the available ones end; None if none do.
    """

    available: int
    held: int
    lots: tuple[LotBalance, ...]
    next_expiry: datetime | None

    @property
    def expiring(self) -> int:
        """How many of the available try-ons end at ``next_expiry``."""
        ending = [lot for lot in self.lots if lot.available]
        return sum(lot.available for lot in ending if lot.expires_at == self.next_expiry)


@dataclass(frozen=True)
class Holdings:
    """What all shoppers together have of one kind.

    Attributes:
        kind: ``subscription``, ``free``, ``gift``, ``order`` or ``single``.
        shoppers: How many have some.
        left: How many try-ons these are.
        held: How many more a pause or a dispute keeps back.
    """

    kind: str
    shoppers: int
    left: int
    held: int


@dataclass(frozen=True)
class JournalLine:
    """One change of a lot.

    Attributes:
        at: When.
        kind: What happened.
        lot: The lot's source and id there.
        allowed: By how much the shopper's try-ons changed.
        reserved: By how much those under way changed.
        used: By how much those made changed.
        event: What caused it.
        reservation: The key of the try-on.
        lot_kind: The lot's kind: ``allowance``, ``gift``, ``order`` or ``single``.
    """

    at: datetime
    kind: str
    lot: str
    allowed: int
    reserved: int
    used: int
    event: str
    reservation: str | None
    lot_kind: str = ""


@dataclass(frozen=True)
class ExpiryNotice:
    """Try-ons of a shopper that end soon.

    Attributes:
        external_id: The shop's id of the shopper.
        source: Where they came from: the system, and the id there.
        try_ons: How many are left.
        expires_at: When they end.
        days: 7 for the notice of a week before, 1 for that of a day before.
    """

    external_id: str
    source: str
    try_ons: int
    expires_at: datetime
    days: int


@dataclass(frozen=True)
class Reservation:
    """One try-on, from before it is made.

    Attributes:
        key: The try-on's idempotency key.
        account: The shop's id of the shopper.
        lot_id: The lot that it is drawn from.
        state: What became of it.
        attempt: Counts how often the same try-on was reserved after it had failed.
        is_new: Whether this call reserved it, rather than finding it.
        age: How long ago it was last opened.
    """

    key: str
    account: str
    lot_id: int
    state: ReservationState
    attempt: int
    is_new: bool = field(default=False, compare=False)
    age: timedelta = field(default=timedelta(0), compare=False)


class Spending(Protocol):
    """What an app does with its ledger, beside the calls of ``genvoris.billing``."""

    def reserve(
        self, external_id: str, key: str, *, verified_email: str | None = None
    ) -> Reservation | None:
        """Reserve a try-on; return None if the shopper has none left.

        Args:
            external_id: The shop's id of the shopper.
            key: The try-on's idempotency key. The same key is the same reservation.
            verified_email: The shopper's address, if the shop has verified it: free try-ons and
                orders that waited for its owner are theirs.
        """

    def commit(self, external_id: str, key: str) -> bool:
        """Count a try-on that was made; return False if nothing was left to count it against."""

    def release(
        self, external_id: str, key: str, *, failed: bool = False, reason: str | None = None
    ) -> bool:
        """Release a try-on that was not made; return whether it was still reserved.

        Args:
            external_id: The shop's id of the shopper.
            key: The try-on's idempotency key.
            failed: Whether it could not be made, rather than being refused or cancelled.
            reason: Why, as one of the codes that a browser gets.
        """

    def undo(self, external_id: str, key: str) -> bool:
        """Count a picture no longer that its shopper never got; return whether it was counted."""

    def expiring(self, external_id: str | None = None) -> list[ExpiryNotice]:
        """Return the credits that end within a week or a day, each of them once.

        Args:
            external_id: The shop's id of a shopper; by default all shoppers.
        """

    def catch_up(self) -> int:
        """Begin the months of longer periods that have come; return for how many shoppers."""

    def claim_order(self, external_id: str, order_id: str) -> object:
        """Grant a shopper what was ordered, to whom the shop has given the order's link."""

    def failed_sale(self, key: str) -> str | None:
        """Return the sale of a single try-on that has just failed three times in a row.

        Args:
            key: The idempotency key of the try-on that failed last.
        """

    def balance(self, external_id: str, *, verified_email: str | None = None) -> Balance:
        """Return what a shopper has; ``verified_email`` is as for ``reserve``."""

    def holdings(self) -> list[Holdings]:
        """Return what all shoppers together have, by its kind."""

    def recent_accounts(self) -> list[str]:
        """Return the shoppers who have reserved a try-on lately, by their ids in the shop."""

    def counts_since(self, external_id: str, since: datetime | None) -> Counts:
        """Return how a shopper's try-ons have ended since a time."""

    def wrong_lots(self) -> list[str]:
        """Return the lots whose counters differ from the sums over their journal."""

    def upgrade(self) -> tuple[str | None, str | None]:
        """Create the tables, or bring them up to date; return their versions before and after."""

    def is_outdated(self) -> bool:
        """Return whether the tables are missing or not up to date."""
