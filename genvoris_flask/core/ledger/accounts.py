"""One shopper's lots while their account is locked, and the journal of what changes.

Every transaction that changes lots first updates the account's row. That is one lock for all of a
shopper's lots, it is taken in one statement by every database, and it makes SQLite's transaction a
writing one from its start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from .columns import ID_LENGTH
from .database import insert_if_absent
from .lots import FINAL_STATES, Lot, allowed_units, in_drawing_order, read_lot
from .models import Reservation
from .reversal_records import find_reversals
from .schema import IS_DUE, accounts, entries, is_due_now, lots, reservations

# Built once, since building a statement takes longer than running it.
_LOCK = (
    update(accounts)
    .where(accounts.c.external_id == bindparam("account"))
    .values(version=accounts.c.version + 1)
)
_VERSION = select(accounts.c.version).where(accounts.c.external_id == bindparam("account"))
# FOR UPDATE makes MySQL read what is committed now, even in a transaction that the shop began
# earlier.
_LOT = select(lots).where(lots.c.id == bindparam("lot_id")).with_for_update()
# Whether catch_up has something to do is asked in the same statement.
_LOTS = (
    select(lots, is_due_now().label(IS_DUE))
    .where(
        lots.c.account == bindparam("of_account"),
        or_(lots.c.state.not_in(FINAL_STATES), lots.c.reserved > 0),
    )
    .with_for_update()
)
_CHANGE_LOT = update(lots).where(lots.c.id == bindparam("lot_id"))
_OPEN = (
    select(reservations)
    .where(reservations.c.account == bindparam("of_account"), reservations.c.state == "open")
    .with_for_update()
)
_RESERVATION = (
    select(reservations).where(reservations.c.key == bindparam("of_key")).with_for_update()
)
_CHANGE_RESERVATION = update(reservations).where(reservations.c.key == bindparam("of_key"))


@dataclass(frozen=True)
class Change:
    """By how much a lot's counters change."""

    allowed: int = 0
    reserved: int = 0
    used: int = 0


def check_id(name: str, value: object) -> str:
    """Return an id that can be stored.

    Raises:
        TypeError: It is not a string.
        ValueError: It is empty or too long, or has a character that databases refuse.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}.")
    if not value or len(value) > ID_LENGTH:
        raise ValueError(
            f"{name} must have 1 to {ID_LENGTH} characters; this one has {len(value)}."
        )
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} has a NUL or half of a surrogate pair, which is not text.")
    return value


def fit_event(event: str) -> str:
    """Return a journal's word for what caused a change, with a digest for the end of a long one."""
    if len(event) <= ID_LENGTH:
        return event
    digest = hashlib.sha256(event.encode()).hexdigest()
    return f"{event[: ID_LENGTH - len(digest) - 1]}#{digest}"


