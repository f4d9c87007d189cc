"""Orders of guests, which wait under a digest of their address until its owner claims them."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from .accounts import LockedAccount, fit_event
from .database import insert_if_absent
from .grants import Grant, claim, find_lot, find_owners, find_sold, give, new_values
from .lots import Lot, read_lot
from .schema import entries, lots

LONGEST_LABEL = 63  # characters, in a domain
_DOTS = re.compile("[.\u3002]")
# The German sharp s, the Greek final sigma, and what keeps letters apart or joins them in Persian
# and Indian scripts.
_KEPT_LETTERS = re.compile("[\u00df\u03c2\u200c\u200d]")


def email_digest(email: str, secret: bytes) -> str:
    """Return the keyed digest under which a guest's order waits for its owner.

    What mail systems take for the same is the same: capitals, letters of other forms, and the two
    spellings of an international domain.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email.strip()).lower())
    name, at, domain = plain.rpartition("@")
    labels = _DOTS.split(domain.rstrip(".\u3002"))
    normalized = f"{name}{at}{'.'.join(_plain_label(each) for each in labels)}"
    return hmac.new(secret, normalized.encode(), hashlib.sha256).hexdigest()


def _plain_label(label: str) -> str:
    """Return a part of a domain in ASCII, if it can be written so."""
    if len(label) > LONGEST_LABEL:  # of no domain; encoding it would take long
        return label
    try:
        # Two domains may differ in these alone, and have two owners; the codec replaces them.
        if _KEPT_LETTERS.search(label):
            return "xn--" + label.encode("punycode").decode()
        return label.encode("idna").decode()
    except UnicodeError:
        return label


def give_to_guest(
    connection: Connection, email_hash: str, grant: Grant, event: str, now: datetime
) -> Lot:
    """Add a lot that waits for a shopper with a verified address, or correct the one that is there.

    Its time runs from the order, not from the claim. Once it is claimed, it is the shopper's.
    """
    owners = find_owners(connection, grant.source, grant.source_id)
    if owners:
        account = LockedAccount(connection, owners.pop(), now)
        return give(account, grant, account.statement(event))
    values = {
        **new_values(grant, now),
        "account": None,
        "email_hash": email_hash,
        "state": "pending",
        "allowed": grant.units,
    }
    is_new = insert_if_absent(connection, lots, values)
    lot = find_lot(connection, grant.source, grant.source_id)
    assert lot is not None  # noqa: S101  (inserted above, or there before)
    if lot.account is not None:  # it was claimed at this moment
        account = LockedAccount(connection, lot.account, now)
        return give(account, grant, account.statement(event))
    if not is_new:
        columns = {"granted": grant.units, "allowed": grant.units, "email_hash": email_hash}
        paid = lot.paid if grant.paid is None else grant.paid
        currency = grant.currency or lot.currency
        connection.execute(
            update(lots).where(lots.c.id == lot.id).values(**columns, paid=paid, currency=currency)
        )
    added = grant.units - (0 if is_new else lot.granted)
    if added:
        _note_pending(connection, lot, "grant" if is_new else "change", added, event, now)
    lot = find_lot(connection, grant.source, grant.source_id)
    assert lot is not None  # noqa: S101  (it was there a moment ago)
    return lot


def is_anything_waiting(connection: Connection, email_hashes: Sequence[str]) -> bool:
    """Return whether there are guest orders of an address that nobody has claimed."""
    waiting = select(lots.c.id).where(
        lots.c.email_hash.in_(email_hashes), lots.c.state == "pending"
    )
    return connection.execute(waiting.limit(1)).first() is not None


def claim_all(account: LockedAccount, email_hashes: Sequence[str]) -> list[Lot]:
    """Move all guest orders of an address into an account."""
    rows = account.connection.execute(
        select(lots)
        .where(lots.c.email_hash.in_(email_hashes), lots.c.state == "pending")
        .with_for_update()
    ).all()
    return [claim(account, read_lot(row)) for row in rows]


def claim_sale(account: LockedAccount, source: str, source_id: str) -> list[Lot]:
    """Move a guest's order into an account, unless it is in one."""
    sold = find_sold(account.connection, source, source_id)
    return [claim(account, lot) for lot in sold if lot.stored_state == "pending"]


def _note_pending(
    connection: Connection, lot: Lot, kind: str, units: int, event: str, now: datetime
) -> None:
    """Write the journal's line for a lot that is nobody's yet."""
    number = connection.execute(select(func.count()).where(entries.c.lot_id == lot.id)).scalar_one()
    line: dict[str, Any] = {"account": None, "lot_id": lot.id, "kind": kind}
    line |= {"allowed": units, "reserved": 0, "used": 0, "at": now}
    connection.execute(insert(entries).values(**line, event=fit_event(f"{event}@{number}")))
