"""Receives the messages that other processes publish in Redis."""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Callable, Collection
from typing import Any

import redis

from ...errors import StoreUnavailableError
from ..concurrency.threads import start_thread
from .redis_connection import FAILURES, PAUSE, RedisConnection


class RedisListener:
    """Passes messages on, on a thread that ends when this object is no longer used.

    Args:
        connection: The connection to Redis.
        channels: What to listen to, as it is when the thread subscribes.
        key: Returns the key in Redis of a channel. It changes with the namespace of the shop.
        receive: Called with a channel and a message.
        check_seconds: After how long a silence the connection is checked.
    """

    def __init__(
        self,
        connection: RedisConnection,
        channels: Collection[str],
        key: Callable[[redis.Redis, str], str],
        receive: Callable[[str, bytes], None],
        check_seconds: float,
    ) -> None:
        self._connection = connection
        self._channels = channels
        self._key = key
        self._receive = receive
        self._check_seconds = check_seconds

    def start(self) -> None:
        """Start the thread."""
        found = weakref.ref(self)
        start_thread("genvoris-listen", functools.partial(_listen, found, self._check_seconds))

    def proceed(self, subscription: _Subscription | None, message: Any) -> _Subscription | None:
        """Pass a message on, and return the subscription for the next one.

        Args:
            subscription: The one so far; None if there is none.
            message: What it has received; None if that is nothing.

        Returns:
            None if the channels have other keys by now.

        Raises:
            RedisError: Redis does not answer.
        """
        client = self._connection.client()
        if subscription is None:
            keys = {self._key(client, name).encode(): name for name in self._channels}
            return _Subscription(self._connection.open_listener(), keys)
        if message is not None and message["type"] == "message":
            self._receive(subscription.keys[message["channel"]], message["data"])
        if all(self._key(client, name).encode() == key for key, name in subscription.keys.items()):
            return subscription
        subscription.close()
        return None


class _Subscription:
    """A connection that waits for messages, and the channel that each key stands for.

    Args:
        client: Used for nothing else, and closed in the end. That of a cluster learns of other
            nodes by its commands alone, so after a failover it would wait for a lost one.
        keys: The channels by their keys.

    Raises:
        RedisError: Redis does not answer.
    """

    def __init__(self, client: redis.Redis, keys: dict[bytes, str]) -> None:
        self.keys = keys
        self._client = client
        self._pubsub = client.pubsub()  # type: ignore[no-untyped-call]
        self._is_asked = False
        try:
            self._pubsub.subscribe(*keys)
        except BaseException:
            self.close()
            raise

    def wait(self, seconds: float) -> Any:
        """Return the next message, or None after so many seconds.

        A connection that a firewall or a failover has dropped looks like one without messages, so
        a silent one is asked for an answer.

        Raises:
            ConnectionError: It does not answer.
        """
        message = self._pubsub.get_message(timeout=seconds)
        if message is None and self._is_asked:
            raise redis.ConnectionError("The connection for messages is dead.")
        self._is_asked = message is None
        if message is None:
            self._pubsub.ping()
        return message

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


def _listen(found: weakref.ref[RedisListener], check_seconds: float) -> None:
    """Receive messages until nobody uses the listener, to which waiting keeps no reference."""
    subscription: _Subscription | None = None
    while True:
        try:
            message = subscription.wait(check_seconds) if subscription else None
            listener = found()
            if listener is None:
                break
            subscription = listener.proceed(subscription, message)
            del listener
        except (*FAILURES, StoreUnavailableError):
            if subscription:
                subscription.close()
            subscription = listener = None
            time.sleep(PAUSE)
    if subscription:
        subscription.close()
