"""An outbox in the shop's database or Redis, which every process delivers from."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from ...errors import LedgerUnavailableError, StoreUnavailableError
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import Task, WorkerPool
from ..concurrency.weak_methods import while_in_use
from .drain import Drain, Round
from .drain import MessageTable as DrainedTable
from .messages import KINDS, LANES, FoundMessage, Lane, Message, Outbox, State, StoredMessage

log: logging.Logger = logging.getLogger("genvoris_flask.outbox")

# The table cannot be used now.
UNAVAILABLE = (LedgerUnavailableError, StoreUnavailableError)
THREADS: dict[Lane, int] = {"calls": 1, "handlers": 4}
# Seconds until a process looks for what others have left behind.
POLL_SECONDS = 60.0
# Seconds until a message is looked for that is part of a transaction of the shop's own.
COMMIT_SECONDS = 1.0
FLUSH_POLL = 0.02


class MessageTable(DrainedTable, Protocol):
    """The messages that all processes share."""

    def put(self, message: Message, connection: Any = None) -> bool:
        """Write a message; return whether there is something to deliver."""

    def prune(self) -> int:
        """Forget what was delivered long ago; return how many there were."""

    def messages(self, states: Sequence[State], limit: int) -> list[StoredMessage]:
        """Return the oldest messages in some states."""

    def undelivered(self) -> list[FoundMessage]:
        """Return all messages that were not delivered yet, oldest first."""

    def retry(self, ids: Sequence[int] | None = None) -> int:
        """Have messages sent now, by default all that were given up; return how many."""

    def drop(self, ids: Sequence[int] | None = None) -> int:
        """Delete messages, by default all that were given up; return how many."""


@dataclass
class _Wakes:
    """When this process looks at a lane next."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    has_started: bool = False
    is_failing: bool = False
    soon: set[Lane] = field(default_factory=set)
    later: dict[Lane, Task] = field(default_factory=dict)


class DurableOutbox:
    """Writes messages into a table, and delivers them on threads of its own.

    Args:
        table: The messages of all processes.
        drain: Delivers what is due.
        fallback: Takes messages while the table cannot be used.
        clock: Returns the time in Unix seconds.
        at_once: Returns whether this process may end without notice, and leaves what it has put to
            others.

    Attributes:
        table: The messages of all processes.
    """

    def __init__(
        self,
        table: MessageTable,
        drain: Drain,
        fallback: Outbox,
        clock: Callable[[], float],
        at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        self.table = table
        self._drain = drain
        self._fallback = fallback
        self._clock = clock
        self._at_once = at_once
        self._wakes = PerProcess(_Wakes)
        self._pools = {
            lane: WorkerPool(f"genvoris-outbox-{lane}", threads)
            for lane, threads in THREADS.items()
        }

    def put(self, message: Message, session: Any = None) -> None:
        """Write a message, which is delivered soon, or once the transaction is committed.

        Raises:
            QueueFullError: Too many messages wait, in the table or, while that cannot be used, in
                memory.
        """
        try:
            if not self.table.put(message, session and session.connection()):
                return
        except UNAVAILABLE as error:
            log.warning("%s waits in this process's memory: %s", message, error)
            self._fallback.put(message)
            return
        if not self._at_once():
            self.wake(KINDS[message.kind].lane, COMMIT_SECONDS if session else 0.0)

    def start(self) -> None:
        """Look for what others have left behind, now and once a minute."""
        wakes = self._wakes.get()
        if not wakes.has_started:
            wakes.has_started = True
            for lane in LANES:
                self.wake(lane)

    def wake(self, lane: Lane, delay: float = 0.0) -> None:
        """Deliver what is due in a lane, soon or after some seconds."""
        wakes = self._wakes.get()
        with wakes.lock:
            try:
                if delay:
                    self._wake_later(wakes, lane, delay)
                elif lane not in wakes.soon:
                    self._pools[lane].submit(while_in_use(self._work, lane))
                    wakes.soon.add(lane)
            except RuntimeError as error:  # the table has the messages, and a later wake finds them
                log.warning("Messages wait in the outbox: %s", error)

    def _wake_later(self, wakes: _Wakes, lane: Lane, delay: float) -> None:
        if task := wakes.later.pop(lane, None):
            task.cancel()
        wakes.later[lane] = self._pools[lane].submit(while_in_use(self._work, lane), delay=delay)

    def deliver_due(self) -> Round:
        """Deliver what is due, in this thread."""
        total = Round()
        for lane in LANES:
            done = self._drain.run(lane)
            total.sent += done.sent
            total.failed += done.failed
            total.given_up += done.given_up
            total.is_outage |= done.is_outage
        return total

    def flush(self, seconds: float) -> bool:
        """Deliver what is due, here; return whether nothing is left to deliver in ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            for lane in LANES:
                self._drain.run(lane, lambda: time.monotonic() < until)
            if all(self.table.next_due(lane) is None for lane in LANES):
                return self._fallback.flush(until - time.monotonic())
            if time.monotonic() + FLUSH_POLL > until:
                return False
            time.sleep(FLUSH_POLL)

    def _work(self, lane: Lane) -> None:
        wakes, pool = self._wakes.get(), self._pools[lane]
        with wakes.lock:
            wakes.soon.discard(lane)
        if pool.is_closing:  # what is left waits for another process
            return
        delay = POLL_SECONDS
        try:
            self._drain.run(lane, lambda: not pool.is_closing)
            delay = self._seconds_to_next(lane)
            wakes.is_failing = False
        except UNAVAILABLE as error:
            if not wakes.is_failing:  # one line for each attempt would flood the log
                wakes.is_failing = True
                log.warning("Messages wait in the outbox, which cannot be read: %s", error)
        finally:
            self.wake(lane, delay)

    def _seconds_to_next(self, lane: Lane) -> float:
        due = self.table.next_due(lane)
        if due is None:
            self.table.prune()
            return POLL_SECONDS
        seconds = (due - datetime.fromtimestamp(self._clock(), UTC)).total_seconds()
        return min(POLL_SECONDS, max(COMMIT_SECONDS, seconds))
