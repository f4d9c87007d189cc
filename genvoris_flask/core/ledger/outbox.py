"""The outbox in the ledger's database: messages wait in a table until they are delivered.

A message is written in the transaction of what caused it. Whoever delivers it first takes it for a
while by a conditional update, which works on every database. A process that is killed leaves it
taken, and another one delivers it when that time is over.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from ..concurrency.per_process import PerProcess
from ..outbox.messages import (
    KEEP,
    KEEP_GIVEN_UP,
    KINDS,
    Claim,
    FoundMessage,
    Lane,
    Message,
    State,
    StoredMessage,
)
from .accounts import fit_event
from .database import Database, insert_if_absent, unavailable
from .schema import outbox

# How many messages are looked at to find one that no other process takes at the same moment.
CANDIDATES = 20


class MessageTable:
    """The messages in the ledger's database.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._owner = PerProcess(lambda: secrets.token_hex(16))

    def put(self, message: Message, connection: Connection | None = None) -> bool:
        """Write a message; return whether there is something to deliver that was not told before.

        Args:
            message: The message.
            connection: A transaction to join; by default it has one of its own.

        Raises:
            LedgerUnavailableError: It cannot be written.
        """
        if connection is None:
            return self._database.run(lambda each: put_message(each, message, self._now()))
        try:
            # An error must not cost the shop its own transaction, as it would in PostgreSQL.
            is_fragile = connection.dialect.name == "postgresql"
            with connection.begin_nested() if is_fragile else nullcontext():
                return put_message(connection, message, self._now())
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    # Delivering

    def claim(self, lane: Lane, now: datetime, until: datetime) -> Claim | None:
        """Return a message that is due, which is this process's until a time; None if none is."""

        def take(connection: Connection) -> Claim | None:
            for row in connection.execute(_due(lane, now).limit(CANDIDATES)).all():
                taken = connection.execute(
                    update(outbox)
                    .where(outbox.c.id == row.id, outbox.c.version == row.version, _is_free(now))
                    .values(owner=self._owner.get(), leased_until=until, attempts=row.attempts + 1)
                )
                if taken.rowcount:
                    return _read_claim(row)
            return None

        return self._database.run(take, "fast")

    def mark_sent(self, claim: Claim, now: datetime) -> None:
        """Note that a message was delivered, and forget what it said."""
        self._end(claim, state="sent", ended_at=now, error=None, body={})

    def mark_failed(self, claim: Claim, code: str, due_at: datetime) -> None:
        """Note why a message could not be delivered, and when to try again."""
        self._end(claim, due_at=due_at, error=code)

    def give_up(self, claim: Claim, code: str, now: datetime) -> None:
        """Note why a message is not tried again."""
        self._end(claim, state="given_up", ended_at=now, error=code)

    def _end(self, claim: Claim, **columns: Any) -> None:
        """End an attempt. A state that has changed meanwhile waits to be delivered."""
        mine = (outbox.c.id == claim.id, outbox.c.owner == self._owner.get())
        free: dict[str, Any] = {"owner": None, "leased_until": None}

        def end(connection: Connection) -> None:
            done = connection.execute(
                update(outbox)
                .where(*mine, outbox.c.version == claim.version)
                .values(**free, **columns)
            )
            if not done.rowcount:
                connection.execute(update(outbox).where(*mine).values(**free))

        self._database.run(end, "fast")

    def postpone(self, lane: Lane, until: datetime) -> None:
        """Try no message of a lane before a time."""
        self._database.run(
            lambda connection: connection.execute(
                update(outbox)
                .where(_is_waiting(lane), outbox.c.due_at < until, outbox.c.owner.is_(None))
                .values(due_at=until)
            ),
            "fast",
        )

    def next_due(self, lane: Lane) -> datetime | None:
        """Return when the next message of a lane is due; None if none waits."""
        earliest = func.coalesce(outbox.c.leased_until, outbox.c.due_at)
        query = select(earliest.label("at")).where(_is_waiting(lane), _is_next())
        query = query.order_by("at").limit(1)
        found: datetime | None = self._database.run(
            lambda connection: connection.execute(query).scalar_one_or_none(), "read"
        )
        return found

    def prune(self) -> int:
        """Forget what was delivered or given up long ago; return how many there were."""
        return self._delete(is_over(self._now()))

    # For the shop's staff

    def messages(self, states: Sequence[State], limit: int) -> list[StoredMessage]:
        """Return the oldest messages in some states."""
        query = select(outbox).where(outbox.c.state.in_(states)).order_by(outbox.c.id).limit(limit)
        rows = self._database.run(lambda connection: connection.execute(query).all(), "read")
        return [_read_stored(row) for row in rows]

    def undelivered(self) -> list[FoundMessage]:
        """Return all messages that were not delivered yet, oldest first."""
        query = select(outbox).where(outbox.c.state != "sent").order_by(outbox.c.id)
        rows = self._database.run(lambda connection: connection.execute(query).all(), "read")
        return [
            FoundMessage(row.id, _read_message(row), row.queued_at, row.state == "given_up")
            for row in rows
        ]

    def retry(self, ids: Sequence[int] | None = None) -> int:
        """Have messages that were given up, or that wait, sent now; return how many."""
        return self._database.run(lambda connection: send_again(connection, self._now(), ids))

    def drop(self, ids: Sequence[int] | None = None) -> int:
        """Delete messages that were given up, or the given ones; return how many."""
        if ids is None:
            return self._delete(outbox.c.state == "given_up")
        return self._delete(outbox.c.id.in_(ids), outbox.c.state != "sent")

    def _delete(self, *conditions: Any) -> int:
        query = delete(outbox).where(*conditions)
        return self._database.run(lambda connection: connection.execute(query).rowcount)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def put_message(connection: Connection, message: Message, now: datetime) -> bool:
    """Write a message in a transaction; return whether it was not told before."""
    key = fit_event(message.key)
    body = dict(message.body)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    fresh = {"body": body, "digest": digest, "state": "waiting", "queued_at": now, "due_at": now}
    subject = None if message.subject is None else fit_event(message.subject)
    row = {"key": key, "kind": message.kind, "subject": subject, "version": 1, "attempts": 0}
    if insert_if_absent(connection, outbox, {**row, **fresh}):
        return True
    known = connection.execute(
        select(outbox.c.state, outbox.c.digest).where(outbox.c.key == key).with_for_update()
    ).one()
    is_open = message.is_state or known.state == "given_up"
    if known.digest == digest or not is_open:
        return False
    connection.execute(
        update(outbox)
        .where(outbox.c.key == key)
        .values(**fresh, version=outbox.c.version + 1, attempts=0, ended_at=None, error=None)
    )
    return True


