"""The calls of the REST API, by subject, and what they share.

Every call may raise UnauthorizedError or ForbiddenError (for the key), RateLimitedError (429, after
retries), ServerError, UnreachableError (DeadlineError after the timeout) and
MalformedAnswerError. Its docstring says what else it raises and when it is retried; docs/api.md
has a table of all calls.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..http import HttpClient, RetryPolicy

UNSET: Any = object()


class Resource:
    """A part of the API.

    Args:
        http: Sends the requests.
        timeout: Seconds for a call, retries included.
    """

    def __init__(self, http: HttpClient, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    def _send(self, method: str, path: str, repeat: RetryPolicy, **content: Any) -> bytes:
        answer = self._http.request(method, path, timeout=self._timeout, repeat=repeat, **content)
        return answer.body


def path_id(value: str) -> str:
    """Return an id, encoded for a path. An empty one is refused: it would address the list."""
    named: object = value
    if not isinstance(named, str) or not named:
        raise ValueError("An id must be a non-empty string: use str(user.id).")
    encoded = quote(value, safe="")
    # A path of dots would be resolved away on the wire.
    return encoded.replace(".", "%2E") if set(value) <= {"."} else encoded


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that the caller passed. None is a value, which clears a field."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
