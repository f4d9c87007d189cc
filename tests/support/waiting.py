"""Waiting for what must happen, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT = 60.0  # seconds; only a test that fails waits so long


def until(condition: Callable[[], object], otherwise: str = "it did not happen") -> None:
    """Wait for a condition, which may be asked often.

    Args:
        condition: What to wait for.
        otherwise: What the test fails with when it does not happen.
    """
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"{otherwise}, within {LIMIT:g} s"
        time.sleep(0.005)
