"""Lists and finds shoppers for the shop's staff, a page at a time.

Pages are found by the last row of the one before rather than by counting rows, so that the last of
a hundred thousand shoppers is found as fast as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from .database import Database
from .persons import ERASED
from .schema import accounts, lots, reservations

FAILED_TRYONS = 20


@dataclass(frozen=True)
class Position:
    """The last row of a page: the shopper, and when the ledger first heard of them."""

    external_id: str
    created_at: datetime


@dataclass(frozen=True)
class ShopperRow:
    """A shopper in a list.

    Attributes:
        external_id: The shop's id of the shopper.
        created_at: When the ledger first heard of them.
        available: Try-ons that can be made now, as of the last change of their account.
        held: Try-ons that a pause or a dispute keeps back.
        used: Pictures that were made.
    """

    external_id: str
    created_at: datetime
    available: int
    held: int
    used: int


@dataclass(frozen=True)
class FailedTryon:
    """A try-on that brought no picture, and was not counted.

    Attributes:
        at: When it was begun.
        reason: Why it failed, in a word.
    """

    at: datetime
    reason: str


class ShopperList:
    """Reads shoppers from the ledger's database.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def newest(self, limit: int, after: Position | None = None) -> list[ShopperRow]:
        """Return shoppers, the newest first, after a row of an earlier page."""
        query = select(accounts).order_by(
            accounts.c.created_at.desc(), accounts.c.external_id.desc()
        )
        if after is not None:
            query = query.where(
                accounts.c.created_at <= after.created_at,  # by which an index finds the page
                or_(
                    accounts.c.created_at < after.created_at,
                    and_(
                        accounts.c.created_at == after.created_at,
                        accounts.c.external_id < after.external_id,
                    ),
                ),
            )
        return self._read(query, limit)

    def named(self, prefix: str, limit: int, after: Position | None = None) -> list[ShopperRow]:
        """Return shoppers whose id in the shop begins with a text, in the order of their ids."""
        query = (
            select(accounts)
            .where(accounts.c.external_id.startswith(prefix, autoescape=True))
            .order_by(accounts.c.external_id)
        )
        if after is not None:
            query = query.where(accounts.c.external_id > after.external_id)
        return self._read(query, limit)

    def with_address(self, digests: Sequence[str], limit: int) -> list[ShopperRow]:
        """Return shoppers who have got something by an e-mail address.

        Args:
            digests: What the address may be stored as.
            limit: How many at most.
        """
        known = select(lots.c.account).where(lots.c.email_hash.in_(digests))
        query = select(accounts).where(accounts.c.external_id.in_(known))
        return self._read(query.order_by(accounts.c.external_id), limit)

    def knows(self, external_id: str) -> bool:
        """Return whether the ledger has a shopper of an id."""
        query = select(accounts.c.external_id).where(accounts.c.external_id == external_id)
        return self._database.run(lambda each: each.execute(query).first() is not None, "read")

    def failed_tryons(self, external_id: str) -> list[FailedTryon]:
        """Return a shopper's latest try-ons that failed, the newest first."""
        query = (
            select(reservations.c.opened_at, reservations.c.reason)
            .where(reservations.c.account == external_id, reservations.c.reason.is_not(None))
            .order_by(reservations.c.opened_at.desc())
            .limit(FAILED_TRYONS)
        )
        rows = self._database.run(lambda connection: connection.execute(query).all(), "read")
        return [FailedTryon(row.opened_at, row.reason) for row in rows]

    def _read(self, query: Any, limit: int) -> list[ShopperRow]:
        now = datetime.fromtimestamp(self._clock(), UTC)
        shown = query.where(accounts.c.external_id.not_like(f"{ERASED}%")).limit(limit)

        def read(connection: Connection) -> list[ShopperRow]:
            found = connection.execute(shown).all()
            sums = _sums(connection, [row.external_id for row in found], now)
            return [
                ShopperRow(row.external_id, row.created_at, *sums.get(row.external_id, (0, 0, 0)))
                for row in found
            ]

        return self._database.run(read, "read")


def _sums(
    connection: Connection, names: Sequence[str], now: datetime
) -> dict[str, tuple[int, int, int]]:
    """Return what each shopper has available and held, and has used."""
    room = lots.c.allowed - lots.c.used - lots.c.reserved
    is_open = and_(
        lots.c.state == "active",
        lots.c.holds.not_like("%ended%"),
        or_(lots.c.expires_at.is_(None), lots.c.expires_at > now),
        room > 0,
    )
    rows = connection.execute(
        select(
            lots.c.account,
            func.sum(case((and_(is_open, lots.c.holds == ""), room), else_=0)).label("available"),
            func.sum(case((and_(is_open, lots.c.holds != ""), room), else_=0)).label("held"),
            func.sum(lots.c.used).label("used"),
        )
        .where(lots.c.account.in_(names))
        .group_by(lots.c.account)
    )
    return {row.account: (int(row.available), int(row.held), int(row.used)) for row in rows}
