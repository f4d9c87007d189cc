"""Runs tasks on a few threads, after the request that asked for them, and repeats what fails.

Tasks live in this process's memory. When the process ends in an orderly way, what is left gets one
more try, within ``DRAIN_SECONDS`` for everything; when it is killed, what is left is lost.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ...errors import QueueFullError
from .per_process import PerProcess

log = logging.getLogger("genvoris_flask.background")

THREADS = 4
MOST_WAITING = 1000
DELAYS = (1.0, 10.0, 60.0, 300.0)  # seconds before each further try
DRAIN_SECONDS = 5.0


@dataclass(order=True)
class _Task:
    """Something to do, ordered by when it is due."""

    due: float
    number: int
    name: str = field(compare=False)
    run: Callable[[], object] = field(compare=False)
    may_pass: Callable[[Exception], bool] = field(compare=False)
    tries: int = field(default=0, compare=False)


@dataclass
class _Crew:
    """The threads of one process, and what they have to do."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: list[_Task] = field(default_factory=list)
    unfinished: int = 0
    threads: list[threading.Thread] = field(default_factory=list)
    closing: bool = False
    process: int = field(default_factory=os.getpid)


class BackgroundPool:
    """A bounded pool of threads, made on first use in each process.

    Args:
        threads: How many tasks run at once.
        most: How many may be unfinished, those that wait for another try among them.
        delays: Seconds before each further try of a task that failed.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        threads: int = THREADS,
        most: int = MOST_WAITING,
        delays: tuple[float, ...] = DELAYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_threads = threads
        self._most = most
        self._delays = delays
        self._clock = clock
        self._numbers = itertools.count()
        self._crew = PerProcess(self._hire)

    def submit(
        self,
        name: str,
        run: Callable[[], object],
        may_pass: Callable[[Exception], bool] = lambda _error: True,
    ) -> None:
        """Have something done soon.

        Args:
            name: What it is, for the log.
            run: Does it.
            may_pass: Says whether another try may succeed after this error.

        Raises:
            QueueFullError: As much waits as may.
        """
        crew = self._crew.get()
        with crew.changed:
            if crew.unfinished >= self._most:
                raise QueueFullError(f"{name}: {self._most} tasks are waiting already.")
            crew.unfinished += 1
            task = _Task(self._clock(), next(self._numbers), name, run, may_pass)
            self._put(crew, task)

    def join(self, seconds: float) -> bool:
        """Wait until all is done; False when the time was too short."""
        crew = self._crew.get()
        with crew.changed:
            return crew.changed.wait_for(lambda: crew.unfinished == 0, timeout=seconds)

    def _put(self, crew: _Crew, task: _Task) -> None:
        """Queue a task, and see that there is a thread for it. The caller holds the lock."""
        heapq.heappush(crew.waiting, task)
        if len(crew.threads) < min(self._most_threads, crew.unfinished):
            name = f"genvoris-background-{len(crew.threads)}"
            thread = threading.Thread(target=self._work, args=(crew,), name=name, daemon=True)
            crew.threads.append(thread)
            thread.start()
        crew.changed.notify_all()

    def _work(self, crew: _Crew) -> None:
        while task := self._next(crew):
            again = self._try(task, crew)
            with crew.changed:
                if again:
                    self._put(crew, again)
                else:
                    crew.unfinished -= 1
                    crew.changed.notify_all()

    def _next(self, crew: _Crew) -> _Task | None:
        """Wait for a task that is due; None when the process ends and nothing is left."""
        with crew.changed:
            while True:
                left = crew.waiting[0].due - self._clock() if crew.waiting else None
                if left is not None and (left <= 0 or crew.closing):
                    return heapq.heappop(crew.waiting)
                if crew.closing:
                    return None
                crew.changed.wait(timeout=left)

    def _try(self, task: _Task, crew: _Crew) -> _Task | None:
        """Do it; give it back when it shall be tried again."""
        try:
            task.run()
        except Exception as error:
            if task.tries < len(self._delays) and task.may_pass(error) and not crew.closing:
                delay = self._delays[task.tries]
                log.warning("%s: %s; trying again in %g s", task.name, _reason(error), delay)
                task.tries, task.due = task.tries + 1, self._clock() + delay
                return task
            log.exception("%s: given up", task.name)
        return None

    def _hire(self) -> _Crew:
        crew = _Crew()
        atexit.register(_drain, crew)
        return crew


def _drain(crew: _Crew) -> None:
    """Give what is left one more try before the process ends."""
    if crew.process != os.getpid():  # a fork: these threads stayed with the parent
        return
    with crew.changed:
        crew.closing = True
        crew.changed.notify_all()
    until = time.monotonic() + DRAIN_SECONDS
    for thread in crew.threads:
        thread.join(max(0.0, until - time.monotonic()))
    if crew.unfinished:
        log.error("%d background tasks were lost at the end of the process", crew.unfinished)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
