"""The requests that a shop forwards to Genvoris's try-on host, and the responses to them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Protocol

import httpx
from werkzeug.formparser import FormDataParser

_OTHERS = ("/api/v1/", "/.well-known/")  # the REST API, and the keys of tokens

Respond = Callable[[httpx.Request], httpx.Response]
Part = tuple[str, str | None, bytes]  # a form part's name, its file's name and its data


class Transport(Protocol):
    """A shop's transport, which records requests and may answer in Genvoris's place."""

    fault: Callable[[httpx.Request], httpx.Response | None]
    requests: list[httpx.Request]


def answer_forwarded(transport: Transport, respond: Respond | None = None) -> None:
    """Answer all that is forwarded; the REST API answers for itself.

    Args:
        transport: The shop's transport.
        respond: Makes a response; defaults to an empty JSON object.
    """

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith(_OTHERS):
            return None
        return unread(respond(request) if respond else httpx.Response(200, json={}))

    transport.fault = answer


def unread(response: httpx.Response) -> httpx.Response:
    """Return a response as it comes from a socket, with a body that is still to be read."""
    if not response.is_closed:
        return response
    stream = httpx.ByteStream(response.content)
    return httpx.Response(response.status_code, headers=response.headers.raw, stream=stream)


def forwarded(transport: Transport) -> list[httpx.Request]:
    """Return the requests that reached the try-on host, whatever their paths."""
    return [each for each in transport.requests if not each.url.path.startswith(_OTHERS)]


def parts_of(request: httpx.Request) -> list[Part]:
    """Return the parts of a multipart request, fields before files."""
    return parse_parts(request.content, request.headers["Content-Type"])


def parse_parts(body: bytes, content_type: str) -> list[Part]:
    """Return the parts of a multipart form as a server reads them, fields before files."""
    environ = {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
    }
    parser = FormDataParser(stream_factory=lambda *_args, **_more: io.BytesIO(), silent=False)
    _, fields, files = parser.parse_from_environ(environ)
    parts: list[Part] = [
        (name, None, value.encode("utf-8", "surrogateescape"))
        for name, value in fields.items(multi=True)
    ]
    return parts + [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
