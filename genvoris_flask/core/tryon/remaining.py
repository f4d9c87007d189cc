"""How many try-ons shoppers have left, remembered for a moment so that no page waits for it."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from cachetools import LRUCache

from ...errors import GenvorisError
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import WorkerPool
from ..sessions import Shopper

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

THREADS = 2
USABLE_SECONDS = 600.0  # for which an older number is better than none


@dataclass(frozen=True)
class _Reading:
    number: int | None
    at: float


@dataclass
class _Readings:
    """What one process has read."""

    known: LRUCache[str, _Reading]
    under_way: dict[str, Future[int | None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class RemainingTryons:
    """Reads in the background how many try-ons shoppers have left.

    Args:
        read: Returns how many a shopper has; None if that is not known. It may take long.
        fresh: Seconds for which a number is not read again.
        wait: Seconds that a page may wait for a number that has to be read.
        max_shoppers: How many shoppers are remembered.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        read: Callable[[Shopper], int | None],
        *,
        fresh: float,
        wait: float,
        max_shoppers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._fresh = fresh
        self._wait = wait
        self._clock = clock
        self._pool = WorkerPool("genvoris-remaining", THREADS, grace=0.0)
        self._readings = PerProcess(lambda: _Readings(LRUCache(max_shoppers)))

    def get(self, shopper: Shopper) -> int | None:
        """Return how many try-ons a shopper has left; None if that is not known in time."""
        readings, key = self._readings.get(), shopper.external_id
        with readings.lock:
            last = readings.known.get(key)
            if last is not None and self._clock() - last.at < self._fresh:
                return last.number
            future = readings.under_way.get(key)
            if future is None:
                future = Future()
                try:
                    task = functools.partial(self._refresh, readings, shopper, future)
                    self._pool.submit(task)
                except RuntimeError:  # the system starts no thread
                    return None
                readings.under_way[key] = future
        try:
            return future.result(self._wait)
        except TimeoutError:
            is_usable = last is not None and self._clock() - last.at < USABLE_SECONDS
            return last.number if last and is_usable else None

    def forget(self, external_id: str) -> None:
        """Forget how many a shopper has, in this process."""
        readings = self._readings.get()
        with readings.lock:
            readings.known.pop(external_id, None)

    def _refresh(self, readings: _Readings, shopper: Shopper, future: Future[int | None]) -> None:
        number: int | None = None
        try:
            number = self._read(shopper)
        except GenvorisError as error:
            log.debug("A shopper's try-ons could not be read: %s", error)
        finally:
            with readings.lock:
                del readings.under_way[shopper.external_id]
                readings.known[shopper.external_id] = _Reading(number, self._clock())
            future.set_result(number)
