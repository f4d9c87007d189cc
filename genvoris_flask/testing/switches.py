"""The sandbox's clock, and what makes it fail."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .calling import call


class Clock:
    """The sandbox's time. Give it to ``init_app(clock=…)`` and the shop lives in it too.

    Args:
        url: The sandbox's address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._offset = 0.0

    def __call__(self) -> float:
        """Give the time, in Unix seconds."""
        return dt.datetime.now(dt.UTC).timestamp() + self._offset

    @property
    def now(self) -> dt.datetime:
        """The time, in UTC."""
        return dt.datetime.fromtimestamp(self(), dt.UTC)

    def advance(self, seconds: float = 0, *, minutes: float = 0, days: float = 0) -> None:
        """Move on: tokens end, periods roll, webhooks become due."""
        whole = dt.timedelta(days=days, minutes=minutes, seconds=seconds).total_seconds()
        self._move({"advance": whole})

    def set(self, time: dt.datetime | float) -> None:
        """Move to a time: a datetime with a time zone, or Unix seconds; from there it runs on."""
        if isinstance(time, dt.datetime):
            if time.tzinfo is None:
                raise ValueError("Give the time a time zone, such as tzinfo=datetime.UTC.")
            time = time.timestamp()
        self._move({"set": time})

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._move({"reset": True})

    def _move(self, how: dict[str, Any]) -> None:
        self._offset = float(call(self._url, "POST", "/sandbox/clock", how)["offset"])


class Faults:
    """What goes wrong with calls of Genvoris. Rules add up, and the first that fits decides.

    Each takes ``path`` (``*`` is anything, as in ``/api/v1/customers/*``), ``method``, ``share``
    (of each four calls one at 0.25), ``count`` (after so many it is over) and ``when`` (``after``:
    the call takes effect, and only its answer is lost).

    Args:
        url: The sandbox's address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._rules: list[dict[str, Any]] = []

    def status(self, status: int, path: str = "*", **more: Any) -> None:
        """Refuse with a status, and ``error`` and ``retry_after`` where given."""
        if "retry_after" in more:
            more["retryAfter"] = more.pop("retry_after")
        self._add("status", path, status=status, **more)

    def latency(self, seconds: float, path: str = "*", **more: Any) -> None:
        """Answer later."""
        self._add("latency", path, seconds=seconds, **more)

    def hang(self, seconds: float = 60, path: str = "*", **more: Any) -> None:
        """Never answer, and hang up after so many seconds."""
        self._add("hang", path, seconds=seconds, **more)

    def slow(self, seconds: float, path: str = "*", **more: Any) -> None:
        """Let the answer drip for so many seconds."""
        self._add("slow", path, seconds=seconds, **more)

    def garbage(self, path: str = "*", **more: Any) -> None:
        """Answer what is no JSON."""
        self._add("garbage", path, **more)

    def drop(self, path: str = "*", **more: Any) -> None:
        """Reset the connection."""
        self._add("drop", path, **more)

    def clear(self) -> None:
        """Let everything go well again."""
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
