"""Runs the jobs of one process on threads, and keeps what is not written down yet."""

from __future__ import annotations

import functools
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from ....errors import StoreUnavailableError
from ...concurrency.threads import RunAgain, WorkerPool
from ...images.photos import Picture
from ..models import INTERRUPTED, Failure, Job, Outcome, result_of
from . import BusyError, OnFailure, OnNoPicture, QueueLoad, Run, TooManyJobsError
from .finished import FinishedJobs
from .heartbeats import Heartbeats
from .making import TaskMaker
from .records import JobRecords
from .task import Task, count_unfinished, find_repeat

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

QUEUED_PER_THREAD = 4
HEARTBEAT_SECONDS = 2.5  # well within a lease
RENEW_SECONDS = 1.0  # between two renewals in one heartbeat


class JobWorker:
    """Runs jobs, each of which it ends exactly once.

    It renews its lease with a heartbeat while it has jobs. A deadline in a job's record would not
    do instead: it would have to allow for the slowest try-on, so the shopper of a killed process
    would wait for minutes to learn of it.

    Args:
        records: The jobs that all processes see.
        run: Makes a try-on.
        on_no_picture: Called with what a try-on counted against if it ends without a picture.
        on_failure: Called with a failure that ``run`` did not return.
        concurrency: How many jobs run at once; four times as many may wait.
        ttl: Seconds that a finished job is kept.
        max_runtime: Seconds after which a running job fails.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        interval: Seconds between two heartbeats.
    """

    def __init__(
        self,
        records: JobRecords,
        run: Run,
        on_no_picture: OnNoPicture,
        on_failure: OnFailure,
        *,
        concurrency: int,
        ttl: float,
        max_runtime: float,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        interval: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.id: str = secrets.token_hex(8)
        self._records = records
        self._on_no_picture = on_no_picture
        self._concurrency = concurrency
        self._max_pending = concurrency * (1 + QUEUED_PER_THREAD)
        self._ttl = ttl
        self._max_runtime = max_runtime
        self._monotonic = monotonic
        self._pool = pool = WorkerPool("genvoris-tryon", concurrency, grace=max_runtime)
        self._maker = TaskMaker(records, run, on_failure, clock, monotonic, lambda: pool.is_closing)
        self._changed = threading.Condition()
        self._heartbeats = Heartbeats(
            self.heartbeat, self._needs_heartbeats, self._changed, interval, grace=max_runtime
        )
        self._tasks: dict[str, Task] = {}
        # Not the number of tasks: a thread may be busy with a job that was removed or given up.
        self._pending = 0
        self._finished = FinishedJobs(ttl)

    @property
    def unsettled(self) -> int:
        """How many jobs run, wait, or are not written down yet."""
        return len(self._tasks)

    def load(self) -> QueueLoad:
        """Return how busy this worker is."""
        with self._changed:
            wanted = sum(each.result is None for each in self._tasks.values())
            is_stuck = self._pending - wanted >= self._concurrency
            return QueueLoad(self._pending, self._max_pending, is_stuck, self._pool.is_closing)

    def task(self, job_id: str) -> Task | None:
        """Return a job of this worker's that is not settled, or was only a moment ago."""
        return self._tasks.get(job_id) or self._finished.find_recent(job_id, self._monotonic())

    def accept(self, task: Task) -> None:
        """Take a job; it runs once ``start`` is called.

        Raises:
            BusyError: The queue is full, the process is ending, or it gets no thread.
        """
        if self._pool.is_closing:
            raise BusyError("This process is ending and takes no more try-ons.")
        task.cancellation.bind(functools.partial(self._records.begin_charging, task.job.id))
        with self._changed:
            if self._pending >= self._max_pending:
                raise BusyError("The queue of try-ons is full.")
            with _busy_without_thread():
                self._heartbeats.ensure()
            self._pending += 1
            self._tasks[task.job.id] = task

    def accept_alone(self, task: Task, limit: int, on_new: Callable[[], object]) -> Job | None:
        """Take a job while the store is unavailable, or return the job that it is a repeat of.

        Raises:
            BusyError: The queue is full.
            TooManyJobsError: Its holder has ``limit`` unfinished jobs in this process.
        """
        with self._changed:
            if known := self.find_repeat(task):
                return known
            on_new()
            task.job = replace(task.job, id=self._records.unwritten_id(self.id))
            if count_unfinished(self._tasks.values(), task.holder) >= limit:
                raise TooManyJobsError("This shopper has too many unfinished try-ons.")
            self.accept(task)
        return None

    def find_repeat(self, task: Task) -> Job | None:
        """Return the job of this process that a task is a repeat of."""
        return find_repeat(list(self._tasks.values()), task)

    def watch_leases(self) -> None:
        """Look again at the leases of workers that may be lost, until that is certain."""
        if self._records.leases.are_in_doubt:
            with self._changed, suppress(RuntimeError):  # no thread: later calls look as well
                self._heartbeats.ensure()

    def release(self, task: Task) -> None:
        """Drop a job that was accepted and cannot be started."""
        with self._changed:
            self._pending -= 1
            del self._tasks[task.job.id]

    def start(self, task: Task) -> None:
        """Run a job that was accepted, as soon as a thread is free.

        Raises:
            BusyError: The system starts no thread.
        """
        with _busy_without_thread():
            self._pool.submit(functools.partial(self._run, task))

    def heartbeat(self) -> bool:
        """Renew the lease, write down what the store missed, and forget what has expired.

        It returns whether the store could be reached.
        """
        with self._changed:
            tasks = list(self._tasks.values())
        for task in tasks:
            self._check_runtime(task)
        try:
            self._refresh_all(tasks)
            for task in self._finished.recent(self._monotonic()):
                if not self._records.has_ended(task.job.id):
                    self._settle(task)
            self._forget_expired()
            self._records.leases.watch()
        except StoreUnavailableError:
            self._forget_unwritten()
            return False
        return True

    def _run(self, task: Task) -> RunAgain | None:
        request, task.request = task.request, None
        outcome: Outcome | RunAgain = INTERRUPTED
        try:
            if request is None or self._has_ended(task.job):
                task.superseded = True
            else:
                outcome = self._maker.make(task, request)
            if isinstance(outcome, RunAgain):
                return outcome
            self._end(task, outcome)
        finally:
            if not isinstance(outcome, RunAgain):
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()
        return None

    def _has_ended(self, job: Job) -> bool:
        with suppress(StoreUnavailableError):
            return self._records.has_ended(job.id)
        return False

    def _end(self, task: Task, outcome: Outcome) -> None:
        """End a job, unless it has ended."""
        picture = outcome.data if isinstance(outcome, Picture) else None
        if isinstance(outcome, Failure) and not task.cancellation.is_charging:
            outcome = replace(outcome, charged=False)
        if task.counted and picture is None and not task.result:
            self._on_no_picture(task.counted)  # before anybody can see that, and try again
        with self._changed:
            if is_first := task.result is None:
                task.picture, task.ended_at = picture, self._monotonic()
                task.result = result_of(outcome)  # last: a heartbeat may write it down now
        if not is_first:  # it ran for too long
            task.cancellation.report_unseen()
            return
        try:
            self._settle(task)
        except StoreUnavailableError:
            log.debug("A try-on ended while the store is away; a heartbeat writes it down.")
        if task.counted and task.unseen and picture is not None:
            self._on_no_picture(task.counted)

    def _settle(self, task: Task) -> None:
        """Write down how a job ended and free its slot. It is called until it succeeds."""
        job, result = task.job, task.result
        if task.removed:
            self._records.erase(job.id)
        elif result and not task.superseded:
            task.superseded = not self._records.end(job, result, task.picture)
            if task.key and not task.superseded and not isinstance(result, Failure):
                self._records.write_key(job.owner, task.key, job.id, settled=True)
        if task.superseded and self._records.has_failed(job.id):
            task.unseen = True
            task.cancellation.report_unseen()
        if task.slot:
            self._records.free_slot(task.slot, job.id)
        with self._changed:
            if self._tasks.pop(job.id, None) and not (task.removed or task.superseded):
                self._finished.add(task)
        self._forget_expired()

    def _needs_heartbeats(self, is_closing: bool) -> bool:
        """Return whether there are jobs or finished pictures; while the process ends, only jobs."""
        busy = self._tasks or self._finished or self._records.leases.are_in_doubt
        return bool(self._pending if is_closing else busy)

    def _check_runtime(self, task: Task) -> None:
        """Fail a job that runs for too long. Its thread stays busy until the call returns."""
        started_at = self._monotonic() if task.started_at is None else task.started_at
        if not task.result and self._monotonic() - started_at > self._max_runtime:
            log.error("Try-on %s does not end; it has failed for its shopper.", task.job.id)
            self._end(task, Failure("upstream_unreachable"))

    def _refresh_all(self, tasks: list[Task]) -> None:
        """Renew the lease, before all and whenever it is due, since many tasks take a while."""
        renewed_at = float("-inf")
        lost_keys = bool(tasks) and self._records.was_emptied()
        for task in tasks:
            if self._monotonic() - renewed_at >= RENEW_SECONDS:
                self._records.leases.renew(self.id)
                renewed_at = self._monotonic()
            self._refresh(task)
            if lost_keys and task.key and not task.result:
                self._records.write_key(task.job.owner, task.key, task.job.id)

    def _refresh(self, task: Task) -> None:
        if task.result:
            self._settle(task)
            return
        if task.removed or self._records.has_ended(task.job.id):
            task.superseded, task.request = not task.removed, None
            task.cancellation.cancel()
        else:
            self._records.write(task.job)
            task.cancellation.record()
        if task.slot:  # a thread is busy, whatever became of its job
            self._records.renew_slot(task.slot, task.job)
            if task.result:  # it ended meanwhile, and its slot may have been free already
                self._records.free_slot(task.slot, task.job.id)

    def _forget_expired(self) -> None:
        while job_id := self._finished.pop_expired(self._monotonic()):
            self._records.forget(job_id)

    def _forget_unwritten(self) -> None:
        before = self._monotonic() - self._ttl
        with self._changed:
            for task in list(self._tasks.values()):
                if task.result and task.ended_at <= before:
                    del self._tasks[task.job.id]


@contextmanager
def _busy_without_thread() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        log.error("No try-on is taken: the system starts no thread.")  # noqa: TRY400
        raise BusyError("The system starts no thread.") from error