class LockedAccount:
    """A shopper's account in a transaction that has locked it.

    Lots whose time is over expire, and reservations that nobody settled lapse, when it is opened.

    Args:
        connection: The transaction.
        external_id: The shop's id of the shopper.
        now: The current time.

    Attributes:
        is_due: Whether a subscription's next month has come, or None if that is not known.
    """

    def __init__(self, connection: Connection, external_id: str, now: datetime) -> None:
        self.connection = connection
        self.id: str = check_id("external_id", external_id)
        self.now = now
        self._lock()
        self.is_due: bool | None = None
        found = self._read_lots()
        self._lots = {lot.id: lot for lot in found if lot.stored_state not in FINAL_STATES}
        self._open = self._read_open() if any(lot.reserved for lot in found) else {}
        self._lapse()
        self._expire()

    @property
    def lots(self) -> list[Lot]:
        """The shopper's lots that have not ended, in the order in which they are used."""
        return in_drawing_order(self._lots.values())

    def lot(self, lot_id: int) -> Lot:
        """Return one of the shopper's lots, including one that has ended."""
        if lot_id in self._lots:
            return self._lots[lot_id]
        return read_lot(self.connection.execute(_LOT, {"lot_id": lot_id}).one())

    def reservation(self, key: str) -> Reservation | None:
        """Return the reservation of a key, whoever has it."""
        if key in self._open:
            return _read_reservation(self._open[key], self.now)
        row = self.connection.execute(_RESERVATION, {"of_key": key}).one_or_none()
        return None if row is None else _read_reservation(row, self.now)

    def next_available(self) -> Lot | None:
        """Return the lot that the next try-on is drawn from."""
        return next((lot for lot in self.lots if lot.available), None)

    def change(
        self,
        lot: Lot,
        kind: str,
        event: str,
        change: Change = Change(),
        *,
        reservation: str | None = None,
        **columns: Any,
    ) -> Lot:
        """Change a lot and write the journal's line for it.

        An event changes a lot in one way only once.

        Args:
            lot: The lot as it is.
            kind: The journal's word for the change.
            event: What caused it.
            change: The counters' changes.
            reservation: The key of the try-on.
            columns: Other columns of the lot, with their new values.

        Returns:
            The lot as it is now.
        """
        line = {
            "account": self.id,
            "lot_id": lot.id,
            "reservation": reservation,
            "kind": kind,
            "allowed": change.allowed,
            "reserved": change.reserved,
            "used": change.used,
            "event": fit_event(event),
            "at": self.now,
        }
        if not insert_if_absent(self.connection, entries, line):
            return self.refresh(lot)
        now = replace(
            lot,
            allowed=lot.allowed + change.allowed,
            reserved=lot.reserved + change.reserved,
            used=lot.used + change.used,
        )
        counters = {"allowed": now.allowed, "reserved": now.reserved, "used": now.used}
        self.connection.execute(_CHANGE_LOT, {"lot_id": lot.id, **counters, **columns})
        return self.refresh(lot) if columns else self._remember(now)

    def refresh(self, lot: Lot) -> Lot:
        """Read a lot again."""
        row = self.connection.execute(_LOT, {"lot_id": lot.id}).one()
        return self._remember(read_lot(row))

    def add(self, values: dict[str, Any], event: str) -> Lot:
        """Add a lot, with the journal's line for it."""
        row = {**values, "allowed": 0, "account": self.id}
        key = self.connection.execute(insert(lots).values(**row)).inserted_primary_key
        assert key is not None  # noqa: S101  (there is one after every insert of one row)
        lot = self._remember(self.lot(key[0]))
        return self.change(lot, "grant", event, Change(allowed=values["granted"]))

    def settle(self, lot: Lot, kind: str, event: str) -> Lot:
        """Make a lot's allowed try-ons what its refunds and withdrawals leave of it."""
        if lot.stored_state in FINAL_STATES:
            return lot
        target = allowed_units(lot, find_reversals(self.connection, lot))
        if target == lot.allowed:
            return lot
        return self.change(lot, kind, event, Change(allowed=target - lot.allowed))

    def end(self, lot: Lot, state: str, event: str) -> Lot:
        """Let a lot expire, or void it. What is used stays used, and what is under way goes on."""
        lost = min(0, lot.taken - lot.allowed)
        return self.change(lot, state, event, Change(allowed=lost), state=state)

    def hand_over(self, lot: Lot, owner: str) -> None:
        """Move a lot to another shopper's account, which must be locked too."""
        self.change(lot, "move", self.statement(f"move:{lot.id}"))
        self.connection.execute(update(lots).where(lots.c.id == lot.id).values(account=owner))
        self.connection.execute(
            update(reservations)
            .where(reservations.c.lot_id == lot.id, reservations.c.state == "open")
            .values(account=owner)
        )
        self._lots.pop(lot.id, None)
        self._open = self._read_open()

    def statement(self, about: str) -> str:
        """Return an event id for what the shop states now, which it may state again later."""
        version = self.connection.execute(_VERSION, {"account": self.id}).scalar_one()
        return f"{about}@{version}"

    def _remember(self, lot: Lot) -> Lot:
        if lot.account == self.id and lot.stored_state not in FINAL_STATES:
            self._lots[lot.id] = lot
        else:
            self._lots.pop(lot.id, None)
        return lot

    def _lock(self) -> None:
        lock = {"account": self.id}
        if not self.connection.execute(_LOCK, lock).rowcount:
            row = {"external_id": self.id, "version": 0, "created_at": self.now}
            insert_if_absent(self.connection, accounts, row)
            self.connection.execute(_LOCK, lock)

    def _read_lots(self) -> list[Lot]:
        """Return the lots that have not ended, and those with try-ons under way."""
        rows = self.connection.execute(_LOTS, {"of_account": self.id, "now": self.now}).all()
        self.is_due = bool(getattr(rows[0], IS_DUE)) if rows else None
        return [read_lot(row) for row in rows]

    def _read_open(self) -> dict[str, Row[Any]]:
        """Return the open reservations by their key."""
        rows = self.connection.execute(_OPEN, {"of_account": self.id}).all()
        return {row.key: row for row in rows}

    def _expire(self) -> None:
        for lot in list(self._lots.values()):
            if lot.has_ended(self.now):
                self.end(lot, "expired", f"expiry:{lot.id}")

    def _lapse(self) -> None:
        for key, row in list(self._open.items()):
            if row.lapses_at <= self.now:
                self.change_reservation(key, state="lapsed")
                event = f"{key}:{row.attempt}"
                self.give_back(self.lot(row.lot_id), "lapse", event, key)

    def change_reservation(self, key: str, **columns: Any) -> None:
        """Change a reservation."""
        self._open.pop(key, None)  # read again when it is asked for
        self.connection.execute(_CHANGE_RESERVATION, {"of_key": key, **columns})

    def give_back(self, lot: Lot, kind: str, event: str, key: str) -> Lot:
        """Return a reserved try-on to its lot, unless the lot has ended."""
        ended = lot.stored_state in FINAL_STATES
        lost = -1 if ended and lot.allowed > lot.used else 0
        change = Change(reserved=-1, allowed=lost)
        return self.change(lot, kind, event, change, reservation=key)


def _read_reservation(row: Row[Any], now: datetime) -> Reservation:
    age = now - row.opened_at
    return Reservation(row.key, row.account, row.lot_id, row.state, row.attempt, age=age)


def lock_accounts(
    connection: Connection, found: Iterable[Lot], now: datetime
) -> dict[str, LockedAccount]:
    """Return the accounts of some lots, locked."""
    return lock_named(connection, {lot.account for lot in found if lot.account is not None}, now)


def lock_named(
    connection: Connection, names: Iterable[str], now: datetime
) -> dict[str, LockedAccount]:
    """Return some accounts, locked in an order that is the same everywhere."""
    return {name: LockedAccount(connection, name, now) for name in sorted(names)}
