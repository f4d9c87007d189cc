"""Stops asking Genvoris while it does not answer, and finds out by itself when it does again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ...errors import (
    ApiError,
    CircuitOpenError,
    CustomerInactiveError,
    ExternalIdError,
    ForbiddenError,
    GenvorisError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)
from ..concurrency.per_process import ProcessLock

log = logging.getLogger("genvoris_flask.sessions")

FAILURES_TO_OPEN = 3
FIRST_PAUSE = 5.0  # seconds; doubled each time that a probe fails
LONGEST_PAUSE = 60.0
PROBE_SECONDS = 15.0  # after which a probe without an outcome counts as failed


class CircuitBreaker:
    """Opens after some failures in a row. While it is open, it lets one probe through at a time.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = ProcessLock()
        self._failures = 0
        self._pause = 0.0
        self._next_probe_at = 0.0
        self._probe_ends: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are held back now. It takes no lock, since every page view asks."""
        return self._pause > 0

    def enter(self) -> None:
        """Return if a call may be made now.

        Raises:
            CircuitOpenError: It may not.
        """
        with self._lock:
            if not self._pause:
                return
            now = self._clock()
            probing = self._probe_ends is not None and now < self._probe_ends
            if probing or now < self._next_probe_at:
                raise CircuitOpenError("Genvoris did not answer lately, so it is not asked now.")
            self._probe_ends = now + PROBE_SECONDS

    def succeeded(self) -> None:
        """Record that Genvoris answered."""
        with self._lock:
            was_open, self._pause, self._failures = self._pause > 0, 0.0, 0
            self._probe_ends = None
        if was_open:
            log.warning("Genvoris answers again: sessions are minted as before.")

    def abandoned(self) -> None:
        """Record that the call was not made after all, so that it has no outcome."""
        with self._lock:
            self._probe_ends = None

    def failed(self, error: GenvorisError) -> None:
        """Record that a call failed. An error that shows Genvoris is well counts as success."""
        if _is_answer(error):
            self.succeeded()
            return
        refused = isinstance(error, UnauthorizedError | ForbiddenError)
        with self._lock:
            self._failures += 1
            opens = refused or self._failures >= FAILURES_TO_OPEN or self._pause > 0
            was_open = self._pause > 0
            if opens:
                self._open(error, refused)
        if opens and not was_open:
            _log_opening(error, refused)

    def _open(self, error: GenvorisError, refused: bool) -> None:
        longer = min(LONGEST_PAUSE, self._pause * 2) or FIRST_PAUSE
        asked_for = (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0
        # A key that is refused will not become valid soon.
        self._pause = LONGEST_PAUSE if refused else max(longer, min(asked_for, LONGEST_PAUSE))
        self._next_probe_at = self._clock() + self._pause
        self._probe_ends = None


def _is_answer(error: GenvorisError) -> bool:
    """Return whether Genvoris is well and only refused this one call."""
    if isinstance(error, CustomerInactiveError | ExternalIdError):
        return True
    faults = UnauthorizedError | ForbiddenError | RateLimitedError | ServerError
    return isinstance(error, ApiError) and not isinstance(error, faults)


def _log_opening(error: GenvorisError, refused: bool) -> None:
    if refused:
        log.error(
            "Genvoris refuses the shop's key, so no page gets a session: check GENVORIS_API_KEY "
            "and the shop's account. (%s)",
            error,
        )
    else:
        log.warning("Genvoris does not answer; pages render without a session. (%s)", error)
