"""The connection to a browser, where the web server gives it away."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

# Where gunicorn and Werkzeug's own server put it. Others bound slow browsers themselves.
_KEYS = ("gunicorn.socket", "werkzeug.socket")


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """Return the socket of a WSGI request, or None if the server keeps it to itself."""
    return next((environ[key] for key in _KEYS if key in environ), None)


def stop_listening(connection: socket.socket | None) -> None:
    """End a read that waits for the browser, now and from now on. An answer can still be sent."""
    _shut(connection, socket.SHUT_RD)


def hang_up(connection: socket.socket | None) -> None:
    """End a read or a write that waits for the browser, now and from now on."""
    _shut(connection, socket.SHUT_RDWR)


def _shut(connection: socket.socket | None, how: int) -> None:
    if connection is not None:
        with suppress(OSError):  # it may be over already
            connection.shutdown(how)
