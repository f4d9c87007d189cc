"""Bounds the time that a browser may take to send a body."""

from __future__ import annotations

import functools
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from ..core.concurrency.threads import call_later
from .connections import connection_of, stop_listening
from .errors import HttpError

log = logging.getLogger("genvoris_flask.web")

# For what servers send, or anybody may: it is small, and even a slow line has it through by then.
MESSAGE_SECONDS = 10.0


@contextmanager
def bounded_upload(environ: Mapping[str, Any], seconds: float) -> Iterator[None]:
    """Stop listening to a browser whose body is not there in time.

    A read waits for each next byte, so it takes another thread to end it: a body of one byte a
    second would otherwise hold this one for hours.

    Args:
        environ: The request's WSGI environment.
        seconds: How long the block that reads the body may take.

    Raises:
        HttpError: 408 ``body_too_slow``.
        ClientDisconnected: The body is broken in a way that its server has an error of its own for.
    """
    late = threading.Event()
    alarm = call_later(seconds, functools.partial(_end, connection_of(environ), late))
    try:
        yield
    except Exception as error:
        if late.is_set():
            raise HttpError("body_too_slow") from None
        if isinstance(error, HttpError | HTTPException | ValueError):
            raise
        log.warning("A browser's body could not be read (%s).", type(error).__name__)
        raise ClientDisconnected from error
    finally:
        alarm.cancel()
    if late.is_set():  # Werkzeug takes half a form for an empty one
        raise HttpError("body_too_slow")


def read_message(request: Request, max_bytes: int, seconds: float) -> bytes:
    """Return a body that is small, as it came.

    Args:
        request: Whose body it is.
        max_bytes: How many bytes it may have.
        seconds: How long it may take, where that is less than ``MESSAGE_SECONDS``.

    Raises:
        HttpError: 408 ``body_too_slow``.
        RequestEntityTooLarge: It is larger.
        ClientDisconnected: As in ``bounded_upload``.
    """
    # One more, since of a body in chunks, whose length nobody told, only so much is read.
    request.max_content_length = max_bytes + 1
    with bounded_upload(request.environ, min(seconds, MESSAGE_SECONDS)):
        body = request.get_data(cache=False)
    if len(body) > max_bytes:
        raise RequestEntityTooLarge
    return body


def _end(connection: socket.socket | None, late: threading.Event) -> None:
    late.set()
    stop_listening(connection)
