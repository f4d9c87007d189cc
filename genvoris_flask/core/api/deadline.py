"""One limit on all that a call may spend: connecting, retries, waiting and reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar


class Deadline:
    """A point in time by which a call must be done.

    Args:
        seconds: How far it is from now.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, seconds: float) -> None:
        """Move the deadline to ``seconds`` from now."""
        self._end = self._clock() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, or zero."""
        return max(0.0, self._end - self._clock())

    def allows(self, seconds: float) -> bool:
        """Return whether something that takes this long would be done in time."""
        return seconds < self.remaining()


# The deadline of the call that uses a socket now: sockets are shared by calls.
current_deadline: ContextVar[Deadline | None] = ContextVar("genvoris_deadline", default=None)
