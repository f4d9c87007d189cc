"""Events of a billing system take effect once, in one transaction with what they say and do."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ...errors import EventConflictError as EventConflictError
from .accounts import check_id, fit_event
from .database import Database, insert_if_absent
from .schema import events, records

LOCK = "stripe:lock"
# Genvoris repeats deliveries for hours; the rest is for those that are repeated by hand.
WEBHOOK_KEEP = timedelta(days=30)
PRUNE_EVERY = 1000
_WEBHOOK = "webhook:"


@dataclass(frozen=True)
class Delivery:
    """One delivery of an event.

    Attributes:
        id: The event's id.
        repeated: Whether an earlier delivery has had its effect.
    """

    id: str
    repeated: bool


def receive(
    connection: Connection,
    event_id: str,
    body: Mapping[str, Any],
    account: str | None,
    now: datetime,
) -> Delivery:
    """Note an event, unless it was noted before.

    Args:
        connection: The transaction, which also has the event's effect.
        event_id: The billing system's id.
        body: What the event says, to tell a repeat from a mistake.
        account: The shop's id of the shopper, if it is known.
        now: The current time.

    Raises:
        EventConflictError: The id was used before, and the event said something else.
    """
    check_id("event_id", event_id)
    canonical = json.dumps(body, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    row = {"id": event_id, "digest": digest, "account": account, "at": now}
    if insert_if_absent(connection, events, row):
        return Delivery(event_id, repeated=False)
    known = connection.execute(
        select(events).where(events.c.id == event_id).with_for_update()
    ).one()
    if known.digest != digest:
        raise EventConflictError(
            f"The event {event_id!r} was handled before and said something else then. Give each "
            "event of your billing system an id of its own."
        )
    return Delivery(event_id, repeated=True)


def forget(connection: Connection, event_id: str) -> None:
    """Drop the note of an event that had no effect, so that it may have one later."""
    connection.execute(delete(events).where(events.c.id == event_id))


class HandledWebhooks:
    """Deliveries of Genvoris's that were handled; implements ``HandledEvents``.

    Args:
        database: Runs transactions.
        now: Returns the current time.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._numbers = itertools.count(1)

    def __contains__(self, event_id: str) -> bool:
        """Return whether an event was handled."""
        query = select(events.c.id).where(events.c.id == _webhook_id(event_id))
        return self._database.run(
            lambda connection: connection.execute(query).first() is not None, "read"
        )

    def add(self, event_id: str) -> None:
        """Note that an event was handled, and now and then forget old ones."""
        name, now = _webhook_id(event_id), self._now()
        is_old = (events.c.id.startswith(_WEBHOOK), events.c.at < now - WEBHOOK_KEEP)
        prunes = next(self._numbers) % PRUNE_EVERY == 0

        def note(connection: Connection) -> None:
            receive(connection, name, {}, None, now)
            if prunes:
                connection.execute(delete(events).where(*is_old))

        self._database.run(note, "fast")


def _webhook_id(event_id: str) -> str:
    return fit_event(f"{_WEBHOOK}{event_id}")


class DatabaseRecords:
    """Keeps records in the transaction of an event; implements ``RecordStore``.

    Args:
        connection: The transaction.
        now: The current time.
        for_update: Whether others must not change what is read before the transaction ends. An
            export only reads, and must not make events wait.
    """

    def __init__(self, connection: Connection, now: datetime, *, for_update: bool = True) -> None:
        self._connection = connection
        self._now = now
        self._for_update = for_update
        self._read: dict[str, bytes | None] = {}

    def get(self, key: str) -> bytes | None:
        """Return a value, if there is one."""
        if key not in self._read:
            query = select(records.c.value).where(records.c.key == key)
            if self._for_update:
                query = query.with_for_update()
            found = self._connection.execute(query).scalar_one_or_none()
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
