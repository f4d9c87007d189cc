"""How often a shopper, and an address, may call what costs something."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from ..per_process import PerProcess
from ..store.interface import digest

log = logging.getLogger("genvoris_flask.web")

# Offices, schools and mobile networks bring many shoppers from one address.
ADDRESS_FACTOR = 5
SOCKET_TIMEOUT = 0.25  # seconds; redis-py's own default waits for minutes
PAUSE = 2.0  # seconds without asking, after Redis did not answer


class Limiter:
    """Counts calls in a moving window, in Redis for all processes or in this one.

    While Redis is away each process counts by itself: nobody is refused for that, and nobody may
    call without end.

    Args:
        rates: How often, by the name of what is called: ``{"session": "30/minute"}``.
        store_url: Where Redis is; None: this process counts alone.
        secret: What tells this shop's keys from others'. Only its hash is used.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        rates: dict[str, str],
        store_url: str | None = None,
        secret: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = {name: parse_many(rate) for name, rate in rates.items()}
        self._url = store_url
        # The strategy's name is in the key, since another one keeps something else under it.
        self._prefix = f"genvoris:{digest(secret)}:moving-window"
        self._clock = clock
        self._away_until = 0.0
        self._is_away = False
        self._here = PerProcess(lambda: MovingWindowRateLimiter(MemoryStorage()))
        self._shared = PerProcess(self._connect)

    def count_shopper(self, name: str, owner: str) -> float | None:
        """Count a call by a shopper or guest; give the seconds to wait if it is one too many."""
        return self._count(self._rates[name], f"{name}:owner:{digest(owner)}")

    def count_address(self, name: str, address: str, factor: int = ADDRESS_FACTOR) -> float | None:
        """Count a call from an address, which may make so many times a shopper's."""
        rates = [
            type(rate)(rate.amount * factor, rate.multiples, rate.namespace)
            for rate in self._rates[name]
        ]
        return self._count(rates, f"{name}:address:{digest(address)}")

    def _count(self, rates: list[RateLimitItem], key: str) -> float | None:
        if self._url is not None and self._clock() >= self._away_until:
            try:
                wait = _hit(self._shared.get(), rates, self._prefix, key)
            except StorageError as error:
                self._note_away(type(error.storage_error).__name__)
            else:
                self._note_back()
                return wait
        return _hit(self._here.get(), rates, self._prefix, key)

    def _note_away(self, reason: str) -> None:
        self._away_until = self._clock() + PAUSE
        if not self._is_away:
            self._is_away = True
            log.warning("Redis is away (%s): each process limits calls by itself.", reason)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back: limits are counted for all processes again.")

    def _connect(self) -> RateLimiter:
        return MovingWindowRateLimiter(_open(str(self._url)))


def _hit(limiter: RateLimiter, rates: list[RateLimitItem], *key: str) -> float | None:
    """Count for each rate; a call that one of them refuses is not counted by those after it."""
    for rate in rates:
        if not limiter.hit(rate, *key):
            return max(1.0, limiter.get_window_stats(rate, *key).reset_time - time.time())
    return None


def _open(url: str) -> Storage:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": SOCKET_TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.startswith("unix://"):
        url = f"redis+{url}"
    storage = storage_from_string(url, wrap_exceptions=True, **options)
    assert isinstance(storage, Storage)  # noqa: S101  (the other kind is asked for by async+ URLs)
    return storage
