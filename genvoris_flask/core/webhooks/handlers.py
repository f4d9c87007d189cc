"""The shop's own functions for events: ``@genvoris.on("tryon.completed")``."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ..concurrency.background import BackgroundPool
from .events import KNOWN_TYPES, WebhookEvent, current_type

log = logging.getLogger("genvoris_flask.webhooks")

EVERY_TYPE = "*"

# Opens what a handler runs in, such as an app context of Flask's.
Context = Callable[[], AbstractContextManager[object]]


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
    event: WebhookEvent, handlers: Iterable[Handler], context: Context, pool: BackgroundPool
) -> None:
    """Run the handlers of an event; submit those registered with ``background=True`` to the pool.

    Each handler runs in a context of its own, so a database session that one of them broke does
    not affect the others, and one that fails does not keep the others from running. Background
    handlers are submitted only after all others have succeeded, so that a repeated delivery does
    not submit them twice.

    Raises:
        HandlerError: A handler failed, and the delivery must be repeated.
        QueueFullError: The pool is full, and the delivery must be repeated.
    """
    matching = [handler for handler in handlers if handler.accepts(event)]
    foreground = [handler for handler in matching if not handler.background]
    failed = [handler.name for handler in foreground if not _try_run(handler, event, context)]
    if failed:
        raise HandlerError(", ".join(failed))
    for handler in matching:
        if handler.background:
            name = f"Handler {handler.name} of {event.type} {event.id}"
            pool.submit(name, _bind(handler, event, context))


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
