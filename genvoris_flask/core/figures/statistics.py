"""The formulas by which two groups are compared.

Both intervals are standard: Newcombe's hybrid of Wilson's score intervals for the difference of two
proportions (Statistics in Medicine 17, 1998, method 10), which also holds for few orders, and
Welch's for the difference of two means, by the normal distribution since groups are large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
POWER = 0.8
# The difference that is looked for, as a part of what the others do.
EFFECT = 0.25

Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_Z_POWER = NormalDist().inv_cdf(POWER)


@dataclass(frozen=True)
class Interval:
    """An estimate, and the range that has it with ``CONFIDENCE``."""

    low: float
    estimate: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a true value of zero is out of the range."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Sample:
    """What is known of numbers of which there are many.

    Attributes:
        size: How many there are, those that are zero included.
        total: Their sum.
        squares: The sum of their squares.
    """

    size: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Their mean; 0 if there are none."""
        return self.total / self.size if self.size else 0.0

    @property
    def variance_of_mean(self) -> float:
        """The variance of their mean, by which it would vary if all was done again."""
        if self.size < 2:
            return math.inf
        around = self.squares - self.total**2 / self.size
        return max(0.0, around) / (self.size - 1) / self.size


def wilson(count: int, size: int) -> Interval:
    """Return Wilson's score interval of a proportion."""
    if not size:
        return Interval(0.0, 0.0, 1.0)
    share, square = count / size, Z * Z
    middle = (share + square / (2 * size)) / (1 + square / size)
    spread = share * (1 - share) / size + square / (4 * size * size)
    half = Z * math.sqrt(spread) / (1 + square / size)
    return Interval(max(0.0, middle - half), share, min(1.0, middle + half))


def newcombe(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """Return the interval of the first proportion minus the second.

    Args:
        first: How many of how many.
        second: The same of the other group.
    """
    one, two = wilson(*first), wilson(*second)
    estimate = one.estimate - two.estimate
    low = estimate - math.hypot(one.estimate - one.low, two.high - two.estimate)
    high = estimate + math.hypot(one.high - one.estimate, two.estimate - two.low)
    return Interval(low, estimate, high)


def welch(first: Sample, second: Sample) -> Interval:
    """Return the interval of the first mean minus the second."""
    estimate = first.mean - second.mean
    half = Z * math.sqrt(first.variance_of_mean + second.variance_of_mean)
    return Interval(estimate - half, estimate, estimate + half)


def size_needed(share: float, ratio: float) -> int:
    """Return how large the smaller group must be to find a difference of ``EFFECT``.

    It is found with a probability of ``POWER``.

    Args:
        share: The proportion in both groups, more than 0 and less than 1.
        ratio: How many times as large the other group is.
    """
    difference = EFFECT * share
    spread = share * (1 - share) * (1 + 1 / ratio)
    return math.ceil((Z + _Z_POWER) ** 2 * spread / difference**2)
