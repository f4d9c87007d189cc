"""A lot of try-ons, and the rules that are pure functions of it: drawing order, refunds, states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Row

from .models import LotKind, LotState
from .schema import IS_DUE

# What is stored. "Spent" and "held" follow from the counters and the holds.
StoredState = Literal["pending", "active", "void", "expired"]
Hold = Literal["dispute", "pause", "ended", "superseded"]
DisputeState = Literal["open", "won", "lost"]

# The lowest number is drawn from first.
PRIORITIES: dict[LotKind, int] = {"allowance": 10, "gift": 20, "order": 30, "single": 40}
FINAL_STATES = ("void", "expired")
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Lot:
    """A number of try-ons with one origin.

    Attributes:
        id: Its number in the database.
        account: The shop's id of the shopper; None while a guest's order waits for its owner.
        kind: What it is.
        source: The system it came from, such as ``stripe``.
        source_id: Its id there; unique in its source.
        bundle: What several lots belong to, such as an order with several lines.
        granted: How many try-ons were sold or given.
        allowed: How many of them are left to the shopper after refunds and expiry.
        reserved: Try-ons that are under way.
        used: Try-ons that were made.
        taken_back: How many the shop has taken back by hand.
        paid: What was paid for it, in the currency's minor unit; None for a gift.
        expires_at: When it ends; None if it does not.
    """

    id: int
    account: str | None
    email_hash: str | None
    kind: LotKind
    priority: int
    source: str
    source_id: str
    bundle: str | None
    stored_state: StoredState
    holds: frozenset[str]
    granted: int
    allowed: int
    reserved: int
    used: int
    taken_back: int
    paid: int | None
    currency: str | None
    stated_at: datetime | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def room(self) -> int:
        """How many try-ons it would have if nothing held it."""
        return 0 if self.stored_state in FINAL_STATES else max(0, self.allowed - self.taken)

    @property
    def taken(self) -> int:
        """How many try-ons are used or under way."""
        return self.used + self.reserved

    @property
    def available(self) -> int:
        """How many try-ons can be reserved."""
        return self.room if self.stored_state == "active" and not self.holds else 0

    @property
    def state(self) -> LotState:
        """What a person would call its state."""
        if self.stored_state != "active":
            return self.stored_state
        if self.holds:
            return "held"
        return "active" if self.room or self.reserved else "spent"

    def has_ended(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def read_lot(row: Row[Any]) -> Lot:
    """Return a row of the table as a lot."""
    fields = row._asdict()
    fields["stored_state"] = fields.pop("state")
    fields.pop(IS_DUE, None)
    fields["holds"] = frozenset(filter(None, fields.pop("holds").split(",")))
    return Lot(**fields)


def in_drawing_order(lots: Iterable[Lot]) -> list[Lot]:
    """Return the lots in the order in which they are used.

    The lowest priority number comes first, then what was free, then the soonest expiry, then the
    oldest.
    """
    return sorted(
        lots,
        key=lambda lot: (
            lot.priority,
            bool(lot.paid),
            lot.expires_at or _NEVER,
            lot.created_at,
            lot.id,
        ),
    )


@dataclass(frozen=True)
class Reversal:
    """What was refunded and disputed so far of a lot or a bundle.

    Attributes:
        refunded: Minor units, in sum.
        paid: What it is a part of; None for what the lot itself says was paid.
        dispute: The state of a dispute.
        disputed_at: When the dispute reached that state.
    """

    refunded: int = 0
    paid: int | None = None
    dispute: DisputeState | None = None
    disputed_at: datetime | None = None

    def units_of(self, lot: Lot) -> int:
        """Return how many of a lot's try-ons the refund takes: floor(granted * refunded / paid)."""
        paid = self.paid if self.paid is not None else lot.paid
        if self.refunded <= 0:
            return 0
        if not paid or self.refunded >= paid:
            return lot.granted
        return lot.granted * self.refunded // paid


def allowed_units(lot: Lot, reversals: Iterable[Reversal]) -> int:
    """Return how many of a lot's try-ons the shopper keeps.

    The refund of an order includes those of its lines, so the larger of them counts.
    """
    refunded = max((each.units_of(lot) for each in reversals), default=0)
    return max(0, lot.granted - refunded - lot.taken_back)
