"""Putting try-ons into a shopper's account, absolutely: telling the same again changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from .accounts import Change, LockedAccount, check_id
from .lots import FINAL_STATES, PRIORITIES, Lot, allowed_units, read_lot
from .models import LotKind
from .reversal_records import find_reversals, lock_reversal
from .schema import lots

# More than any order; a column of the database holds it.
MAX_UNITS = 1_000_000
MAX_AMOUNT = 10**15
# A hundred years.
MAX_SECONDS = 100 * 365 * 24 * 3600


@dataclass(frozen=True)
class Grant:
    """What somebody gets.

    Attributes:
        kind: What it is, which decides when it is used.
        source: The system it comes from, such as ``stripe``.
        source_id: Its id there. The same source and id are the same lot.
        units: How many try-ons in all.
        bundle: What several lots belong to, such as an order with several lines.
        paid: What was paid for it, in the currency's minor unit.
        currency: The currency's ISO code.
        starts_at: When it was sold or given; now by default.
        expires_at: When it ends.
        lasts: For how long it lasts, in place of ``expires_at``; counted from when it was first
            told, so that telling it again prolongs nothing.
        stated_at: When the billing system said so; an older statement changes nothing.

    Raises:
        TypeError: A payment is not a whole number.
        ValueError: An id is too long, a payment is negative, or a currency has no three letters.
    """

    kind: LotKind
    source: str
    source_id: str
    units: int
    bundle: str | None = None
    paid: int | None = None
    currency: str | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    lasts: timedelta | None = None
    stated_at: datetime | None = None

    def __post_init__(self) -> None:
        check_id("the id of what is granted (an order's with its line's)", self.source_id)
        if self.paid is not None:
            check_amount("paid", self.paid)
        if self.currency is not None and not re.fullmatch("[A-Za-z]{3}", self.currency):
            raise ValueError(f"currency must be an ISO code such as EUR, not {self.currency!r}.")


def check_amount(name: str, value: object) -> int:
    """Return an amount of money in minor units.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is negative, or more than anybody pays.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number of minor units (cents), not {value!r}.")
    if not 0 <= value <= MAX_AMOUNT:
        raise ValueError(f"{name} must be 0 to {MAX_AMOUNT:,} minor units, not {value}.")
    return value


def check_lifetime(name: str, value: object) -> timedelta:
    """Return for how long something lasts, from a number of seconds.

    Raises:
        TypeError: It is no number.
        ValueError: It is more than a hundred years, or no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {value!r}.")
    if not -MAX_SECONDS <= value <= MAX_SECONDS:
        raise ValueError(f"{name} must be at most {MAX_SECONDS:,} seconds, not {value}.")
    return timedelta(seconds=value)


def check_units(name: str, value: object, *, least: int = 1) -> int:
    """Return a number of try-ons.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is too small or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number of try-ons, not {value!r}.")
    if not least <= value <= MAX_UNITS:
        raise ValueError(f"{name} must be {least} to {MAX_UNITS:,} try-ons, not {value}.")
    return value


def give(account: LockedAccount, grant: Grant, event: str) -> Lot:
    """Add a lot to an account, or make the one that is there what the grant says.

    A number that has grown is added. One that has shrunk takes away what is not used.
    """
    for source_id in filter(None, (grant.source_id, grant.bundle)):
        lock_reversal(account.connection, grant.source, source_id)
    known = find_lot(account.connection, grant.source, grant.source_id)
    if known is None:
        lot = account.add(new_values(grant, account.now), event)
    elif known.account is None:
        lot = claim(account, known)
    elif known.account != account.id:
        raise ValueError(
            f"{grant.source}:{grant.source_id} was given to another shopper. Refund it first, or "
            "use an id of its own."
        )
    else:
        lot = known
    lot = _resize(account, lot, grant, event)
    return apply_reversals(account, lot, event)


def apply_reversals(account: LockedAccount, lot: Lot, event: str) -> Lot:
    """Make a lot what the refunds and disputes that are known leave of it."""
    found = find_reversals(account.connection, lot)
    disputes = {each.dispute for each in found}
    if "lost" in disputes and lot.stored_state not in FINAL_STATES:
        return account.end(lot, "void", f"dispute:{lot.id}")
    lot = set_hold(account, lot, "dispute", held="open" in disputes, event=event)
    return account.settle(lot, "refund", event)


