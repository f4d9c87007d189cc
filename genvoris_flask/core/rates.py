"""Rates such as ``30/minute`` or ``20/minute; 200/hour``.

The notation is that of the limits library, which counts in Redis. It is parsed here because
importing limits, with all its storages, takes half as long as importing Flask.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Paced = Literal["mints", "registrations", "new_shoppers", "tryons"]
UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "month": 30 * 86400,
    "year": 360 * 86400,
}
# What Genvoris allows: mints and registrations of a key, unknown shoppers before it suspends the
# key, and try-ons from an address. The others have no published limit.
LIMITS: Mapping[Paced, str] = {
    "mints": "1000/hour",
    "registrations": "100/hour",
    "new_shoppers": "500/hour",
    "tryons": "20/minute; 200/hour",
}
# What a shop sends by default.
PACE: Mapping[str, str] = {
    "mints": "900/hour",
    "registrations": "90/hour",
    "new_shoppers": "400/hour",
    "tryons": "18/minute; 180/hour",
}
_RATE = re.compile(
    rf"\s*(\d+)\s*(?:/|per)\s*(\d+)?\s*({'|'.join(UNITS)})s?\s*", re.ASCII | re.IGNORECASE
)
_SEPARATOR = re.compile("[,;|]")


@dataclass(frozen=True)
class Rate:
    """How often something may happen.

    Attributes:
        amount: How many times.
        multiples: In how many units of time.
        unit: One of ``UNITS``.
    """

    amount: int
    multiples: int
    unit: str

    @property
    def seconds(self) -> int:
        """The length of the window."""
        return self.multiples * UNITS[self.unit]

    def times(self, factor: int) -> Rate:
        """Return a rate that allows ``factor`` times as much."""
        return Rate(self.amount * factor, self.multiples, self.unit)

    def share(self, share: float) -> Rate:
        """Return a rate that allows a share of this one, and at least one."""
        return Rate(max(1, int(self.amount * share)), self.multiples, self.unit)

    def __str__(self) -> str:
        return f"{self.amount} per {self.multiples} {self.unit}"


def most_within(rates: Sequence[Rate], seconds: int) -> int:
    """Return how often something may happen at most within a time, if all rates hold."""
    return min(rate.amount * math.ceil(seconds / rate.seconds) for rate in rates)


def parse_rates(text: str) -> list[Rate]:
    """Return the rates in a string.

    Raises:
        ValueError: It is not a list of rates.
    """
    rates = []
    for part in _SEPARATOR.split(text):
        match = _RATE.fullmatch(part)
        if match is None or int(match[1]) == 0:
            raise ValueError(f"not a rate: {part!r}")
        rates.append(Rate(int(match[1]), int(match[2] or 1) or 1, match[3].lower()))
    return rates
