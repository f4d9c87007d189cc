"""Reserving one try-on before it is made, and settling it afterwards.

A reservation is open, then committed by a picture, released by a failure, or lapsed because nobody
settled it. Its key is the try-on's idempotency key, so a repeat finds the same reservation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, insert, select

from .accounts import Change, LockedAccount, check_id
from .lots import FINAL_STATES, Lot
from .models import Reservation
from .schema import entries, lots, reservations

# So many failures of what was bought singly, in a row, are a reason to pay it back.
FAILURES = 3

_INSERT = insert(reservations)


class ForeignReservationError(ValueError):
    """The key belongs to another shopper's try-on."""


def reserve(
    account: LockedAccount,
    key: str,
    time_limit: timedelta,
    prepare: Callable[[LockedAccount], object] = lambda _account: None,
) -> Reservation | None:
    """Reserve a try-on; return None if the shopper has none left.

    The same key is the same reservation. One that failed or lapsed is reserved again.

    Args:
        account: The shopper's account.
        key: The try-on's idempotency key.
        time_limit: How long it may be under way.
        prepare: Adds what the shopper gets by trying on, before the lot is chosen.

    Raises:
        ForeignReservationError: The key is another shopper's.
    """
    check_id("key", key)
    known = account.reservation(key)
    if known is not None and known.account != account.id:
        raise ForeignReservationError("This key belongs to another shopper's try-on.")
    if known is not None and known.state in ("open", "committed"):
        return known
    prepare(account)
    lot = account.next_available()
    if lot is None:
        return None
    attempt = known.attempt + 1 if known else 1
    values: dict[str, Any] = {
        "lot_id": lot.id,
        "state": "open",
        "attempt": attempt,
        "opened_at": account.now,
        "lapses_at": account.now + time_limit,
    }
    if known:
        account.change_reservation(key, **values)
    else:
        row = {"key": key, "account": account.id, **values}
        account.connection.execute(_INSERT, row)
    _change(account, lot, "reserve", key, attempt, Change(reserved=1))
    return Reservation(key, account.id, lot.id, "open", attempt, is_new=True)


def commit(account: LockedAccount, key: str) -> bool:
    """Count a try-on that was made; return False if there was nothing left to count it against.

    The picture of a reservation that has lapsed counts if the shopper has a try-on left by now.
    """
    known = account.reservation(key)
    if known is None or known.state == "committed":
        return known is not None
    if known.state == "open":
        lot = account.lot(known.lot_id)
        change = Change(reserved=-1, used=1)
    else:
        late = account.next_available()
        if late is None:
            return False
        lot, change = late, Change(used=1)
    _change(account, lot, "commit", key, known.attempt, change)
    account.change_reservation(key, state="committed", lot_id=lot.id)
    return True


def release(account: LockedAccount, key: str, *, failed: bool = False) -> bool:
    """Release a try-on of which there is no picture; return whether it was still reserved.

    Args:
        account: The shopper's account.
        key: The try-on's idempotency key.
        failed: Whether it could not be made, rather than being refused or cancelled.
    """
    known = account.reservation(key)
    if known is None or known.state != "open":
        return False
    account.change_reservation(key, state="released")
    event = f"{key}:{known.attempt}"
    account.give_back(account.lot(known.lot_id), "fail" if failed else "release", event, key)
    return True


def undo(account: LockedAccount, key: str) -> bool:
    """Count a picture no longer that its shopper never got; return whether it was counted."""
    known = account.reservation(key)
    if known is None or known.state != "committed":
        return False
    account.change_reservation(key, state="released")
    lot = account.lot(known.lot_id)
    # What comes back to a lot that has ended ends with it.
    lost = -1 if lot.stored_state in FINAL_STATES and lot.allowed >= lot.used else 0
    _change(account, lot, "unseen", key, known.attempt, Change(used=-1, allowed=lost))
    return True


def failed_sale(connection: Connection, key: str) -> str | None:
    """Return the sale of a single try-on that has just failed three times in a row.

    Args:
        connection: The transaction.
        key: The idempotency key of the try-on that failed last.
    """
    row = connection.execute(
        select(lots.c.id, lots.c.kind, lots.c.source, lots.c.source_id)
        .join(reservations, reservations.c.lot_id == lots.c.id)
        .where(reservations.c.key == key)
    ).one_or_none()
    if row is None or row.kind != "single":
        return None
    latest = connection.execute(
        select(entries.c.kind)
        .where(entries.c.lot_id == row.id, entries.c.kind.in_(("fail", "commit")))
        .order_by(entries.c.id.desc())
        .limit(FAILURES + 1)
    ).scalars()
    in_a_row = len(list(takewhile(lambda kind: kind == "fail", latest)))
    return f"{row.source}:{row.source_id}" if in_a_row == FAILURES else None


def _change(
    account: LockedAccount, lot: Lot, kind: str, key: str, attempt: int, change: Change
) -> None:
    account.change(lot, kind, f"{key}:{attempt}", change, reservation=key)
