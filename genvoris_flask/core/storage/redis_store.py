"""Shares values, locks and messages through Redis."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import redis
from redis.exceptions import LockError

from ...errors import LockTimeoutError, StoreUnavailableError
from ..concurrency.per_process import PerProcess
from .health import attempt, examine
from .interface import digest
from .namespace import PREFIX, Namespace
from .redis_connection import CHECK_SECONDS, RedisConnection
from .redis_listener import RedisListener

log: logging.Logger = logging.getLogger("genvoris_flask.store")

T = TypeVar("T")
POLL = 0.02  # seconds between two attempts to take a lock
# Records that are kept for longer must be found after a change of the API key.
LASTING_SECONDS = 7 * 24 * 3600.0
# Of a value that is always there. Not a lasting record: it may be found under either name.
MARK_SECONDS = 6 * 24 * 3600.0
EMPTIED_SECONDS = 10.0  # in which all processes write again what they have
_MARK, _EMPTIED = "mark", "emptied"

# GET and SET in one step (Redis runs a script alone).
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RedisStore:
    """A ``Store`` that all processes of a shop share.

    Args:
        connection: The connection to Redis.
        namespace: Tells this shop's keys from those of others.
        check_seconds: After how long a silence the connection that waits for messages is checked.
    """

    def __init__(
        self,
        connection: RedisConnection,
        namespace: Namespace,
        *,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self._listeners: dict[str, Callable[[str], None]] = {}
        # Marks a process's own messages, which it need not receive.
        self._sender = PerProcess(lambda: secrets.token_hex(8))
        self._listener = RedisListener(
            connection, self._listeners.keys(), self._key, self._receive, check_seconds
        )
        self._listening = PerProcess(self._listener.start)

    def get(self, key: str) -> bytes | None:
        """Return a value, unless it has expired."""
        value = self._run(lambda client: client.get(self._key(client, key)))
        return value.encode() if isinstance(value, str) else value

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""

        def put(client: redis.Redis) -> None:
            client.set(self._key(client, key, seconds), value, px=_milliseconds(seconds))

        self._run(put)

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none."""

        def put(client: redis.Redis) -> bool:
            name = self._key(client, key, seconds)
            return bool(client.set(name, value, px=_milliseconds(seconds), nx=True))

        # If the first reply was lost, the retry would find the value and return False.
        return self._run(put, retry=False)

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if the current one is ``expected``."""

        def put(client: redis.Redis) -> bool:
            name = self._key(client, key, seconds)
            return bool(client.eval(_REPLACE, 1, name, expected, value, _milliseconds(seconds)))

        return self._run(put, retry=False)

    def delete(self, *keys: str) -> None:
        """Delete values."""
        if keys:
            self._run(lambda client: client.delete(*(self._key(client, key) for key in keys)))

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:
        """Hold a lock, with redis-py's own ``Lock``.

        Raises:
            LockTimeoutError: Another process held it for longer than ``wait``.
        """
        until = time.monotonic() + wait

        def acquire(client: redis.Redis) -> Any:
            lock = client.lock(self._key(client, f"lock:{digest(name)}"), timeout=hold, sleep=POLL)
            left = max(0.0, until - time.monotonic())
            return lock if lock.acquire(blocking_timeout=left) else None

        lock = self._run(acquire)
        if lock is None:
            # What follows the colon may name a shopper.
            raise LockTimeoutError(f"Another process still holds {name.partition(':')[0]!r}.")
        try:
            yield
        finally:
            self._release(lock)

    def publish(self, channel: str, message: str) -> None:
        """Send a message to the other processes."""
        text = f"{self._sender.get()} {message}"
        self._run(lambda client: client.publish(self._key(client, channel), text))

    def subscribe(self, channel: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the messages of other processes. Call this before first use."""
        self._listeners[channel] = listener

    def is_available(self) -> bool:
        """Return whether Redis answers and can be written. Genvoris is never asked for it."""
        try:
            self._connection.run(lambda client: client.set(f"{PREFIX}:health", b"1", px=10_000))
        except StoreUnavailableError:
            return False
        return True

    def was_emptied(self) -> bool:
        """Return whether Redis lost all values within the last seconds, however that came about."""
        if self.get(_MARK) is None:
            self.set(_EMPTIED, b"1", EMPTIED_SECONDS)
        self.set(_MARK, b"1", MARK_SECONDS)
        return self.get(_EMPTIED) is not None

    def health_check(self) -> str | None:
        """Return what is wrong with Redis and how to fix it, or None if all is well."""
        opened: list[redis.Redis] = []

        def open_client() -> None:
            opened.append(self._connection.client())

        def find_records() -> None:
            self._namespace.find(opened[0])

        return (
            attempt("be reached", open_client)
            or examine(opened[0])
            or attempt("find the shop's records", find_records)
        )

    def _run(self, command: Callable[[redis.Redis], T], *, retry: bool = True) -> T:
        """Run a command. The first one starts the thread that listens to other processes.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        if self._listeners:
            self._listening.get()
        return self._connection.run(command, retry=retry)

    def _release(self, lock: Any) -> None:
        token = lock.local.token

        def release(_client: redis.Redis) -> None:
            lock.local.token = token  # redis-py forgets it with the first try
            try:
                lock.release()
            except LockError:  # a RedisError, but no sign that Redis is unavailable
                log.debug("A lock expired before it was released.")

        try:
            self._run(release)
        except StoreUnavailableError:
            log.debug("A lock could not be released; it will expire.")

    def _receive(self, channel: str, text: bytes) -> None:
        """Pass a message on. One that cannot be read must not end the thread."""
        try:
            sender, _, message = text.decode().partition(" ")
            if sender != self._sender.get():
                self._listeners[channel](message)
        except Exception as error:  # noqa: BLE001  (the thread goes on)
            # The message itself is not logged: it may name a shopper.
            log.warning("A message in Redis could not be read (%s).", type(error).__name__)

    def _key(self, client: redis.Redis, key: str, seconds: float = 0) -> str:
        name = self._namespace.find(client, lasting=seconds >= LASTING_SECONDS)
        return f"{PREFIX}:{name}:{key}"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
