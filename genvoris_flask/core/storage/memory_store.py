"""Keeps values in this process: for a shop of one process, and for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cachetools import TLRUCache

from ...errors import LockTimeoutError
from ..concurrency.per_process import PerProcess

# Two bounds, so that many pictures never push out the small records that keep a sale from
# happening twice.
SMALL = 16 * 1024  # bytes
MOST_SMALL = 100_000  # values
MOST_LARGE = 256 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class _Kept:
    value: bytes
    until: float


class _Shelves:
    """The values of one process, small and large ones apart."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._small: TLRUCache[str, _Kept] = TLRUCache(MOST_SMALL, _end, timer=clock)
        self._large: TLRUCache[str, _Kept] = TLRUCache(
            MOST_LARGE, _end, timer=clock, getsizeof=lambda kept: len(kept.value)
        )

    def get(self, key: str) -> bytes | None:
        kept = self._small.get(key) or self._large.get(key)
        return kept.value if kept else None

    def put(self, key: str, kept: _Kept) -> None:
        self.drop(key)
        shelf = self._small if len(kept.value) <= SMALL else self._large
        shelf[key] = kept

    def drop(self, key: str) -> None:
        self._small.pop(key, None)
        self._large.pop(key, None)


@dataclass
class _Inside:
    """What must not cross a fork."""

    shelves: _Shelves
    # cachetools is not thread-safe: without this, readers see KeyErrors.
    mutex: threading.Lock = field(default_factory=threading.Lock)
    freed: threading.Condition = field(default_factory=threading.Condition)
    locked: set[str] = field(default_factory=set)


class MemoryStore:
    """A ``Store`` of one process, bounded in memory: the least recently used go first.

    Args:
        clock: Seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._inside = PerProcess(lambda: _Inside(_Shelves(clock)))

    def get(self, key: str) -> bytes | None:
        """Give what is kept, unless its time is over."""
        inside = self._inside.get()
        with inside.mutex:
            return inside.shelves.get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""
        inside = self._inside.get()
        with inside.mutex:
            inside.shelves.put(key, _Kept(value, self._clock() + seconds))

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none."""
        return self._put_if(key, value, seconds, None)

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if what is kept now is still ``expected``."""
        return self._put_if(key, value, seconds, expected)

    def delete(self, *keys: str) -> None:
        """Forget values."""
        inside = self._inside.get()
        with inside.mutex:
            for key in keys:
                inside.shelves.drop(key)

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:  # noqa: ARG002
        """Hold a lock. ``hold`` means nothing here: a thread that ends lets go by itself.

        Raises:
            LockTimeoutError: Somebody else held it all the time.
        """
        inside = self._inside.get()
        with inside.freed:
            if not inside.freed.wait_for(lambda: name not in inside.locked, timeout=wait):
                # What follows the colon may name a shopper.
                raise LockTimeoutError(f"Another thread still holds {name.partition(':')[0]!r}.")
            inside.locked.add(name)
        try:
            yield
        finally:
            with inside.freed:
                inside.locked.discard(name)
                inside.freed.notify_all()

    def publish(self, _channel: str, _message: str) -> None:
        """There is nobody else."""

    def subscribe(self, _channel: str, _listener: Callable[[str], None]) -> None:
        """There is nobody else."""

    def fault(self) -> str | None:
        """There is nothing that could fail."""
        return None

    def _put_if(self, key: str, value: bytes, seconds: float, expected: bytes | None) -> bool:
        inside = self._inside.get()
        with inside.mutex:
            if inside.shelves.get(key) != expected:
                return False
            inside.shelves.put(key, _Kept(value, self._clock() + seconds))
            return True


def _end(_key: str, kept: _Kept, _now: float) -> float:
    return kept.until
