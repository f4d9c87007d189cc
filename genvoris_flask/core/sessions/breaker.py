"""Stops asking Genvoris while it does not answer, and finds out by itself when it does again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Literal

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

log: logging.Logger = logging.getLogger("genvoris_flask.sessions")

FAILURES_TO_OPEN = 3
SLOW_CALLS = 3  # in a row, after which no page waits for a call; as many fast ones end that
FIRST_PAUSE = 5.0  # seconds; doubled each time that a probe fails
LONGEST_PAUSE = 60.0
PROBE_SECONDS = 15.0  # after which a probe without an outcome counts as failed


State = Literal["closed", "slow", "open"]


class CircuitBreaker:
    """Opens after some failures in a row. While it is open, it lets one probe through at a time.

    Calls that succeed, but later than a page waits, make it ``slow``: calls are made as before, and
    no page waits for them. Opening it would keep those from trying on who can wait, and closing it
    would make pages wait in vain until it opens again.

    Args:
        clock: A monotonic clock, in seconds.
        slow_seconds: The duration from which on a call is slow.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, slow_seconds: float = math.inf
    ) -> None:
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._is_slow = False
        self._contrary_calls = 0  # in a row, that were fast while it is slow, or the other way
        self._lock = ProcessLock()
        self._failures = 0
        self._pause = 0.0
        self._next_probe_at = 0.0
        self._probe_ends: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are held back now. It takes no lock, since every page view asks."""
        return self._pause > 0

    @property
    def is_slow(self) -> bool:
        """Whether calls succeed later than a page waits."""
        return self._is_slow

    @property
    def state(self) -> State:
        """The state, for those who watch the shop."""
        return "open" if self.is_open else "slow" if self.is_slow else "closed"

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

    def succeeded(self, seconds: float | None = None) -> None:
        """Record that Genvoris answered.

        Args:
            seconds: How long it took; None if that says nothing of other calls.
        """
        with self._lock:
            before = self.state
            if seconds is not None:
                self._count(is_slow=seconds >= self._slow_seconds)
            self._pause, self._failures, self._probe_ends = 0.0, 0, None
            after = self.state
        if after == "slow" and before != "slow":
            log.warning(
                "Genvoris takes longer than GENVORIS_PAGE_BUDGET: pages render without a session, "
                "which follows in the background."
            )
        elif after == "closed" and before != "closed":
            log.warning("Genvoris answers again: sessions are minted as before.")

    def _count(self, *, is_slow: bool) -> None:
        """Count a call that succeeded. The caller holds the lock."""
        self._contrary_calls = self._contrary_calls + 1 if is_slow != self._is_slow else 0
        # Pages have waited in vain for an open circuit already.
        if self._contrary_calls >= SLOW_CALLS or (is_slow and self._pause):
            self._is_slow, self._contrary_calls = is_slow, 0

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
