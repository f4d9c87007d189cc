"""Bounds what a slow browser costs: the time of uploads and downloads, and the size of bodies."""

from __future__ import annotations

import errno
import io
import logging
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, Any, Self

from flask import Request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from ..core.concurrency.threads import Task, call_later
from .errors import HttpError

log: logging.Logger = logging.getLogger("genvoris_flask.web")

# Where gunicorn and Werkzeug's own server put a connection. Other servers bound slow browsers
# themselves.
_CONNECTION_KEYS = ("gunicorn.socket", "werkzeug.socket")
# For bodies that servers send, or that anybody may send. They are small, and arrive in time even
# over a slow line.
MESSAGE_SECONDS = 10.0
# For all fields but the photo; Werkzeug also counts its read buffer of 64 KiB as such.
FIELDS_BYTES = 256 * 1024
MAX_PARTS = 20
PIECE = 64 * 1024
BUSY_SECONDS = 10


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """Return the socket of a WSGI request, or None if the server does not expose it."""
    return next((environ[key] for key in _CONNECTION_KEYS if key in environ), None)


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
        """Let the time run.

        Raises:
            HttpError: 503 ``busy``: the system starts no thread for it.
        """
        self._started = time.monotonic()
        try:
            self._timer = call_later(self._remaining, self._end)
        except RuntimeError:
            raise HttpError("busy", retry_after=BUSY_SECONDS) from None

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


class _InMemoryFormParser(FormDataParser):
    """Keeps the files of a form in memory instead of spooling large ones to the disk."""

    def __init__(self, _stream_factory: object = None, **options: Any) -> None:
        options.pop("stream_factory", None)
        super().__init__(_memory_stream, **options)


def _memory_stream(*_args: object, **_options: object) -> IO[bytes]:
    return io.BytesIO()


def keep_in_memory(request: Request, max_photo_bytes: int) -> None:
    """Bound the form of a request, and keep the photo in it off the disk.

    Call it before anything may read the form, such as an extension that looks for a token in it.
    """
    request.max_content_length = max_photo_bytes + FIELDS_BYTES
    request.max_form_memory_size = FIELDS_BYTES
    request.max_form_parts = MAX_PARTS
    request.form_data_parser_class = _InMemoryFormParser


@contextmanager
def bounded_upload(environ: Mapping[str, Any], seconds: float) -> Iterator[None]:
    """Bound the time that the body of a request may take to arrive.

    Without it, a browser that sends one byte a second would occupy a worker for hours.

    Args:
        environ: The request's WSGI environment.
        seconds: How long the ``with`` block, which reads the body, may take.

    Raises:
        HttpError: 408 ``body_too_slow``.
        ClientDisconnected: The server failed to read the body with an error of its own.
    """
    limit = TimeLimit(environ, seconds, socket.SHUT_RD)
    try:
        with limit:
            yield
    except Exception as error:
        if limit.is_exceeded:
            raise HttpError("body_too_slow") from None
        if isinstance(error, HttpError | HTTPException | ValueError):
            raise
        log.warning("A browser's body could not be read (%s).", type(error).__name__)
        raise ClientDisconnected from error
    if limit.is_exceeded:  # Werkzeug takes half a form for an empty one
        raise HttpError("body_too_slow")


def read_message(request: Request, max_bytes: int, seconds: float) -> bytes:
    """Return the body of a request that carries no photo.

    Args:
        request: The request.
        max_bytes: The largest body to accept.
        seconds: How long it may take, if that is less than ``MESSAGE_SECONDS``.

    Raises:
        HttpError: 408 ``body_too_slow``.
        RequestEntityTooLarge: The body is larger than ``max_bytes``.
        ClientDisconnected: As for `bounded_upload`.
    """
    # One more than allowed, as Werkzeug stops silently at the limit of a chunked body.
    request.max_content_length = max_bytes + 1
    with bounded_upload(request.environ, min(seconds, MESSAGE_SECONDS)):
        body = request.get_data(cache=False)
    if len(body) > max_bytes:
        raise RequestEntityTooLarge
    return body


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
