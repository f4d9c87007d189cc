"""Ledgers on databases, and what their tables must always satisfy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.free import FreeAllowance
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.core.ledger.schema import entries, lots, metadata, reservations
from genvoris_flask.core.ledger.service import Ledger
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris

START = 1_800_000_000.0
DAY = 24 * 3600.0


@dataclass
class LedgerFixture:
    """A ledger with a clock that the test sets."""

    database: Database
    now: float = START
    free: FreeAllowance | None = None
    secrets: list[bytes] = field(default_factory=lambda: [b"secret"])
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(
            self.database,
            clock=lambda: self.now,
            secrets=lambda: self.secrets,
            free_allowance=self.free,
        )

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open in this thread, in a database in memory."""
        with self.database.engine.connect() as connection:
            return bool(connection.connection.in_transaction)

    def check(self) -> None:
        """Assert that counters are in bounds and equal to the sums of their journal."""
        with self.database.engine.connect() as connection:
            sums = {
                row.lot_id: (int(row.allowed), int(row.reserved), int(row.used))
                for row in connection.execute(
                    select(
                        entries.c.lot_id,
                        func.sum(entries.c.allowed).label("allowed"),
                        func.sum(entries.c.reserved).label("reserved"),
                        func.sum(entries.c.used).label("used"),
                    ).group_by(entries.c.lot_id)
                )
            }
            found = connection.execute(select(lots)).all()
            open_count = connection.execute(
                select(func.count()).where(reservations.c.state == "open")
            ).scalar_one()
        assert {lot.id: (lot.allowed, lot.reserved, lot.used) for lot in found} == sums
        assert all(0 <= lot.used + lot.reserved <= lot.granted for lot in found)
        assert all(0 <= lot.allowed <= lot.granted for lot in found)
        assert sum(lot.reserved for lot in found) == open_count
        ended = [lot for lot in found if lot.state in ("void", "expired")]
        assert all(lot.allowed <= lot.used + lot.reserved for lot in ended)


def new_ledger(url: str, **options: Any) -> LedgerFixture:
    """Return a ledger on a database whose tables are made anew."""
    database = Database(url)
    metadata.drop_all(database.engine)
    metadata.create_all(database.engine)
    return LedgerFixture(database, **options)


def ledger_shop(genvoris: LocalGenvoris, folder: Path, **config: Any) -> Shop:
    """Return a shop with an empty ledger in a folder, in which Ada is logged in."""
    url = f"sqlite:///{folder}/shop.sqlite"
    upgrade(Database(url).engine)
    shop = Shop(genvoris, GENVORIS_DATABASE_URL=url, **config)
    shop.log_in()
    return shop
