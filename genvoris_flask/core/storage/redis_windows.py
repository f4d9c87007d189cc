"""Counts calls in moving windows, in Redis for all processes."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence

import redis
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from ..concurrency.per_process import PerProcess
from ..rate_limits import Rate
from .health import attempt
from .redis_connection import RedisConnection


@functools.cache
def _item(rate: Rate) -> RateLimitItem:
    """Return a rate in the form that the limits library uses."""
    return parse(str(rate))


class RedisWindows:
    """Windows that all processes share.

    Args:
        connection: The connection to Redis.
        name: Returns what tells this shop's keys from those of others.
    """

    def __init__(self, connection: RedisConnection, name: Callable[[redis.Redis], str]) -> None:
        self._connection = connection
        self._name = name
        self._limiter = PerProcess(self._open)

    def hit(self, rates: Sequence[Rate], key: str) -> float | None:
        """Count a hit against each rate; return the seconds to wait if one of them is exceeded.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        return self._connection.run(lambda client: self._hit(rates, (self._name(client), key)))

    def health_check(self) -> str | None:
        """Return why hits cannot be counted in Redis, or None if all is well."""

        def count() -> None:
            self._hit([Rate(1000, 1, "second")], ("check",))

        return attempt("count calls", count)

    def _hit(self, rates: Sequence[Rate], key: tuple[str, ...]) -> float | None:
        limiter = self._limiter.get()
        for item in map(_item, rates):
            if not limiter.hit(item, *key):
                return max(1.0, limiter.get_window_stats(item, *key).reset_time - time.time())
        return None

    def _open(self) -> MovingWindowRateLimiter:
        # All keys of this package have one prefix, so that one pattern of an ACL is enough. It
        # names the strategy, since another one would store other values under its keys.
        storage = RedisStorage(
            "redis://",
            connection_pool=self._connection.client().connection_pool,
            key_prefix="genvoris:limits:moving-window",
        )
        return MovingWindowRateLimiter(storage)
