"""What the ledger's database holds of one person: exported, and erased.

Money's journal has to stay for as long as tax law asks. So it is put under a random name instead
of the shop's id of the shopper. Numbers of orders and payments stay in it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from ..billing.stripe.repository import StripeRepository
from ..privacy.erasure import OpenErasure, Outcome, PendingError, Receipt, ReceiptLine
from ..privacy.holders import owner_of
from ..privacy.own_records import purchases_line
from .database import Database
from .events import DatabaseRecords
from .models import FREE_SOURCE
from .person_export import BOOKS, export_person, is_about
from .schema import (
    accounts,
    audit,
    consents,
    entries,
    erasures,
    lots,
    outbox,
    reservations,
)

log: logging.Logger = logging.getLogger("genvoris_flask.privacy")

ERASED = "erased:"
_LAW = (
    "books have to be kept (in the EU for up to ten years); your id of the shopper is removed, and "
    "numbers of orders and payments stay"
)
_FREE = "free try-ons are given once for each address in 30 days; it goes when they end"
_STAFF = "shows what the shop's staff have changed; your id of the shopper and notes are removed"
_PROOF = "proves that there was a consent; your id of the shopper is removed"


class LedgerHolder:
    """The ledger, consents and the outbox; implements ``Holder``.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
        close: Voids what is left of a shopper's account, under the id of an event.
        tryon_ids: Returns the ids of somebody's try-ons, as long as they are known.
    """

    place = "database"

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        close: Callable[[str, str], object],
        tryon_ids: Callable[[str], Sequence[str]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._close = close
        self._tryon_ids = tryon_ids

    def export(self, external_id: str) -> dict[str, Any]:
        """Return every row that is about a shopper, by table; see ``export_person``."""
        ids, now = self._tryon_ids(owner_of(external_id)), self._now()
        return self._database.run(
            lambda connection: export_person(connection, external_id, ids, now), "read"
        )

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:
        """Put the books under a random name; see ``Holder``.

        Raises:
            PendingError: A try-on is under way, and would still be settled by the shopper's id.
        """
        self._close(external_id, f"erase:{erasure_id}")
        now = self._now()
        return self._database.run(lambda connection: _erase(connection, external_id, now))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _erase(connection: Connection, external_id: str, now: datetime) -> list[ReceiptLine]:
    connection.execute(  # the account's lock
        update(accounts)
        .where(accounts.c.external_id == external_id)
        .values(version=accounts.c.version + 1)
    )
    open_ones = select(func.count()).where(
        reservations.c.account == external_id,
        reservations.c.state == "open",
        reservations.c.lapses_at > now,
    )
    if connection.execute(open_ones).scalar_one():
        raise PendingError("A try-on of this shopper is under way.")
    name = ERASED + secrets.token_hex(16)
    # What was delivered is still known by its key.
    messages = connection.execute(delete(outbox).where(is_about(external_id))).rowcount
    agreed = connection.execute(
        update(consents)
        .where(consents.c.account == external_id)
        .values(account=name, withdrawn_at=func.coalesce(consents.c.withdrawn_at, now))
    ).rowcount
    rows = _rename_books(connection, external_id, name, now)
    noted = connection.execute(
        update(audit).where(audit.c.subject == external_id).values(subject=name, note=None)
    ).rowcount
    lines = [ReceiptLine("database", "messages about the shopper", "deleted", messages)]

    def add(what: str, outcome: Outcome, count: int, reason: str, code: str) -> None:
        if count:
            lines.append(ReceiptLine("database", what, outcome, count, reason, code))

    add("consents", "anonymised", agreed, _PROOF, "consents")
    add("audit log of the staff", "anonymised", noted, _STAFF, "staff")
    add("the ledger's journal", "anonymised", rows, _LAW, "journal")
    running = select(func.count()).where(lots.c.account == name, lots.c.email_hash.is_not(None))
    kept = connection.execute(running).scalar_one()
    add("digests of the address", "kept", kept, _FREE, "free")
    # Without a lock, since events of Stripe's lock their records before the account.
    repository = StripeRepository(DatabaseRecords(connection, now, for_update=False))
    if closed := repository.account(external_id).closed.purchases:
        lines.append(purchases_line("database", len(closed)))
    return lines


def _rename_books(connection: Connection, external_id: str, name: str, now: datetime) -> int:
    """Move all rows of an account to a new name; return how many there were."""
    known = select(func.count()).where(accounts.c.external_id == external_id)
    if connection.execute(known).scalar_one():
        values = {"external_id": name, "version": 1, "created_at": now}
        connection.execute(insert(accounts), values)
    of_account = lots.c.account == external_id
    _forget_addresses(connection, and_(of_account, ~_is_running(now)), name)
    rows = 0
    for table in BOOKS:
        moved = update(table).where(table.c.account == external_id).values(account=name)
        rows += connection.execute(moved).rowcount
    rows += connection.execute(
        delete(accounts).where(accounts.c.external_id == external_id)
    ).rowcount
    return rows


def _is_running(now: datetime) -> ColumnElement[bool]:
    """Return whether a lot is of a free period that runs, which is known by its address.

    Else an account that is erased and made again would have free try-ons again.
    """
    return and_(lots.c.source == FREE_SOURCE, lots.c.expires_at > now)


def _forget_addresses(connection: Connection, which: ColumnElement[bool], name: str) -> int:
    """Replace digests of an e-mail address, by which free try-ons are counted."""
    found = connection.execute(
        select(lots.c.id, lots.c.source, lots.c.source_id).where(
            which, lots.c.email_hash.is_not(None)
        )
    ).all()
    for row in found:
        values: dict[str, Any] = {"email_hash": None}
        if row.source == FREE_SOURCE:
            values["source_id"] = f"{name}/{row.id}"
            event = update(entries).where(
                entries.c.lot_id == row.id, entries.c.event == f"free:{row.source_id}"
            )
            connection.execute(event.values(event=f"free:{name}/{row.id}"))
        connection.execute(update(lots).where(lots.c.id == row.id).values(**values))
    return len(found)


class DatabaseErasures:
    """Keeps erasures until they are done; implements ``ErasureRecords``.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def open(self, external_id: str) -> OpenErasure:
        """Return the open erasure of a shopper, which is recorded if there is none."""
        now = datetime.fromtimestamp(self._clock(), UTC)

        def work(connection: Connection) -> OpenErasure:
            known = connection.execute(
                select(erasures).where(
                    erasures.c.account == external_id, erasures.c.done_at.is_(None)
                )
            ).first()
            if known is not None:
                return _read(known)
            new = OpenErasure(secrets.token_hex(16), external_id, now)
            row = {"id": new.id, "account": external_id, "asked_at": now, "attempts": 0}
            connection.execute(insert(erasures), row)
            return new

        return self._database.run(work)

    def save(self, receipt: Receipt) -> bool:
        """Store a receipt, and empty the database's log; see ``ErasureRecords``."""
        values: dict[str, Any] = {
            "attempts": erasures.c.attempts + 1,
            "receipt": receipt.fields(),
            "done_at": receipt.done_at,
        }
        if receipt.done_at:
            values["account"] = None
        unfinished = (erasures.c.id == receipt.id, erasures.c.done_at.is_(None))
        statement = update(erasures).where(*unfinished).values(**values)
        is_saved = bool(self._database.run(lambda each: each.execute(statement).rowcount))
        if not self._database.empty_log():
            log.warning("The database's log is in use: `flask genvoris sweep` empties it later.")
        return is_saved

    def pending(self) -> list[OpenErasure]:
        """Return the erasures that are not done, the oldest first."""
        found = (
            select(erasures)
            .where(erasures.c.done_at.is_(None), erasures.c.account.is_not(None))
            .order_by(erasures.c.asked_at)
        )
        rows = self._database.run(lambda connection: connection.execute(found).all(), "read")
        return [_read(row) for row in rows]


def _read(row: Row[Any]) -> OpenErasure:
    so_far = Receipt.read(row.receipt) if row.receipt else None
    return OpenErasure(row.id, row.account, row.asked_at, so_far)


def forget_erased_addresses(connection: Connection, now: datetime) -> int:
    """Forget the digests of addresses whose free period has ended since their erasure."""
    of_erased = and_(lots.c.account.startswith(ERASED), ~_is_running(now))
    return _forget_addresses(connection, of_erased, ERASED + "free")
