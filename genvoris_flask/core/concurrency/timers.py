"""Calls functions when their time has come, on one thread for all of a process.

A thread for each upload would be simpler; starting one may take longer than the whole upload.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .per_process import PerProcess


@dataclass(order=True)
class Timer:
    """Something to call at a time, unless it is cancelled before."""

    due: float
    number: int
    ring: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Call nothing any more."""
        self.ring = None


@dataclass
class _Clockwork:
    """The alarms of one process."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: list[Timer] = field(default_factory=list)
    runs: bool = False


class Timers:
    """Takes alarms. Its thread starts with the first and lives as long as the process."""

    def __init__(self) -> None:
        self._clockwork = PerProcess(_Clockwork)
        self._numbers = itertools.count()

    def after(self, seconds: float, ring: Callable[[], None]) -> Timer:
        """Call something so many seconds from now; it must not raise, nor take long."""
        clockwork = self._clockwork.get()
        alarm = Timer(time.monotonic() + seconds, next(self._numbers), ring)
        with clockwork.changed:
            heapq.heappush(clockwork.waiting, alarm)
            while clockwork.waiting[0].ring is None:  # keep what was cancelled from piling up
                heapq.heappop(clockwork.waiting)
            if not clockwork.runs:
                clockwork.runs = True
                thread = threading.Thread(target=self._run, args=(clockwork,), daemon=True)
                thread.name = "genvoris-alarms"
                thread.start()
            elif clockwork.waiting[0] is alarm:
                clockwork.changed.notify()
        return alarm

    def _run(self, clockwork: _Clockwork) -> None:
        while True:
            ring = self._next(clockwork).ring
            if ring is not None:
                ring()

    def _next(self, clockwork: _Clockwork) -> Timer:
        with clockwork.changed:
            while True:
                first = clockwork.waiting[0] if clockwork.waiting else None
                left = None if first is None else first.due - time.monotonic()
                if left is not None and left <= 0:
                    return heapq.heappop(clockwork.waiting)
                clockwork.changed.wait(left)
