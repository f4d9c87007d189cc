"""Free try-ons: a number of them for each shopper and period, once for each verified address.

A period begins with its first try-on. Until then there is no lot, only the offer of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from .accounts import Change, LockedAccount
from .database import insert_if_absent
from .grants import Grant, new_values
from .lots import Lot
from .models import FREE_SOURCE, LotBalance
from .schema import lots

PERIOD = timedelta(days=30)


@dataclass(frozen=True)
class FreeAllowance:
    """What a shopper gets for nothing.

    Attributes:
        units: How many try-ons in a period.
        period: How long a period is.
    """

    units: int
    period: timedelta = PERIOD

    def offer(self) -> LotBalance:
        """Return the lot that the next try-on would open."""
        return LotBalance(
            "allowance", "active", f"{FREE_SOURCE}:next", self.units, self.units, 0, 0, None
        )


def is_offered(
    connection: Connection,
    account: str,
    found: Sequence[Lot],
    email_hashes: Sequence[str],
    now: datetime,
) -> bool:
    """Return whether a shopper's next try-on would begin a free period.

    It does not while a period runs, theirs or that of another account with the same address, nor
    while they have an allowance that was paid for.

    Args:
        connection: The transaction.
        account: The shop's id of the shopper.
        found: The shopper's lots.
        email_hashes: The digests of the shopper's verified address, the current one first.
        now: The current time.
    """
    if any(lot.kind == "allowance" and lot.available and not lot.has_ended(now) for lot in found):
        return False
    running = select(lots.c.id).where(
        lots.c.source == FREE_SOURCE,
        or_(lots.c.account == account, lots.c.email_hash.in_(email_hashes)),
        lots.c.expires_at > now,
    )
    return connection.execute(running.limit(1)).first() is None


def begin_period(
    account: LockedAccount, email_hashes: Sequence[str], allowance: FreeAllowance
) -> Lot | None:
    """Begin a free period if one is offered; return its lot."""
    connection = account.connection
    if not is_offered(connection, account.id, account.lots, email_hashes, account.now):
        return None
    of_address = (lots.c.source == FREE_SOURCE, lots.c.email_hash.in_(email_hashes))
    number = connection.execute(select(func.count()).where(*of_address)).scalar_one() + 1
    source_id = f"{email_hashes[0]}/{number}"
    ends = account.now + allowance.period
    grant = Grant("allowance", FREE_SOURCE, source_id, allowance.units, expires_at=ends)
    values = new_values(grant, account.now)
    values |= {"account": account.id, "email_hash": email_hashes[0], "allowed": 0}
    if not insert_if_absent(connection, lots, values):
        return None  # another account with this address has begun it at this moment
    row = connection.execute(
        select(lots.c.id).where(lots.c.source == FREE_SOURCE, lots.c.source_id == source_id)
    ).one()
    lot = account.lot(row.id)
    return account.change(
        lot, "grant", f"{FREE_SOURCE}:{source_id}", Change(allowed=allowance.units)
    )
