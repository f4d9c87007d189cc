"""Try-ons as jobs: a bounded pool makes them, and each ends in exactly one state.

Jobs live in this process's memory. They hold a photo until it is sent and a picture until its
time is over; neither is ever written to disk.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from ..errors import GenvorisError
from ..per_process import PerProcess
from .outcomes import Failure, Outcome
from .paywall import Refusal
from .pictures import Picture
from .product import Product

log = logging.getLogger("genvoris_flask.tryon")

State = Literal["queued", "running", "done", "failed", "refused"]
QUEUED_PER_THREAD = 4
MAX_ENDED = 200  # pictures that wait to be fetched, so that memory stays bounded
BUSY_RETRY_AFTER = 5  # seconds


class BusyError(GenvorisError):
    """The queue is full."""


Work = Callable[[], Outcome]


@dataclass
class Job:
    """One try-on of one owner."""

    id: str
    owner: str
    product: Product
    created_at: float
    state: State = "queued"
    outcome: Outcome | None = field(default=None, repr=False)
    ended_at: float | None = None


@dataclass
class _Memory:
    """The jobs of this process."""

    pool: ThreadPoolExecutor
    lock: threading.Lock = field(default_factory=threading.Lock)
    jobs: dict[str, Job] = field(default_factory=dict)
    by_key: dict[tuple[str, str], str] = field(default_factory=dict)
    # Counted apart from the jobs: one that was removed holds its place until a thread is free.
    pending: int = 0


class JobRunner:
    """Runs jobs on a bounded pool and remembers them for a while.

    Args:
        concurrency: How many run at once; four times as many may wait.
        ttl: Seconds that an ended job is kept.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(
        self, concurrency: int, ttl: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._most = concurrency * (1 + QUEUED_PER_THREAD)
        self._ttl = ttl
        self._clock = clock
        self._memory = PerProcess(
            lambda: _Memory(ThreadPoolExecutor(concurrency, thread_name_prefix="genvoris-tryon"))
        )

    def submit(self, owner: str, product: Product, work: Work, key: str | None = None) -> Job:
        """Queue a try-on.

        Args:
            owner: Who alone may see it.
            product: What is tried on.
            work: What makes the picture.
            key: The same key of the same owner is the same job.

        Raises:
            BusyError: As many are queued as may be.
        """
        memory = self._memory.get()
        with memory.lock:
            self._drop_old(memory)
            if key is not None and (known := memory.by_key.get((owner, key))):
                return memory.jobs[known]
            if memory.pending >= self._most:
                raise BusyError("As many try-ons are waiting as may be.")
            job = Job(secrets.token_urlsafe(16), owner, product, self._clock())
            memory.pending += 1
            memory.jobs[job.id] = job
            if key is not None:
                memory.by_key[owner, key] = job.id
        memory.pool.submit(self._run, job, work)
        return job

    def find(self, job_id: str, owner: str) -> Job | None:
        """Give an owner's job; to others it does not exist."""
        memory = self._memory.get()
        with memory.lock:
            self._drop_old(memory)
            job = memory.jobs.get(job_id)
        return job if job and job.owner == owner else None

    def remove(self, job_id: str, owner: str) -> bool:
        """Forget a job and its picture. A queued one never runs."""
        if not self.find(job_id, owner):
            return False
        memory = self._memory.get()
        with memory.lock:
            memory.jobs.pop(job_id, None)
        return True

    def _run(self, job: Job, work: Work) -> None:
        memory = self._memory.get()
        with memory.lock:
            wanted = job.id in memory.jobs
            job.state = "running"
        outcome = self._attempt(job, work) if wanted else None
        with memory.lock:
            memory.pending -= 1
            if outcome is not None:
                job.outcome, job.ended_at = outcome, self._clock()
                job.state = _state_after(outcome)

    def _attempt(self, job: Job, work: Work) -> Outcome:
        try:
            return work()
        except Exception:
            log.exception("Try-on %s failed", job.id)
            return Failure("internal_error")

    def _drop_old(self, memory: _Memory) -> None:
        """Forget what is over. The caller holds the lock."""
        before = self._clock() - self._ttl
        ended = [job for job in memory.jobs.values() if job.ended_at is not None]
        ended.sort(key=lambda job: job.ended_at or 0)
        for position, job in enumerate(ended):
            if (job.ended_at or 0) < before or position < len(ended) - MAX_ENDED:
                del memory.jobs[job.id]
        gone = [key for key, job_id in memory.by_key.items() if job_id not in memory.jobs]
        for key in gone:
            del memory.by_key[key]


def _state_after(outcome: Outcome) -> State:
    match outcome:
        case Picture():
            return "done"
        case Refusal():
            return "refused"
        case Failure():
            return "failed"
