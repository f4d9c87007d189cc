"""The typed client of Genvoris's REST API."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from ..pacing import Pace, Priority
from .http import HttpClient, Observe, Response, RetryPolicy
from .network import Transport
from .resources.customers import Customers, Plans, Sessions
from .resources.reporting import Conversions, Events, Returns, WebhookEndpoints
from .resources.tryons import TryOns, Widget

DEFAULT_TIMEOUT = 10.0


class GenvorisClient:
    """The REST API for one shop: ``plans``, ``customers``, ``sessions`` and the rest.

    A client can be shared between threads and across forks. Calls raise the errors of
    ``genvoris_flask.errors``; docs/api.md lists them, and says when a call is retried.

    Args:
        api_key: The shop's server key.
        api_url: Where the API is.
        tryon_url: Where the try-on host is.
        timeout: Seconds for a call, retries and waiting included.
        transport: Carries the requests; for tests.
        now: The wall clock, in Unix seconds.
        sleep: Waits for a number of seconds before a retry.
        observe: Called after each request with its name, its seconds and its status.
        pace: Keeps the requests of all processes under Genvoris's limits.
    """

    def __init__(
        self,
        api_key: str,
        api_url: str = "https://genvoris.org/api/v1",
        tryon_url: str = "https://api.genvoris.org",
        *,
        timeout: float = DEFAULT_TIMEOUT,
        transport: Transport | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        observe: Observe | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._api_key = api_key
        self._api_url = api_url
        self._now = now
        headers = {"Authorization": f"Bearer {api_key}", "User-Agent": "genvoris-flask"}
        open_http = functools.partial(
            HttpClient,
            secrets=(api_key,),
            transport=transport,
            sleep=sleep,
            observe=observe,
            pace=pace,
        )
        self._http = open_http(api_url, headers)
        # Tracking is at the root of the host, and takes the key in its body as well.
        self._root = open_http(_origin(api_url), headers)
        tryon_headers = {"X-API-Key": api_key, "User-Agent": "genvoris-flask"}
        self._tryon_http = open_http(tryon_url, tryon_headers)
        self._set_timeout(timeout)

    def _set_timeout(self, timeout: float) -> None:
        self._timeout = timeout
        self.plans: Plans = Plans(self._http, timeout)
        self.customers: Customers = Customers(self._http, timeout)
        self.sessions: Sessions = Sessions(self._http, timeout, self._now)
        self.events: Events = Events(self._http, timeout)
        self.conversions: Conversions = Conversions(self._http, timeout)
        self.returns: Returns = Returns(self._http, timeout)
        self.webhook_endpoints: WebhookEndpoints = WebhookEndpoints(self._http, timeout)
        self.tryons: TryOns = TryOns(self._root, self._tryon_http, timeout, self._api_key)
        self.widget: Widget = Widget(self._tryon_http, timeout)

    def ask(self, method: str, path: str, *, timeout: float) -> Response:
        """Send one request as it is, without retrying it.

        Args:
            method: The HTTP method.
            path: From the API's URL, such as ``/plans``.
            timeout: Seconds to wait.
        """
        return self._http.request(method, path, timeout=timeout, repeat=RetryPolicy.NEVER)

    def with_timeout(self, seconds: float) -> GenvorisClient:
        """Return a client that shares this one's connections and has another timeout."""
        other = copy.copy(self)
        other._set_timeout(seconds)  # noqa: SLF001  (its own class)
        return other

    def with_priority(self, priority: Priority) -> GenvorisClient:
        """Return a client that shares this one's connections and sends what is less urgent."""
        other = copy.copy(self)
        other._http = self._http.with_priority(priority)  # noqa: SLF001  (its own class)
        other._set_timeout(self._timeout)  # noqa: SLF001
        return other

    def __repr__(self) -> str:
        """Leave the key out."""
        return f"GenvorisClient(api_url={self._api_url!r})"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
