"""Jobs on threads of the process that took them, which is the only one that has the photo.

Whether a job may start is decided here, together with all other processes; ``worker`` runs it.
While the store is unavailable, each process takes jobs and answers for its own, and writes down
what the store missed as soon as it is back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ....errors import LockTimeoutError, StoreUnavailableError
from ...concurrency.per_process import PerProcess
from ...images.photos import Picture
from ...storage.interface import Sealer, Store, digest
from ..models import Done, Failure, Job, Rerun, TryOnRequest
from . import (
    ADDRESS_FACTOR,
    BusyError,
    OnFailure,
    OnNoPicture,
    QueueLoad,
    Removal,
    Run,
    TooManyJobsError,
)
from .records import JobRecords
from .task import Task
from .worker import HEARTBEAT_SECONDS, QUEUED_PER_THREAD, JobWorker


class LocalJobQueue:
    """A ``JobQueue`` on a bounded pool of threads.

    Args:
        store: Shared by all processes.
        run: Makes a try-on.
        on_no_picture: Called with what a try-on counted against if it ends without a picture.
        on_failure: Called once with a failure that ``run`` did not return.
        concurrency: How many jobs run at once in a process; four times as many may wait.
        per_owner: How many unfinished jobs one owner may have, in all processes together.
        ttl: Seconds that a finished job is kept.
        max_runtime: Seconds after which a running job fails; its thread stays busy until the
            call returns.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        heartbeat_interval: Seconds between two heartbeats.
        sealer: Keeps what is about people from others who can read the store.
    """

    def __init__(
        self,
        store: Store,
        run: Run,
        on_no_picture: OnNoPicture,
        *,
        on_failure: OnFailure = lambda _failure: None,
        concurrency: int = 4,
        per_owner: int = 2,
        ttl: float = 600.0,
        max_runtime: float = 600.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        heartbeat_interval: float = HEARTBEAT_SECONDS,
        sealer: Sealer | None = None,
    ) -> None:
        records = self._records = JobRecords(
            store, ttl, sealer, clock=clock, monotonic=monotonic, on_failure=on_failure
        )
        self._per_owner = per_owner
        # Fewer than the queue holds, so that others get in.
        max_pending = concurrency * (1 + QUEUED_PER_THREAD)
        self._per_address = min(per_owner * ADDRESS_FACTOR, max_pending - 1)
        self._clock = clock
        self._worker = PerProcess(
            lambda: JobWorker(
                records,
                run,
                on_no_picture,
                on_failure,
                concurrency=concurrency,
                ttl=ttl,
                max_runtime=max_runtime,
                clock=clock,
                monotonic=monotonic,
                interval=heartbeat_interval,
            )
        )

    def submit(
        self,
        owner: str,
        request: TryOnRequest,
        key: str | None = None,
        *,
        address: str | None = None,
        on_new: Callable[[], object] = lambda: None,
    ) -> Job:
        """Queue a try-on; see ``JobQueue``."""
        worker = self._worker.get()
        owner = digest(owner)
        job = Job(secrets.token_urlsafe(16), owner, request.product, self._clock(), worker.id)
        holder = digest(f"address:{address}") if address else owner
        limit = self._per_address if address else self._per_owner
        task = Task(job, request, key, holder, request.counted, cancellation=request.cancellation)
        try:
            with self._records.lock(owner):
                known = self._records.job_of_key(owner, key, worker.id) if key else None
                if isinstance(known, Rerun):
                    task.request = replace(request, rerun=known)
                elif known := known or (worker.find_repeat(task) if key else None):
                    return known
                on_new()
                self._accept(task, limit)
        except LockTimeoutError:
            raise BusyError("Another try-on of this shopper is being started.") from None
        except StoreUnavailableError:
            if known := worker.accept_alone(task, limit, on_new):
                return known
        try:
            worker.start(task)
        except BaseException:  # such as a system that has no threads left
            with suppress(StoreUnavailableError):
                self._records.end(task.job, Failure("internal_error"), None)
            self._release(task)
            raise
        return task.job

    def find(self, job_id: str, owner: str) -> Job | None:
        """Return a job of this owner; see ``JobQueue``."""
        worker = self._worker.get()
        task = worker.task(job_id)
        try:
            job = self._records.find(job_id, worker.id)
            if job is None and task is None:
                self._records.check_missing(job_id)
            if job is None and task and not self._records.has_ended(job_id):
                job = task.view()  # the store lost it, or was away when it was submitted
        except StoreUnavailableError:
            if task is None or task.superseded:
                raise
            job = task.view()
        finally:
            worker.watch_leases()
        return job if job and job.owner == digest(owner) else None

    def picture(self, job: Job) -> Picture | None:
        """Return the picture of a job; see ``JobQueue``."""
        if not isinstance(job.result, Done):
            return None
        task = self._worker.get().task(job.id)
        kept = task.picture if task else None
        try:
            if kept is None or self._records.has_ended(job.id):
                kept = self._records.picture(job.id)
        except StoreUnavailableError:
            if kept is None:
                raise
        return Picture(kept, job.result.mimetype, job.result.quota) if kept else None

    def remove(self, job_id: str, owner: str) -> Removal | None:
        """Forget a job and its picture; see ``JobQueue``."""
        job = self.find(job_id, owner)
        if job is None:
            return None
        task = self._worker.get().task(job_id)
        # A task decides first: while the store is away, nothing else knows that charging began.
        is_free = task.remove() if task else True
        try:
            if job.result is None and is_free:
                is_free = self._records.cancel(job_id)
            self._records.erase(job_id)
        except StoreUnavailableError:
            if task is None:
                raise
        if job.result:
            return "deleted"
        return "cancelled" if is_free else "under_way"

    def load(self) -> QueueLoad:
        """Return how busy the queue of this process is."""
        return self._worker.get().load()

    @property
    def unsettled(self) -> int:
        """How many jobs of this process run, wait, or are not written down yet."""
        return self._worker.get().unsettled

    def heartbeat(self) -> None:
        """Show other processes that this one lives. It happens by itself while there are jobs."""
        self._worker.get().heartbeat()

    def _accept(self, task: Task, limit: int) -> None:
        """Accept a job and write it down. The caller holds its owner's lock."""
        worker = self._worker.get()
        worker.accept(task)
        try:
            self._records.leases.renew(worker.id)
            self._write(task, limit)
        except BaseException:
            self._release(task)
            raise

    def _write(self, task: Task, limit: int) -> None:
        job = task.job
        task.slot = self._records.take_slot(task.holder, job, limit)
        if task.slot is None:
            raise TooManyJobsError("This shopper has too many unfinished try-ons.")
        self._records.write(job)
        if task.key:
            self._records.write_key(job.owner, task.key, job.id)

    def _release(self, task: Task) -> None:
        """Drop a job that was accepted and cannot be started, and free its slot."""
        self._worker.get().release(task)
        if task.slot:
            with suppress(StoreUnavailableError):  # it lapses by itself
                self._records.free_slot(task.slot, task.job.id)
            task.slot = None
