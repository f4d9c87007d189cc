"""What was asked of the sandbox, without keys, tokens and photos."""

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

from ..serializers import Json, iso

MAX_JSON_BYTES = 256 * 1024

KEPT = 1000
MOST_BYTES = 16 * 1024
MOST_BRACKETS = 300
HIDDEN = "[hidden]"
SECRET_FIELDS = {"api_key", "key", "secret", "token", "end_customer_token"}
CALL_KEY = "genvoris.call"
Environ = dict[str, Any]


@dataclass
class Call:
    """One call. ``status`` is None until it is answered, and when it never is."""

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
        """Write it as ``/sandbox/calls`` does."""
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
        """Note how long it took."""
        if self.ms is None:
            self.ms = round((time.monotonic() - self.started) * 1000, 1)


class CallLog:
    """The latest calls, oldest first.

    Args:
        clock: The sandbox's time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._number = 0

    def begin(self, environ: Environ) -> Call:
        """Note a call that has come in."""
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        body = _read_json(environ)
        with self._lock:
            self._number += 1
            call = Call(
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

    def find(self, *, method: str | None = None, path: str = "*", limit: int = KEPT) -> list[Json]:
        """Give the latest calls that match, oldest first."""
        with self._lock:
            calls = list(self._calls)
        found = [
            call.fields()
            for call in calls
            if method in (None, call.method) and fnmatchcase(call.path, path)
        ]
        return found[-limit:]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._calls.clear()


def without_secrets(value: Any) -> Any:
    """Give a copy in which keys and tokens are hidden."""
    if not isinstance(value, dict):
        return value
    return {name: HIDDEN if name in SECRET_FIELDS else each for name, each in value.items()}


def _read_json(environ: Environ) -> Any:
    """Read a JSON body, and leave it there to be read again."""
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/json"):
        return None
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_JSON_BYTES:
        return None
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(raw)
    return _showable(raw)


def _showable(raw: bytes) -> Any:
    """Give what the bytes say, if it is small, and JSON that can be written again."""
    if len(raw) > MOST_BYTES or raw.count(b"[") + raw.count(b"{") > MOST_BRACKETS:
        return f"[{len(raw)} bytes]"
    try:
        value = json.loads(raw)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return f"[{len(raw)} bytes, no JSON]"
    return value
