"""The thread that receives messages in Redis."""

from __future__ import annotations

import gc
import threading
import weakref

import redis

from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_listener import RedisListener
from genvoris_flask.errors import StoreUnavailableError
from tests.support.waiting import LIMIT, until


def test_freed_while_redis_is_away() -> None:
    """A listener that is no longer used is freed, although Redis has never answered it."""
    has_failed = threading.Event()

    def fail(_client: redis.Redis, _channel: str) -> str:
        has_failed.set()
        raise StoreUnavailableError("Redis does not answer.")

    def is_freed() -> bool:
        gc.collect()
        return found() is None

    connection = RedisConnection("redis://127.0.0.1:1/0")  # it is never asked
    listener = RedisListener(connection, ["news"], fail, lambda _channel, _message: None, 10.0)
    found = weakref.ref(listener)
    listener.start()
    assert has_failed.wait(LIMIT)
    del listener
    until(is_freed, "the thread keeps its listener")
