"""The connection to a browser, and how it ends when the browser takes too long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ..core.concurrency.threads import Task, call_later

# Where gunicorn and Werkzeug's own server put it. Other servers bound slow browsers themselves.
_KEYS = ("gunicorn.socket", "werkzeug.socket")


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """Return the socket of a WSGI request, or None if the server does not expose it."""
    return next((environ[key] for key in _KEYS if key in environ), None)


class TimeLimit:
    """Bounds the time that is spent waiting for a browser.

    A read or write blocks until the browser sends or takes the next byte, so only another thread
    can end it, by shutting the connection down. Time counts while the limit is running: within a
    ``with`` block, or between `start` and `stop`.

    Args:
        environ: The request's WSGI environment.
        seconds: How long the browser may take in all.
        shutdown: What ends, ``socket.SHUT_RD`` or ``socket.SHUT_RDWR``. After ``SHUT_RD`` a
            response can still be sent.
    """

    def __init__(self, environ: Mapping[str, Any], seconds: float, shutdown: int) -> None:
        self._connection = connection_of(environ)
        self._shutdown = shutdown
        self._remaining = seconds
        self._started = 0.0
        self._timer: Task | None = None
        self._ended = threading.Event()

    @property
    def is_exceeded(self) -> bool:
        """Whether the browser took too long."""
        return self._ended.is_set() or self._remaining <= 0

    def start(self) -> None:
        """Let the time run."""
        self._started = time.monotonic()
        self._timer = call_later(self._remaining, self._end)

    def stop(self) -> None:
        """Halt the time, if it is running."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._remaining -= time.monotonic() - self._started

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _end(self) -> None:
        self._ended.set()
        if self._connection is not None:
            with suppress(OSError):  # it may be closed already
                self._connection.shutdown(self._shutdown)
