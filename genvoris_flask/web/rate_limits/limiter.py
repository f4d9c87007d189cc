"""How often a shopper, and an address, may call what costs something."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.concurrency.per_process import PerProcess
from ...core.rates import Rate, parse_rates
from ...core.storage.interface import digest
from ...errors import StoreUnavailableError
from .memory import MemoryWindows, Windows

# Offices, schools and mobile networks bring many shoppers from one address.
ADDRESS_FACTOR = 5


class Limiter:
    """Counts calls in a moving window, in Redis for all processes or in this one.

    While Redis is away each process counts by itself: nobody is refused for that, and nobody may
    call without end.

    Args:
        rates: How often, by the name of what is called: ``{"session": "30/minute"}``.
        shared: Counts for all processes; None: this process counts alone.
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
        self._here = PerProcess(lambda: MemoryWindows(clock=clock))

    def count_shopper(self, name: str, owner: str) -> float | None:
        """Count a call by a shopper or guest; return the seconds to wait if it is one too many."""
        return self._count(self._rates[name], f"{name}:owner:{digest(owner)}")

    def count_address(self, name: str, address: str, factor: int = ADDRESS_FACTOR) -> float | None:
        """Count a call from an address, which may make so many times a shopper's."""
        rates = [rate.times(factor) for rate in self._rates[name]]
        return self._count(rates, f"{name}:address:{digest(address)}")

    def fault(self) -> str | None:
        """Return why calls are not counted for all processes together, and what to do."""
        return self._shared.fault() if self._shared else None

    def _count(self, rates: list[Rate], key: str) -> float | None:
        if self._shared is not None:
            try:
                return self._shared.hit(rates, key)
            except StoreUnavailableError:
                pass  # each process counts by itself meanwhile
        return self._here.get().hit(rates, key)
