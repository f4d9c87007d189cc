"""What a shopper has, how it came about, and whether the journal and the counters agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, func, or_, select

from .lots import Lot, in_drawing_order, read_lot
from .models import FREE_SOURCE, Balance, Holdings, JournalLine, LotBalance
from .reconciliation import Counts
from .schema import IS_DUE, entries, is_due_now, lots, reservations

# Built once, since building a statement takes longer than running it.
_OVERDUE = (
    select(reservations.c.lot_id, func.count().label("number"))
    .where(
        reservations.c.account == bindparam("of_account"),
        reservations.c.state == "open",
        reservations.c.lapses_at <= bindparam("now"),
    )
    .group_by(reservations.c.lot_id)
)
_LOTS = select(lots, is_due_now().label(IS_DUE)).where(lots.c.account == bindparam("of_account"))
_IS_DUE = select(is_due_now())
# Genvoris's periods have 30 days, so whoever has tried on since may have an open one.
RECENT = timedelta(days=31)


def balance_of(found: Sequence[Lot], now: datetime, offered: Sequence[LotBalance] = ()) -> Balance:
    """Return the balance of an account's lots, and of what the next try-on would open."""
    current = [lot for lot in in_drawing_order(found) if not lot.has_ended(now)]
    views = (*offered, *map(_view, current))
    ends = [lot.expires_at for lot in current if lot.available and lot.expires_at]
    return Balance(
        available=sum(lot.available for lot in views),
        held=sum(lot.held for lot in views),
        lots=views,
        next_expiry=min(ends, default=None),
    )


def read_journal(connection: Connection, account: str, limit: int) -> list[JournalLine]:
    """Return the latest lines of an account's journal, the newest first."""
    rows = connection.execute(
        select(entries, lots.c.source, lots.c.source_id, lots.c.kind.label("lot_kind"))
        .join(lots, lots.c.id == entries.c.lot_id)
        .where(lots.c.account == account)
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    return [
        JournalLine(
            row.at,
            row.kind,
            f"{row.source}:{row.source_id}",
            row.allowed,
            row.reserved,
            row.used,
            row.event,
            row.reservation,
            row.lot_kind,
        )
        for row in rows
    ]


def read_holdings(connection: Connection, now: datetime) -> list[Holdings]:
    """Return what all shoppers together have, by its kind."""
    room = lots.c.allowed - lots.c.used - lots.c.reserved
    kind = case(
        (lots.c.source == FREE_SOURCE, FREE_SOURCE),
        (lots.c.kind == "allowance", "subscription"),
        else_=lots.c.kind,
    ).label("of_kind")
    is_free = lots.c.holds == ""
    rows = connection.execute(
        select(
            kind,
            func.count(lots.c.account.distinct()).label("shoppers"),
            func.sum(case((is_free, room), else_=0)).label("left"),
            func.sum(case((is_free, 0), else_=room)).label("held"),
        )
        .where(
            lots.c.account.is_not(None),
            lots.c.state == "active",
            lots.c.holds.not_like("%ended%"),
            or_(lots.c.expires_at.is_(None), lots.c.expires_at > now),
            room > 0,
        )
        .group_by(kind)
        .order_by(kind)
    )
    return [Holdings(row.of_kind, row.shoppers, int(row.left), int(row.held)) for row in rows]


def read_lots(connection: Connection, account: str, now: datetime) -> list[Lot] | None:
    """Return all lots of an account, without the reservations whose time is over.

    Returns:
        The lots; None if a subscription's next month has come, which changes them.
    """
    named = {"of_account": account, "now": now}
    rows = connection.execute(_LOTS, named).all()
    is_due = getattr(rows[0], IS_DUE) if rows else connection.execute(_IS_DUE, named).scalar_one()
    if is_due:
        return None
    found = [read_lot(row) for row in rows]
    if not any(lot.reserved for lot in found):
        return found
    lapsed = {row.lot_id: row.number for row in connection.execute(_OVERDUE, named)}
    return [replace(lot, reserved=lot.reserved - lapsed.get(lot.id, 0)) for lot in found]


def _view(lot: Lot) -> LotBalance:
    source = f"{lot.source}:{lot.source_id}"
    return LotBalance(
        lot.kind,
        lot.state,
        source,
        lot.granted,
        lot.available,
        lot.used,
        lot.reserved,
        lot.expires_at,
        lot.room if lot.state == "held" and "ended" not in lot.holds else 0,
    )


def recent_accounts(connection: Connection, now: datetime) -> list[str]:
    """Return the shoppers who have reserved a try-on lately, by their ids in the shop."""
    recent = entries.c.at > now - RECENT
    found = connection.execute(
        select(entries.c.account)
        .where(recent, entries.c.kind == "reserve", entries.c.account.is_not(None))
        .distinct()
        .order_by(entries.c.account)
    )
    return list(found.scalars())


def counts_since(connection: Connection, account: str, since: datetime | None) -> Counts:
    """Return how a shopper's try-ons have ended since a time."""
    query = select(entries.c.kind, func.count().label("number")).where(entries.c.account == account)
    if since is not None:
        query = query.where(entries.c.at >= since)
    kinds = Counter({row.kind: row.number for row in connection.execute(query.group_by("kind"))})
    return Counts(kinds["commit"], kinds["fail"], kinds["lapse"])


def wrong_lots(connection: Connection) -> list[str]:
    """Return the lots whose counters differ from the sums over their journal."""
    sums = (
        select(
            entries.c.lot_id,
            func.sum(entries.c.allowed).label("allowed"),
            func.sum(entries.c.reserved).label("reserved"),
            func.sum(entries.c.used).label("used"),
        )
        .group_by(entries.c.lot_id)
        .subquery()
    )
    differs = or_(
        lots.c.allowed != sums.c.allowed,
        lots.c.reserved != sums.c.reserved,
        lots.c.used != sums.c.used,
    )
    rows = connection.execute(
        select(lots.c.source, lots.c.source_id)
        .join(sums, sums.c.lot_id == lots.c.id)
        .where(differs)
    )
    return [f"{row.source}:{row.source_id}" for row in rows]
