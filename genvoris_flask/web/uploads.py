"""Bounds the time that a browser may take to send a body."""

from __future__ import annotations

import functools
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from werkzeug.exceptions import ClientDisconnected, HTTPException

from .alarm import AlarmClock
from .answers import AnswerError

log = logging.getLogger("genvoris_flask.web")

# Where gunicorn and Werkzeug's own server put the connection. Others bound slow bodies themselves.
_CONNECTIONS = ("gunicorn.socket", "werkzeug.socket")
_alarms = AlarmClock()


@contextmanager
def bounded_upload(environ: Mapping[str, Any], seconds: float) -> Iterator[None]:
    """Stop listening to a browser whose body is not there in time.

    A read waits for each next byte, so it takes another thread to end it: a body of one byte a
    second would otherwise hold this one for hours.

    Args:
        environ: The request's WSGI environment.
        seconds: How long the block that reads the body may take.

    Raises:
        AnswerError: 408 ``body_too_slow``.
        ClientDisconnected: The body is broken in a way that its server has an error of its own for.
    """
    late = threading.Event()
    connection = next((environ[key] for key in _CONNECTIONS if key in environ), None)
    alarm = _alarms.after(seconds, functools.partial(_stop_listening, connection, late))
    try:
        yield
    except Exception as error:
        if late.is_set():
            raise AnswerError("body_too_slow") from None
        if isinstance(error, AnswerError | HTTPException | ValueError):
            raise
        log.warning("A browser's body could not be read (%s).", type(error).__name__)
        raise ClientDisconnected from error
    finally:
        alarm.cancel()
    if late.is_set():  # Werkzeug takes half a form for an empty one
        raise AnswerError("body_too_slow")


def _stop_listening(connection: Any, late: threading.Event) -> None:
    late.set()
    if connection is not None:
        with suppress(OSError):  # it may be over already
            connection.shutdown(socket.SHUT_RD)
