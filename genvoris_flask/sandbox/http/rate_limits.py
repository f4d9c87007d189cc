"""Genvoris's rate limits, and a limiter that counts requests.

The ``limits`` library can only count by the machine's clock. Here time is the sandbox's, which can
be moved.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from ..responses import HttpError

MAX_KEYS = 10_000


@dataclass(frozen=True)
class RateLimit:
    """A maximum number of events within a number of seconds."""

    what: str
    maximum: int
    seconds: float


MINTS = RateLimit("session mints", 1000, 3600)
CUSTOMER_CREATES = RateLimit("customer creates", 100, 3600)
TRYONS_BY_ADDRESS = (RateLimit("try-ons", 20, 60), RateLimit("try-ons", 200, 3600))
TRYONS_BY_CUSTOMER = RateLimit("try-ons", 10, 60)
FAILURES = RateLimit("wrong keys", 20, 300)


class RateLimiter:
    """Counts events in sliding windows, in this process."""

    def __init__(self) -> None:
        self._times: dict[tuple[RateLimit, str], deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, who: str, limits: tuple[RateLimit, ...], now: float) -> None:
        """Count an event.

        Args:
            who: Whose event it is.
            limits: The limits that apply to it.
            now: The time in Unix seconds.

        Raises:
            HttpError: 429, if a limit is exceeded; the event is then not counted.
        """
        with self._lock:
            if len(self._times) > MAX_KEYS:
                self._times.clear()
            windows = [(limit, self._window(limit, who, now)) for limit in limits]
            for limit, times in windows:
                if len(times) >= limit.maximum:
                    raise _refusal(limit, times[0] + limit.seconds - now)
            for _, times in windows:
                times.append(now)

    def check(self, who: str, limits: tuple[RateLimit, ...], now: float) -> None:
        """Raise HttpError with 429 if a limit is reached, without counting an event."""
        with self._lock:
            for limit in limits:
                times = self._window(limit, who, now)
                if len(times) >= limit.maximum:
                    raise _refusal(limit, times[0] + limit.seconds - now)

    def _window(self, limit: RateLimit, who: str, now: float) -> deque[float]:
        times = self._times.setdefault((limit, who), deque())
        # After the clock was moved back, some times are in the future.
        while times and not now - limit.seconds < times[0] <= now:
            times.popleft()
        return times


class FailedAuthentications:
    """Counts wrong keys: by address in a sliding window, and in a row.

    Attributes:
        in_a_row: How many there were since the last right key.
    """

    def __init__(self) -> None:
        self.in_a_row: int = 0
        self._limiter = RateLimiter()

    def note(self, address: str, now: float) -> int:
        """Count a wrong key, and return how many there were in a row."""
        with suppress(HttpError):
            self._limiter.take(address, (FAILURES,), now)
        self.in_a_row += 1
        return self.in_a_row

    def require_few(self, address: str, now: float) -> None:
        """Raise HttpError with 429 if an address has sent too many wrong keys."""
        self._limiter.check(address, (FAILURES,), now)

    def succeeded(self) -> None:
        """Begin a new row."""
        self.in_a_row = 0

    def forget(self) -> None:
        """Count from zero."""
        self.in_a_row = 0
        self._limiter = RateLimiter()


def _refusal(limit: RateLimit, wait: float) -> HttpError:
    detail = f"At most {limit.maximum} {limit.what} in {limit.seconds:.0f} s."
    headers = {"Retry-After": str(max(1, math.ceil(wait)))}
    return HttpError(429, "rate_limited", detail, headers=headers)
