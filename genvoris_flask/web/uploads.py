"""Bounds what a browser uploads: how long it may take, how large it is and where it is kept."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from .connections import TimeLimit
from .errors import HttpError

log = logging.getLogger("genvoris_flask.web")

# For bodies that servers send, or that anybody may send. They are small, and arrive in time even
# over a slow line.
MESSAGE_SECONDS = 10.0
# For all fields but the photo; Werkzeug also counts its read buffer of 64 KiB as such.
FIELDS_BYTES = 256 * 1024
MAX_PARTS = 20


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
