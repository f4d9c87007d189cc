"""Shares values through Redis, and says at once when it is away."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from redis.retry import Retry

from ..errors import LockTimeoutError, StoreAwayError
from ..per_process import PerProcess
from .interface import digest

log = logging.getLogger("genvoris_flask.store")

T = TypeVar("T")
SOCKET_TIMEOUT = 0.25  # seconds; redis-py's own default waits for minutes
PAUSE = 2.0  # seconds without asking, after Redis did not answer
POLL = 0.02  # seconds between two looks at a lock

# GET and SET in one step (Redis runs a script alone).
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RedisStore:
    """A ``Store`` of all processes that use the same Redis and the same secret.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        secret: What tells this shop's keys from others': its API key, URL and prefix of ids. Only
            its hash is used.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._prefix = f"genvoris:{digest(secret)}"
        self._clock = clock
        self._away_until = 0.0
        self._is_away = False
        self._listeners: dict[str, Callable[[str], None]] = {}
        # Tells our own messages from others': who publishes knows already.
        self._sender = PerProcess(lambda: secrets.token_hex(8))
        self._redis = PerProcess(self._connect)

    def get(self, key: str) -> bytes | None:
        """Give what is kept, unless its time is over."""
        value = self._ask(lambda client: client.get(self._key(key)))
        return value.encode() if isinstance(value, str) else value

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""
        self._ask(lambda client: client.set(self._key(key), value, px=_milliseconds(seconds)))

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Keep a value if there is none."""
        milliseconds = _milliseconds(seconds)
        return self._ask(
            lambda client: bool(client.set(self._key(key), value, px=milliseconds, nx=True)),
            # A first try whose answer was lost would make the second one say that it came late.
            twice=False,
        )

    def replace(self, key: str, value: bytes, seconds: float, *, expected: bytes) -> bool:
        """Keep a value if what is kept now is still ``expected``."""
        arguments = (self._key(key), expected, value, _milliseconds(seconds))
        return self._ask(lambda client: bool(client.eval(_REPLACE, 1, *arguments)), twice=False)

    def delete(self, *keys: str) -> None:
        """Forget values."""
        if keys:
            self._ask(lambda client: client.delete(*(self._key(key) for key in keys)))

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:
        """Hold a lock, by redis-py's own ``Lock``.

        Raises:
            LockTimeoutError: Somebody else held it all the time.
        """
        until = self._clock() + wait

        def acquire(client: redis.Redis) -> Any:
            lock = client.lock(f"{self._prefix}:lock:{digest(name)}", timeout=hold, sleep=POLL)
            left = max(0.0, until - self._clock())
            return lock if lock.acquire(blocking_timeout=left) else None

        lock = self._ask(acquire)
        if lock is None:
            raise LockTimeoutError(f"Another process still holds {name!r}.")
        try:
            yield
        finally:
            self._release(lock)

    def publish(self, channel: str, message: str) -> None:
        """Tell the other processes."""
        text = f"{self._sender.get()} {message}"
        self._ask(lambda client: client.publish(f"{self._prefix}:{channel}", text))

    def subscribe(self, channel: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with what other processes publish. To be called before first use."""
        self._listeners[f"{self._prefix}:{channel}"] = listener

    def fault(self) -> str | None:
        """Ask Redis, whatever it did before; give the kind of error, never its text.

        The text may name the URL, and with it a password.
        """
        try:
            self._redis.get().ping()
        except (RedisError, OSError) as error:
            return type(error).__name__
        return None

    def _ask(self, question: Callable[[redis.Redis], T], *, twice: bool = True) -> T:
        """Ask Redis, unless it did not answer just now.

        Raises:
            StoreAwayError: It does not answer.
        """
        if self._is_away and self._clock() < self._away_until:
            raise StoreAwayError("Redis did not answer just now, so it is not asked.")
        try:
            answer = self._ask_up_to_twice(question, twice=twice)
        except (RedisError, OSError) as error:
            self._note_away(type(error).__name__)
            # The error's own text may name the URL, and with it a password.
            raise StoreAwayError(f"Redis does not answer ({type(error).__name__}).") from None
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back: all processes share again.")
        return answer

    def _ask_up_to_twice(self, question: Callable[[redis.Redis], T], *, twice: bool) -> T:
        """Give a busy Redis a second chance, unless it was away already."""
        try:
            return question(self._redis.get())
        except (RedisError, OSError):
            if self._is_away or not twice:
                raise
        return question(self._redis.get())

    def _note_away(self, reason: str) -> None:
        self._away_until = self._clock() + PAUSE
        if not self._is_away:
            self._is_away = True
            log.warning("Redis is away (%s): each process carries on by itself.", reason)

    def _release(self, lock: Any) -> None:
        def release(_client: redis.Redis) -> None:
            try:
                lock.release()
            except LockError:  # a RedisError, but one that says nothing of Redis
                log.debug("What a lock was for took longer than the lock.")

        try:
            self._ask(release)
        except StoreAwayError:
            log.debug("A lock could not be released; it ends by itself.")

    def _connect(self) -> redis.Redis:
        client = redis.Redis.from_url(
            self._url,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        if self._listeners:
            listening = threading.Thread(target=self._listen, daemon=True, name="genvoris-listen")
            listening.start()
        return client

    def _listen(self) -> None:
        """Hear what other processes publish, for as long as this process lives."""
        patient = redis.Redis.from_url(self._url, retry=Retry(NoBackoff(), 0))
        while True:
            try:
                with patient.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(*self._listeners)
                    for message in channel.listen():
                        self._hear(message["channel"].decode(), message["data"].decode())
            except (RedisError, OSError):
                time.sleep(PAUSE)

    def _hear(self, channel: str, text: str) -> None:
        sender, _, message = text.partition(" ")
        if sender != self._sender.get():
            self._listeners[channel](message)

    def _key(self, key: str) -> str:
        return f"{self._prefix}:{key}"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
