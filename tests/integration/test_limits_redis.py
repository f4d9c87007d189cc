"""Limits that several processes share, and what becomes of them when Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
import redis

from genvoris_flask.core.storage.redis_connection import PAUSE, RedisConnection
from genvoris_flask.web.rate_limits.limiter import Limiter
from genvoris_flask.web.rate_limits.redis import RedisWindows
from tests.integration.conftest import RedisServer
from tests.support.forwarder import Forwarder

RATES = {"session": "3/hour"}


class Stopwatch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def open_limiter(
    url: str, name: str = "shop", clock: Callable[[], float] = time.monotonic
) -> Limiter:
    return Limiter(RATES, RedisWindows(RedisConnection(url, clock), lambda _client: name), clock)


def test_all_processes_of_a_shop_count_together_and_shops_apart(redis_server: RedisServer) -> None:
    one, other = (open_limiter(redis_server.url) for _ in range(2))
    stranger = open_limiter(redis_server.url, "another shop")
    assert [each.count_shopper("session", "ada") for each in (one, other, one)] == [None] * 3
    wait = other.count_shopper("session", "ada")
    assert wait is not None
    assert 3500 < wait <= 3600
    assert stranger.count_shopper("session", "ada") is None


def test_the_keys_are_the_packages_own_and_name_nobody(redis_server: RedisServer) -> None:
    open_limiter(redis_server.url).count_shopper("session", "ann@example.com")
    with redis.Redis.from_url(redis_server.url) as client:
        keys = client.keys("*")
    assert keys
    assert all(key.startswith(b"genvoris:limits:moving-window:") for key in keys)
    assert not any(b"ann" in key for key in keys)


def test_while_redis_is_away_each_process_counts_by_itself_and_says_so_once(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = Stopwatch()
    limiter = open_limiter(redis_server.url, clock=clock)
    assert limiter.count_shopper("session", "ada") is None
    redis_server.kill()
    assert [limiter.count_shopper("session", "ada") for _ in range(3)] == [None] * 3
    assert limiter.count_shopper("session", "ada") is not None
    assert caplog.text.count("Redis is unavailable") == 1
    redis_server.start()
    clock.now += PAUSE
    assert limiter.count_shopper("session", "ada") is None
    assert caplog.text.count("Redis is available again") == 1


def test_a_redis_that_hangs_is_waited_for_once(redis_server: RedisServer) -> None:
    with Forwarder(redis_server.port) as address:
        limiter = open_limiter(address.url, clock=Stopwatch())
        limiter.count_shopper("session", "ada")
        redis_server.freeze()
        limiter.count_shopper("session", "ben")
        asked = address.received
        for _ in range(20):
            limiter.count_shopper("session", "ben")
        assert address.received == asked
