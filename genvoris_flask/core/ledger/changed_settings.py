"""Settings that the shop's owner has changed while the shop runs, in the ledger's database.

Each is a row with its value as JSON. One more row counts the changes, so that every process finds
out with a query of one row whether there is anything to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, String, Table, Text, delete, inspect, select, update

from ...errors import LedgerUnavailableError
from .columns import UtcDateTime
from .database import Database, insert_if_absent
from .schema import metadata

settings_table: Table = Table(
    "genvoris_settings",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# The key of the row that counts changes; those of settings are in capitals.
VERSION = "version"
# A row that is taken away goes back to ``app.config``.
REMOVED = object()

_READ_VERSION = select(settings_table.c.value).where(settings_table.c.key == VERSION)
_READ_ALL = select(settings_table.c.key, settings_table.c.value)


@dataclass(frozen=True)
class Changes:
    """What was changed so far.

    Attributes:
        version: Counts the changes; 0 if there never was one.
        values: The values by key, as in ``app.config``.
    """

    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)


# Records a change with what was there before and afterwards, in the transaction of the change.
Record = Callable[[Connection, Changes, Changes, datetime], None]


class OutdatedChangeError(Exception):
    """Somebody else has changed settings since they were read."""


class ChangedSettings:
    """Reads and writes changed settings.

    Every call raises LedgerUnavailableError if the database cannot be used.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def version(self) -> int:
        """Return how often settings were changed: never, before their table was created."""
        try:
            return self._database.run(_version, "read")
        except LedgerUnavailableError:
            if self._database.run(_has_table, "read"):
                raise
            return 0

    def read(self) -> Changes:
        """Return all changes."""
        return self._database.run(_read, "read")

    def change(
        self,
        new: Mapping[str, Any],
        *,
        check: Callable[[Mapping[str, Any]], object],
        record: Record,
        version: int | None = None,
    ) -> Changes:
        """Change settings, all of them or none, and return what is changed now.

        Args:
            new: The values by key, or ``REMOVED``.
            check: Raises if the values do not go together; gets all of them.
            record: Records what was changed.
            version: The version that the values were decided upon.

        Raises:
            OutdatedChangeError: There is a newer version.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)

        def work(connection: Connection) -> Changes:
            _lock(connection, now)
            before = _read(connection)
            if version is not None and version != before.version:
                raise OutdatedChangeError
            values = {
                key: value
                for key, value in {**before.values, **new}.items()
                if value is not REMOVED
            }
            if values == before.values:
                return before
            check(values)
            after = Changes(before.version + 1, values)
            _write(connection, before, after, now)
            record(connection, before, after, now)
            return after

        return self._database.run(work)


def _has_table(connection: Connection) -> bool:
    return inspect(connection).has_table(settings_table.name)


def _version(connection: Connection) -> int:
    return int(connection.execute(_READ_VERSION).scalar() or 0)


def _read(connection: Connection) -> Changes:
    rows = {row.key: row.value for row in connection.execute(_READ_ALL)}
    version = int(rows.pop(VERSION, 0))
    return Changes(version, {key: json.loads(value) for key, value in rows.items()})


def _lock(connection: Connection, now: datetime) -> None:
    """Let one transaction at a time change settings."""
    lock = update(settings_table).where(settings_table.c.key == VERSION).values(at=now)
    if connection.execute(lock).rowcount == 0:
        insert_if_absent(connection, settings_table, {"key": VERSION, "value": "0", "at": now})
        connection.execute(lock)


def _write(connection: Connection, before: Changes, after: Changes, now: datetime) -> None:
    rows = [
        {"key": key, "value": json.dumps(value, ensure_ascii=False), "at": now}
        for key, value in after.values.items()
        if key not in before.values or before.values[key] != value
    ]
    gone = [*(row["key"] for row in rows), *(before.values.keys() - after.values.keys())]
    connection.execute(delete(settings_table).where(settings_table.c.key.in_(gone)))
    if rows:
        connection.execute(settings_table.insert(), rows)
    counted = update(settings_table).where(settings_table.c.key == VERSION)
    connection.execute(counted.values(value=str(after.version)))
