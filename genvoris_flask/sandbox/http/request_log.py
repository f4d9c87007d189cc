"""The log of requests, without API keys, tokens and photos."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from ..responses import Json, iso

MAX_JSON_BYTES = 256 * 1024

MAX_KEPT = 1000
MAX_LOGGED_BYTES = 16 * 1024
MAX_LOGGED_BRACKETS = 300
HIDDEN = "[hidden]"
SECRET_FIELDS = {"api_key", "key", "secret", "token", "end_customer_token"}
CALL_KEY = "genvoris.call"
Environ = dict[str, Any]


@dataclass
class LoggedRequest:
    """A request. ``status`` is None until a response was sent."""

    number: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    body: Any
    started: float
    fault: str | None = None
    status: int | None = None
    request_id: str | None = None
    ms: float | None = None

    def fields(self) -> Json:
        """Return the request's fields in ``/sandbox/calls``."""
        return {
            "number": self.number,
            "at": iso(self.at),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "status": self.status,
            "fault": self.fault,
            "requestId": self.request_id,
            "ms": self.ms,
        }

    def end(self) -> None:
        """Record the duration of the request."""
        if self.ms is None:
            self.ms = round((time.monotonic() - self.started) * 1000, 1)


class RequestLog:
    """The latest requests, oldest first.

    Args:
        clock: Returns the sandbox's time in Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: deque[LoggedRequest] = deque(maxlen=MAX_KEPT)
        self._lock = threading.Lock()
        self._number = 0

    def begin(self, environ: Environ) -> LoggedRequest:
        """Record a request that has arrived."""
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        body = _read_json(environ)
        with self._lock:
            self._number += 1
            call = LoggedRequest(
                self._number,
                self._clock(),
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
                without_secrets(query),
                without_secrets(body),
                time.monotonic(),
            )
            self._calls.append(call)
        environ[CALL_KEY] = call
        return call

    def find(
        self, *, method: str | None = None, path: str = "*", limit: int = MAX_KEPT
    ) -> list[Json]:
        """Return the latest requests that match, oldest first."""
        with self._lock:
            calls = list(self._calls)
        found = [
            call.fields()
            for call in calls
            if method in (None, call.method) and fnmatchcase(call.path, path)
        ]
        return found[-limit:]

    def clear(self) -> None:
        """Clear the log."""
        with self._lock:
            self._calls.clear()


def without_secrets(value: Any) -> Any:
    """Return a copy in which API keys and tokens are hidden."""
    if not isinstance(value, dict):
        return value
    return {name: HIDDEN if name in SECRET_FIELDS else each for name, each in value.items()}


def _read_json(environ: Environ) -> Any:
    """Return a JSON body, and leave it to be read again."""
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/json"):
        return None
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_JSON_BYTES:
        return None
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(raw)
    return _showable(raw)


def _showable(raw: bytes) -> Any:
    """Return the parsed bytes if they are small, and JSON that can be serialized again."""
    if len(raw) > MAX_LOGGED_BYTES or raw.count(b"[") + raw.count(b"{") > MAX_LOGGED_BRACKETS:
        return f"[{len(raw)} bytes]"
    try:
        value = json.loads(raw)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return f"[{len(raw)} bytes, no JSON]"
    return value
