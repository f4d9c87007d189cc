"""How long each table keeps its rows, in one place, and the sweep that follows from it.

Every table of the ledger's database is declared in ``TABLES``, with a function that deletes what is
over or with the reason why nothing is ever over. A test fails for a table that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
)

from ..outbox.messages import KEEP, KEEP_GIVEN_UP
from .changed_settings import settings_table
from .customer_states import key_of
from .events import LOCK
from .figures import KEEP_DAYS, prune_figures
from .figures_schema import (
    figure_opinions,
    figure_orders,
    figure_products,
    figures,
    product_figures,
)
from .outbox import is_over
from .persons import forget_erased_addresses
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
    records,
    reservations,
    reversals,
    subscriptions,
)

BATCH = 500


@dataclass(frozen=True)
class Sweep:
    """What a sweep goes by.

    Attributes:
        now: The current time.
        consents: How long consents and receipts are kept.
        books: How long money's journal is kept, and who did what.
    """

    now: datetime
    consents: timedelta
    books: timedelta


@dataclass(frozen=True)
class Period:
    """How long the rows of a table are kept.

    Attributes:
        name: What they are, in the result of a sweep; several tables may go together.
        words: How long, and from when.
        sweep: Deletes what is over, and returns how many rows; None if nothing ever is.
    """

    name: str
    words: str
    sweep: Callable[[Connection, Sweep], int] | None = None


def sweep_tables(connection: Connection, sweep: Sweep) -> dict[str, int]:
    """Delete what is over in all tables, and return how many rows of what."""
    counts = {"addresses": forget_erased_addresses(connection, sweep.now)}
    for period in TABLES.values():
        if period.sweep is not None:
            counts[period.name] = counts.get(period.name, 0) + period.sweep(connection, sweep)
    return counts


def _delete(table: Table, *conditions: ColumnElement[bool]) -> Callable[[Connection], int]:
    return lambda connection: connection.execute(delete(table).where(*conditions)).rowcount


def _older(column: Column[Any], *, by: str) -> Callable[[Connection, Sweep], int]:
    """Return what deletes rows whose time is longer ago than a period of ``Sweep``."""

    def run(connection: Connection, sweep: Sweep) -> int:
        return _delete(column.table, column < sweep.now - getattr(sweep, by))(connection)

    return run


def _figures(connection: Connection, sweep: Sweep) -> int:
    return prune_figures(connection, sweep.now.date())


def _consents(connection: Connection, sweep: Sweep) -> int:
    last = func.coalesce(consents.c.withdrawn_at, consents.c.given_at)
    return _delete(consents, last < sweep.now - sweep.consents)(connection)


def _texts(connection: Connection, sweep: Sweep) -> int:
    unused = consent_texts.c.digest.not_in(select(consents.c.text))
    old = consent_texts.c.created_at < sweep.now - sweep.consents
    return _delete(consent_texts, unused, old)(connection)


def _messages(connection: Connection, sweep: Sweep) -> int:
    return _delete(outbox, is_over(sweep.now))(connection)


def _records(connection: Connection, sweep: Sweep) -> int:
    old = records.c.at < sweep.now - sweep.books
    return _delete(records, old, records.c.key != LOCK)(connection)


def _lots(connection: Connection, sweep: Sweep) -> int:
    """Delete lots that have ended and were last touched long ago, with all that belongs to them.

    Lots and their journal go together, or their counters would no longer be its sums.
    """
    before = sweep.now - sweep.books
    has_ended = or_(
        lots.c.state.not_in(("active", "pending")),
        lots.c.expires_at < before,
        lots.c.used >= lots.c.allowed,
    )
    touched = or_(
        exists().where(entries.c.lot_id == lots.c.id, entries.c.at >= before),
        exists().where(reservations.c.lot_id == lots.c.id, reservations.c.opened_at >= before),
    )
    over = select(lots.c.id, lots.c.source, lots.c.source_id, lots.c.bundle).where(
        lots.c.created_at < before, lots.c.reserved == 0, has_ended, not_(touched)
    )
    rows = 0
    # Batches of ids, since MySQL deletes from no table that the same statement reads.
    while found := connection.execute(over.limit(BATCH)).all():
        ids = [lot.id for lot in found]
        rows += _delete(entries, entries.c.lot_id.in_(ids))(connection)
        rows += _delete(reservations, reservations.c.lot_id.in_(ids))(connection)
        rows += _delete(lots, lots.c.id.in_(ids))(connection)
        for lot in found:
            rows += _reversals(connection, lot.source, (lot.source_id, lot.bundle))
    return rows


def _reversals(connection: Connection, source: str, ids: Sequence[str | None]) -> int:
    """Delete refunds and disputes of a sale of which no lot is left."""
    has_lots = exists().where(
        lots.c.source == reversals.c.source,
        or_(lots.c.source_id == reversals.c.source_id, lots.c.bundle == reversals.c.source_id),
    )
    of_sale = reversals.c.source_id.in_([each for each in ids if each])
    return _delete(reversals, reversals.c.source == source, of_sale, not_(has_lots))(connection)


def _reservations(connection: Connection, sweep: Sweep) -> int:
    """Delete those without a lot, which were never counted."""
    old = reservations.c.opened_at < sweep.now - sweep.books
    return _delete(reservations, reservations.c.lot_id.is_(None), old)(connection)


def _subscriptions(connection: Connection, sweep: Sweep) -> int:
    """Delete those that have no lots left and none to come."""
    before = sweep.now - sweep.books
    of_old = select(accounts.c.external_id).where(accounts.c.created_at < before)
    has_lots = exists().where(lots.c.account == subscriptions.c.account)
    over = (subscriptions.c.due_at.is_(None), subscriptions.c.account.in_(of_old), not_(has_lots))
    return _delete(subscriptions, *over)(connection)


def _accounts(connection: Connection, sweep: Sweep) -> int:
    """Delete those to which nothing belongs any more, and what Genvoris was told of them.

    They are made anew when needed.
    """
    others = [
        exists().where(table.c.account == accounts.c.external_id)
        for table in (lots, subscriptions, reservations, entries)
    ]
    found: Select[Any] = select(accounts.c.external_id).where(
        accounts.c.created_at < sweep.now - sweep.books, not_(or_(*others))
    )
    rows = 0
    while ids := connection.execute(found.limit(BATCH)).scalars().all():
        rows += _delete(accounts, accounts.c.external_id.in_(ids))(connection)
        rows += _delete(outbox, outbox.c.key.in_([key_of(each) for each in ids]))(connection)
    return rows


_CONSENTS = "GENVORIS_KEEP_CONSENTS_DAYS"
_BOOKS = "GENVORIS_KEEP_BOOKS_DAYS after its end"
_FIGURES = f"{KEEP_DAYS} days"
_WITH_LOTS = f"with their lot: {_BOOKS}"

# In the order in which they are swept: what refers to others comes first.
TABLES: Mapping[Table, Period] = {
    consents: Period("consents", f"{_CONSENTS} after they were withdrawn, or given", _consents),
    consent_texts: Period("consent texts", f"{_CONSENTS}, and as long as a consent", _texts),
    erasures: Period(
        "erasures", f"{_CONSENTS} after they were done", _older(erasures.c.done_at, by="consents")
    ),
    outbox: Period(
        "messages",
        f"{KEEP.days} days after they were delivered, {KEEP_GIVEN_UP.days} after they "
        "were given up; a shopper's state as long as the account",
        _messages,
    ),
    audit: Period("audit log", _BOOKS, _older(audit.c.at, by="books")),
    figures: Period("old figures", _FIGURES, _figures),
    product_figures: Period("old figures", _FIGURES),
    figure_orders: Period("old figures", _FIGURES),
    figure_opinions: Period("old figures", _FIGURES),
    figure_products: Period("old figures", "as long as figures of the product"),
    settings_table: Period("settings", "as long as they apply; they are about nobody"),
    lots: Period("books", _BOOKS, _lots),
    entries: Period("books", _WITH_LOTS),
    reversals: Period("books", _WITH_LOTS),
    reservations: Period("books", _WITH_LOTS, _reservations),
    subscriptions: Period("books", _BOOKS, _subscriptions),
    records: Period("books", "GENVORIS_KEEP_BOOKS_DAYS after their last event", _records),
    events: Period("books", "GENVORIS_KEEP_BOOKS_DAYS", _older(events.c.at, by="books")),
    accounts: Period("books", "as long as something belongs to them", _accounts),
}
