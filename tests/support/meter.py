"""Measures what a call costs, without a clock."""

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
    """The cost of a call.

    Attributes:
        steps: How many lines of Python ran, including those of libraries.
        held: The peak of allocated memory in bytes, above what was allocated before.
    """

    steps: int
    held: int


class TooExpensiveError(AssertionError):
    """A call took more steps than allowed."""


def measure(call: Callable[[], object], most: float = math.inf) -> Cost:
    """Return the cost of a call, whose exceptions are not caught.

    Args:
        call: The function to call.
        most: The number of steps above which it is aborted.

    Raises:
        TooExpensiveError: It took more steps.
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
