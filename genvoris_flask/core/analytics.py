"""Events of the widget: validated as browsers report them, and sent on in the background.

They go in as few requests as possible, and no request waits. Events are statistics: while Genvoris
does not answer they wait in a durable outbox, and without one they are dropped.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import BadRequestError, GenvorisError, QueueFullError
from .api.models import EVENT_TYPES, Event
from .api.parsing import plain_text, text_length
from .concurrency.per_process import PerProcess
from .concurrency.threads import WorkerPool
from .outbox.messages import Message, Outbox
from .outbox.verdicts import judge
from .ratings import TRYON_RATED, Rating, problem_of
from .reserved_fields import is_reserved

log: logging.Logger = logging.getLogger("genvoris_flask.events")

# Events of the paywall, which the shop counts for itself.
PAYWALL_TYPES = ("PAYWALL_SHOWN", "PAYWALL_TAKEN")
TYPES = (*EVENT_TYPES, TRYON_RATED, *PAYWALL_TYPES)
MAX_EVENTS = 50  # in one batch
MAX_SESSION_ID = 200
MAX_TEXT = 300
MAX_URL = 2048
MAX_METADATA_KEYS = 20
MAX_METADATA_BYTES = 4096
MAX_WAITING = 2000  # events in one process
# For one batch, however many of its events are refused: two bad ones are found in fewer requests.
MAX_REQUESTS = 25


class SchemaError(ValueError):
    """A batch is invalid.

    Attributes:
        field: The path of the invalid field, such as ``events.3.eventType``.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field} {problem}")


def read_events(body: bytes) -> list[Event]:
    """Return the event, or the batch of 1 to 50 events, in a JSON body. Drop unknown fields.

    Raises:
        SchemaError: One of the events is invalid.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise SchemaError("body", "is not JSON") from None
    if not isinstance(payload, dict):
        raise SchemaError("body", "is not an object")
    if "events" not in payload:
        return [_read(payload, "")]
    events = payload["events"]
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise SchemaError("events", f"must be a list of 1 to {MAX_EVENTS}")
    return [_read(event, f"events.{number}.") for number, event in enumerate(events)]


def _read(event: Any, at: str) -> Event:
    if not isinstance(event, dict):
        raise SchemaError(at.rstrip("."), "must be an object")
    kind = event.get("eventType")
    if kind not in TYPES:
        raise SchemaError(f"{at}eventType", f"must be one of {', '.join(TYPES)}")
    session_id = _text(event, "sessionId", MAX_SESSION_ID, at)
    if not session_id:
        raise SchemaError(f"{at}sessionId", "is missing")
    metadata = _metadata(event, at)
    if kind == TRYON_RATED and (problem := problem_of(metadata)):
        raise SchemaError(f"{at}metadata", problem)
    return Event(
        session_id=session_id,
        event_type=kind,
        product_id=_text(event, "productId", MAX_TEXT, at),
        product_title=_text(event, "productTitle", MAX_TEXT, at),
        page_url=_page(event, at),
        metadata=metadata,
    )


def split_ratings(events: Sequence[Event]) -> tuple[list[Event], list[Rating]]:
    """Return the events that Genvoris knows, and the ratings."""
    known = [event for event in events if event.event_type in EVENT_TYPES]
    ratings = [_rating(event) for event in events if event.event_type == TRYON_RATED]
    return known, ratings


def _rating(event: Event) -> Rating:
    fields = event.metadata or {}
    reasons = tuple(dict.fromkeys((fields.get("reasons") or "").split()))
    return Rating(fields["tryOn"], fields["liked"], reasons, event.product_id, event.product_title)


def _text(event: dict[str, Any], name: str, longest: int, at: str) -> str | None:
    value = event.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or text_length(value) > longest:
        raise SchemaError(f"{at}{name}", f"must be a string of at most {longest} characters")
    return plain_text(value) or None


def _page(event: dict[str, Any], at: str) -> str | None:
    """Return the page without its query, which may contain names, searches and tokens."""
    url = _text(event, "pageUrl", MAX_URL, at)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise SchemaError(f"{at}pageUrl", "must be a whole http or https URL")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _metadata(event: dict[str, Any], at: str) -> dict[str, Any] | None:
    metadata = event.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > MAX_METADATA_KEYS:
        raise SchemaError(f"{at}metadata", f"must be an object of at most {MAX_METADATA_KEYS} keys")
    if not all(_is_scalar(value) for value in metadata.values()):
        raise SchemaError(f"{at}metadata", "must hold only strings, numbers, true, false and null")
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise SchemaError(f"{at}metadata", f"must be at most {MAX_METADATA_BYTES} bytes")
    return {
        plain_text(name): plain_text(value) if isinstance(value, str) else value
        for name, value in metadata.items()
        if not is_reserved(name)
    }


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN, which JSON does not have
    return value is None or isinstance(value, str | int)


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
        outbox: Where events wait while Genvoris does not answer; None: they are dropped.
        max_waiting: How many events may wait.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Event]], object],
        outbox: Outbox | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._send = send
        self._max_waiting = max_waiting
        self._outbox = outbox
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
            try:
                self._pool.submit(self._send_all)
            except RuntimeError as error:  # the next ones try again
                buffer.is_sending = False
                log.warning("Events of the widget are not sent yet: %s", error)
        return len(queued)

    def join(self, seconds: float) -> bool:
        """Wait until all events are sent or dropped. Return False after ``seconds``."""
        return self._pool.join(seconds)

    def _send_all(self) -> None:
        buffer = self._buffer.get()
        while batch := self._next_batch(buffer):
            waiting = deque([batch])
            try:
                refusal = self._send_with_halves(waiting)
            except GenvorisError as error:
                left = [event for part in waiting for event in part]
                if not self._put_off(left, error):
                    self._log_loss(buffer, str(error))
            except Exception:  # whatever it was, the next batch must be sent
                log.exception("%d events of the widget could not be sent", len(batch))
            else:
                self._log_recovery(buffer)
                self._log_refusal(buffer, refusal)

    def _send_with_halves(self, waiting: deque[list[Event]]) -> BadRequestError | None:
        """Send a batch. If it is refused, send its halves, so that one event costs no others.

        Args:
            waiting: The batch. What was not sent is left in it.

        Returns:
            The last refusal, if there was one.
        """
        refusal = None
        requests = 0
        while waiting:
            part = waiting[0]
            requests += 1
            try:
                self._send(part)
            except BadRequestError as error:
                refusal = error
                if len(part) > 1 and requests + len(waiting) + 1 <= MAX_REQUESTS:
                    middle = len(part) // 2
                    waiting += [part[:middle], part[middle:]]
            waiting.popleft()
        return refusal

    def _put_off(self, events: Sequence[Event], error: GenvorisError) -> bool:
        """Leave events to the outbox, unless Genvoris may have counted them."""
        if self._outbox is None:
            return False
        body = {"events": [asdict(event) for event in events]}
        message = Message("events", f"events:{uuid.uuid4()}", body)
        if judge(error, message).is_final:
            return False
        try:
            self._outbox.put(message)
        except QueueFullError:
            return False
        return True

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
