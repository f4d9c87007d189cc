"""The shop's own functions for events: ``@genvoris.on("tryon.completed")``."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask

from ..concurrency.background import BackgroundPool
from .events import KNOWN_TYPES, WebhookEvent, today_name

log = logging.getLogger("genvoris_flask.webhooks")

EVERY_TYPE = "*"


@dataclass(frozen=True)
class Handler:
    """A function for the events of a type, or of every type."""

    type: str
    function: Callable[[Any], object]
    background: bool = False

    @property
    def name(self) -> str:
        """Name it for the log."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def takes(self, event: WebhookEvent) -> bool:
        """Say whether it is for this event."""
        return self.type in (EVERY_TYPE, event.type)


class HandlerError(Exception):
    """A handler failed; its own error was logged."""


def checked_type(kind: str) -> str:
    """Give the name of today for a type that a shop registers a function for.

    Raises:
        ValueError: The type is no text.
    """
    named: object = kind
    if not isinstance(named, str) or not named:
        raise ValueError('@genvoris.on takes an event type, as in @genvoris.on("tryon.completed").')
    name = today_name(kind)
    if name != EVERY_TYPE and name not in KNOWN_TYPES:
        near = difflib.get_close_matches(name, KNOWN_TYPES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        log.warning("@genvoris.on: %r is no event type that is known here.%s", kind, hint)
    return name


def handle(
    event: WebhookEvent, handlers: Iterable[Handler], app: Flask, pool: BackgroundPool
) -> None:
    """Run all handlers of an event, and hand those that take long to the pool.

    Each has an app context of its own, and one that fails does not keep the others from running:
    a database session that one left broken is not the next one's. Those that take long start only
    when the others have succeeded, so that a repeated delivery does not start them twice.

    Raises:
        HandlerError: One failed: the delivery must come again.
        QueueFullError: The pool is full: the delivery must come again.
    """
    mine = [handler for handler in handlers if handler.takes(event)]
    failed = [each.name for each in mine if not each.background and not _run(app, each, event)]
    if failed:
        raise HandlerError(", ".join(failed))
    for handler in mine:
        if handler.background:
            name = f"Handler {handler.name} of {event.type} {event.id}"
            pool.submit(name, _in_app(app, handler, event))


def _run(app: Flask, handler: Handler, event: WebhookEvent) -> bool:
    try:
        _in_app(app, handler, event)()
    except Exception:  # the shop's own code
        log.exception("Handler %s failed with %s %s", handler.name, event.type, event.id)
        return False
    return True


def _in_app(app: Flask, handler: Handler, event: WebhookEvent) -> Callable[[], object]:
    def run() -> object:
        with app.app_context():
            return handler.function(event)

    return run
