"""Leases of workers, which show that the process of a job still lives.

====================  ====================================================================
tryon-worker:WORKER   the lease of a worker: exists while the worker lives
…:WORKER:doubted      set by an earlier version, once somebody found the lease lapsed
====================  ====================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ....errors import StoreUnavailableError
from ...concurrency.per_process import ProcessLock
from ...storage.interface import Store

LEASE_SECONDS = 7.5
# A lease that lapsed is looked at for this long. When the store itself was away, live workers
# renew their leases as soon as it is back.
DOUBT_SECONDS = 5.0
MAX_GAP = 4.0  # seconds between two looks, beyond which the store may have been away unnoticed
FORGET_SECONDS = 60.0
# How many workers that only browsers have named are looked at: anybody can make names up.
MAX_NAMED = 100


@dataclass
class _Doubt:
    """The time that a lease was seen to be missing in, on a monotonic clock.

    Attributes:
        since: When it was first seen to be missing.
        last: When it was last seen to be.
        is_named: Whether a browser has named the worker, and the store has not.
    """

    since: float
    last: float
    is_named: bool


class Leases:
    """Renews leases, and tells which workers are lost.

    Whether a worker is dead or the store was away looks the same in the store. So each process
    looks for itself: a worker is lost when its lease was missing in every look of ``DOUBT_SECONDS``
    during which the store could be read and written.

    Args:
        store: Where they are kept.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._doubts: dict[str, _Doubt] = {}
        self._lock = ProcessLock()

    def renew(self, worker: str) -> None:
        """Record that a worker lives."""
        self._store.set(_lease_key(worker), b"1", LEASE_SECONDS)
        self._store.delete(f"{_lease_key(worker)}:doubted")

    def is_lost(self, worker: str, *, is_named: bool = False) -> bool:
        """Return whether a worker is dead. Of one that might be, ``watch`` looks again.

        Args:
            worker: Its name.
            is_named: Whether a browser has named it, and the store has not.
        """
        try:
            is_missing = self._store.get(_lease_key(worker)) is None
            # This writes, so it fails while live workers cannot renew their leases either.
            is_missing = is_missing and not self._store.was_emptied()
        except StoreUnavailableError:
            self._trust(worker)
            raise
        if not is_missing:
            self._trust(worker)
            return False
        return self._doubt(worker, is_named)

    def watch(self) -> None:
        """Look again at all leases that were missing. Call this every few seconds."""
        now = self._clock()
        with self._lock:
            doubts = list(self._doubts.items())
        for worker, doubt in doubts:
            if now - doubt.since > FORGET_SECONDS:
                self._trust(worker)
            else:
                self.is_lost(worker, is_named=doubt.is_named)

    @property
    def are_in_doubt(self) -> bool:
        """Whether there is something to watch."""
        return bool(self._doubts)

    def _doubt(self, worker: str, is_named: bool) -> bool:
        now = self._clock()
        with self._lock:
            doubt = self._doubts.get(worker)
            if doubt is None or now - doubt.last > MAX_GAP:
                doubt = self._doubts[worker] = _Doubt(now, now, is_named)
            doubt.last, doubt.is_named = now, doubt.is_named and is_named
            named = [each for each, known in self._doubts.items() if known.is_named]
            if len(named) > MAX_NAMED:
                del self._doubts[named[0]]  # the oldest
            return now - doubt.since >= DOUBT_SECONDS

    def _trust(self, worker: str) -> None:
        with self._lock:
            self._doubts.pop(worker, None)


def _lease_key(worker: str) -> str:
    return f"tryon-worker:{worker}"
