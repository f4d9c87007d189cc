"""Refunds and disputes as they are stored, whether or not their sale is known yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from .database import insert_if_absent
from .lots import Lot, Reversal
from .schema import reversals

# What was paid for a whole order is a row of its own, so that a refund of the order is a share of
# that, rather than of what was paid for one of its lines.
WHOLE = "whole order"


def find_reversals(connection: Connection, lot: Lot) -> list[Reversal]:
    """Return the reversals of a lot and of its bundle."""
    ids = [lot.source_id] + ([lot.bundle] if lot.bundle else [])
    rows = connection.execute(
        select(reversals)
        .where(reversals.c.source.in_((lot.source, WHOLE)), reversals.c.source_id.in_(ids))
        .with_for_update()
    ).all()
    whole = {row.source_id: row.paid for row in rows if row.source == WHOLE}
    found = {row.source_id: _read(row) for row in rows if row.source != WHOLE}
    return [
        replace(each, paid=whole.get(source_id)) if each.paid is None else each
        for source_id, each in found.items()
    ]


def save_whole(connection: Connection, order_id: str, paid: int) -> None:
    """Store what was paid for a whole order."""
    set_reversal(connection, WHOLE, order_id, Reversal(paid=paid))


def lock_reversal(connection: Connection, source: str, source_id: str) -> Reversal:
    """Return what is stored of a sale; no other transaction changes it before this one ends."""
    fresh = {"source": source, "source_id": source_id, "refunded": 0}
    insert_if_absent(connection, reversals, fresh)
    row = connection.execute(
        select(reversals)
        .where(reversals.c.source == source, reversals.c.source_id == source_id)
        .with_for_update()
    ).one()
    return _read(row)


def save_reversal(
    connection: Connection, source: str, source_id: str, reversal: Reversal
) -> Reversal:
    """Merge a reversal into what is stored, and return the result.

    The largest refund counts, whatever order they are delivered in. A dispute's newest state
    counts, and a lost one is final.
    """
    merged = merge(lock_reversal(connection, source, source_id), reversal)
    _write(connection, source, source_id, merged)
    return merged


def set_reversal(connection: Connection, source: str, source_id: str, reversal: Reversal) -> None:
    """Store a reversal that says all there is, in place of what is stored."""
    if lock_reversal(connection, source, source_id) != reversal:
        _write(connection, source, source_id, reversal)


def _write(connection: Connection, source: str, source_id: str, merged: Reversal) -> None:
    connection.execute(
        update(reversals)
        .where(and_(reversals.c.source == source, reversals.c.source_id == source_id))
        .values(
            refunded=merged.refunded,
            paid=merged.paid,
            dispute=merged.dispute,
            disputed_at=merged.disputed_at,
        )
    )


def merge(stored: Reversal, told: Reversal) -> Reversal:
    """Return what follows from two reports about the same sale, in either order."""
    refund = max(stored, told, key=lambda each: each.refunded)
    disputes = [each for each in (stored, told) if each.dispute]
    dispute = max(disputes, key=_dispute_order, default=Reversal())
    paid = refund.paid if refund.paid is not None else (stored.paid or told.paid)
    return Reversal(refund.refunded, paid, dispute.dispute, dispute.disputed_at)


def _dispute_order(reversal: Reversal) -> tuple[bool, float, bool]:
    at = reversal.disputed_at.timestamp() if reversal.disputed_at else 0.0
    return reversal.dispute == "lost", at, reversal.dispute == "won"


def _read(row: Row[Any]) -> Reversal:
    return Reversal(row.refunded, row.paid, row.dispute, row.disputed_at)