def send_again(connection: Connection, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Have messages sent now that were given up, or given ones that wait; return how many."""
    again = {"state": "waiting", "attempts": 0, "queued_at": now, "due_at": now}
    chosen = (
        outbox.c.state == "given_up"
        if ids is None
        else and_(outbox.c.id.in_(ids), outbox.c.state != "sent", outbox.c.owner.is_(None))
    )
    query = update(outbox).where(chosen).values(**again, ended_at=None)
    return connection.execute(query).rowcount


def is_over(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a message has been kept long enough.

    A shopper's state stays as long as their account.
    """
    is_brief = or_(outbox.c.state == "sent", outbox.c.kind == "events")
    ended = outbox.c.ended_at
    is_old = or_(ended < now - KEEP_GIVEN_UP, and_(is_brief, ended < now - KEEP))
    return and_(outbox.c.kind != "customer", is_old)


def _is_waiting(lane: Lane) -> Any:
    # A kind that is not known here is one of a later version, which will deliver it.
    kinds = [name for name, kind in KINDS.items() if kind.lane == lane]
    return and_(outbox.c.state == "waiting", outbox.c.kind.in_(kinds))


def _is_free(now: datetime) -> Any:
    is_free = or_(outbox.c.owner.is_(None), outbox.c.leased_until <= now)
    return and_(outbox.c.state == "waiting", is_free)


def _is_next() -> Any:
    """Return the condition that no earlier message of the same subject waits."""
    earlier = outbox.alias("earlier")
    return ~exists().where(
        earlier.c.subject == outbox.c.subject,
        earlier.c.state == "waiting",
        earlier.c.id < outbox.c.id,
    )


def _due(lane: Lane, now: datetime) -> Select[Any]:
    return (
        select(outbox)
        .where(_is_waiting(lane), outbox.c.due_at <= now, _is_free(now), _is_next())
        .order_by(outbox.c.due_at, outbox.c.id)
    )


def _read_message(row: Row[Any]) -> Message:
    body: Mapping[str, Any] = row.body
    return Message(row.kind, row.key, body, row.subject)


def _read_claim(row: Row[Any]) -> Claim:
    return Claim(
        id=row.id,
        version=row.version,
        message=_read_message(row),
        queued_at=row.queued_at,
        attempts=row.attempts + 1,
        was_interrupted=row.owner is not None,
    )


def _read_stored(row: Row[Any]) -> StoredMessage:
    return StoredMessage(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        queued_at=row.queued_at,
        due_at=row.due_at if row.state == "waiting" else None,
        error=row.error,
    )
