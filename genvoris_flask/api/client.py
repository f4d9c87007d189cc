"""The typed client of Genvoris's REST API."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import httpx

from .http import Answer, HttpClient, Repeat
from .resources import Customers, Plans, Sessions

DEFAULT_TIMEOUT = 10.0


class GenvorisClient:
    """Plans, customers and sessions of one shop.

    Safe to share between threads and across forks. All calls raise the errors of
    ``genvoris_flask.errors``.

    Args:
        api_key: The shop's server key.
        api_url: Where the API is.
        timeout: Seconds for a call, retries and waiting included.
        transport: What carries the requests; for tests.
        now: The wall clock, in Unix seconds.
    """

    def __init__(
        self,
        api_key: str,
        api_url: str = "https://genvoris.org/api/v1",
        *,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = api_url
        self._now = now
        self._http = HttpClient(
            api_url,
            {"Authorization": f"Bearer {api_key}", "User-Agent": "genvoris-flask"},
            secrets=(api_key,),
            transport=transport,
        )
        self._set_timeout(timeout)

    def _set_timeout(self, timeout: float) -> None:
        self.plans = Plans(self._http, timeout)
        self.customers = Customers(self._http, timeout)
        self.sessions = Sessions(self._http, timeout, self._now)

    def ask(self, method: str, path: str, *, timeout: float) -> Answer:
        """Send one request as it is, without repeating it.

        Args:
            method: The HTTP method.
            path: From the API's URL, such as ``/plans``.
            timeout: Seconds to wait.
        """
        return self._http.request(method, path, timeout=timeout, repeat=Repeat.NEVER)

    def with_timeout(self, seconds: float) -> GenvorisClient:
        """Give a client that shares the connections of this one and waits no longer."""
        other = copy.copy(self)
        other._set_timeout(seconds)  # noqa: SLF001  (one of us)
        return other

    def __repr__(self) -> str:
        """Leave the key out."""
        return f"GenvorisClient(api_url={self._api_url!r})"
