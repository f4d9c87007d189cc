"""What the journal says, to compare it with what Genvoris counted and with the lots' counters."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from .models import Counts
from .schema import entries, lots

# Genvoris's periods have 30 days, so whoever has tried on since may have an open one.
RECENT = timedelta(days=31)


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
