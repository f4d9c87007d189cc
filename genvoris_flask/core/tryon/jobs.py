"""Try-ons as jobs: a bounded pool makes them, and each ends in exactly one state.

A job runs in the process that took it; its state and its picture are in the store, so that any
process can answer for it. While the store is away each process answers for its own.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from ...errors import GenvorisError, LockTimeoutError, StoreUnavailableError
from ..concurrency.per_process import PerProcess
from ..images.pictures import Picture
from ..products import Product
from ..storage.interface import Sealer, Store, digest
from .job_store import JobStore
from .models import Done, Failure, Job, result_of
from .worker import Desk, Task, Work

log = logging.getLogger("genvoris_flask.tryon")

QUEUED_PER_THREAD = 4
RETRY_AFTER = 5  # seconds
AWAY_RETRY_AFTER = 2  # seconds
# Guests at one address have as many places as so many shoppers, since homes and offices share one.
ADDRESS_FACTOR = 5


class BusyError(GenvorisError):
    """The queue is full."""


class TooManyJobsError(GenvorisError):
    """The owner has as many try-ons under way as one may."""


class JobExpiredError(GenvorisError):
    """The key's job is over and forgotten; it is not made again."""


class JobRunner:
    """Runs jobs on a bounded pool and remembers them for a while.

    Args:
        store: Where they are kept for all processes.
        concurrency: How many run at once in a process; four times as many may wait.
        per_owner: How many of one owner may be under way, in all processes together.
        ttl: Seconds that an ended job is kept.
        patience: Seconds after which a job that still runs has failed.
        clock: The wall clock, in Unix seconds.
        sealer: Keeps what is about people from others who can read in the store.
    """

    def __init__(
        self,
        store: Store,
        *,
        concurrency: int = 4,
        per_owner: int = 2,
        ttl: float = 600.0,
        patience: float = 600.0,
        clock: Callable[[], float] = time.time,
        sealer: Sealer | None = None,
    ) -> None:
        self._store = JobStore(store, ttl, sealer)
        self._most = concurrency * (1 + QUEUED_PER_THREAD)
        self._per_owner = per_owner
        # Never all that a process has, so that somebody else gets in.
        self._per_address = min(per_owner * ADDRESS_FACTOR, self._most - 1)
        self._clock = clock
        self._desk = PerProcess(lambda: Desk(self._store, concurrency, ttl, patience, clock))

    def submit(
        self,
        owner: str,
        product: Product,
        work: Work,
        key: str | None = None,
        *,
        address: str | None = None,
        without_picture: Callable[[], None] = lambda: None,
    ) -> Job:
        """Queue a try-on.

        Args:
            owner: Who alone may see it.
            product: What is tried on.
            work: What makes the picture.
            key: For a day, the same key of the same owner is the same job. One that failed is made
                again.
            address: Where a guest is. Guests there share their places: one who keeps no cookie is
                another owner with each request.
            without_picture: Called if the job ends without one, unless its process dies.

        Raises:
            BusyError: As many are queued as may be.
            TooManyJobsError: The owner has as many under way as one may.
            JobExpiredError: The key's job was deleted or is over, and forgotten.
        """
        desk = self._desk.get()
        owner = digest(owner)
        job = Job(secrets.token_urlsafe(16), owner, product, self._clock(), desk.worker)
        holder = digest(f"address:{address}") if address else owner
        most = self._per_address if address else self._per_owner
        task = Task(job, work, key, holder, without_picture)
        try:
            with self._store.lock(owner):
                if key and (known := self._job_of_key(owner, key)):
                    return known
                self._reserve(desk)
                self._write(desk, task, most)
        except LockTimeoutError:
            raise BusyError("Another try-on of this shopper is being started.") from None
        except StoreUnavailableError:
            if known_task := self._admit_alone(desk, task, most):
                return known_task.job
        desk.add(task)
        desk.pool.submit(self._run, desk, task)
        return job

    def find(self, job_id: str, owner: str) -> Job | None:
        """Give an owner's job; to others it does not exist.

        Raises:
            StoreUnavailableError: It is not this process's, and others cannot be asked.
        """
        desk = self._desk.get()
        try:
            job = self._store.find(job_id, desk.worker)
            if job is None and not self._store.is_over(job_id):
                job = desk.find(job_id)
        except StoreUnavailableError:
            job = desk.find(job_id)
            if job is None and not desk.is_cancelled(job_id):
                raise
        return job if job and job.owner == digest(owner) else None

    def picture(self, job: Job) -> Picture | None:
        """Give a finished job's picture.

        Raises:
            StoreUnavailableError: It is not this process's, and others cannot be asked.
        """
        if not isinstance(job.result, Done):
            return None
        task = self._desk.get().tasks.get(job.id)
        data = (task and task.picture) or self._store.picture(job.id)
        return Picture(data, job.result.mimetype, job.result.quota) if data else None

    def remove(self, job_id: str, owner: str) -> bool:
        """Forget a job and its picture. A queued one never runs.

        Raises:
            StoreUnavailableError: It is not this process's, and others cannot be told.
        """
        if not self.find(job_id, owner):
            return False
        task = self._desk.get().tasks.get(job_id)
        if task:
            task.cancel()
        try:
            self._store.erase(job_id)
        except StoreUnavailableError:
            if task is None:
                raise
        return True

    def _job_of_key(self, owner: str, key: str) -> Job | None:
        """Return the job of a key, or None if it is to be made.

        A job that failed may have been charged, so its key has to name the next one too: only
        then can Genvoris tell that it is the same wish.

        Raises:
            JobExpiredError: It is over and must not be made again.
        """
        known = self._store.job_of_key(owner, key)
        if known is None:
            return None
        job = self._store.find(known.id, self._desk.get().worker)
        if job is not None:
            return None if isinstance(job.result, Failure) else job
        if known.settled or self._store.is_over(known.id):
            raise JobExpiredError("The try-on of this Idempotency-Key is over.")
        return None

    def _reserve(self, desk: Desk) -> None:
        with desk.lock:
            if desk.pending >= self._most:
                raise BusyError("As many try-ons are waiting as may be.")
            desk.pending += 1

    def _write(self, desk: Desk, task: Task, most: int) -> None:
        """Write a new job down; the caller holds its owner's lock and a place of the pool."""
        job = task.job
        try:
            self._store.keep_worker(desk.worker)
            task.slot = self._store.take_slot(task.holder, job.id, most)
            if task.slot is None:
                raise TooManyJobsError("This shopper has as many try-ons under way as one may.")
            self._store.keep(job)
            if task.key:
                self._store.keep_key(job.owner, task.key, job.id)
        except GenvorisError:
            desk.drop(task)
            raise

    def _admit_alone(self, desk: Desk, task: Task, most: int) -> Task | None:
        """Admit a job while the store is away; give the one that has its key already, if any."""
        with desk.lock:
            tasks = list(desk.tasks.values())
        for each in tasks:
            is_same = each.job.owner == task.job.owner and each.key == task.key
            if task.key and is_same and not isinstance(each.result, Failure):
                return each
        held = [each for each in tasks if each.holder == task.holder and each.result is None]
        if len(held) >= most:
            raise TooManyJobsError("This shopper has as many try-ons under way as one may.")
        self._reserve(desk)
        task.slot = None
        return None

    def _run(self, desk: Desk, task: Task) -> None:
        work, task.work = task.work, None
        if work is None or self._is_over(task.job):
            desk.drop(task)
            task.without_picture()
            return
        desk.run(task)
        try:
            outcome = work()
        except Exception:
            log.exception("Try-on %s failed", task.job.id)
            outcome = Failure("internal_error")
        data = outcome.data if isinstance(outcome, Picture) else None
        desk.end(task, result_of(outcome), data)
        if data is None or task.over:
            task.without_picture()

    def _is_over(self, job: Job) -> bool:
        try:
            return self._store.is_over(job.id)
        except StoreUnavailableError:
            return False
