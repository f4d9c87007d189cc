"""Calls that are counted against rates.

Redis counts for all processes; without it, this process counts in a bounded part of its memory.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import TLRUCache

from .rates import Rate, parse_rates
from .storage.interface import Fallback, digest

# Offices, schools and mobile networks bring many shoppers from one address.
ADDRESS_FACTOR = 5
# A window has at most so many entries: hits that are closer together share one. So a key takes no
# more memory at a higher rate.
PARTS = 60
# An entry takes about 150 bytes, so all of them together take at most about 30 MB.
MAX_ENTRIES = 200_000


class Windows(Protocol):
    """Counts hits in moving windows."""

    def hit(self, rates: Sequence[Rate], key: str, spare: float = 0.0) -> float | None:
        """Count a hit against each rate; return the seconds to wait if one of them is exceeded.

        A hit that one rate refuses is not counted against those after it.

        Args:
            rates: The rates.
            key: What is counted together.
            spare: The share of each rate that must be left.

        Raises:
            StoreUnavailableError: Hits cannot be counted here now.
        """

    def wait(self, rates: Sequence[Rate], key: str) -> float | None:
        """Return the seconds to wait for a hit, without counting one; None if there is room.

        Raises:
            StoreUnavailableError: Hits cannot be counted here now.
        """

    def health_check(self) -> str | None:
        """Return why hits cannot be counted and how to fix it, or None if all is well."""


class Limiter:
    """Counts calls in moving windows.

    While Redis is unavailable, each process counts on its own: nobody is refused for that, and
    nobody can call without limit.

    Args:
        rates: The rates by the name of what is called: ``{"session": "30/minute"}``.
        shared: Counts for all processes; None counts for this one only.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        rates: Mapping[str, str],
        shared: Windows | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.change_rates(rates)
        self._shared = shared
        self._windows: Fallback[Windows] = Fallback(shared, lambda: MemoryWindows(clock=clock))

    def change_rates(self, rates: Mapping[str, str]) -> None:
        """Go by other rates from now on. Those that differ begin to count anew."""
        self._rates = {name: parse_rates(rate) for name, rate in rates.items()}

    def count_shopper(self, name: str, owner: str) -> float | None:
        """Count a call by a shopper or guest; return the seconds to wait if it is one too many."""
        return self._count(self._rates[name], f"{name}:owner:{digest(owner)}")

    def count_address(self, name: str, address: str, factor: int = ADDRESS_FACTOR) -> float | None:
        """Count a call from an address; return the seconds to wait if it is one too many.

        Args:
            name: What is called.
            address: The address.
            factor: How many times a shopper's rate it may call.
        """
        rates = [rate.times(factor) for rate in self._rates[name]]
        return self._count(rates, f"{name}:address:{digest(address)}")

    def health_check(self) -> str | None:
        """Return why calls are not counted for all processes together, or None if all is well."""
        return self._shared.health_check() if self._shared else None

    def _count(self, rates: list[Rate], key: str) -> float | None:
        return self._windows.use(lambda windows: windows.hit(rates, key))


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
        """Forget hits at a time or before."""
        while self.entries and self.entries[0].last <= time:
            self.hits -= self.entries.popleft().hits

    def room_at(self, limit: int, seconds: float) -> float:
        """Return when there are fewer hits than a limit, which there are not now."""
        excess = self.hits - limit + 1
        for entry in self.entries:
            excess -= entry.hits
            if excess <= 0:
                break
        return entry.last + seconds

    def add(self, now: float, seconds: float) -> None:
        """Count a hit, in the last entry if that is recent."""
        self.hits += 1
        self.ends = now + seconds
        if self.entries and now - self.entries[-1].first < seconds / PARTS:
            self.entries[-1].last = now
            self.entries[-1].hits += 1
        else:
            self.entries.append(_Entry(now, now))


class MemoryWindows:
    """A bounded number of windows in this process's memory.

    The in-memory storage of the ``limits`` library keeps every key that it has seen, and walks all
    of them again and again (docs/upstream/limits-memory-storage.md). Here a key is forgotten when
    its window ends. If there is no room, the least recently hit key is forgotten first.

    Args:
        max_entries: How many entries are kept, over all keys.
        clock: Seconds, from any start.
    """

    def __init__(
        self, max_entries: int = MAX_ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # cachetools is not thread-safe
        self._windows: TLRUCache[str, _Window] = TLRUCache(
            max_entries,
            lambda _key, window, _now: window.ends,
            timer=clock,
            getsizeof=lambda window: 2 + len(window.entries),  # 2 for the key and the window
        )

    def __len__(self) -> int:
        """Return the number of windows."""
        with self._lock:
            self._windows.expire()
            return len(self._windows)

    def hit(self, rates: Sequence[Rate], key: str, spare: float = 0.0) -> float | None:
        """Count a hit against each rate; return the seconds to wait if one of them is exceeded."""
        now = self._clock()
        with self._lock:
            for rate in rates:
                limit = max(1, rate.amount - int(rate.amount * spare))
                if (wait := self._hit(rate, f"{key}/{rate}", now, limit)) is not None:
                    return wait
        return None

    def wait(self, rates: Sequence[Rate], key: str) -> float | None:
        """Return the seconds to wait for a hit, without counting one; None if there is room."""
        now = self._clock()
        waits = []
        with self._lock:
            for rate in rates:
                window = self._windows.get(f"{key}/{rate}") or _Window()
                window.forget_until(now - rate.seconds)
                if window.hits >= rate.amount:
                    waits.append(max(1.0, window.room_at(rate.amount, rate.seconds) - now))
        return max(waits, default=None)

    def health_check(self) -> str | None:
        """Return None: nothing can be wrong."""
        return None

    def _hit(self, rate: Rate, key: str, now: float, limit: int) -> float | None:
        seconds = rate.seconds
        window = self._windows.pop(key, None) or _Window()
        window.forget_until(now - seconds)
        wait = None
        if window.hits < limit:
            window.add(now, seconds)
        else:
            wait = max(1.0, window.room_at(limit, seconds) - now)
        self._windows[key] = window  # stored again, since its size and its end may have changed
        return wait
