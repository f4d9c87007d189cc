"""Tells Genvoris of events, in the background and in as few calls as there can be.

Events are statistics: when Genvoris is away they are dropped rather than kept, and nobody waits.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...errors import BadRequestError, GenvorisError
from ..api.models import Event
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import WorkerPool
from .event_schema import MOST_EVENTS

log = logging.getLogger("genvoris_flask.events")

MOST_WAITING = 2000  # events in one process
# For one batch, however many of its events are refused: two bad ones are found in fewer.
MOST_CALLS = 25


@dataclass
class _Buffer:
    """What waits in this process."""

    events: deque[Event] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    sending: bool = False
    is_losing: bool = False
    has_told_of_refusal: bool = False


class EventSender:
    """One thread that sends what has gathered.

    Args:
        send: Tells Genvoris of up to 50 events.
        most: How many may wait.
    """

    def __init__(self, send: Callable[[Sequence[Event]], object], most: int = MOST_WAITING) -> None:
        self._send = send
        self._most = most
        self._buffer = PerProcess(_Buffer)
        # Of its own, so that events never keep orders and webhooks waiting.
        self._pool = WorkerPool("genvoris-events", threads=1)

    def add(self, events: Sequence[Event]) -> int:
        """Take events, as many as there is room for, and return how many that were."""
        buffer = self._buffer.get()
        with buffer.lock:
            taken = events[: max(0, self._most - len(buffer.events))]
            buffer.events.extend(taken)
            start, buffer.sending = not buffer.sending, True
            lost = len(taken) < len(events)
        if lost:
            self._note_loss(buffer, f"{self._most} wait to be sent already")
        if start:
            self._pool.submit(self._send_all)
        return len(taken)

    def join(self, seconds: float) -> bool:
        """Wait until all is sent or dropped; False when the time was too short."""
        return self._pool.join(seconds)

    def _send_all(self) -> None:
        buffer = self._buffer.get()
        while batch := self._next(buffer):
            try:
                refused = self._send_with_halves(batch)
            except GenvorisError as error:
                self._note_loss(buffer, str(error))
            except Exception:  # whatever it was, the next batch must still go
                log.exception("%d events of the widget could not be sent", len(batch))
            else:
                self._note_success(buffer)
                self._note_refusal(buffer, refused)

    def _send_with_halves(self, batch: Sequence[Event]) -> BadRequestError | None:
        """Send a batch; if it is refused, send its halves, so that one event costs no others.

        Returns:
            Why an event was refused, if one was.
        """
        waiting = deque([batch])
        refused = None
        calls = 0
        while waiting:
            part = waiting.popleft()
            calls += 1
            try:
                self._send(part)
            except BadRequestError as error:
                refused = error
                if len(part) > 1 and calls + len(waiting) + 2 <= MOST_CALLS:
                    middle = len(part) // 2
                    waiting += [part[:middle], part[middle:]]
        return refused

    def _next(self, buffer: _Buffer) -> list[Event]:
        with buffer.lock:
            count = min(MOST_EVENTS, len(buffer.events))
            batch = [buffer.events.popleft() for _ in range(count)]
            buffer.sending = bool(batch)
            return batch

    def _note_loss(self, buffer: _Buffer, reason: str) -> None:
        """Log once that events are lost; a line for each would drown the log."""
        if not buffer.is_losing:
            buffer.is_losing = True
            log.warning("Events of the widget are dropped: %s", reason)

    def _note_success(self, buffer: _Buffer) -> None:
        if buffer.is_losing:
            buffer.is_losing = False
            log.warning("Events of the widget reach Genvoris again.")

    def _note_refusal(self, buffer: _Buffer, refused: BadRequestError | None) -> None:
        """Log the first refusal of a process; what browsers send may bring any number."""
        if refused is not None and not buffer.has_told_of_refusal:
            buffer.has_told_of_refusal = True
            log.warning("Genvoris refused an event of the widget, which is dropped: %s", refused)
