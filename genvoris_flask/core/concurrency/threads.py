"""The threads that this package starts, and their one shutdown.

Everything that runs beside requests is started here::

    pool = WorkerPool("genvoris-mint", threads=16)
    pool.submit(mint)                     # soon, on one of at most 16 threads
    pool.submit(mint, delay=5.0)          # in five seconds; again if it returns RunAgain(5.0)
    timer = call_later(10.0, hang_up)     # on the process's timer thread; must not block
    timer.cancel()
    start_thread("genvoris-listen", run)  # a thread that runs until the process ends

A pool can be created at import time: its threads start on first use, anew in every process, and
end when they have nothing to do for a while.

When the process ends, all pools close at the same time. Tasks that still wait run immediately, and
each pool has its ``grace`` to finish. Daemon threads cannot keep the process alive any longer.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

from ...errors import QueueFullError
from .forks import run_at_exit
from .per_process import PerProcess

log: logging.Logger = logging.getLogger("genvoris_flask.background")

GRACE_SECONDS = 5.0
IDLE_SECONDS = 30.0  # after which a thread with nothing to do ends

Run = Callable[[], object]


@dataclass(frozen=True)
class RunAgain:
    """Returned by a function that its pool is to call again.

    Attributes:
        delay: Seconds until then.
    """

    delay: float


@dataclass(order=True)
class Task:
    """A function that a pool calls at a certain time, unless it is cancelled before.

    Attributes:
        due: When, on the pool's clock.
        number: The order of tasks that are due at the same time.
    """

    due: float
    number: int
    run: Run | None = field(compare=False)

    def cancel(self) -> None:
        """Never call the function, unless that has begun."""
        self.run = None


class WorkerPool:
    """A bounded pool of threads.

    Args:
        name: Names its threads, and the pool in the log.
        threads: How many tasks run at once, at most.
        max_unfinished: How many tasks may wait or run; None for any number.
        grace: Seconds that tasks have to finish when the process ends. With 0, tasks that
            wait are dropped.
        at_once: Returns whether a task runs in the thread that submits it, since the process may
            end without notice.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        max_unfinished: int | None = None,
        grace: float = GRACE_SECONDS,
        at_once: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._max_unfinished = max_unfinished
        self._at_once = at_once

        def make() -> _Workers:
            workers = _Workers(name, threads, grace, clock)
            _registry.get().add(workers)
            return workers

        self._workers = PerProcess(make)

    def submit(self, run: Run, *, delay: float = 0.0) -> Task:
        """Run a function on one of the threads.

        Args:
            run: The function. If it returns ``RunAgain``, it is called again later.
            delay: Seconds to wait before it runs.

        Raises:
            QueueFullError: ``max_unfinished`` tasks wait or run already.
        """
        if not delay and self._at_once():
            return self._run_here(run)
        return self._workers.get().submit(run, delay, self._max_unfinished)

    def _run_here(self, run: Run) -> Task:
        try:
            run()
        except Exception:
            log.exception("A task of %s failed", self._name)
        return Task(0.0, 0, None)

    def join(self, seconds: float) -> bool:
        """Wait until no task is left. Return False if that took longer than ``seconds``."""
        return self._workers.get().join(seconds)

    @property
    def is_closing(self) -> bool:
        """Whether the process is ending, so that nothing runs again."""
        return self._workers.get().closing


