"""The audit log: who changed what in the console, and what it was before and after.

A change and its entry are one transaction. An entry can carry the token of the form that asked for
the change, and there is one entry for each token, so that sending a form twice changes one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ...errors import GenvorisError
from .database import Database
from .schema import audit

NOTE_LENGTH = 500  # characters


class FormReusedError(GenvorisError):
    """A form was sent before with other contents. Nothing was changed."""


@dataclass(frozen=True)
class Change:
    """A change that somebody makes.

    Attributes:
        actor: The shop's id of whoever makes it.
        action: What they do, such as ``shopper.give``.
        subject: What is changed: the shop's id of a shopper, or the name of a setting.
        note: Their reason, in their words.
        form: The token of the form that asks for it; None if repeating it does no harm.
    """

    actor: str
    action: str
    subject: str | None = None
    note: str | None = None
    form: str | None = None


@dataclass(frozen=True)
class AuditEntry:
    """An entry of the audit log.

    Attributes:
        id: Its number.
        at: When the change was made.
        change: Who made which change.
        before: What there was before.
        after: What there was afterwards.
    """

    id: int
    at: datetime
    change: Change
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def write_entry(
    connection: Connection,
    now: datetime,
    change: Change,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write a change into the audit log.

    Args:
        connection: The transaction that makes the change.
        now: The current time.
        change: Who makes which change.
        before: What there was before, as JSON can represent it. It holds no secrets.
        after: What there is afterwards.
    """
    row = {
        "at": now,
        "actor": change.actor,
        "action": change.action,
        "subject": change.subject,
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
        "note": change.note,
        "form": change.form,
    }
    connection.execute(insert(audit), row)


def find_form(
    connection: Connection, change: Change, asked: Mapping[str, Any]
) -> AuditEntry | None:
    """Return the entry of an earlier sending of a change's form; None if there was none.

    Args:
        connection: The transaction that makes the change.
        change: Who makes which change.
        asked: What the form asks for, which the entry has among what there was afterwards.

    Raises:
        FormReusedError: It was another change then.
    """
    if change.form is None:
        return None
    row = connection.execute(
        select(audit).where(audit.c.form == change.form).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    entry = _read(row)
    if entry.change != change or not asked.items() <= entry.after.items():
        raise FormReusedError("This form was sent before with other contents. Open it again.")
    return entry


class AuditLog:
    """Reads the audit log.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        change: Change,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what somebody did that changed nothing in the database, such as an export.

        Args:
            change: Who did what.
            before: What there was before; see ``write_entry``.
            after: What there is afterwards.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        self._database.run(lambda connection: write_entry(connection, now, change, before, after))

    def entries(
        self, limit: int, *, before: int | None = None, subject: str | None = None
    ) -> list[AuditEntry]:
        """Return the latest entries, the newest first.

        Args:
            limit: How many at most.
            before: The number of an entry: only older ones are returned.
            subject: Only entries about this are returned.
        """
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        rows = self._database.run(lambda connection: connection.execute(query).all(), "read")
        return [_read(row) for row in rows]


def _read(row: Any) -> AuditEntry:
    change = Change(row.actor, row.action, row.subject, row.note, row.form)
    return AuditEntry(row.id, row.at, change, row.before or {}, row.after or {})
