"""What happens with an event from Genvoris.

It is handled once, however often and to whichever process it is delivered: the cached session of
the shopper whom it is about is dropped, then the shop's own functions run.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import GenvorisError, LedgerUnavailableError, StoreUnavailableError
from ..api.client import GenvorisClient
from ..outbox.messages import Message, Outbox, UndeliverableError
from ..sessions import Shopper
from ..sessions.broker import SessionBroker
from ..storage.interface import Store, digest
from .events import KNOWN_TYPES, CustomerEvent, WebhookEvent, current_type, read_event

log: logging.Logger = logging.getLogger("genvoris_flask.webhooks")

# Longer than any attempt (10 s), shorter than the pause before a late retry: when a process dies
# while it handles an event, the lock has expired by the time of the next delivery.
HOLD_SECONDS = 120.0
# Genvoris repeats deliveries for less than three hours. The rest is for manual redeliveries.
KEEP_SECONDS = 7 * 24 * 3600.0
LOOKUP_TIMEOUT = 3.0  # seconds; Genvoris waits at most 10 s for the answer to a delivery
EVERY_TYPE = "*"

# Opens what a handler runs in, such as an app context of Flask's.
Context = Callable[[], AbstractContextManager[object]]


class HandledEvents(Protocol):
    """Events that were handled, in the shop's database."""

    def __contains__(self, event_id: str) -> bool:
        """Return whether an event was handled. It may raise ``LedgerUnavailableError``."""

    def add(self, event_id: str) -> None:
        """Note that an event was handled. It may raise ``LedgerUnavailableError``."""


class Deduplicator:
    """Remembers which events were handled, by their signed ids.

    Args:
        store: Holds the records. It must be shared if several processes receive deliveries.
        handled: The shop's database, which knows them even if the store has lost its data.
    """

    def __init__(self, store: Store, handled: HandledEvents | None = None) -> None:
        self._store = store
        self._handled = handled

    def once(self, event_id: str, handle: Callable[[], None]) -> bool:
        """Call ``handle`` unless the event was handled before.

        An event counts as handled once ``handle`` has returned. If the process dies before that,
        or before the record is written, the next delivery handles the event again: at least once.

        Returns:
            Whether ``handle`` was called.

        Raises:
            LockTimeoutError: Another delivery of the event is being handled.
            StoreUnavailableError: The store does not answer; nothing was done.
            LedgerUnavailableError: Nor does the shop's database.
        """
        key = f"webhook:{digest(event_id)}"
        if self._store.get(key):
            return False
        with self._store.lock(key, wait=0, hold=HOLD_SECONDS):
            if self._store.get(key) or (self._handled is not None and event_id in self._handled):
                return False
            handle()
            self._remember(key, event_id)
        return True

    def _remember(self, key: str, event_id: str) -> None:
        try:
            self._store.set(key, b"handled", KEEP_SECONDS)
            if self._handled is not None:
                self._handled.add(event_id)
        except (StoreUnavailableError, LedgerUnavailableError):
            # An error here would make Genvoris deliver the handled event again for certain.
            log.warning("Event %s was handled, but could not be recorded as handled.", event_id)


def invalidate_session(
    event: WebhookEvent, client: GenvorisClient, sessions: SessionBroker, external_id_prefix: str
) -> None:
    """Drop the cached session of the shopper that an event is about, if it is about one.

    Args:
        event: Any event; only a ``CustomerEvent`` has an effect.
        client: Looks up a customer that the event names by Genvoris's id only.
        sessions: Caches the shoppers' sessions.
        external_id_prefix: GENVORIS_EXTERNAL_ID_PREFIX.
    """
    if not isinstance(event, CustomerEvent):
        return
    external_id = event.external_id or _look_up(event, client)
    if external_id and external_id.startswith(external_id_prefix):
        own_id = external_id.removeprefix(external_id_prefix)
        if own_id:
            sessions.forget(Shopper(own_id))