class _Workers:
    """The threads of a pool in one process, and their tasks."""

    def __init__(
        self, name: str, max_threads: int, grace: float, clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.grace = grace
        self.closing = False
        self._max_threads = max_threads
        self._clock = clock
        self._numbers = itertools.count()
        self._threads = 0
        self._running = 0
        self._waiting: list[Task] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)  # there is something to do
        self._finished = threading.Condition(self._lock)  # there is nothing left to do

    @property
    def unfinished(self) -> int:
        return len(self._waiting) + self._running

    def submit(self, run: Run, delay: float, max_unfinished: int | None) -> Task:
        with self._lock:
            if max_unfinished is not None and self.unfinished >= max_unfinished:
                raise QueueFullError(f"{max_unfinished} tasks are waiting already.")
            if self._threads < min(self._max_threads, self.unfinished + 1):
                self._start_thread()
            task = self._enqueue(run, delay)
            runs_here = not self._threads
            self._threads += runs_here
        if runs_here:
            self._work()
        return task

    def join(self, seconds: float) -> bool:
        with self._lock:
            return self._finished.wait_for(lambda: self.unfinished == 0, timeout=seconds)

    def close(self) -> None:
        """Run what waits at once, or drop it if there is no time for it."""
        with self._lock:
            self.closing = True
            if not self.grace:
                self._waiting.clear()
            self._changed.notify_all()

    def _start_thread(self) -> None:
        """Start a thread, unless none can be started and this is no harm.

        Python 3.12 starts none while the process ends; tasks run in the thread that submits them
        then (so use an RLock). Elsewhere it is the system that has none left.
        """
        try:
            start_thread(f"{self.name}-{self._threads}", self._work)
            self._threads += 1
        except RuntimeError:
            if not self._threads and not self.closing:
                raise

    def _enqueue(self, run: Run, delay: float) -> Task:
        """Queue a task. The caller holds the lock."""
        task = Task(self._clock() + delay, next(self._numbers), run)
        heapq.heappush(self._waiting, task)
        self._forget_cancelled()
        if self._waiting[0] is task:  # else a thread waits for an earlier one already
            self._changed.notify()
        return task

    def _work(self) -> None:
        while (run := self._next()) is not None:
            result = None
            try:
                result = run()
            except BaseException:  # sys.exit() in a shop's function must not cost us the thread
                log.exception("A task of %s failed", self.name)
            with self._lock:
                self._running -= 1
                if isinstance(result, RunAgain) and not self.closing:
                    self._enqueue(run, result.delay)
                if not self.unfinished:
                    self._finished.notify_all()
            del run, result  # the photo of a try-on must not wait for the next one

    def _next(self) -> Run | None:
        """Wait for the next task; return None when this thread is to end."""
        with self._lock:
            while True:
                self._forget_cancelled()
                wait = self._waiting[0].due - self._clock() if self._waiting else IDLE_SECONDS
                is_early = self.closing and self.grace > 0
                if self._waiting and (wait <= 0 or is_early):
                    if run := heapq.heappop(self._waiting).run:
                        self._running += 1
                        if self._waiting:
                            self._changed.notify()  # another thread waits for the next one
                        return run
                elif (self.closing and not self._waiting) or not (
                    self._changed.wait(wait) or self._waiting
                ):
                    self._threads -= 1
                    return None

    def _forget_cancelled(self) -> None:
        while self._waiting and self._waiting[0].run is None:
            heapq.heappop(self._waiting)


class _Registry:
    """The pools of this process, which end together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: weakref.WeakSet[_Workers] = weakref.WeakSet()
        self._closing = False
        # Registered on first use rather than on import: functions that a shop registered before
        # that, such as one that closes its database, then run after our tasks.
        run_at_exit(shutdown)

    def add(self, workers: _Workers) -> None:
        with self._lock:
            self._pools.add(workers)
            workers.closing = self._closing

    def close(self) -> None:
        with self._lock:
            self._closing = True
            for workers in self._pools:
                workers.close()

    def unfinished(self, seconds: float = 0.0) -> list[_Workers]:
        """Return the pools with tasks left whose grace is longer, which that of timers never is."""
        with self._lock:
            return [each for each in self._pools if each.unfinished and each.grace > seconds]


_registry = PerProcess(_Registry)
_timers = WorkerPool("genvoris-timer", threads=1, grace=0.0)


def call_later(seconds: float, call: Callable[[], object]) -> Task:
    """Call a function on the timer thread. It must not block, since other timers wait for it."""
    return _timers.submit(call, delay=seconds)


def start_thread(name: str, run: Callable[[], object]) -> None:
    """Start a daemon thread."""
    threading.Thread(target=run, name=name, daemon=True).start()


def shutdown() -> None:
    """Let the pools of this process finish, each within its grace. Runs when the process ends."""
    registry = _registry.get()
    registry.close()
    started = time.monotonic()
    # Looked at again each time: a task of one pool may give another one work.
    while busy := registry.unfinished(time.monotonic() - started):
        busy[0].join(started + busy[0].grace - time.monotonic())
    for each in registry.unfinished():
        log.error("%s: %d tasks were lost at the end of the process", each.name, each.unfinished)
