"""Reserving one try-on before it is made, and settling it afterwards.

A reservation is open, then committed by a picture, released by a failure, or lapsed because nobody
settled it. Its key is the try-on's idempotency key, so a repeat finds the same reservation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Connection, bindparam, insert, select, update

from .accounts import Change, LockedAccount, check_id, fit_event
from .database import insert_if_absent
from .lots import FINAL_STATES, Lot
from .models import Reservation
from .schema import entries, lots, reservations

# So many failures of what was bought singly, in a row, are a reason to pay it back.
FAILURES = 3

# Built once, since building a statement takes longer than running it.
_INSERT = insert(reservations)
_ENTRY = insert(entries).inline()
_KNOWN = select(reservations.c.lot_id, reservations.c.attempt).where(
    reservations.c.key == bindparam("of_key"),
    reservations.c.state == "open",
    reservations.c.lapses_at > bindparam("now"),
)
_USE = (
    update(lots)
    .where(lots.c.id == bindparam("of_lot"), lots.c.reserved > 0)
    .values(reserved=lots.c.reserved - 1, used=lots.c.used + 1)
)
_COMMIT = (
    update(reservations)
    .where(reservations.c.key == bindparam("of_key"), reservations.c.state == "open")
    .values(state="committed")
)


class ChangedMeanwhileError(Exception):
    """Something was changed by another transaction, so this one has to be begun again."""


class ForeignReservationError(ValueError):
    """The key belongs to another shopper's try-on."""


def reserve(
    account: LockedAccount,
    key: str,
    time_limit: timedelta,
    prepare: Callable[[LockedAccount], object] | None = None,
) -> Reservation | None:
    """Reserve a try-on; return None if the shopper has none left.

    The same key is the same reservation. One that failed or lapsed is reserved again.

    Args:
        account: The shopper's account.
        key: The try-on's idempotency key.
        time_limit: How long it may be under way.
        prepare: Adds what the shopper gets by trying on, before the lot is chosen; None if nothing.

    Raises:
        ForeignReservationError: The key is another shopper's.
    """
    check_id("key", key)
    times = {"opened_at": account.now, "lapses_at": account.now + time_limit}
    row = {"key": key, "account": account.id, "state": "open", "attempt": 1, **times}
    # A key is almost always new, so it is only looked for if it cannot be inserted.
    lot = None if prepare else account.next_available()
    if lot and insert_if_absent(account.connection, reservations, {**row, "lot_id": lot.id}):
        return _open(account, lot, key, attempt=1)
    known = account.reservation(key)
    if known is not None and known.account != account.id:
        raise ForeignReservationError("This key belongs to another shopper's try-on.")
    if known is not None and known.state in ("open", "committed"):
        return known
    if prepare:
        prepare(account)
    lot = account.next_available()
    if lot is None:
        return None
    attempt = known.attempt + 1 if known else 1
    if known:
        again = {"lot_id": lot.id, "state": "open", "attempt": attempt, "reason": None, **times}
        account.change_reservation(key, **again)
    else:
        account.connection.execute(_INSERT, {**row, "lot_id": lot.id})
    return _open(account, lot, key, attempt)


def _open(account: LockedAccount, lot: Lot, key: str, attempt: int) -> Reservation:
    _change(account, lot, "reserve", key, attempt, Change(reserved=1))
    return Reservation(key, account.id, lot.id, "open", attempt, is_new=True)


def commit_open(connection: Connection, external_id: str, key: str, now: datetime) -> bool:
    """Count a try-on whose reservation is open; return False if it is not.

    The account needs no lock for that. Rows are changed in the order in which whoever has locked
    the account reads them, the lot before the reservation, so that nobody waits in a circle.

    Raises:
        ChangedMeanwhileError: The reservation was settled at this moment.
    """
    known = connection.execute(_KNOWN, {"of_key": key, "now": now}).one_or_none()
    if known is None:
        return False
    was_reserved = connection.execute(_USE, {"of_lot": known.lot_id}).rowcount
    if not was_reserved or not connection.execute(_COMMIT, {"of_key": key}).rowcount:
        raise ChangedMeanwhileError
    line = {
        "account": external_id,
        "lot_id": known.lot_id,
        "reservation": key,
        "kind": "commit",
        "allowed": 0,
        "reserved": -1,
        "used": 1,
        "event": fit_event(f"{key}:{known.attempt}"),
        "at": now,
    }
    connection.execute(_ENTRY, line)
    return True


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


def release(
    account: LockedAccount, key: str, *, failed: bool = False, reason: str | None = None
) -> bool:
    """Release a try-on of which there is no picture; return whether it was still reserved.

    Args:
        account: The shopper's account.
        key: The try-on's idempotency key.
        failed: Whether it could not be made, rather than being refused or cancelled.
        reason: Why, in a word.
    """
    known = account.reservation(key)
    if known is None or known.state != "open":
        return False
    account.change_reservation(key, state="released", reason=reason)
    event = f"{key}:{known.attempt}"
    account.give_back(account.lot(known.lot_id), "fail" if failed else "release", event, key)
    return True


def undo(account: LockedAccount, key: str) -> bool:
    """Count a picture no longer that its shopper never got; return whether it was counted."""
    known = account.reservation(key)
    if known is None or known.state != "committed":
        return False
    # If its picture is shown after all, that is another attempt, which the journal counts anew.
    account.change_reservation(key, state="released", attempt=known.attempt + 1)
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
