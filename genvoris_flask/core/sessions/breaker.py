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
PROBE_SECONDS = 15.0  # after which a probe that never came back counts as failed


class CircuitBreaker:
    """Counts failures in a row; beyond a few it is open, and lets through one probe at a time.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = ProcessLock()
        self._failures = 0
        self._pause = 0.0
        self._closed_until_probe = 0.0
        self._probe_ends: float | None = None

    @property
    def is_open(self) -> bool:
        """Say whether calls are held back now. Costs no lock: pages ask on every view."""
        return self._pause > 0

    def enter(self) -> None:
        """Ask for leave to call.

        Raises:
            CircuitOpenError: Not now.
        """
        with self._lock:
            if not self._pause:
                return
            now = self._clock()
            probing = self._probe_ends is not None and now < self._probe_ends
            if probing or now < self._closed_until_probe:
                raise CircuitOpenError("Genvoris did not answer lately, so it is not asked now.")
            self._probe_ends = now + PROBE_SECONDS

    def succeeded(self) -> None:
        """Genvoris answered."""
        with self._lock:
            was_open, self._pause, self._failures = self._pause > 0, 0.0, 0
            self._probe_ends = None
        if was_open:
            log.warning("Genvoris answers again: sessions are minted as before.")

    def abandoned(self) -> None:
        """The call turned out not to be needed; it says nothing of Genvoris."""
        with self._lock:
            self._probe_ends = None

    def failed(self, error: GenvorisError) -> None:
        """A call failed. What is a proper answer of Genvoris counts as success."""
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
            _tell(error, refused)

    def _open(self, error: GenvorisError, refused: bool) -> None:
        longer = min(LONGEST_PAUSE, self._pause * 2) or FIRST_PAUSE
        asked_for = (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0
        # A key that is refused will not become right by asking soon.
        self._pause = LONGEST_PAUSE if refused else max(longer, min(asked_for, LONGEST_PAUSE))
        self._closed_until_probe = self._clock() + self._pause
        self._probe_ends = None


def _is_answer(error: GenvorisError) -> bool:
    """Say whether Genvoris is well and just said no to this one call."""
    if isinstance(error, CustomerInactiveError | ExternalIdError):
        return True
    ours = UnauthorizedError | ForbiddenError | RateLimitedError | ServerError
    return isinstance(error, ApiError) and not isinstance(error, ours)


def _tell(error: GenvorisError, refused: bool) -> None:
    if refused:
        log.error(
            "Genvoris refuses the shop's key, so no page gets a session: check GENVORIS_API_KEY "
            "and the shop's account. (%s)",
            error,
        )
    else:
        log.warning("Genvoris does not answer; pages go out without a session. (%s)", error)