def set_hold(account: LockedAccount, lot: Lot, hold: str, *, held: bool, event: str) -> Lot:
    """Hold a lot for a reason, or release it from that one."""
    if (hold in lot.holds) is held or lot.stored_state in FINAL_STATES:
        return lot
    holds = lot.holds | {hold} if held else lot.holds - {hold}
    kind = f"hold {hold}" if held else f"free {hold}"
    return account.change(lot, kind, event, holds=",".join(sorted(holds)))


def take_back(account: LockedAccount, units: int, event: str) -> int:
    """Take try-ons back from what the shop has given, newest first; return how many were taken.

    What is used stays used.
    """
    gifts = [lot for lot in account.lots if lot.kind == "gift"]
    left = units
    for lot in sorted(gifts, key=lambda each: each.id, reverse=True):
        count = min(left, lot.room)
        if count:
            account.change(
                lot, "take back", event, Change(allowed=-count), taken_back=lot.taken_back + count
            )
            left -= count
    return units - left


def find_lot(connection: Connection, source: str, source_id: str) -> Lot | None:
    """Return the lot of a source's id, whoever has it."""
    row = connection.execute(
        select(lots).where(lots.c.source == source, lots.c.source_id == source_id).with_for_update()
    ).one_or_none()
    return None if row is None else read_lot(row)


def find_owners(connection: Connection, source: str, source_id: str) -> set[str]:
    """Return whose the lots of a sale are, without locking them.

    Whoever changes lots locks their accounts first, so that nobody waits in a circle.
    """
    is_sold = or_(lots.c.source_id == source_id, lots.c.bundle == source_id)
    found = connection.execute(select(lots.c.account).where(lots.c.source == source, is_sold))
    return {account for account in found.scalars() if account is not None}


def find_sold(connection: Connection, source: str, source_id: str) -> list[Lot]:
    """Return the lots of a sale: that of its id, or those of the bundle that has it."""
    is_sold = or_(lots.c.source_id == source_id, lots.c.bundle == source_id)
    rows = connection.execute(
        select(lots).where(lots.c.source == source, is_sold).with_for_update()
    )
    return [read_lot(row) for row in rows]


def claim(account: LockedAccount, lot: Lot) -> Lot:
    """Move a guest's lot into the account of the shopper whose address it has."""
    account.connection.execute(
        update(lots).where(lots.c.id == lot.id).values(account=account.id, state="active")
    )
    lot = account.change(account.refresh(lot), "claim", f"claim:{lot.id}")
    if lot.has_ended(account.now):
        return account.end(lot, "expired", f"expiry:{lot.id}")
    return apply_reversals(account, lot, f"claim:{lot.id}")


def _resize(account: LockedAccount, lot: Lot, grant: Grant, event: str) -> Lot:
    """Set a lot's number, payment and end to what the grant says."""
    if lot.stored_state in FINAL_STATES or _is_older(grant, lot):
        return lot
    granted = max(grant.units, lot.taken)
    wanted: dict[str, Any] = {
        "granted": granted,
        "bundle": grant.bundle or lot.bundle,
        "paid": grant.paid if grant.paid is not None else lot.paid,
        "currency": grant.currency or lot.currency,
        "expires_at": grant.expires_at or lot.expires_at,
        "stated_at": grant.stated_at,
    }
    changed = {name: value for name, value in wanted.items() if getattr(lot, name) != value}
    if not changed:
        return lot
    lot_now = replace(lot, granted=granted, bundle=wanted["bundle"])
    target = allowed_units(lot_now, find_reversals(account.connection, lot_now))
    change = Change(allowed=target - lot.allowed)
    return account.change(lot, "change", event, change, **changed)


def _is_older(grant: Grant, lot: Lot) -> bool:
    return bool(grant.stated_at and lot.stated_at and grant.stated_at < lot.stated_at)


def new_values(grant: Grant, now: datetime) -> dict[str, Any]:
    """Return the columns of a new lot, apart from whose it is."""
    starts_at = grant.starts_at or now
    return {
        "email_hash": None,
        "kind": grant.kind,
        "priority": PRIORITIES[grant.kind],
        "source": grant.source,
        "source_id": grant.source_id,
        "bundle": grant.bundle,
        "state": "active",
        "holds": "",
        "granted": grant.units,
        "reserved": 0,
        "used": 0,
        "taken_back": 0,
        "paid": grant.paid,
        "currency": grant.currency,
        "stated_at": grant.stated_at,
        "created_at": starts_at,
        "expires_at": grant.expires_at if grant.lasts is None else starts_at + grant.lasts,
    }
