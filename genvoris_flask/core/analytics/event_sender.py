"""Sends events to Genvoris in the background, in as few requests as possible.

Events are statistics: while Genvoris does not answer they are dropped, and no request waits.
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
from .event_schema import MAX_EVENTS

log = logging.getLogger("genvoris_flask.events")

MAX_WAITING = 2000  # events in one process
# For one batch, however many of its events are refused: two bad ones are found in fewer requests.
MAX_REQUESTS = 25


@dataclass
class _Buffer:
    """The events that wait in this process, and what has been logged about them."""

    events: deque[Event] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_sending: bool = False
    is_losing: bool = False
    has_logged_refusal: bool = False


class EventSender:
    """Sends batches of events on a thread of its own.

    Args:
        send: Sends up to 50 events to Genvoris.
        max_waiting: How many events may wait.
    """

    def __init__(
        self, send: Callable[[Sequence[Event]], object], max_waiting: int = MAX_WAITING
    ) -> None:
        self._send = send
        self._max_waiting = max_waiting
        self._buffer = PerProcess(_Buffer)
        # Apart from other tasks, so that events never delay orders and webhooks.
        self._pool = WorkerPool("genvoris-events", threads=1)

    def add(self, events: Sequence[Event]) -> int:
        """Queue events as long as there is room. Return how many were queued."""
        buffer = self._buffer.get()
        with buffer.lock:
            queued = events[: max(0, self._max_waiting - len(buffer.events))]
            buffer.events.extend(queued)
            start, buffer.is_sending = not buffer.is_sending, True
        if len(queued) < len(events):
            self._log_loss(buffer, f"{self._max_waiting} wait to be sent already")
        if start:
            self._pool.submit(self._send_all)
        return len(queued)

    def join(self, seconds: float) -> bool:
        """Wait until all events are sent or dropped. Return False after ``seconds``."""
        return self._pool.join(seconds)

    def _send_all(self) -> None:
        buffer = self._buffer.get()
        while batch := self._next_batch(buffer):
            try:
                refusal = self._send_with_halves(batch)
            except GenvorisError as error:
                self._log_loss(buffer, str(error))
            except Exception:  # whatever it was, the next batch must be sent
                log.exception("%d events of the widget could not be sent", len(batch))
            else:
                self._log_recovery(buffer)
                self._log_refusal(buffer, refusal)

    def _send_with_halves(self, batch: Sequence[Event]) -> BadRequestError | None:
        """Send a batch. If it is refused, send its halves, so that one event costs no others.

        Returns:
            The last refusal, if there was one.
        """
        waiting = deque([batch])
        refusal = None
        requests = 0
        while waiting:
            part = waiting.popleft()
            requests += 1
            try:
                self._send(part)
            except BadRequestError as error:
                refusal = error
                if len(part) > 1 and requests + len(waiting) + 2 <= MAX_REQUESTS:
                    middle = len(part) // 2
                    waiting += [part[:middle], part[middle:]]
        return refusal

    def _next_batch(self, buffer: _Buffer) -> list[Event]:
        with buffer.lock:
            count = min(MAX_EVENTS, len(buffer.events))
            batch = [buffer.events.popleft() for _ in range(count)]
            buffer.is_sending = bool(batch)
            return batch

    def _log_loss(self, buffer: _Buffer, reason: str) -> None:
        """Log once that events are lost: one line for each would flood the log."""
        if not buffer.is_losing:
            buffer.is_losing = True
            log.warning("Events of the widget are dropped: %s", reason)

    def _log_recovery(self, buffer: _Buffer) -> None:
        if buffer.is_losing:
            buffer.is_losing = False
            log.warning("Events of the widget reach Genvoris again.")

    def _log_refusal(self, buffer: _Buffer, refusal: BadRequestError | None) -> None:
        """Log the first refusal in this process: browsers may cause any number of them."""
        if refusal is not None and not buffer.has_logged_refusal:
            buffer.has_logged_refusal = True
            log.warning("Genvoris refused an event of the widget, which is dropped: %s", refusal)
