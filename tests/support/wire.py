"""A client whose requests are recorded instead of sent."""

from __future__ import annotations

import json
from typing import Any

import httpx

from genvoris_flask.core.api.client import GenvorisClient

NOW = 1_700_000_000.0


class Wire:
    """Records requests, and answers each with the same payload."""

    def __init__(self, payload: Any, status: int = 200) -> None:
        self._answer = httpx.Response(status, json=payload)
        self.sent: list[httpx.Request] = []
        transport = httpx.MockTransport(self._take)
        self.client = GenvorisClient("gvk_test_1", transport=transport, now=lambda: NOW)

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._answer

    @property
    def body(self) -> Any:
        return json.loads(self.sent[-1].content)

    @property
    def line(self) -> str:
        request = self.sent[-1]
        return f"{request.method} {request.url.raw_path.decode()}"
