"""Looks after unfinished jobs every second, on a thread, for as long as there are any."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from ....errors import StoreUnavailableError
from ...concurrency.threads import RunAgain, WorkerPool
from ...concurrency.weak_methods import while_in_use

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

# For so long the store must have answered before a missing lease shows that a process died: when
# the store itself was away, live attempts renew theirs within a few seconds.
STEADY_SECONDS = 5.0


class Watch:
    """Calls a function while the store answers steadily.

    Args:
        look: The function; it returns whether there is anything left to look after.
        probe: Raises ``StoreUnavailableError`` if the store does not answer; returns the same.
        monotonic: A clock that is never set, in seconds.
        interval: Seconds between two calls.
    """

    def __init__(
        self,
        look: Callable[[], bool],
        probe: Callable[[], bool],
        monotonic: Callable[[], float],
        interval: float,
    ) -> None:
        self._look = look
        self._probe = probe
        self._monotonic = monotonic
        self._interval = interval
        self._pool = WorkerPool("genvoris-watch", 1, grace=0.0)
        self._lock = threading.RLock()
        self._is_running = False
        self._is_wanted = False
        self._steady_at = 0.0

    def ensure(self) -> None:
        """Start, unless it runs already."""
        with self._lock:
            self._is_wanted = True
            if not self._is_running:
                self._steady_at = self._monotonic() + STEADY_SECONDS
                with suppress(RuntimeError):  # no thread: other processes look as well
                    self._pool.submit(while_in_use(self._run), delay=self._interval)
                    self._is_running = True

    def _run(self) -> RunAgain | None:
        with self._lock:
            self._is_wanted = False
        is_needed = True
        try:
            is_needed = self._probe()
            if self._monotonic() >= self._steady_at:
                is_needed = self._look()
        except StoreUnavailableError:
            self._steady_at = self._monotonic() + STEADY_SECONDS
        except Exception:  # or no job of a killed process would run again
            log.exception("Looking after the try-ons failed")
        with self._lock:
            # A job may have been added since the function was called.
            self._is_running = is_needed or self._is_wanted
            return RunAgain(self._interval) if self._is_running else None
