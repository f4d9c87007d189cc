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

# Two bounds, so that many pictures never evict the small records that keep a sale from happening
# twice.
SMALL = 16 * 1024  # bytes
MAX_SMALL = 100_000  # values
MAX_LARGE = 256 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class _Entry:
    value: bytes
    expires_at: float


class _Buckets:
    """Small and large values, each with a bound of their own."""

    def __init__(self, clock: Callable[[], float], max_large: int) -> None:
        self._small: TLRUCache[str, _Entry] = TLRUCache(MAX_SMALL, _expiry, timer=clock)
        self._large: TLRUCache[str, _Entry] = TLRUCache(
            max_large, _expiry, timer=clock, getsizeof=lambda entry: len(entry.value)
        )

    def get(self, key: str) -> bytes | None:
        entry = self._small.get(key) or self._large.get(key)
        return entry.value if entry else None

    def put(self, key: str, entry: _Entry) -> None:
        self.delete(key)
        bucket = self._small if len(entry.value) <= SMALL else self._large
        bucket[key] = entry

    def delete(self, key: str) -> None:
        self._small.pop(key, None)
        self._large.pop(key, None)


@dataclass
class _ProcessState:
    """The values and locks of one process."""

    buckets: _Buckets
    # cachetools is not thread-safe: without this, readers see KeyErrors.
    mutex: threading.Lock = field(default_factory=threading.Lock)
    freed: threading.Condition = field(default_factory=threading.Condition)
    locked: set[str] = field(default_factory=set)


class MemoryStore:
    """A ``Store`` of one process, bounded in memory: the least recently used go first.

    Args:
        clock: Seconds, from any start. By default one that is never set, whatever happens to the
            machine's time; also in place of ``time.time``.
        max_large: How many bytes large values may take together.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, max_large: int = MAX_LARGE
    ) -> None:
        self._clock = timer = time.monotonic if clock is time.time else clock
        self._state = PerProcess(lambda: _ProcessState(_Buckets(timer, max_large)))

    def get(self, key: str) -> bytes | None:
        """Return a value, unless it has expired."""
        state = self._state.get()
        with state.mutex:
            return state.buckets.get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""
        state = self._state.get()
        with state.mutex:
            state.buckets.put(key, _Entry(value, self._clock() + seconds))

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none."""
        return self._put_if(key, value, seconds, None)

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if the current one is ``expected``."""
        return self._put_if(key, value, seconds, expected)

    def delete(self, *keys: str) -> None:
        """Delete values."""
        state = self._state.get()
        with state.mutex:
            for key in keys:
                state.buckets.delete(key)

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:  # noqa: ARG002
        """Hold a lock. ``hold`` has no effect: threads do not die while they hold one.

        Raises:
            LockTimeoutError: Another thread held it for longer than ``wait``.
        """
        state = self._state.get()
        with state.freed:
            if not state.freed.wait_for(lambda: name not in state.locked, timeout=wait):
                # What follows the colon may name a shopper.
                raise LockTimeoutError(f"Another thread still holds {name.partition(':')[0]!r}.")
            state.locked.add(name)
        try:
            yield
        finally:
            with state.freed:
                state.locked.discard(name)
                state.freed.notify_all()

    def publish(self, _channel: str, _message: str) -> None:
        """Do nothing: there is no other process."""

    def subscribe(self, _channel: str, _listener: Callable[[str], None]) -> None:
        """Do nothing: there is no other process."""

    def is_available(self) -> bool:
        """Return True."""
        return True

    def was_emptied(self) -> bool:
        """Return False: it lasts as long as the process that asks."""
        return False

    def health_check(self) -> str | None:
        """Return None: nothing can be wrong."""
        return None

    def _put_if(self, key: str, value: bytes, seconds: float, expected: bytes | None) -> bool:
        state = self._state.get()
        with state.mutex:
            if state.buckets.get(key) != expected:
                return False
            state.buckets.put(key, _Entry(value, self._clock() + seconds))
            return True


def _expiry(_key: str, entry: _Entry, _now: float) -> float:
    return entry.expires_at