def _look_up(event: CustomerEvent, client: GenvorisClient) -> str | None:
    if event.customer_id is None:
        return None
    try:
        return client.with_timeout(LOOKUP_TIMEOUT).customers.get(event.customer_id).external_id
    except GenvorisError as error:
        # The cached session expires by itself within GENVORIS_SESSION_TTL.
        log.info("The shopper of event %s could not be looked up: %s", event.id, error)
        return None


@dataclass(frozen=True)
class Handler:
    """A function for the events of one type, or of every type."""

    type: str
    function: Callable[[Any], object]
    background: bool = False

    @property
    def name(self) -> str:
        """The function's name, for the log."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def accepts(self, event: WebhookEvent) -> bool:
        """Return whether the function was registered for this event's type."""
        return self.type in (EVERY_TYPE, event.type)


class HandlerError(Exception):
    """A handler raised an error, which was logged."""


def checked_type(event_type: str) -> str:
    """Return the current name of a type that a shop registers a function for.

    Raises:
        ValueError: The type is not a string, or is empty.
    """
    given: object = event_type
    if not isinstance(given, str) or not given:
        raise ValueError('@genvoris.on takes an event type, as in @genvoris.on("tryon.completed").')
    name = current_type(event_type)
    if name != EVERY_TYPE and name not in KNOWN_TYPES:
        near = difflib.get_close_matches(name, KNOWN_TYPES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        log.warning("@genvoris.on: %r is not a known event type.%s", event_type, hint)
    return name


def run_handlers(
    event: WebhookEvent, handlers: Iterable[Handler], context: Context, outbox: Outbox
) -> None:
    """Run the handlers of an event; those registered with ``background=True`` from the outbox.

    Each handler runs in a context of its own, so a database session that one of them broke does
    not affect the others, and one that fails does not keep the others from running. Background
    handlers are put there only after all others have succeeded, so that a repeated delivery does
    not put them twice.

    Raises:
        HandlerError: A handler failed, and the delivery must be repeated.
        QueueFullError: The outbox is full, and the delivery must be repeated.
    """
    matching = [handler for handler in handlers if handler.accepts(event)]
    foreground = [handler for handler in matching if not handler.background]
    failed = [handler.name for handler in foreground if not _try_run(handler, event, context)]
    if failed:
        raise HandlerError(", ".join(failed))
    for name, handler in _in_background(handlers).items():
        if handler.accepts(event):
            outbox.put(_message(name, event))


def deliver_to_handler(
    body: Mapping[str, Any], handlers: Iterable[Handler], context: Context
) -> object:
    """Run the background handler that a message is for.

    Raises:
        UndeliverableError: The shop has no such function any more.
    """
    event = read_event(json.dumps(body["event"]).encode())
    handler = _in_background(handlers).get(body["handler"])
    if handler is None or not handler.accepts(event):
        raise UndeliverableError("no_such_handler")
    return _bind(handler, event, context)()


def _in_background(handlers: Iterable[Handler]) -> dict[str, Handler]:
    """Return the background handlers by names that another process has for them too."""
    found: dict[str, Handler] = {}
    for handler in handlers:
        if handler.background:
            name, number = handler.name, 2
            while name in found:  # as of lambdas, and of decorators that hide a function's name
                name, number = f"{handler.name}#{number}", number + 1
            found[name] = handler
    return found


def _message(name: str, event: WebhookEvent) -> Message:
    created = None if event.created is None else event.created.isoformat()
    envelope = {"id": event.id, "type": event.sent_type, "created": created, "data": event.data}
    return Message(
        "webhook",
        key=f"webhook:{name}:{event.id}",
        body={"handler": name, "type": event.type, "id": event.id, "event": envelope},
    )


def _try_run(handler: Handler, event: WebhookEvent, context: Context) -> bool:
    try:
        _bind(handler, event, context)()
    except Exception:  # the shop's own code may raise anything
        log.exception("Handler %s failed with %s %s", handler.name, event.type, event.id)
        return False
    return True


def _bind(handler: Handler, event: WebhookEvent, context: Context) -> Callable[[], object]:
    def run() -> object:
        with context():
            return handler.function(event)

    return run
