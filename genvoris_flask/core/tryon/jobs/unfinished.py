"""Unfinished jobs in the store, where any worker can run them and every process look after them.

====================  ====================================================================
tryon-unfinished      the ids of all jobs that have not ended
tryon-watch           exists while a process has looked after them a moment ago
tryon:ID:request      the request with the photo, in pieces, sealed under a key of its own
tryon:ID:ticket       what is settled when the job ends
tryon:ID:sent         exists while the engine may be about to deliver the job
tryon:ID:lease        the attempt that makes the job: exists while its process lives
tryon:ID:attempts     how often the job was begun
====================  ====================================================================

Requests and tickets are about people, so they are sealed. Every call may raise
``StoreUnavailableError``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...storage.interface import Pieces, Sealer, Store
from ..daily_limit import CountedTryon
from ..models import TryOnRequest
from . import BusyError
from .requests import dump_counted, dump_request, load_counted, load_request

LEASE_SECONDS = 4.0
WATCH_SECONDS = 1.0
# What is settled at the end outlives the photo, so that a job whose time is over can be ended.
TICKET_MARGIN = 3600.0
_UNFINISHED = "tryon-unfinished"


@dataclass(frozen=True)
class Ticket:
    """What is settled when a job ends.

    Attributes:
        owner: A digest of who may see the job.
        key: Its Idempotency-Key.
        slot: The slot that it uses.
        counted: What it counts against in a guest's day.
    """

    owner: str = field(repr=False)
    key: str | None
    slot: str
    counted: CountedTryon | None


class UnfinishedJobs:
    """Reads and writes what is needed until a job has ended.

    Args:
        store: Where it is kept.
        sealer: Keeps what is about people from others who can read the store.
        photo_sealer: Returns what seals the request of a job.
        seconds: How long a request with its photo is kept, whatever happens.
    """

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        photo_sealer: Callable[[str], Sealer],
        seconds: float,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._photo_sealer = photo_sealer
        self.seconds = seconds

    def ids(self) -> list[str]:
        """Return the jobs that have not ended."""
        return _read(self._store.get(_UNFINISHED))

    def add(self, job_id: str, limit: int) -> None:
        """Add a job.

        Raises:
            BusyError: There are as many as there may be.
        """

        def add(ids: list[str]) -> list[str]:
            if len(ids) >= limit:
                raise BusyError("The queue of try-ons is full.")
            return [*ids, job_id]

        self._change(add)

    def ensure(self, job_id: str) -> None:
        """Add a job that is missing, since the process that took it died just then."""
        if job_id not in self.ids():
            self._change(lambda ids: ids if job_id in ids else [*ids, job_id])

    def forget(self, job_id: str) -> None:
        """Delete what was kept of a job that has ended.

        It is in the list until the end: if this process dies meanwhile, others go on.
        """
        self.drop_request(job_id)
        names = ("ticket", "sent", "lease", "attempts")
        self._store.delete(*(_key(job_id, name) for name in names))
        self._change(lambda ids: [each for each in ids if each != job_id])

    def take_watch(self) -> bool:
        """Return whether it is this process's turn to look after the jobs."""
        return self._store.add("tryon-watch", b"1", WATCH_SECONDS)

    # The request

    def write(self, job_id: str, request: TryOnRequest, ticket: Ticket) -> None:
        """Write what a worker needs, and what is settled at the end."""
        key = _key(job_id, "ticket")
        fields = {
            "owner": ticket.owner,
            "key": ticket.key,
            "slot": ticket.slot,
            "counted": dump_counted(ticket.counted),
        }
        sealed = self._sealer.seal(key, json.dumps(fields).encode())
        self._store.set(key, sealed, self.seconds + TICKET_MARGIN)
        self._pieces(job_id).set(_key(job_id, "request"), dump_request(request), self.seconds)

    def ticket(self, job_id: str) -> Ticket | None:
        """Return what is settled when a job ends; None if that was done."""
        key = _key(job_id, "ticket")
        raw = self._sealer.unseal(key, self._store.get(key))
        try:
            fields: dict[str, Any] = json.loads(raw or b"")
            return Ticket(**(fields | {"counted": load_counted(fields["counted"])}))
        except (ValueError, TypeError, KeyError):
            return None

    def has_request(self, job_id: str) -> bool:
        """Return whether a job can still be made."""
        return self._store.get(_key(job_id, "request")) is not None

    def request(self, job_id: str) -> TryOnRequest | None:
        """Return a job's request; None if its time is over, or it cannot be opened."""
        raw = self._pieces(job_id).get(_key(job_id, "request"))
        return load_request(raw) if raw else None

    def drop_request(self, job_id: str) -> None:
        """Delete a job's request, and with it the photo."""
        self._pieces(job_id).delete(_key(job_id, "request"))

    # Attempts

    def take_sending(self, job_id: str, seconds: float) -> bool:
        """Return whether to send a job to the engine, which has not got it lately.

        Args:
            job_id: The job's id.
            seconds: How long nobody sends it again, unless an attempt has begun.
        """
        return self._store.add(_key(job_id, "sent"), b"1", seconds)

    def claim(self, job_id: str, attempt: str) -> int | None:
        """Begin an attempt; return which one it is. Return None while another one lives."""
        if not self._store.add(_key(job_id, "lease"), attempt.encode(), LEASE_SECONDS):
            return None
        number = self.attempts(job_id) + 1
        self._store.set(_key(job_id, "attempts"), b"%d" % number, self.seconds + TICKET_MARGIN)
        self._store.delete(_key(job_id, "sent"))
        return number

    def attempts(self, job_id: str) -> int:
        """Return how often a job was begun."""
        return int(self._store.get(_key(job_id, "attempts")) or 0)

    def renew(self, job_id: str, attempt: str) -> bool:
        """Show that an attempt lives. Return False if another one has taken its place."""
        key, value = _key(job_id, "lease"), attempt.encode()
        return self._store.replace(key, value, LEASE_SECONDS, expected=value) or self._store.add(
            key, value, LEASE_SECONDS
        )

    def is_claimed(self, job_id: str) -> bool:
        """Return whether an attempt of a job lives."""
        return self._store.get(_key(job_id, "lease")) is not None

    def release(self, job_id: str, attempt: str) -> None:
        """End an attempt."""
        self._store.replace(_key(job_id, "lease"), b"", 0, expected=attempt.encode())

    def postpone(self, job_id: str, attempt: str, seconds: float) -> None:
        """End an attempt that came too early. It does not count, and the next one is due later."""
        number = max(0, self.attempts(job_id) - 1)
        self._store.set(_key(job_id, "attempts"), b"%d" % number, self.seconds + TICKET_MARGIN)
        self.take_sending(job_id, seconds)
        self.release(job_id, attempt)

    def _pieces(self, job_id: str) -> Pieces:
        return Pieces(self._store, self._photo_sealer(job_id))

    def _change(self, change: Callable[[list[str]], list[str]]) -> list[str]:
        """Change the ids of unfinished jobs, and return them."""
        while True:
            before = self._store.get(_UNFINISHED)
            ids = change(_read(before))
            after = json.dumps(ids).encode()
            seconds = self.seconds + TICKET_MARGIN
            if before is None:
                if self._store.add(_UNFINISHED, after, seconds):
                    return ids
            elif self._store.replace(_UNFINISHED, after, seconds, expected=before):
                return ids


def _read(raw: bytes | None) -> list[str]:
    ids: list[str] = json.loads(raw or b"[]")
    return ids


def _key(job_id: str, name: str) -> str:
    return f"tryon:{job_id}:{name}"
