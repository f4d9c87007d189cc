"""Counts what a call costs, without a clock."""

from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class Cost:
    """What a call cost.

    Attributes:
        steps: Lines of Python that ran, those of libraries included.
        held: The most bytes that it held at a time, beyond what was held before.
    """

    steps: int
    held: int


class TooExpensiveError(AssertionError):
    """A call took more steps than it may."""


def measure(call: Callable[[], object], most: float = math.inf) -> Cost:
    """Return what a call costs; its exceptions go through.

    Args:
        call: What is measured.
        most: The steps after which it is given up.

    Raises:
        TooExpensiveError: It took more.
    """
    steps = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        if steps > most:
            raise TooExpensiveError(f"The call took more than {most:,} steps.")
        return count

    before = sys.gettrace()
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    start, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
        _, peak = tracemalloc.get_traced_memory()
        if not tracing:
            tracemalloc.stop()
    return Cost(steps, peak - start)
