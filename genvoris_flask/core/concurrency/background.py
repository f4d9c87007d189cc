"""Tasks that run after the request that asked for them, and again when they fail.

Tasks live in this process's memory. When the process ends in an orderly way, those that are left
get one more attempt, within a few seconds for all; when it is killed, they are lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...errors import QueueFullError
from .threads import RunAgain, WorkerPool

log: logging.Logger = logging.getLogger("genvoris_flask.background")

THREADS = 4
MAX_UNFINISHED = 1000
RETRY_DELAYS = (1.0, 10.0, 60.0, 300.0)  # seconds before each further attempt


class BackgroundPool:
    """Runs tasks on a few threads and retries those that fail.

    Args:
        threads: How many tasks run at once.
        max_unfinished: How many may be unfinished, including those that wait for another attempt.
        delays: Seconds before each further attempt.
        at_once: Returns whether a task runs in the thread that submits it, and once only, since
            the process may end without notice.
    """

    def __init__(
        self,
        threads: int = THREADS,
        max_unfinished: int = MAX_UNFINISHED,
        delays: tuple[float, ...] = RETRY_DELAYS,
        at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pool = WorkerPool(
            "genvoris-background", threads, max_unfinished=max_unfinished, at_once=at_once
        )
        self._at_once = at_once
        self._delays = delays

    def submit(
        self,
        name: str,
        run: Callable[[], object],
        pause_after: Callable[[Exception], float | None] = lambda _error: 0.0,
    ) -> None:
        """Run a task soon.

        Args:
            name: What it is, for the log.
            run: Does it.
            pause_after: Returns the seconds to wait at least after an error, or None if another
                attempt would fail too.

        Raises:
            QueueFullError: Too many tasks are unfinished.
        """
        delays = () if self._at_once() else self._delays
        task = _RetriedTask(name, run, pause_after, delays, self._pool)
        try:
            self._pool.submit(task)
        except QueueFullError as error:
            raise QueueFullError(f"{name}: {error}") from None
        except RuntimeError:  # the system starts no thread; late is better than never
            replace(task, delays=())()

    def join(self, seconds: float) -> bool:
        """Wait until no task is left. Return False if that took longer than ``seconds``."""
        return self._pool.join(seconds)


@dataclass
class _RetriedTask:
    """A task and how often it has been attempted."""

    name: str
    run: Callable[[], object]
    pause_after: Callable[[Exception], float | None]
    delays: tuple[float, ...]
    pool: WorkerPool
    attempts: int = 0

    def __call__(self) -> RunAgain | None:
        """Attempt it once."""
        try:
            self.run()
        except Exception as error:
            can_repeat = self.attempts < len(self.delays) and not self.pool.is_closing
            pause = self.pause_after(error) if can_repeat else None
            if pause is None:
                log.exception("%s: given up", self.name)
                return None
            delay = max(pause, self.delays[self.attempts])
            self.attempts += 1
            reason = f"{type(error).__name__}: {error}"
            log.warning("%s: %s; trying again in %g s", self.name, reason, delay)
            return RunAgain(delay)
        return None
