"""Says in time what is about to end, once a week and once a day before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from .accounts import LockedAccount
from .database import insert_if_absent
from .lots import Lot, read_lot
from .models import CREDIT_KINDS, NOTICE_DAYS, ExpiryNotice
from .schema import entries, lots
from .transactions import Transactions


class Notices(Transactions):
    """Finds credits that end soon."""

    def expiring(self, external_id: str | None = None) -> list[ExpiryNotice]:
        """Return the credits that end within a week or a day, each of them once.

        Credits that were sold for less time than that are left out.

        Args:
            external_id: The shop's id of a shopper; by default all shoppers.
        """
        now = self.now()
        names = self.database.run(lambda each: _accounts(each, now, external_id), "read")
        return [notice for name in names for notice in self._change(name, _note)]


def days_left(lot: Lot, now: datetime) -> int | None:
    """Return before which of the days a lot ends, or None if it ends later, or was sold later."""
    if lot.expires_at is None or lot.expires_at <= now or lot.kind not in CREDIT_KINDS:
        return None
    days = next(
        (each for each in NOTICE_DAYS if lot.expires_at - now <= timedelta(days=each)), None
    )
    if days is None or lot.expires_at - lot.created_at < timedelta(days=days):
        return None
    return days


def _accounts(connection: Connection, now: datetime, external_id: str | None) -> list[str]:
    """Return who has something to be told."""
    query = select(lots).where(
        lots.c.state == "active",
        lots.c.kind.in_(CREDIT_KINDS),
        lots.c.expires_at > now,
        lots.c.expires_at <= now + timedelta(days=max(NOTICE_DAYS)),
    )
    if external_id is not None:
        query = query.where(lots.c.account == external_id)
    found = [read_lot(row) for row in connection.execute(query)]
    due = {(lot.id, _kind(days)): lot for lot in found if (days := days_left(lot, now))}
    told = select(entries.c.lot_id, entries.c.kind).where(
        entries.c.lot_id.in_([lot_id for lot_id, _ in due]),
        entries.c.kind.in_(map(_kind, NOTICE_DAYS)),
    )
    known = {(row.lot_id, row.kind) for row in connection.execute(told)} if due else set()
    names = {lot.account for key, lot in due.items() if key not in known and lot.available}
    return sorted(name for name in names if name is not None)


def _note(account: LockedAccount) -> list[ExpiryNotice]:
    """Write into the journal what is told now, and return it."""
    return [
        ExpiryNotice(account.id, f"{lot.source}:{lot.source_id}", lot.available, ends, days)
        for lot in account.lots
        if (ends := lot.expires_at)
        and lot.available
        and (days := days_left(lot, account.now))
        and _is_new(account, lot, days)
    ]


def _is_new(account: LockedAccount, lot: Lot, days: int) -> bool:
    line = {
        "account": account.id,
        "lot_id": lot.id,
        "reservation": None,
        "kind": _kind(days),
        "allowed": 0,
        "reserved": 0,
        "used": 0,
        "event": f"expiry:{lot.id}",
        "at": account.now,
    }
    return insert_if_absent(account.connection, entries, line)


def _kind(days: int) -> str:
    return f"expiring {days}"
