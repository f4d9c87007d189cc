"""The WSGI middleware that refuses other hosts, logs requests and injects faults."""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication

from werkzeug.routing import UnicodeConverter

from ..responses import new_request_id
from .faults import Fault, Faults
from .request_log import Environ, LoggedRequest, RequestLog

GENVORIS_PATHS = ("/api/", "/.well-known/", "/status", "/widget-hash")
LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
GARBAGE = b"<!doctype html><title>502 Bad Gateway</title><p>The gatew"
POLL_SECONDS = 0.2
PIECES = 100


class FaultMiddleware:
    """Wraps a WSGI app.

    Args:
        app: The app to wrap.
        calls: Logs the requests.
        faults: The faults to inject.
        sleep: Called with the seconds to wait.
    """

    def __init__(
        self,
        app: WSGIApplication,
        calls: RequestLog,
        faults: Faults,
        sleep: Callable[[float], None],
    ) -> None:
        self._app = app
        self._calls = calls
        self._faults = faults
        self._sleep = sleep

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request (PEP 3333)."""
        if not _is_local(environ):
            return _refuse_host(start_response)
        keep_encoded_slashes(environ)
        if not environ["PATH_INFO"].startswith(GENVORIS_PATHS):
            return self._app(environ, start_response)
        call = self._calls.begin(environ)
        noting = _recording(call, start_response)
        fault = self._faults.match(call.method, call.path)
        if fault is None:
            return _end_after(call, self._app(environ, noting))
        call.fault = fault.kind
        return self._inject(fault, call, environ, noting)

    def _inject(
        self, fault: Fault, call: LoggedRequest, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault.kind in ("latency", "slow"):
            return _end_after(call, self._respond_late(fault, environ, start_response))
        if fault.after:
            _buffer_response(self._app, environ)
        if fault.kind in ("status", "garbage"):
            return _end_after(call, _fake_response(fault, start_response))
        connection: socket.socket | None = environ.get("werkzeug.socket")
        if fault.kind == "hang":
            self._hang(connection, fault.seconds)
        call.end()
        raise _reset(connection)

    def _respond_late(
        self, fault: Fault, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault.kind == "latency" and not fault.after:
            self._sleep(fault.seconds)
        answer = _buffer_response(self._app, environ)
        if fault.kind == "latency" and fault.after:
            self._sleep(fault.seconds)
        body = answer.send(start_response)
        return self._drip(body, fault.seconds) if fault.kind == "slow" else [body]

    def _drip(self, data: bytes, seconds: float) -> Iterator[bytes]:
        size = max(1, len(data) // PIECES)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        for piece in pieces:
            self._sleep(seconds / len(pieces))
            yield piece

    def _hang(self, connection: socket.socket | None, seconds: float) -> None:
        """Wait until the time is over or the client disconnects."""
        if connection is None:
            self._sleep(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not _client_left(connection):
            self._sleep(min(POLL_SECONDS, left))


def _is_local(environ: Environ) -> bool:
    """Return whether the request was sent to a name of this machine.

    Another site may let its own name resolve to this machine (DNS rebinding). The browser then
    regards the sandbox as part of that site, which could read everything.
    """
    host = str(environ.get("HTTP_HOST") or environ["SERVER_NAME"])
    return LOCAL_HOST.fullmatch(host) is not None


def _refuse_host(start_response: StartResponse) -> list[bytes]:
    detail = "Open the sandbox by its own address: http://127.0.0.1 or http://localhost."
    body = json.dumps({"error": "cross_origin", "detail": detail}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-Id", new_request_id()),
    ]
    start_response("403 Forbidden", headers)
    return [body]


class _BufferedResponse:
    """A complete response that has not been sent."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def start(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        self.status, self.headers = status, headers
        return lambda _data: None

    def send(self, start_response: StartResponse) -> bytes:
        start_response(self.status, self.headers)
        return self.body


def _buffer_response(app: WSGIApplication, environ: Environ) -> _BufferedResponse:
    whole = _BufferedResponse()
    body = app(environ, whole.start)
    try:
        whole.body = b"".join(body)
    finally:
        if close := getattr(body, "close", None):
            close()
    return whole


def _recording(call: LoggedRequest, start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        call.status = int(status.split()[0])
        call.request_id = dict(headers).get("X-Request-Id")
        return start_response(status, headers, *error)

    return start


def _end_after(call: LoggedRequest, body: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        if close := getattr(body, "close", None):
            close()
        call.end()


def _fake_response(fault: Fault, start_response: StartResponse) -> list[bytes]:
    status, body = "200 OK", GARBAGE
    headers = [("Content-Type", "application/json")]
    if fault.kind == "status":
        detail = "The sandbox was told to refuse this: see PUT /sandbox/faults."
        body = json.dumps({"error": fault.error, "detail": detail}).encode()
        status = f"{fault.status} Fault"
        if fault.retry_after is not None:
            headers.append(("Retry-After", str(fault.retry_after)))
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _client_left(connection: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _reset(connection: socket.socket | None) -> ConnectionResetError:
    """Return the exception that resets the connection, so that the client gets no response."""
    if connection is not None:
        # With zero seconds to linger, closing the socket sends a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return ConnectionResetError("The sandbox was told to drop this call.")


ENCODED = re.compile(r"%(2f|25)", re.IGNORECASE)


def keep_encoded_slashes(environ: dict[str, Any]) -> None:
    """Keep ``%2F``, and so ``%25``, encoded in the path that is routed.

    An id may contain a slash, which cannot be told from a separator in the decoded path of WSGI.
    Werkzeug's server also passes on the path as it was sent.
    """
    raw = str(environ.get("RAW_URI", ""))
    if raw.startswith("/"):
        path = ENCODED.sub(lambda found: "%25" + found[1].upper(), raw.partition("?")[0])
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


class IdConverter(UnicodeConverter):
    """A converter for one segment of a path, which may contain encoded slashes."""

    def to_python(self, value: str) -> str:
        """Decode what ``keep_encoded_slashes`` kept."""
        return value.replace("%2F", "/").replace("%25", "%")
