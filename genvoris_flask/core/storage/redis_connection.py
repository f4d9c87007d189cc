"""Asks Redis over one pool of connections for each process, and stops while it does not answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import MasterDownError, ReadOnlyError, RedisError
from redis.retry import Retry

from ...errors import StoreUnavailableError
from ..concurrency.per_process import PerProcess
from .redis_url import read_redis_url

log = logging.getLogger("genvoris_flask.store")

T = TypeVar("T")
SOCKET_TIMEOUT = 0.25  # seconds; redis-py's own default waits for minutes
PAUSE = 2.0  # seconds without asking, after Redis did not answer
CHECK_SECONDS = 30  # between two looks whether a silent connection still stands


class RedisConnection:
    """A connection to the Redis of ``GENVORIS_STORE_URL``.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        clock: A monotonic clock, in seconds.

    Raises:
        ConfigurationError: The URL cannot be used.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = read_redis_url("GENVORIS_STORE_URL", url)
        self._clock = clock
        self._away_until = 0.0
        self._is_away = False
        self._client = PerProcess(self._connect)

    def ask(self, question: Callable[[redis.Redis], T], *, twice: bool = True) -> T:
        """Return what ``question`` gets from Redis, unless Redis did not answer just now.

        Args:
            question: Sends commands to the client that it is given.
            twice: Whether the question may be asked again when its first answer was lost.

        Raises:
            StoreUnavailableError: Redis does not answer, or refuses the command.
        """
        if self._is_away and self._clock() < self._away_until:
            raise StoreUnavailableError("Redis did not answer just now, so it is not asked.")
        try:
            answer = self._ask_up_to_twice(question, twice=twice)
        except (RedisError, OSError) as error:
            self._note_away(type(error).__name__)
            # The error's own text may name the URL, and with it a password.
            raise StoreUnavailableError(
                f"Redis does not answer ({type(error).__name__})."
            ) from None
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back: all processes share again.")
        return answer

    def client(self) -> redis.Redis:
        """Return this process's client, which raises redis-py's own errors."""
        return self._client.get()

    def open_listener(self) -> redis.Redis:
        """Return a client that waits for messages as long as it takes."""
        return redis.Redis.from_url(
            self._url,
            socket_timeout=None,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=CHECK_SECONDS,
        )

    def _ask_up_to_twice(self, question: Callable[[redis.Redis], T], *, twice: bool) -> T:
        """Give a busy Redis a second chance, unless it was away already."""
        client = self.client()
        try:
            return question(client)
        except (RedisError, OSError) as error:
            if _comes_from_a_replica(error):
                # After a failover the address leads to the new primary, but open connections
                # still lead to the old one. Nothing was written, so asking again is safe.
                client.connection_pool.disconnect(inuse_connections=False)
            elif self._is_away or not twice:
                raise
        return question(client)

    def _note_away(self, reason: str) -> None:
        self._away_until = self._clock() + PAUSE
        if not self._is_away:
            self._is_away = True
            log.warning("Redis is away (%s): each process carries on by itself.", reason)

    def _connect(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._url,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )


def _comes_from_a_replica(error: Exception) -> bool:
    # Redis before 7 wraps what a script was refused in an error of another kind.
    return isinstance(error, ReadOnlyError | MasterDownError) or "READONLY" in str(error)
