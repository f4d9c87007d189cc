"""Calls a function every few seconds, for as long as it is needed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ...concurrency.threads import RunAgain, WorkerPool
from ...concurrency.weak_methods import while_in_use

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

RETRY_PART = 0.4  # of the interval


class Heartbeats:
    """Calls ``beat`` on a thread of its own.

    Args:
        beat: The function, which returns whether it succeeded; if not, it is called again sooner.
            Its errors are logged.
        is_needed: Returns whether to go on, given whether the process is ending. It is called with
            the lock held.
        changed: The lock of what ``is_needed`` looks at, notified when that changes.
        interval: Seconds between two calls.
        grace: Seconds that the end of the process waits for it.
    """

    def __init__(
        self,
        beat: Callable[[], bool],
        is_needed: Callable[[bool], bool],
        changed: threading.Condition,
        interval: float,
        *,
        grace: float,
    ) -> None:
        self._beat = beat
        self._is_needed = is_needed
        self._changed = changed
        self._interval = interval
        self._pool = WorkerPool("genvoris-heartbeat", 1, grace=grace)
        self._is_running = False

    def ensure(self) -> None:
        """Start, unless it runs already. The caller holds the lock."""
        if not self._is_running:
            self._pool.submit(while_in_use(self._run), delay=self._interval)
            self._is_running = True  # not before: there may be no thread to be had

    def _run(self) -> RunAgain | None:
        while True:
            succeeded = True
            try:
                succeeded = self._beat()
            except BaseException:  # without heartbeats, all jobs of this process would seem lost
                log.exception("A heartbeat of the try-ons failed")
            with self._changed:
                is_closing = self._pool.is_closing
                if not self._is_needed(is_closing):
                    self._is_running = False
                    return None
                if not is_closing:
                    # Sooner, so that live workers are the first to reach a store that is back.
                    return RunAgain(self._interval if succeeded else self._interval * RETRY_PART)
                # A pool calls nothing again while the process ends, but jobs are finished then.
                self._changed.wait(self._interval)
