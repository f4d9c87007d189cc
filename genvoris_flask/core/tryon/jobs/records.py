"""Jobs in the store, where every process finds them.

====================  ====================================================================
tryon:ID              the job, written by its worker, and again with each heartbeat
tryon:ID:end          its result: the first to write it decides, and later ones are ignored
tryon:ID:charge       whether it was cancelled for nothing, may be charged, or was not
tryon:ID:picture      the number of pieces of its picture
tryon:ID:picture:N    one of these pieces
tryon-key:OWNER:KEY   the job of an Idempotency-Key, and whether it is settled
tryon-slot:HOLDER:N   the job that uses one of an owner's, or an address's, slots
====================  ====================================================================

Jobs, results and pictures are about people, so they are sealed. The others hold ids alone and must
be readable even after SECRET_KEY was replaced. Every call may raise ``StoreUnavailableError``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from ....errors import StoreUnavailableError
from ...storage.interface import NoSealer, Pieces, Sealer, Store, digest
from ..models import (
    INTERRUPTED,
    Failure,
    Job,
    JobResult,
    Rerun,
    dump_job,
    dump_result,
    load_job,
    load_result,
)
from . import JobExpiredError, OnFailure
from .leases import LEASE_SECONDS, Leases

KEY_SECONDS = 24 * 3600.0
TOMBSTONE_SECONDS = KEY_SECONDS  # as long as a key may name the job
# Slots are renewed as leases are, and lapse when a worker is lost, or a slot was taken by a command
# whose reply never came.
SLOT_SECONDS = 10.0
_TOMBSTONE = b'{"state": "gone"}'
_SETTLED = b" settled"
_UNWRITTEN = "unwritten-"  # begins the ids of jobs that the store knew nothing of at first
UNWRITTEN_SECONDS = 600.0  # for which such a job may run
_CANCELLED, _CHARGING, _UNCHARGED = b"cancelled", b"charging", b"uncharged"


class JobRecords:
    """Reads and writes jobs.

    Args:
        store: Where they are kept.
        ttl: Seconds that a finished job is kept.
        sealer: Keeps what is about people from others who can read the store.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        on_failure: Called when a job is found whose worker is lost.

    Attributes:
        leases: Those of the workers.
    """

    def __init__(
        self,
        store: Store,
        ttl: float,
        sealer: Sealer | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_failure: OnFailure = lambda _failure: None,
    ) -> None:
        self._store = store
        self._ttl = ttl
        self._clock = clock
        self._on_failure = on_failure
        self.leases: Leases = Leases(store, monotonic)
        self._sealer = sealer or NoSealer()
        self._pictures = Pieces(store, self._sealer)

    def lock(self, owner: str) -> AbstractContextManager[None]:
        """Serialize the starts of an owner's jobs."""
        return self._store.lock(f"tryon:{owner}", wait=2.0, hold=5.0)

    def find(self, job_id: str, worker: str) -> Job | None:
        """Return a job. If its worker is lost, end it as interrupted.

        Args:
            job_id: The job's id.
            worker: The worker of this process, which cannot be lost.
        """
        raw = self._get(f"tryon:{job_id}")
        job = load_job(job_id, raw) if raw else None
        if job is None:
            return None
        key = _result_key(job_id)
        sealed = self._store.get(key)
        if sealed is None and job.worker != worker and self.leases.is_lost(job.worker):
            if self._add_result(job_id, dump_result(INTERRUPTED)):
                self._on_failure(INTERRUPTED)
            sealed = self._store.get(key)  # it may have ended a moment ago
        if sealed is None:
            return replace(job, charging=self.may_be_charged(job_id))
        result = self._load_result(key, sealed)
        if isinstance(result, Failure):
            result = replace(result, charged=None if self.may_be_charged(job_id) else False)
        return job.with_result(result) if result else None

    def was_emptied(self) -> bool:
        """Return whether the store lost all records within the last seconds."""
        return self._store.was_emptied()

    def check_missing(self, job_id: str) -> None:
        """Return if a job that was not found is unknown, and not only missing for the moment.

        Raises:
            StoreUnavailableError: It may be known soon. Its process has to write it down first,
                after the store was unavailable, or lost all that it had.
        """
        if self.has_ended(job_id):
            return
        if self._store.was_emptied() or self._is_unwritten(job_id):
            raise StoreUnavailableError("The store does not know yet what it missed.")

    def unwritten_id(self, worker: str) -> str:
        """Return an id for a job that is taken while the store is unavailable."""
        return f"{_UNWRITTEN}{int(self._clock()):x}-{worker}-{secrets.token_urlsafe(16)}"

    def _is_unwritten(self, job_id: str) -> bool:
        """Return whether a worker may have yet to write a job that it took without the store."""
        taken, _, rest = job_id.removeprefix(_UNWRITTEN).partition("-")
        try:
            age = self._clock() - int(taken[:12], 16)
        except ValueError:
            return False
        is_recent = job_id.startswith(_UNWRITTEN) and age < UNWRITTEN_SECONDS + self._ttl
        return is_recent and not self.leases.is_lost(rest[:16], is_named=True)

    def cancel(self, job_id: str) -> bool:
        """Return whether an unfinished job is cancelled for nothing: it does not begin to charge.

        Of this and ``begin_charging``, the first call by any process decides.
        """
        return self._decide(job_id, _CANCELLED)

    def begin_charging(self, job_id: str) -> bool:
        """Record that a job may be charged from now on. Return False if it was cancelled."""
        return self._decide(job_id, _CHARGING)

    def _decide(self, job_id: str, decision: bytes) -> bool:
        key = _charge_key(job_id)
        return self._store.add(key, decision, KEY_SECONDS) or self._store.get(key) == decision

    def may_be_charged(self, job_id: str) -> bool:
        """Return whether charging a job has begun."""
        return self._store.get(_charge_key(job_id)) == _CHARGING

    def picture(self, job_id: str) -> bytes | None:
        """Return a finished picture."""
        return self._pictures.get(_picture_key(job_id))

    def write(self, job: Job, seconds: float = LEASE_SECONDS) -> None:
        """Write a job that has no result.

        Args:
            job: The job.
            seconds: How long it is unfinished, at most, if it is not written again.
        """
        self._set(f"tryon:{job.id}", dump_job(job), seconds + self._ttl)

    def is_unreadable(self, job_id: str) -> bool:
        """Return whether a job that has not ended is there, but was sealed with another secret."""
        key = f"tryon:{job_id}"
        return self._store.get(key) is not None and self._get(key) is None

    def has_ended(self, job_id: str) -> bool:
        """Return whether a job has a result or was removed."""
        return self._store.get(_result_key(job_id)) is not None

    def has_failed(self, job_id: str) -> bool:
        """Return whether a job has ended as a failure, rather than being removed."""
        key = _result_key(job_id)
        return isinstance(self._load_result(key, self._store.get(key)), Failure)

    def end(self, job: Job, result: JobResult, picture: bytes | None) -> bool:
        """End a job and return whether this is its result. Repeating the call changes nothing.

        The picture is written before the result that announces it.
        """
        raw = dump_result(result)
        if picture is not None:
            # A little longer than the job, so that its worker deletes it while it still exists:
            # a memory store keeps expired values until somebody looks.
            self._pictures.set(_picture_key(job.id), picture, self._ttl + LEASE_SECONDS)
        self._set(f"tryon:{job.id}", dump_job(job), self._ttl)
        if isinstance(result, Failure) and result.charged is False:
            self._store.set(_charge_key(job.id), _UNCHARGED, KEY_SECONDS)
        if self._add_result(job.id, raw) or self._get(_result_key(job.id)) == raw:
            return True
        self._pictures.delete(_picture_key(job.id))
        return False

    def erase(self, job_id: str) -> None:
        """Delete a job and its picture, whatever its worker still does."""
        self._set(_result_key(job_id), _TOMBSTONE, TOMBSTONE_SECONDS + self._ttl)
        self._store.delete(f"tryon:{job_id}")
        self._pictures.delete(_picture_key(job_id))

    def forget(self, job_id: str) -> None:
        """Delete an expired job."""
        self._store.delete(f"tryon:{job_id}", _result_key(job_id))
        self._pictures.delete(_picture_key(job_id))

    def job_of_key(self, owner: str, key: str, worker: str) -> Job | Rerun | None:
        """Return the job of an owner's Idempotency-Key; None if it is to be run.

        A failed job may have been charged, so its key must name the next one too: only then can
        Genvoris tell that it is a repeat. One that was lost with its worker is run again as well,
        as a ``Rerun``, so that the ledger can tell, too.

        Args:
            owner: The digest of its owner.
            key: The Idempotency-Key.
            worker: As for ``find``.

        Raises:
            JobExpiredError: It is over and must not be run again.
        """
        value = self._store.get(f"tryon-key:{owner}:{digest(key)}")
        if not value:
            return None
        job_id = value.removesuffix(_SETTLED).decode("ascii", "replace")
        job = self.find(job_id, worker)
        if job is not None:
            if job.result == INTERRUPTED:
                return Rerun(may_be_charged=job.charged is not False)
            return None if isinstance(job.result, Failure) else job
        if value.endswith(_SETTLED) or self.has_ended(job_id):
            raise JobExpiredError("The try-on of this Idempotency-Key is over.")
        return None

    def write_key(self, owner: str, key: str, job_id: str, *, settled: bool = False) -> None:
        """Record the job of an owner's Idempotency-Key, for a day."""
        value = job_id.encode() + (_SETTLED if settled else b"")
        self._store.set(f"tryon-key:{owner}:{digest(key)}", value, KEY_SECONDS)

    def take_slot(self, holder: str, job: Job, limit: int) -> str | None:
        """Take one of a holder's slots and return its name, or None if all are in use."""
        for number in range(limit):
            slot = f"tryon-slot:{holder}:{number}"
            if self._store.add(slot, job.id.encode(), SLOT_SECONDS):
                return slot
        return None

    def renew_slot(self, slot: str, job: Job) -> None:
        """Keep a slot, or take it again if it lapsed; unless another job uses it by now."""
        value = job.id.encode()
        if not self._store.replace(slot, value, SLOT_SECONDS, expected=value):
            self._store.add(slot, value, SLOT_SECONDS)

    def keep_slot(self, slot: str, job: Job, seconds: float) -> None:
        """Keep a slot that is not renewed, for as long as its job may take."""
        value = job.id.encode()
        self._store.replace(slot, value, seconds, expected=value)

    def free_slot(self, slot: str, job_id: str) -> None:
        """Free a slot, unless another job uses it by now."""
        self._store.replace(slot, b"", 0, expected=job_id.encode())

    def _get(self, key: str) -> bytes | None:
        return self._sealer.unseal(key, self._store.get(key))

    def _set(self, key: str, value: bytes, seconds: float) -> None:
        self._store.set(key, self._sealer.seal(key, value), seconds)

    def _load_result(self, key: str, sealed: bytes | None) -> JobResult | None:
        unsealed = self._sealer.unseal(key, sealed)
        return load_result(unsealed) if unsealed else None

    def _add_result(self, job_id: str, result: bytes) -> bool:
        key = _result_key(job_id)
        return self._store.add(key, self._sealer.seal(key, result), self._ttl)


def _result_key(job_id: str) -> str:
    return f"tryon:{job_id}:end"


def _charge_key(job_id: str) -> str:
    return f"tryon:{job_id}:charge"


def _picture_key(job_id: str) -> str:
    return f"tryon:{job_id}:picture"
