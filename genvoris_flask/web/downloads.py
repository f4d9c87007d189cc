"""Bounds the time that a browser may take to read an answer."""

from __future__ import annotations

import errno
import functools
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..core.concurrency.threads import Task, call_later
from .connections import connection_of, hang_up

log = logging.getLogger("genvoris_flask.web")

PIECE = 64 * 1024


class BoundedDownload:
    """The body of an answer, which ends the connection of a browser that does not take it in time.

    A write waits until the browser has read what was written before, so it takes another thread to
    end it. Only the time in the browser's hands counts, not the time that the pieces take to come.

    The web server calls ``close`` when it is done with the answer, whether or not it sent any of
    it. A body that no server ever gets is closed when it is forgotten.

    Args:
        pieces: The body.
        environ: The request's WSGI environment.
        seconds: How long the browser may take for all of it.
        close: Called once, when the answer is over.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        environ: Mapping[str, Any],
        seconds: float,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._pieces = iter(pieces)
        self._connection = connection_of(environ)
        self._left = seconds
        self._handed_over: float | None = None
        self._alarm: Task | None = None
        self._late = threading.Event()
        self._close = weakref.finalize(self, close)
        self._close.atexit = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._stop_clock()
        if self._late.is_set() or self._left <= 0:
            log.info("A browser read an answer too slowly, so its connection was closed.")
            # To a web server, as if the browser had closed it.
            raise ConnectionResetError(errno.ECONNRESET, "The browser reads too slowly.")
        piece = next(self._pieces)
        end = functools.partial(_end, self._connection, self._late)
        self._handed_over = time.monotonic()
        self._alarm = call_later(self._left, end)
        return piece

    def close(self) -> None:
        """Let go of everything that the answer holds."""
        self._stop_clock()
        self._close()

    def _stop_clock(self) -> None:
        if self._alarm is not None and self._handed_over is not None:
            self._alarm.cancel()
            self._left -= time.monotonic() - self._handed_over
            self._alarm = self._handed_over = None


def in_pieces(data: bytes) -> Iterator[bytes]:
    """Yield a body in pieces that a server sends one after the other."""
    view = memoryview(data)
    for start in range(0, len(view), PIECE):
        yield bytes(view[start : start + PIECE])


def _end(connection: Any, late: threading.Event) -> None:
    late.set()
    hang_up(connection)
