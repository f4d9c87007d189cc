"""Counts calls in moving windows, in the memory of this process and within bounds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import TLRUCache

from ...core.rates import Rate

# Hits that are closer to each other than this share of their window count as one entry, so that
# what a key costs does not grow with its rate.
PARTS = 60
# An entry takes about 150 bytes, so visitors never cost a process more than about 30 MB.
MOST_ENTRIES = 200_000


class Windows(Protocol):
    """Counts hits in moving windows."""

    def hit(self, rates: Sequence[Rate], key: str) -> float | None:
        """Count a hit for each rate; return the seconds to wait when one of them is exceeded.

        A hit that is refused by one rate is not counted by those after it.

        Raises:
            StoreUnavailableError: It cannot be counted here now.
        """

    def fault(self) -> str | None:
        """Return why nothing can be counted here, and what to do; None when all is well."""


@dataclass(slots=True)
class _Entry:
    first: float
    last: float
    hits: int = 1


@dataclass(slots=True)
class _Window:
    """The hits of one key and rate, oldest first."""

    ends: float = 0.0
    hits: int = 0
    entries: deque[_Entry] = field(default_factory=deque)

    def forget_until(self, time: float) -> None:
        """Forget what was hit at a time or before."""
        while self.entries and self.entries[0].last <= time:
            self.hits -= self.entries.popleft().hits

    def add(self, now: float, seconds: float) -> None:
        """Count a hit, which may join the entry before it."""
        self.hits += 1
        self.ends = now + seconds
        if self.entries and now - self.entries[-1].first < seconds / PARTS:
            self.entries[-1].last = now
            self.entries[-1].hits += 1
        else:
            self.entries.append(_Entry(now, now))


class MemoryWindows:
    """Windows in the memory of this process, of which there are never too many.

    The in-memory storage of the ``limits`` library keeps every key that it has seen, and walks all
    of them again and again (docs/upstream/limits-memory-storage.md). Here a key is forgotten when
    its window ends, and when there is no room, the key that was not hit for the longest time.

    Args:
        most: How many entries are kept, over all keys.
        clock: Seconds, from any start.
    """

    def __init__(
        self, most: int = MOST_ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # cachetools is not thread-safe
        self._windows: TLRUCache[str, _Window] = TLRUCache(
            most,
            lambda _key, window, _now: window.ends,
            timer=clock,
            getsizeof=lambda window: 2 + len(window.entries),  # 2 for the key and the window
        )

    def __len__(self) -> int:
        """Return how many windows are remembered."""
        with self._lock:
            self._windows.expire()
            return len(self._windows)

    def hit(self, rates: Sequence[Rate], key: str) -> float | None:
        """Count a hit for each rate; return the seconds to wait when one of them is exceeded."""
        now = self._clock()
        with self._lock:
            for rate in rates:
                if (wait := self._hit(rate, f"{key}/{rate}", now)) is not None:
                    return wait
        return None

    def fault(self) -> str | None:
        """There is nothing that could fail."""
        return None

    def _hit(self, rate: Rate, key: str, now: float) -> float | None:
        seconds = rate.seconds
        window = self._windows.pop(key, None) or _Window()
        window.forget_until(now - seconds)
        wait = None
        if window.hits < rate.amount:
            window.add(now, seconds)
        else:
            wait = max(1.0, window.entries[0].last + seconds - now)
        self._windows[key] = window  # put back, since its size and its end may have changed
        return wait
