"""What all resources share: where to send, how long to wait, and how fields are written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..http import HttpClient, RetryPolicy

UNSET: Any = object()


class Resource:
    """A part of the API.

    Args:
        http: Sends the requests.
        timeout: Seconds for a call, retries and waiting included.
    """

    def __init__(self, http: HttpClient, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    def _send(self, method: str, path: str, repeat: RetryPolicy, **content: Any) -> bytes:
        answer = self._http.request(method, path, timeout=self._timeout, repeat=repeat, **content)
        return answer.body


def path_id(value: str) -> str:
    """Encode an id for a path; ids may hold anything, but an empty one would name the list."""
    named: object = value
    if not isinstance(named, str) or not named:
        raise ValueError("An id must be a text that is not empty: use str(user.id).")
    encoded = quote(value, safe="")
    # A path of dots would be resolved away on the wire.
    return encoded.replace(".", "%2E") if set(value) <= {"."} else encoded


def given(**fields: Any) -> dict[str, Any]:
    """Give the fields that the caller set; None is a value, and clears."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def present(**fields: Any) -> dict[str, Any]:
    """Give the fields that have a value; None means that the caller left it out."""
    return {name: value for name, value in fields.items() if value is not None}
