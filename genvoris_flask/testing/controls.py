"""The clock, the faults and the shopper of the sandbox, and calls to its control API.

Calls use the standard library alone, so that the plugin imports nothing that a test does not use.
"""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from ..core.api.client import GenvorisClient
    from ..core.api.models import Usage


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


class Clock:
    """The sandbox's clock. Pass it to ``init_app(clock=…)`` to use it in the shop too.

    Args:
        url: The sandbox's URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._offset = 0.0

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return dt.datetime.now(dt.UTC).timestamp() + self._offset

    @property
    def now(self) -> dt.datetime:
        """The time in UTC."""
        return dt.datetime.fromtimestamp(self(), dt.UTC)

    def advance(self, seconds: float = 0, *, minutes: float = 0, days: float = 0) -> None:
        """Move the clock forward: tokens expire, periods roll, webhooks become due."""
        whole = dt.timedelta(days=days, minutes=minutes, seconds=seconds).total_seconds()
        self._move({"advance": whole})

    def set(self, time: dt.datetime | float) -> None:
        """Move the clock to a time: a datetime with a time zone, or Unix seconds."""
        if isinstance(time, dt.datetime):
            if time.tzinfo is None:
                raise ValueError("Give the time a time zone, such as tzinfo=datetime.UTC.")
            time = time.timestamp()
        self._move({"set": time})

    def reset(self) -> None:
        """Return to the machine's time."""
        self._move({"reset": True})

    def _move(self, how: dict[str, Any]) -> None:
        self._offset = float(call(self._url, "POST", "/sandbox/clock", how)["offset"])


class Faults:
    """Makes requests to the sandbox fail. Rules add up; the first that matches is applied.

    Each accepts ``path`` (in which ``*`` matches anything, as in ``/api/v1/customers/*``),
    ``method``, ``share`` (one request in four at 0.25), ``count`` (how often it is applied at most)
    and ``when`` (with ``after`` the request takes effect, and only its response is lost).

    Args:
        url: The sandbox's URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._rules: list[dict[str, Any]] = []

    def status(self, status: int, path: str = "*", **more: Any) -> None:
        """Respond with an error status, and optionally ``error`` and ``retry_after``."""
        if "retry_after" in more:
            more["retryAfter"] = more.pop("retry_after")
        self._add("status", path, status=status, **more)

    def latency(self, seconds: float, path: str = "*", **more: Any) -> None:
        """Respond late."""
        self._add("latency", path, seconds=seconds, **more)

    def hang(self, seconds: float = 60, path: str = "*", **more: Any) -> None:
        """Never respond, and disconnect after a number of seconds."""
        self._add("hang", path, seconds=seconds, **more)

    def slow(self, seconds: float, path: str = "*", **more: Any) -> None:
        """Send the response bit by bit, for a number of seconds."""
        self._add("slow", path, seconds=seconds, **more)

    def garbage(self, path: str = "*", **more: Any) -> None:
        """Respond with a body that is not JSON."""
        self._add("garbage", path, **more)

    def drop(self, path: str = "*", **more: Any) -> None:
        """Reset the connection."""
        self._add("drop", path, **more)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules = []
        call(self._url, "DELETE", "/sandbox/faults")

    @property
    def hits(self) -> int:
        """How many calls went wrong."""
        rules = call(self._url, "GET", "/sandbox/faults")["faults"]
        return sum(rule["hits"] for rule in rules)

    def _add(self, kind: str, path: str, **more: Any) -> None:
        rules = [*self._rules, {"kind": kind, "path": path, **more}]
        call(self._url, "PUT", "/sandbox/faults", {"faults": rules})
        self._rules = rules


class SandboxShopper:
    """A customer of the sandbox, with methods that bring them into any state.

    Attributes:
        external_id: The shop's id of the shopper, for the shop's test user.
        email: The shopper's address.
        customer_id: Genvoris's id of the shopper.
        plan_id: The shopper's plan, or None.
    """

    def __init__(
        self,
        client: GenvorisClient,
        url: str,
        *,
        external_id: str,
        email: str,
        customer_id: str,
        plan_id: str | None,
    ) -> None:
        self._client = client
        self._url = url
        self.external_id = external_id
        self.email = email
        self.customer_id = customer_id
        self.plan_id = plan_id

    @property
    def used(self) -> int:
        """The number of try-ons used in this period."""
        return self._usage.used

    @property
    def remaining(self) -> int:
        """The number of try-ons left in this period."""
        return self._usage.remaining

    def spend(self, count: int = 1) -> None:
        """Use try-ons one by one, as a shop's own engine does.

        Raises:
            QuotaError: Fewer are left, all of which are used.
        """
        token = self.token()
        for _ in range(count):
            self._client.tryons.track(end_customer_token=token)

    def exhaust(self) -> None:
        """Use all try-ons that are left: the next one is refused with ``quota_exhausted``."""
        usage = self._usage
        name = quote(self.customer_id, safe="")
        used = max(usage.used, usage.limit or 0)
        call(self._url, "PATCH", f"/sandbox/customers/{name}", {"used": used})

    def renew(self, plan_id: str | None = None) -> None:
        """Start a new period with a full quota, as a sale or a renewal does."""
        self.plan_id = plan_id or self.plan_id
        self._client.customers.upsert(
            external_id=self.external_id, email=self.email, plan_id=self.plan_id
        )

    def pause(self) -> None:
        """Pause the shopper, who may not try on and gets no tokens."""
        self._client.customers.update(self.customer_id, status="PAUSED")

    def cancel(self) -> None:
        """Cancel the shopper, who may not try on and gets no tokens."""
        self._client.customers.cancel(self.customer_id)

    def token(self) -> str:
        """Mint a session token."""
        return self._client.sessions.mint(self.customer_id).token

    @property
    def _usage(self) -> Usage:
        return self._client.customers.usage(self.customer_id)
