"""Periods that Genvoris begins by itself, and those that were begun for a payment.

Genvoris fills an active shopper's quota every 30 days, paid or not. A month of 31 days is then
paid for a day after Genvoris has begun it, and that payment must not fill the quota once more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..api.models import Customer
from ..sessions import Shopper
from ..storage.interface import Store, digest
from .idempotency import KEEP_SECONDS, period_of

# How much later than Genvoris's own beginning of a period its payment comes at most.
LATE = timedelta(days=3)


class PaidPeriods:
    """Remembers the latest period of each shopper that was begun for a payment.

    Args:
        store: Holds them.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def is_rolled(self, shopper: Shopper, customer: Customer | None) -> bool:
        """Return whether Genvoris has begun the current period by itself in the last three days."""
        start = customer.period_start if customer else None
        if start is None:
            return False
        age = datetime.fromtimestamp(self._clock(), UTC) - start
        if not timedelta(0) <= age <= LATE:
            return False
        noted = self._store.get(_key(shopper))
        return noted is None or noted.decode() != period_of(customer)

    def note(self, shopper: Shopper, customer: Customer) -> None:
        """Note that the current period is paid for."""
        if start := period_of(customer):
            self._store.set(_key(shopper), start.encode(), KEEP_SECONDS)


def _key(shopper: Shopper) -> str:
    return "billing:period:" + digest(shopper.external_id)
