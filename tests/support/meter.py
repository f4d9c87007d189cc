"""Counts what a call costs, without a clock."""

from __future__ import annotations

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


def measure(call: Callable[[], object]) -> Cost:
    """Return what a call costs; its exceptions go through once they are counted."""
    steps = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal steps
        steps += event == "line"
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
