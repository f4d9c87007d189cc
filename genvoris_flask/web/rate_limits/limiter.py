"""Counts calls by shoppers and addresses against their rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ...core.rates import Rate, parse_rates
from ...core.storage.interface import Fallback, digest
from .memory import MemoryWindows

# Offices, schools and mobile networks bring many shoppers from one address.
ADDRESS_FACTOR = 5


class Windows(Protocol):
    """Counts hits in moving windows."""

    def hit(self, rates: Sequence[Rate], key: str) -> float | None:
        """Count a hit against each rate; return the seconds to wait if one of them is exceeded.

        A hit that one rate refuses is not counted against those after it.

        Raises:
            StoreUnavailableError: Hits cannot be counted here now.
        """

    def health_check(self) -> str | None:
        """Return why hits cannot be counted and how to fix it, or None if all is well."""


class Limiter:
    """Counts calls in moving windows.

    While Redis is unavailable, each process counts on its own: nobody is refused for that, and
    nobody can call without limit.

    Args:
        rates: The rates by the name of what is called: ``{"session": "30/minute"}``.
        shared: Counts for all processes; None counts for this one only.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        rates: dict[str, str],
        shared: Windows | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = {name: parse_rates(rate) for name, rate in rates.items()}
        self._shared = shared
        self._windows: Fallback[Windows] = Fallback(shared, lambda: MemoryWindows(clock=clock))

    def count_shopper(self, name: str, owner: str) -> float | None:
        """Count a call by a shopper or guest; return the seconds to wait if it is one too many."""
        return self._count(self._rates[name], f"{name}:owner:{digest(owner)}")

    def count_address(self, name: str, address: str, factor: int = ADDRESS_FACTOR) -> float | None:
        """Count a call from an address; return the seconds to wait if it is one too many.

        Args:
            name: What is called.
            address: The address.
            factor: How many times a shopper's rate it may call.
        """
        rates = [rate.times(factor) for rate in self._rates[name]]
        return self._count(rates, f"{name}:address:{digest(address)}")

    def health_check(self) -> str | None:
        """Return why calls are not counted for all processes together, or None if all is well."""
        return self._shared.health_check() if self._shared else None

    def _count(self, rates: list[Rate], key: str) -> float | None:
        return self._windows.use(lambda windows: windows.hit(rates, key))
