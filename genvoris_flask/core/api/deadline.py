"""One bound on all that a call may spend: connecting, retries, waiting and reading."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A point in time that a call must be done by.

    Args:
        seconds: How long from now.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, seconds: float) -> None:
        """Move the end to so many seconds from now."""
        self._end = self._clock() + seconds

    def remaining(self) -> float:
        """Seconds that are left; zero when there are none."""
        return max(0.0, self._end - self._clock())

    def allows(self, seconds: float) -> bool:
        """Say whether something that takes so long would still be done in time."""
        return seconds < self.remaining()
