"""Random differences between waits, so that processes that failed together return one by one."""

from __future__ import annotations

import random

# The system's generator: a background thread must not move the global one, which the shop may have
# seeded, and processes forked from one parent must not draw the same waits.
_system = random.SystemRandom()


def jitter(least: float, most: float) -> float:
    """Return a random number between two others, in their unit."""
    return _system.uniform(least, most)
