"""Counts calls in moving windows, in Redis for all processes of a shop."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence

import redis
from limits import RateLimitItem, parse
from limits.storage import RedisClusterStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from limits.util import WindowStats

from ..concurrency.per_process import PerProcess
from ..rates import Rate
from .health import attempt
from .namespace import PREFIX
from .redis_clients import SOCKET_TIMEOUT, connection_options
from .redis_connection import RedisConnection

log: logging.Logger = logging.getLogger("genvoris_flask.store")


@functools.cache
def _item(rate: Rate) -> RateLimitItem:
    """Return a rate in the form that the limits library uses."""
    return parse(str(rate))


def _wait_for(stats: WindowStats) -> float:
    """Return the seconds until the oldest hit of a window is over."""
    return max(1.0, stats.reset_time - time.time())


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

    def hit(self, rates: Sequence[Rate], key: str, spare: float = 0.0) -> float | None:
        """Count a hit against each rate; return the seconds to wait if one of them is exceeded.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        return self._connection.run(
            lambda client: self._hit(rates, (self._name(client), key), spare)
        )

    def wait(self, rates: Sequence[Rate], key: str) -> float | None:
        """Return the seconds to wait for a hit, without counting one; None if there is room.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        return self._connection.run(lambda client: self._wait(rates, (self._name(client), key)))

    def health_check(self) -> str | None:
        """Return why hits cannot be counted in Redis, or None if all is well."""

        def count() -> None:
            self._hit([Rate(1000, 1, "second")], ("check",))

        return attempt("count calls", count)

    def _hit(self, rates: Sequence[Rate], key: tuple[str, ...], spare: float = 0.0) -> float | None:
        limiter = self._limiter.get()
        for item in map(_item, rates):
            left = min(item.amount - 1, int(item.amount * spare))
            has_room = not left or limiter.test(item, *key, cost=1 + left)
            if not has_room or not limiter.hit(item, *key):
                return _wait_for(limiter.get_window_stats(item, *key))
        return None

    def _wait(self, rates: Sequence[Rate], key: tuple[str, ...]) -> float | None:
        limiter = self._limiter.get()
        all_stats = [limiter.get_window_stats(item, *key) for item in map(_item, rates)]
        waits = [_wait_for(stats) for stats in all_stats if not stats.remaining]
        return max(waits, default=None)

    def _open(self) -> MovingWindowRateLimiter:
        # All keys of this package have one prefix, so that one pattern of an ACL is enough. It
        # names the strategy, since another one would store other values under its keys.
        prefix = f"{PREFIX}:limits:moving-window"
        address = self._connection.address
        if address.kind != "cluster":
            pool = self._connection.client().connection_pool
            return MovingWindowRateLimiter(
                RedisStorage("redis://", connection_pool=pool, key_prefix=prefix)
            )
        # limits takes no client, so this one has connections of its own.
        hosts = ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in address.hosts
        )
        options = {**connection_options(address), "socket_timeout": SOCKET_TIMEOUT}
        options["socket_connect_timeout"] = SOCKET_TIMEOUT
        storage = RedisClusterStorage(f"redis+cluster://{hosts}", key_prefix=prefix, **options)
        return MovingWindowRateLimiter(storage)
