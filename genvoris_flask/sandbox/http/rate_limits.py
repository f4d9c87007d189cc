"""Genvoris's rate limits, in force where the settings say so.

The ``limits`` library counts by the machine's clock alone; here time is the sandbox's, which moves.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

from .errors import RefusalError

MOST_KEYS = 10_000


@dataclass(frozen=True)
class Limit:
    """So many within so many seconds."""

    what: str
    most: int
    seconds: float


MINTS = Limit("session mints", 1000, 3600)
CUSTOMER_CREATES = Limit("customer creates", 100, 3600)
TRYONS_BY_ADDRESS = (Limit("try-ons", 20, 60), Limit("try-ons", 200, 3600))
TRYONS_BY_CUSTOMER = Limit("try-ons", 10, 60)


class Limiter:
    """Counts in a sliding window, in this process."""

    def __init__(self) -> None:
        self._times: dict[tuple[Limit, str], deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, who: str, limits: tuple[Limit, ...], now: float) -> None:
        """Count one, or refuse with 429 and count nothing.

        Args:
            who: Whose it is.
            limits: All that hold for it.
            now: In Unix seconds.
        """
        with self._lock:
            if len(self._times) > MOST_KEYS:
                self._times.clear()
            windows = [(limit, self._window(limit, who, now)) for limit in limits]
            for limit, times in windows:
                if len(times) >= limit.most:
                    raise _refusal(limit, times[0] + limit.seconds - now)
            for _, times in windows:
                times.append(now)

    def _window(self, limit: Limit, who: str, now: float) -> deque[float]:
        times = self._times.setdefault((limit, who), deque())
        # A clock that was moved back leaves times that have not come yet.
        while times and not now - limit.seconds < times[0] <= now:
            times.popleft()
        return times


def _refusal(limit: Limit, wait: float) -> RefusalError:
    detail = f"At most {limit.most} {limit.what} in {limit.seconds:.0f} s."
    headers = {"Retry-After": str(max(1, math.ceil(wait)))}
    return RefusalError(429, "rate_limited", detail, headers=headers)
