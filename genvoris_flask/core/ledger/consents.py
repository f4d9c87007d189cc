"""Consents in the ledger's database, beside the wordings that were agreed to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select, update

from ..privacy.consents import Consent, ConsentForm, Giver
from .accounts import check_id
from .database import Database, insert_if_absent
from .schema import consent_texts as texts
from .schema import consents

BATCH = 500
_JOINED = consents.join(texts, consents.c.text == texts.c.digest)


class ConsentRecords:
    """Keeps consents; implements ``ConsentStore``.

    Args:
        database: Runs transactions.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def give(self, giver: Giver, form: ConsentForm) -> Consent:
        """Record that somebody agrees; see ``ConsentStore``."""
        if giver.external_id is not None:
            check_id("external_id", giver.external_id)
        now = self._now()

        def work(connection: Connection) -> Consent:
            _add_text(connection, form, now)
            known = _current(connection, giver)
            if known is not None and known.digest == form.digest:
                return known
            values = {
                "account": giver.external_id,
                "guest": giver.guest,
                "text": form.digest,
                "given_at": now,
            }
            connection.execute(insert(consents), values)
            given = _current(connection, giver)
            assert given is not None  # noqa: S101  (of the same transaction)
            return given

        return self._database.run(work)

    def current(self, giver: Giver) -> Consent | None:
        """Return the last consent that was not withdrawn."""
        return self._database.run(lambda connection: _current(connection, giver), "read")

    def withdraw(self, giver: Giver) -> int:
        """Withdraw all consents of somebody, and return how many there were."""
        now = self._now()

        def work(connection: Connection) -> int:
            open_ones = (_by(giver), consents.c.withdrawn_at.is_(None))
            statement = update(consents).where(*open_ones).values(withdrawn_at=now)
            return connection.execute(statement).rowcount

        return self._database.run(work)

    def of(self, external_id: str) -> list[Consent]:
        """Return all consents of a shopper, the oldest first."""
        found = _select().where(consents.c.account == external_id)
        return self._database.run(functools.partial(_rows, of=found), "read")

    def all(self, since: datetime | None = None) -> Iterator[Consent]:
        """Yield all consents for an audit, the oldest first; see ``ConsentStore``."""
        last = 0
        while True:
            page = _select().where(consents.c.id > last).limit(BATCH)
            if since is not None:
                page = page.where(consents.c.given_at >= since)
            rows = self._database.run(functools.partial(_rows, of=page), "read")
            yield from rows
            if len(rows) < BATCH:
                return
            last = rows[-1].id

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _rows(connection: Connection, of: Select[Any]) -> list[Consent]:
    return [_read(row) for row in connection.execute(of)]


def _add_text(connection: Connection, form: ConsentForm, now: datetime) -> None:
    """Keep a wording, which stays as long as a consent refers to it."""
    values = {
        "digest": form.digest,
        "version": form.version,
        "language": form.language,
        "body": form.text,
        "depicted": form.depicted,
        "age": form.age,
        "created_at": now,
    }
    insert_if_absent(connection, texts, values)


def _select() -> Select[Any]:
    return (
        select(consents, *(column for column in texts.c if column.name != "created_at"))
        .select_from(_JOINED)
        .order_by(consents.c.id)
    )


def _by(giver: Giver) -> ColumnElement[bool]:
    if giver.external_id is not None:
        return consents.c.account == giver.external_id
    return consents.c.guest == giver.guest


def _current(connection: Connection, giver: Giver) -> Consent | None:
    found = _select().order_by(None).order_by(consents.c.id.desc())
    found = found.where(_by(giver), consents.c.withdrawn_at.is_(None)).limit(1)
    row = connection.execute(found).first()
    return _read(row) if row else None


def _read(row: Row[Any]) -> Consent:
    return Consent(
        id=row.id,
        external_id=row.account,
        guest=row.guest,
        digest=row.digest,
        version=row.version,
        language=row.language,
        text=row.body,
        depicted=row.depicted,
        age=row.age,
        given_at=row.given_at,
        withdrawn_at=row.withdrawn_at,
    )
