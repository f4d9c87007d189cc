"""Makes the try-on of one job on the thread that calls, or puts it off."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ....errors import StoreUnavailableError
from ...concurrency.threads import RunAgain
from ..models import (
    INTERRUPTED,
    Failure,
    Outcome,
    TryOnCancelledError,
    TryOnDiscardedError,
    TryOnPostponedError,
    TryOnRequest,
    came_too_late,
)
from . import LONGEST_WAIT, OnFailure, Run
from .records import JobRecords
from .task import Task

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


class TaskMaker:
    """Makes the try-ons of a worker.

    Args:
        records: The jobs that all processes see.
        run: Makes a try-on.
        on_failure: Called with the failure of one that had to wait for too long.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        is_closing: Returns whether the process ends, so that nothing can be put off.
    """

    def __init__(
        self,
        records: JobRecords,
        run: Run,
        on_failure: OnFailure,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        is_closing: Callable[[], bool],
    ) -> None:
        self._records = records
        self._run_tryon = run
        self._on_failure = on_failure
        self._clock = clock
        self._monotonic = monotonic
        self._is_closing = is_closing

    def make(self, task: Task, request: TryOnRequest) -> Outcome | RunAgain:
        """Return what became of a try-on, or when it is to be made again.

        Whatever the shop's function raises is an outcome, since its job must end.
        """
        task.started_at = self._monotonic()
        task.job = replace(task.job, state="running")
        try:
            self._records.write(task.job)
        except StoreUnavailableError:
            log.debug("A try-on runs while the store is away; a heartbeat writes it down.")
        try:
            return self._run_tryon(request)
        except TryOnPostponedError as error:
            return self._postpone(task, request, error.seconds)
        except TryOnCancelledError as error:
            task.superseded = True
            if isinstance(error, TryOnDiscardedError) and not self._has_failed(task):
                task.counted = None  # it stays counted
            return INTERRUPTED
        except BaseException:  # sys.exit() in the shop's function must end the job, too
            log.exception("Try-on %s failed", task.job.id)
            return Failure("internal_error")

    def _has_failed(self, task: Task) -> bool:
        """Return whether its shopper was told that a try-on failed, rather than cancelled it."""
        with suppress(StoreUnavailableError):
            return self._records.has_failed(task.job.id)
        return False

    def _postpone(self, task: Task, request: TryOnRequest, seconds: float) -> Outcome | RunAgain:
        """Queue a job again, unless its shopper would have to wait for too long."""
        now = self._monotonic()
        if task.postponed_at is None:
            task.postponed_at = now
        if now + seconds > task.postponed_at + LONGEST_WAIT:
            return self._fail(task, came_too_late(self._clock() + seconds))
        if task.removed or self._is_closing():
            return self._fail(task, Failure("busy", charged=False))
        task.request, task.started_at = request, None
        task.job = replace(task.job, state="queued")
        with suppress(StoreUnavailableError):  # a heartbeat writes it down
            self._records.write(task.job)
        return RunAgain(seconds)

    def _fail(self, task: Task, failure: Failure) -> Failure:
        """Return a failure, and report it unless the shopper wants no picture any more."""
        if not task.removed:
            self._on_failure(failure)
        return failure
