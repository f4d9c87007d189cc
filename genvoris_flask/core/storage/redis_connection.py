"""The connection to Redis, and the one place that notices when Redis is unavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.exceptions import MasterDownError, ReadOnlyError, RedisClusterException, RedisError

from ...errors import StoreUnavailableError
from ..concurrency.per_process import PerProcess
from .redis_clients import SOCKET_TIMEOUT, open_client
from .redis_url import RedisAddress, parse_redis_url, read_redis_url

log: logging.Logger = logging.getLogger("genvoris_flask.store")

T = TypeVar("T")
PAUSE = 2.0  # seconds without another attempt, after Redis did not answer
MAX_OLD_CONNECTIONS = 20  # that one command may meet after a failover
FAILURES = (RedisError, RedisClusterException, OSError)
CHECK_SECONDS = 10.0  # after which a silent connection is checked


class RedisConnection:
    """A pool of connections per process to the Redis of ``GENVORIS_STORE_URL``.

    While Redis does not answer, no command is sent for ``PAUSE`` seconds after each failure.

    Args:
        url: As ``redis_url`` has it: one server, Sentinels or a cluster.
        clock: A monotonic clock, in seconds.

    Attributes:
        address: What the URL names.

    Raises:
        ConfigurationError: The URL is invalid.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        url = read_redis_url("GENVORIS_STORE_URL", url)
        self.address: RedisAddress = parse_redis_url(url) or RedisAddress("server", url)
        self._clock = clock
        self._retry_at = 0.0
        self._is_unavailable = False
        self._client = PerProcess(self._connect)

    def run(self, command: Callable[[redis.Redis], T], *, retry: bool = True) -> T:
        """Return the result of a command, unless Redis is known to be unavailable.

        Args:
            command: Sends commands with the client that it is given.
            retry: Whether it may be sent again if its first reply was lost.

        Raises:
            StoreUnavailableError: Redis does not answer, or refuses the command.
        """
        if self._is_unavailable and self._clock() < self._retry_at:
            raise StoreUnavailableError("Redis did not answer a moment ago, so it is not asked.")
        try:
            result = self._run_up_to_twice(command, retry=retry)
        except FAILURES as error:
            self._note_failure(type(error).__name__)
            # The error's own text may name the URL, and with it a password.
            raise StoreUnavailableError(
                f"Redis does not answer ({type(error).__name__})."
            ) from None
        if self._is_unavailable:
            self._is_unavailable = False
            log.warning("Redis is available again: all processes share again.")
        return result

    def client(self) -> redis.Redis:
        """Return this process's client, which raises redis-py's own errors.

        That of a cluster connects at once, so this may fail as a command does.
        """
        return self._client.get()

    def open_listener(self) -> redis.Redis:
        """Return a client that waits for messages without a timeout."""
        return open_client(self.address, None)

    def _run_up_to_twice(self, command: Callable[[redis.Redis], T], *, retry: bool) -> T:
        """Send a command, and once more if Redis was only busy.

        After a failover the address leads to the new primary, but open connections still lead to
        the old one. What a replica refuses is not written, so it may be sent again, as often as
        another thread has just returned an old connection.
        """
        client = self.client()
        for _ in range(MAX_OLD_CONNECTIONS):
            try:
                return command(client)
            except FAILURES as error:
                if not _is_refusal_of_replica(error):
                    if self._is_unavailable or not retry:
                        raise
                    break
                if self.address.kind != "cluster":  # whose client follows the primaries itself
                    client.connection_pool.disconnect(inuse_connections=False)
        return command(client)

    def _note_failure(self, reason: str) -> None:
        self._retry_at = self._clock() + PAUSE
        if not self._is_unavailable:
            self._is_unavailable = True
            log.warning("Redis is unavailable (%s): each process works on its own.", reason)

    def _connect(self) -> redis.Redis:
        if self._is_unavailable and self._clock() < self._retry_at:
            # Another thread has tried while this one waited for its turn.
            raise redis.ConnectionError("The cluster did not answer a moment ago.")
        return open_client(self.address, SOCKET_TIMEOUT)


def _is_refusal_of_replica(error: Exception) -> bool:
    if isinstance(error, ReadOnlyError | MasterDownError):
        return True
    # Before Redis 7, a script's error is wrapped in one of another kind. With Sentinels, redis-py
    # raises one of its own.
    return "READONLY" in str(error) or "previous master is now a slave" in str(error)
