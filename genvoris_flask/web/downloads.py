"""Bounds the time that a browser may take to read a response."""

from __future__ import annotations

import errno
import logging
import socket
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .connections import TimeLimit

log = logging.getLogger("genvoris_flask.web")

PIECE = 64 * 1024


class BoundedDownload:
    """The body of a response; closes the connection of a browser that takes too long to read it.

    Only the time that the browser takes counts, not the time that the pieces take to arrive here.

    The web server calls ``close`` when it is done with the response, whether or not it sent any of
    it. A body that reaches no server is closed when it is garbage-collected.

    Args:
        pieces: The body.
        environ: The request's WSGI environment.
        seconds: How long the browser may take to read all of it.
        close: Called once, when the response is over.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        environ: Mapping[str, Any],
        seconds: float,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._pieces = iter(pieces)
        self._limit = TimeLimit(environ, seconds, socket.SHUT_RDWR)
        self._close = weakref.finalize(self, close)
        self._close.atexit = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._limit.stop()
        if self._limit.is_exceeded:
            log.info("A browser read a response too slowly, so its connection was closed.")
            # The web server takes this as if the browser had closed the connection.
            raise ConnectionResetError(errno.ECONNRESET, "The browser reads too slowly.")
        piece = next(self._pieces)
        self._limit.start()
        return piece

    def close(self) -> None:
        """Release everything that the response holds."""
        self._limit.stop()
        self._close()


def in_pieces(data: bytes) -> Iterator[bytes]:
    """Yield a body in pieces, which a server sends one at a time."""
    view = memoryview(data)
    for start in range(0, len(view), PIECE):
        yield bytes(view[start : start + PIECE])
