"""The WSGI middleware of the sandbox: refuses other hosts, logs calls, and injects faults."""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import UnicodeConverter

from .errors import new_request_id
from .faults import Fault, Faults
from .request_log import Call, CallLog, Environ

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

GENVORIS_PATHS = ("/api/", "/.well-known/", "/status", "/widget-hash")
LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
GARBAGE = b"<!doctype html><title>502 Bad Gateway</title><p>The gatew"
LOOK_EVERY = 0.2
PIECES = 100


class Front:
    """Wraps the app.

    Args:
        app: What answers.
        calls: Where calls are noted.
        faults: What shall go wrong.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        app: WSGIApplication,
        calls: CallLog,
        faults: Faults,
        sleep: Callable[[float], None],
    ) -> None:
        self._app = app
        self._calls = calls
        self._faults = faults
        self._sleep = sleep

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        if not _is_local(environ):
            return _refuse_host(start_response)
        keep_encoded_slashes(environ)
        if not environ["PATH_INFO"].startswith(GENVORIS_PATHS):
            return self._app(environ, start_response)
        call = self._calls.begin(environ)
        noting = _noting(call, start_response)
        fault = self._faults.strike(call.method, call.path)
        if fault is None:
            return _until_end(call, self._app(environ, noting))
        call.fault = fault.kind
        return self._go_wrong(fault, call, environ, noting)

    def _go_wrong(
        self, fault: Fault, call: Call, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault.kind in ("latency", "slow"):
            return _until_end(call, self._answer_late(fault, environ, start_response))
        if fault.after:
            _collect(self._app, environ)
        if fault.kind in ("status", "garbage"):
            return _until_end(call, _answer_badly(fault, start_response))
        connection: socket.socket | None = environ.get("werkzeug.socket")
        if fault.kind == "hang":
            self._hang(connection, fault.seconds)
        call.end()
        raise _reset(connection)

    def _answer_late(
        self, fault: Fault, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault.kind == "latency" and not fault.after:
            self._sleep(fault.seconds)
        answer = _collect(self._app, environ)
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
        """Wait, but not longer than the client does."""
        if connection is None:
            self._sleep(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not _gone(connection):
            self._sleep(min(LOOK_EVERY, left))


def _is_local(environ: Environ) -> bool:
    """Return whether the request was sent to a name of this machine.

    A page from elsewhere may have its own name resolve to this machine (DNS rebinding). To the
    browser the sandbox is then of the page's own origin, and everything could be read.
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


class _Whole:
    """An answer of the app's, kept until it is to be sent."""

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


def _collect(app: WSGIApplication, environ: Environ) -> _Whole:
    whole = _Whole()
    body = app(environ, whole.start)
    try:
        whole.body = b"".join(body)
    finally:
        if close := getattr(body, "close", None):
            close()
    return whole


def _noting(call: Call, start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        call.status = int(status.split()[0])
        call.request_id = dict(headers).get("X-Request-Id")
        return start_response(status, headers, *error)

    return start


def _until_end(call: Call, body: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        if close := getattr(body, "close", None):
            close()
        call.end()


def _answer_badly(fault: Fault, start_response: StartResponse) -> list[bytes]:
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


def _gone(connection: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _reset(connection: socket.socket | None) -> ConnectionResetError:
    """Give what ends a call so that its connection is reset and the client sees no answer."""
    if connection is not None:
        # Zero seconds to linger: the server closes it with a reset instead of an end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return ConnectionResetError("The sandbox was told to drop this call.")


KEPT = re.compile(r"%(2f|25)", re.IGNORECASE)


def keep_encoded_slashes(environ: dict[str, Any]) -> None:
    """Leave ``%2F``, and so ``%25``, as they came in the path that is routed.

    WSGI gives paths decoded, in which an id's slash looks like any other. Servers that also give
    the path as it came (Werkzeug's does) let us tell them apart.
    """
    raw = str(environ.get("RAW_URI", ""))
    if raw.startswith("/"):
        path = KEPT.sub(lambda found: "%25" + found[1].upper(), raw.partition("?")[0])
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


class IdConverter(UnicodeConverter):
    """One segment of a path, decoded whole."""

    def to_python(self, value: str) -> str:
        """Decode what ``keep_encoded_slashes`` left."""
        return value.replace("%2F", "/").replace("%25", "%")
