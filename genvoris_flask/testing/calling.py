"""Calls to the sandbox's control API, with the standard library alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT = 35.0

# The environment's proxy is not used, since the sandbox is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    """Send JSON to the sandbox and return its response.

    Raises:
        ValueError: The sandbox refuses the request; the message says why.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, method=method)  # noqa: S310 - the sandbox's URL
    request.add_header("Content-Type", "application/json")
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        detail = json.loads(error.read()).get("detail", error.reason)
        raise ValueError(f"The sandbox refuses this: {detail}") from None
