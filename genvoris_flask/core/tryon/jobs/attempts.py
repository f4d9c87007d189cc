"""Makes jobs in a worker's process, one attempt at a time for each job.

An attempt holds a lease, which it renews every second. When its process dies, the lease lapses,
another process sends the job to the engine again, and another attempt makes it. One that only
seemed dead finds that it has lost its lease, and its outcome is dropped.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ....errors import StoreUnavailableError
from ...concurrency.threads import RunAgain, WorkerPool
from ...images.photos import Picture
from ..models import (
    Failure,
    Job,
    Outcome,
    Rerun,
    TryOnCancelledError,
    TryOnDiscardedError,
    TryOnPostponedError,
    TryOnRequest,
    came_too_late,
    result_of,
)
from . import LONGEST_WAIT, OnFailure, Run
from .ending import JobEnding
from .records import JobRecords
from .unfinished import UnfinishedJobs

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

HEARTBEAT_SECONDS = 1.0  # well within a lease


@dataclass(eq=False)
class Attempt:
    """One attempt to make a job.

    Attributes:
        id: A random name.
        job: The job.
        request: What to try on.
        started_at: When it began, on a monotonic clock.
        is_over: Whether it has ended the job, or lost it to another attempt.
        has_failed: Whether the job failed since it takes too long.
        has_run: Whether the shop's own engine has run, though the job was cancelled.
    """

    id: str
    job: Job
    request: TryOnRequest = field(repr=False)
    started_at: float
    is_over: bool = False
    has_failed: bool = False
    has_run: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class Attempts:
    """Makes jobs on the threads that call ``run``.

    Args:
        records: The jobs and their results.
        unfinished: What is kept until a job has ended.
        ending: Ends jobs.
        run: Makes a try-on.
        on_failure: Called with the failure of one that had to wait for too long.
        max_runtime: Seconds after which an attempt fails; its thread stays busy until the call
            returns.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        interval: Seconds between two heartbeats.
    """

    def __init__(
        self,
        records: JobRecords,
        unfinished: UnfinishedJobs,
        ending: JobEnding,
        run: Run,
        on_failure: OnFailure,
        *,
        max_runtime: float,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        interval: float,
    ) -> None:
        self._records = records
        self._unfinished = unfinished
        self._ending = ending
        self._run_tryon = run
        self._on_failure = on_failure
        self._max_runtime = max_runtime
        self._clock = clock
        self._monotonic = monotonic
        self._interval = interval
        self._beats = WorkerPool("genvoris-attempts", 1, grace=0.0)

    def run(self, job_id: str) -> None:
        """Make a job, unless it has ended or another attempt at it lives.

        Raises:
            StoreUnavailableError: It could not be begun.
        """
        attempt_id = secrets.token_hex(8)
        number = self._unfinished.claim(job_id, attempt_id)
        if number is None:
            log.debug("Try-on %s is being made already.", job_id)
            return
        attempt = self._begin(job_id, attempt_id, number)
        if attempt is not None:
            with self._heartbeats(attempt):
                self._write(attempt)
                try:
                    self._end(attempt, self._make(attempt))
                except TryOnPostponedError as error:
                    self._postpone(attempt, error.seconds)

    def _begin(self, job_id: str, attempt_id: str, number: int) -> Attempt | None:
        """Return an attempt at a job that was claimed for it; None if there is nothing to make."""
        if self._records.is_unreadable(job_id):
            log.error(
                "Try-on %s cannot be made: this worker has another SECRET_KEY than the process "
                "that took it.",
                job_id,
            )
            self._unfinished.release(job_id, attempt_id)
            return None
        job = self._records.find(job_id, "")
        if job is None or job.result:
            self._ending.close(job_id)
            return None
        request = self._unfinished.request(job_id)
        if request is None:
            log.error("The photo of try-on %s cannot be opened, or its time is over.", job_id)
            self._ending.interrupt(job_id)
            return None
        earlier, rerun = request.rerun, request.rerun
        if number > 1:
            rerun = Rerun(job.charging or bool(earlier and earlier.may_be_charged))
        request.cancellation.bind(functools.partial(self._records.begin_charging, job_id))
        job, request = replace(job, state="running"), replace(request, rerun=rerun)
        return Attempt(attempt_id, job, request, self._monotonic())

    def _make(self, attempt: Attempt) -> Outcome | None:
        """Return what became of the try-on; None if its owner removed it.

        Raises:
            TryOnPostponedError: Genvoris asks to wait.
        """
        try:
            return self._run_tryon(attempt.request)
        except TryOnCancelledError as error:
            attempt.has_run = isinstance(error, TryOnDiscardedError)
            return None
        except TryOnPostponedError:
            raise
        except BaseException:  # sys.exit() in the shop's function must end the job, too
            log.exception("Try-on %s failed", attempt.job.id)
            return Failure("internal_error")

    def _postpone(self, attempt: Attempt, seconds: float) -> None:
        """Queue a job again, unless its shopper would have to wait for too long."""
        job = attempt.job
        now = self._clock()
        if now - job.created_at + seconds > LONGEST_WAIT:
            failure = came_too_late(now + seconds)
            if self._end(attempt, failure):
                self._on_failure(failure)
            return
        with attempt.lock:
            attempt.is_over = True
        self._records.write(replace(job, state="queued"), self._unfinished.seconds)
        self._unfinished.postpone(job.id, attempt.id, seconds)

    @contextmanager
    def _heartbeats(self, attempt: Attempt) -> Iterator[None]:
        def beat() -> RunAgain | None:
            try:
                self._beat(attempt)
            except StoreUnavailableError:
                log.debug("A try-on runs while the store is away.")
            except BaseException:  # without heartbeats, the job would be made again
                log.exception("A heartbeat of a try-on failed")
            return None if attempt.is_over else RunAgain(self._interval)

        task = self._beats.submit(beat, delay=self._interval)
        try:
            yield
        finally:
            attempt.is_over = True
            task.cancel()

    def _beat(self, attempt: Attempt) -> None:
        """Show that an attempt lives, and find out whether it is still wanted."""
        job, cancellation = attempt.job, attempt.request.cancellation
        if self._monotonic() - attempt.started_at > self._max_runtime:
            log.error("Try-on %s does not end; it has failed for its shopper.", job.id)
            self._end(attempt, Failure("upstream_unreachable"))
            attempt.has_failed = True
        if attempt.is_over:
            return
        if not self._unfinished.renew(job.id, attempt.id):
            attempt.is_over = True
            cancellation.cancel()
        elif self._records.has_ended(job.id):
            cancellation.cancel()
        else:
            self._write(attempt)
            cancellation.record()

    def _write(self, attempt: Attempt) -> None:
        """Write the job down, again if the store lost it."""
        self._records.write(attempt.job, self._unfinished.seconds)

    def _end(self, attempt: Attempt, outcome: Outcome | None) -> bool:
        """End the job by this attempt's outcome, as soon as the store answers.

        It returns whether the outcome is this attempt's, and the shopper still waited for one.
        """
        pause = threading.Event()
        if attempt.has_failed:  # it ran for too long
            attempt.request.cancellation.report_unseen()
        is_mine = False
        with attempt.lock:
            until = self._monotonic() + self._max_runtime
            while not attempt.is_over:
                try:
                    is_mine = self._try_to_end(attempt, outcome)
                    attempt.is_over = True
                except StoreUnavailableError:
                    if self._monotonic() > until:
                        raise
                    pause.wait(self._interval)
        return is_mine

    def _try_to_end(self, attempt: Attempt, outcome: Outcome | None) -> bool:
        job = attempt.job
        if not self._unfinished.renew(job.id, attempt.id):
            log.warning("Try-on %s was made again elsewhere; this outcome is dropped.", job.id)
            return False
        if outcome is None:
            self._ending.interrupt(job.id, has_run=attempt.has_run)
        else:
            if isinstance(outcome, Failure) and not self._may_be_charged(attempt):
                outcome = replace(outcome, charged=False)
            picture = outcome.data if isinstance(outcome, Picture) else None
            return self._ending.end(job, result_of(outcome), picture)
        return True

    def _may_be_charged(self, attempt: Attempt) -> bool:
        rerun = attempt.request.rerun
        return attempt.request.cancellation.is_charging or bool(rerun and rerun.may_be_charged)
