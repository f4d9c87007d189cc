"""Where jobs are kept so that every process finds them (docs/architecture.md, "Jobs").

====================  ===================================================================
tryon:ID              the job, written by its worker, and again with each heartbeat
tryon:ID:end          how it ended: whoever writes first decides, and then no other
tryon:ID:picture      in how many pieces the finished picture is
tryon:ID:picture:N    one of them
tryon-key:OWNER:KEY   the job of an Idempotency-Key, and whether it is settled
tryon-slot:HOLDER:N   the job that holds one of its owner's, or its address's, places
tryon-worker:WORKER   is there while the worker lives
====================  ===================================================================

Jobs, endings and pictures are sealed, since they are about people; the others hold ids alone, which
must be found again whatever became of the secret. Every call may raise ``StoreUnavailableError``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..storage.interface import NoSealer, Sealer, Store, digest
from .models import INTERRUPTED, Job, JobResult, dump_job, dump_result, load_job, load_result

KEY_SECONDS = 24 * 3600.0
LEASE_SECONDS = 10.0  # a worker that was not heard of for so long is dead
GRAVE_SECONDS = KEY_SECONDS  # as long as a key may stand for the job
# One call to Redis has a quarter of a second, and a picture may be large and the network slow.
PIECE_BYTES = 256 * 1024
_GONE = b'{"state": "gone"}'
_SETTLED = b" settled"


@dataclass(frozen=True)
class KeyedJob:
    """The job that an Idempotency-Key stands for.

    Attributes:
        id: The job's name.
        settled: Whether it ended with a picture or a refusal. One that failed, or that was lost
            with its worker, can be made again under the same key.
    """

    id: str
    settled: bool


class JobStore:
    """Reads and writes jobs.

    Args:
        store: Where.
        ttl: Seconds that an ended job is kept.
        sealer: Keeps what is about people from others who can read there.
    """

    def __init__(self, store: Store, ttl: float, sealer: Sealer | None = None) -> None:
        self._store = store
        self._ttl = ttl
        self._sealer = sealer or NoSealer()

    def lock(self, owner: str) -> AbstractContextManager[None]:
        """Let one start of an owner's try-on through at a time."""
        return self._store.lock(f"tryon:{owner}", wait=2.0, hold=5.0)

    def find(self, job_id: str, alive: str) -> Job | None:
        """Give a job; one whose worker died has failed.

        Args:
            job_id: Its name.
            alive: A worker that surely lives: the one that asks.
        """
        raw = self._get(f"tryon:{job_id}")
        job = load_job(job_id, raw) if raw else None
        if job is None:
            return None
        key = _end_key(job_id)
        sealed = self._store.get(key)
        if sealed is None and job.worker != alive and not self._lives(job.worker):
            self._add_result(job_id, dump_result(INTERRUPTED))
            sealed = self._store.get(key)  # it may have ended a moment ago
        if sealed is None:
            return job
        end = self._sealer.unseal(key, sealed)
        result = load_result(end) if end else None
        return job.with_result(result) if result else None

    def picture(self, job_id: str) -> bytes | None:
        """Give a finished picture."""
        keys = self._piece_keys(job_id)
        pieces = [self._get(key) for key in keys]
        whole = [piece for piece in pieces if piece is not None]
        return b"".join(whole) if whole and len(whole) == len(keys) else None

    def keep(self, job: Job) -> None:
        """Write a job that has not ended; so it outlives its worker for a while."""
        self._set(f"tryon:{job.id}", dump_job(job), LEASE_SECONDS + self._ttl)

    def is_over(self, job_id: str) -> bool:
        """Say whether a job was deleted, or counted as dead."""
        return self._store.get(_end_key(job_id)) is not None

    def end(self, job: Job, result: JobResult, picture: bytes | None) -> bool:
        """End a job, unless it has ended; False when it has. It may be called again.

        The picture is there before the job says that it is.
        """
        raw = dump_result(result)
        if picture is not None:
            # A little longer than the job, so that its worker drops it while it is still there:
            # what has merely expired may stay in memory until somebody looks.
            self._put_picture(job.id, picture, self._ttl + LEASE_SECONDS)
        self._set(f"tryon:{job.id}", dump_job(job), self._ttl)
        if self._add_result(job.id, raw) or self._get(_end_key(job.id)) == raw:
            return True
        self._drop_picture(job.id)
        return False

    def erase(self, job_id: str) -> None:
        """Forget a job and its picture, at once and whatever its worker still does."""
        self._set(_end_key(job_id), _GONE, GRAVE_SECONDS + self._ttl)
        self._store.delete(f"tryon:{job_id}")
        self._drop_picture(job_id)

    def drop(self, job_id: str) -> None:
        """Forget a job whose time is over."""
        self._store.delete(f"tryon:{job_id}", _end_key(job_id))
        self._drop_picture(job_id)

    def job_of_key(self, owner: str, key: str) -> KeyedJob | None:
        """Return the job that an Idempotency-Key of this owner stands for."""
        found = self._store.get(f"tryon-key:{owner}:{digest(key)}")
        if not found:
            return None
        job_id = found.removesuffix(_SETTLED).decode("ascii", "replace")
        return KeyedJob(job_id, found.endswith(_SETTLED))

    def keep_key(self, owner: str, key: str, job_id: str, *, settled: bool = False) -> None:
        """Let an Idempotency-Key of this owner stand for a job for a day."""
        value = job_id.encode() + (_SETTLED if settled else b"")
        self._store.set(f"tryon-key:{owner}:{digest(key)}", value, KEY_SECONDS)

    def take_slot(self, holder: str, job_id: str, most: int) -> str | None:
        """Take one of a holder's places, and return its name; None when all are taken."""
        for number in range(most):
            slot = f"tryon-slot:{holder}:{number}"
            if self._store.add(slot, job_id.encode(), LEASE_SECONDS):
                return slot
        return None

    def keep_slot(self, slot: str, job_id: str) -> None:
        """Hold a place on; it is free by itself when its worker dies."""
        mine = job_id.encode()
        self._store.replace(slot, mine, LEASE_SECONDS, expected=mine)

    def free_slot(self, slot: str, job_id: str) -> None:
        """Give a place back, unless another job has it by now."""
        self._store.replace(slot, b"", 0, expected=job_id.encode())

    def keep_worker(self, worker: str) -> None:
        """Say that a worker lives."""
        self._store.set(f"tryon-worker:{worker}", b"1", LEASE_SECONDS)

    def _put_picture(self, job_id: str, picture: bytes, seconds: float) -> None:
        starts = range(0, len(picture), PIECE_BYTES)
        for number, start in enumerate(starts):
            piece = picture[start : start + PIECE_BYTES]
            self._set(f"tryon:{job_id}:picture:{number}", piece, seconds)
        self._set(f"tryon:{job_id}:picture", str(len(starts)).encode(), seconds)

    def _drop_picture(self, job_id: str) -> None:
        self._store.delete(*self._piece_keys(job_id), f"tryon:{job_id}:picture")

    def _piece_keys(self, job_id: str) -> list[str]:
        count = int(self._get(f"tryon:{job_id}:picture") or 0)
        return [f"tryon:{job_id}:picture:{number}" for number in range(count)]

    def _lives(self, worker: str) -> bool:
        return self._store.get(f"tryon-worker:{worker}") is not None

    def _get(self, key: str) -> bytes | None:
        return self._sealer.unseal(key, self._store.get(key))

    def _set(self, key: str, value: bytes, seconds: float) -> None:
        self._store.set(key, self._sealer.seal(key, value), seconds)

    def _add_result(self, job_id: str, result: bytes) -> bool:
        key = _end_key(job_id)
        return self._store.add(key, self._sealer.seal(key, result), self._ttl)


def _end_key(job_id: str) -> str:
    return f"tryon:{job_id}:end"
