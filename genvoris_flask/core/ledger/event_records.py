"""What a billing system's events have said so far, in the transaction of an event."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from .database import insert_if_absent
from .schema import records

LOCK = "stripe:lock"


class DatabaseRecords:
    """Keeps records in the transaction of an event; implements ``RecordStore``.

    Args:
        connection: The transaction.
        now: The current time.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._read: dict[str, bytes | None] = {}

    def get(self, key: str) -> bytes | None:
        """Return a value, if there is one; nobody else changes it before the transaction ends."""
        if key not in self._read:
            found = self._connection.execute(
                select(records.c.value).where(records.c.key == key).with_for_update()
            ).scalar_one_or_none()
            self._read[key] = None if found is None else str(found).encode()
        return self._read[key]

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value, in place of any other."""
        if not self.add(key, value, seconds):
            self._update(key, value)

    def add(self, key: str, value: bytes, seconds: float) -> bool:  # noqa: ARG002  (kept for good)
        """Keep a value if there is none. Return whether there was none."""
        if self._read.get(key) is not None:
            return False
        row = {"key": key, "value": value.decode(), "at": self._now}
        is_new = insert_if_absent(self._connection, records, row)
        if is_new:
            self._read[key] = value
        return is_new

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:  # noqa: ARG002
        """Keep a value if the current one is ``expected``. Return whether it was."""
        if self.get(key) != expected:
            return False
        self._update(key, value)
        return True

    def delete(self, *keys: str) -> None:
        """Delete values; unknown keys are ignored."""
        self._connection.execute(delete(records).where(records.c.key.in_(keys)))
        self._read |= dict.fromkeys(keys)

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:  # noqa: ARG002
        """Do nothing: the transaction has locked all records."""
        yield

    def _update(self, key: str, value: bytes) -> None:
        if self._read.get(key) == value:
            return
        self._read[key] = value
        self._connection.execute(
            update(records).where(records.c.key == key).values(value=value.decode(), at=self._now)
        )


def lock_records(connection: Connection, now: datetime) -> None:
    """Let one event at a time change the records.

    What an event leads to depends on records of others, some of which another transaction may be
    about to write: a refund and the invoice that it is of may come at the same moment.
    """
    lock = update(records).where(records.c.key == LOCK).values(at=now)
    if connection.execute(lock).rowcount == 0:
        insert_if_absent(connection, records, {"key": LOCK, "value": "", "at": now})
        connection.execute(lock)
