"""Shares tokens through Redis, and does without it while it is away."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from redis.retry import Retry

from ..api.models import Session
from ..errors import DeadlineError
from ..per_process import PerProcess
from .memory import MARGIN

log = logging.getLogger("genvoris_flask.sessions")

T = TypeVar("T")
SOCKET_TIMEOUT = 0.25  # seconds; redis-py's own default waits for minutes
PAUSE = 2.0  # seconds without asking, after Redis did not answer
LOCK_SECONDS = 20.0  # after which the lock of a process that died is free
POLL = 0.02


class RedisSessions:
    """Tokens by shopper in Redis, one lock for each, and a channel for dropped ones.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        secret: What tells this shop's keys from others': its API key and URL. Only its hash is
            used.
        wall: The wall clock, in Unix seconds.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._prefix = f"genvoris:{_digest(secret)}"
        self._wall = wall
        self._clock = clock
        self._away_until = 0.0
        self._is_away = False
        self._listener: Callable[[str], None] | None = None
        self._redis = PerProcess(self._connect)

    def get(self, external_id: str) -> Session | None:
        """Give another process's token, with over a minute left."""
        raw = self._ask(lambda client: client.get(self._key(external_id)), None)
        session = _load(raw) if raw else None
        return session if session and session.expires_at - MARGIN > self._wall() else None

    def put(self, external_id: str, session: Session) -> None:
        """Let the others have this token until a minute before its end."""
        milliseconds = int((session.expires_at - MARGIN - self._wall()) * 1000)
        if milliseconds > 0:
            key, value = self._key(external_id), _dump(session)
            self._ask(lambda client: client.set(key, value, px=milliseconds), None)

    def drop(self, external_id: str) -> None:
        """Take a token from all processes."""

        def drop(client: redis.Redis) -> None:
            client.delete(self._key(external_id))
            client.publish(f"{self._prefix}:dropped", external_id)

        self._ask(drop, None)

    @contextmanager
    def minting(self, external_id: str, seconds: float) -> Iterator[None]:
        """Hold the right to mint for this shopper; without Redis, each process for itself.

        Raises:
            DeadlineError: Another process held it all the time.
        """
        lock = self._ask(lambda client: self._lock(client, external_id, seconds), None)
        if lock is False:
            raise DeadlineError("Another process is still minting this shopper's token.")
        try:
            yield
        finally:
            if lock:
                self._ask(lambda _client: _release(lock), None)

    def on_drop(self, listener: Callable[[str], None]) -> None:
        """Call when another process drops a shopper's token."""
        self._listener = listener

    def fault(self) -> str | None:
        """Ask Redis, whatever it did before; give the kind of error, never its text.

        The text may name the URL, and with it a password.
        """
        try:
            self._redis.get().ping()
        except (RedisError, OSError) as error:
            return type(error).__name__
        return None

    def _lock(self, client: redis.Redis, external_id: str, seconds: float) -> Any:
        lock = client.lock(
            f"{self._prefix}:minting:{_digest(external_id)}", timeout=LOCK_SECONDS, sleep=POLL
        )
        return lock if lock.acquire(blocking_timeout=seconds) else False

    def _ask(self, question: Callable[[redis.Redis], T], otherwise: T) -> T:
        """Ask Redis, unless it did not answer just now."""
        if self._is_away and self._clock() < self._away_until:
            return otherwise
        try:
            answer = self._ask_twice(question)
        except (RedisError, OSError) as error:
            self._away_until = self._clock() + PAUSE
            if not self._is_away:
                self._is_away = True
                reason = type(error).__name__
                log.warning("Redis is away (%s): each process keeps its own sessions.", reason)
            return otherwise
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back: sessions are shared again.")
        return answer

    def _ask_twice(self, question: Callable[[redis.Redis], T]) -> T:
        """Give a busy Redis a second chance, unless it was away already."""
        try:
            return question(self._redis.get())
        except (RedisError, OSError):
            if self._is_away:
                raise
        return question(self._redis.get())

    def _connect(self) -> redis.Redis:
        client = redis.Redis.from_url(
            self._url,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        if self._listener:
            listening = threading.Thread(target=self._listen, args=(self._listener,), daemon=True)
            listening.name = "genvoris-dropped"
            listening.start()
        return client

    def _listen(self, listener: Callable[[str], None]) -> None:
        """Hear of dropped tokens, for as long as this process lives."""
        patient = redis.Redis.from_url(self._url, retry=Retry(NoBackoff(), 0))
        while True:
            try:
                with patient.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(f"{self._prefix}:dropped")
                    for message in channel.listen():
                        listener(message["data"].decode())
            except (RedisError, OSError):
                time.sleep(PAUSE)

    def _key(self, external_id: str) -> str:
        return f"{self._prefix}:session:{_digest(external_id)}"


def _release(lock: Any) -> None:
    try:
        lock.release()
    except LockError:
        log.debug("A mint took longer than its lock.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _dump(session: Session) -> str:
    fields = asdict(session)
    if session.period_end:
        fields["period_end"] = session.period_end.isoformat()
    return json.dumps(fields)


def _load(raw: bytes | str) -> Session | None:
    """Read what was dumped; what another version wrote otherwise counts as nothing."""
    try:
        fields = json.loads(raw)
        if fields["period_end"]:
            fields["period_end"] = dt.datetime.fromisoformat(fields["period_end"])
        return Session(**fields)
    except (ValueError, TypeError, KeyError):
        return None
