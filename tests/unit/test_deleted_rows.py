"""What is deleted from a ledger in SQLite isn't left in its files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select

from genvoris_flask.core.ledger.changed_settings import settings_table
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.schema import metadata
from tests.support.marked_photo import files_with

MARK = "marked-row-of-the-ledger"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a ledger on an engine of the shop's own, of a SQLite that overwrites nothing."""
    engine = create_engine(f"sqlite:///{tmp_path}/shop.sqlite")

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA journal_mode = WAL")

    metadata.create_all(engine)
    yield Database(lambda: engine)
    engine.dispose()


def write(connection: Connection) -> None:
    # Longer than a page, so that some of it is on pages of its own.
    row = {"key": "K", "value": MARK * 500, "at": datetime(2026, 11, 29, tzinfo=UTC)}
    connection.execute(insert(settings_table), row)


def test_deleted_rows_are_overwritten(database: Database, tmp_path: Path) -> None:
    """Whatever the build's default is, neither the file nor the log has them."""
    database.run(write)
    assert database.empty_log()
    assert files_with(tmp_path, MARK.encode()) == ["shop.sqlite"]
    database.run(lambda connection: connection.execute(delete(settings_table)))
    assert files_with(tmp_path, MARK.encode())
    assert database.empty_log()
    assert files_with(tmp_path, MARK.encode()) == []


def test_log_that_is_being_read(database: Database, tmp_path: Path) -> None:
    """It can't be emptied yet, and nothing waits for long."""
    database.run(write)
    reader: Engine = create_engine(f"sqlite:///{tmp_path}/shop.sqlite")
    with reader.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(select(settings_table)).all()
        database.run(lambda connection: connection.execute(delete(settings_table)))
        assert not database.empty_log()
    reader.dispose()
    assert database.empty_log()
    assert files_with(tmp_path, MARK.encode()) == []
