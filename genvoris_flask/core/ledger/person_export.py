"""What the ledger's database holds of one person, as they may have it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from ..billing.stripe.own_purchases import export_purchases
from ..billing.stripe.repository import StripeRepository
from .accounts import fit_event
from .events import DatabaseRecords
from .figures_schema import figure_opinions
from .reversal_records import WHOLE
from .schema import (
    accounts,
    audit,
    consent_texts,
    consents,
    entries,
    erasures,
    events,
    lots,
    outbox,
    reservations,
    reversals,
    subscriptions,
)

BOOKS: tuple[Table, ...] = (lots, reservations, entries, subscriptions, events)
BATCH = 500  # ids in one statement; SQLite takes 999 in older versions
_WORDING = ("version", "language", "body", "depicted", "age")
_DELIVERED = ("kind", "queued_at", "ended_at")


def export_person(
    connection: Connection, external_id: str, tryon_ids: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Return every row that is about a shopper, by table; consents with their wording.

    Messages that were not delivered yet are left to ``privacy.own_messages``.

    Args:
        connection: The transaction.
        external_id: The shop's id of the shopper.
        tryon_ids: The ids of their try-ons, by which opinions about pictures are theirs.
        now: The current time.
    """
    found = {
        "accounts": _rows(connection, accounts, accounts.c.external_id == external_id),
        **{_name(table): _of_account(connection, table, external_id) for table in BOOKS},
        "consents": _of_account(connection, consents, external_id),
        "erasures": _of_account(connection, erasures, external_id),
        "audit": _rows(connection, audit, audit.c.subject == external_id),
    }
    for consent in found["consents"]:
        (wording,) = _rows(connection, consent_texts, consent_texts.c.digest == consent["text"])
        consent["wording"] = {name: wording[name] for name in _WORDING}
    for entry in found["audit"]:
        del entry["actor"]  # another person's id
    found["reversals"] = _reversals(connection, found["lots"])
    delivered = _rows(connection, outbox, is_about(external_id), outbox.c.state == "sent")
    found["delivered"] = [{name: row[name] for name in _DELIVERED} for row in delivered]
    digests = [hashlib.sha256(each.encode()).hexdigest() for each in tryon_ids]
    found["opinions"] = _rows(connection, figure_opinions, figure_opinions.c.digest.in_(digests))
    repository = StripeRepository(DatabaseRecords(connection, now, for_update=False))
    return {**found, "stripe": export_purchases(repository, external_id)}


def is_about(external_id: str) -> ColumnElement[bool]:
    """Return the condition that a message's subject is a shopper."""
    return outbox.c.subject.in_(
        [fit_event(each) for each in (external_id, f"shopper:{external_id}")]
    )


def _reversals(connection: Connection, sales: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return refunds and disputes of a person's sales, whose ids others may use for their own."""
    by_source: dict[str, set[str]] = defaultdict(set)
    for lot in sales:
        by_source[lot["source"]] |= {lot["source_id"], lot["bundle"]} - {None}
    found: list[dict[str, Any]] = []
    for source, ids in by_source.items():
        is_source, ordered = reversals.c.source.in_((source, WHOLE)), sorted(ids)
        for start in range(0, len(ordered), BATCH):
            some = reversals.c.source_id.in_(ordered[start : start + BATCH])
            found += _rows(connection, reversals, is_source, some)
    return found


def _of_account(connection: Connection, table: Table, external_id: str) -> list[dict[str, Any]]:
    return _rows(connection, table, table.c.account == external_id)


def _rows(
    connection: Connection, table: Table, *conditions: ColumnElement[bool]
) -> list[dict[str, Any]]:
    found = connection.execute(select(table).where(*conditions)).mappings()
    return [dict(row) for row in found]


def _name(table: Table) -> str:
    return table.name.removeprefix("genvoris_")
