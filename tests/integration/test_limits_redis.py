"""Limits that several processes share, and what becomes of them when Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
import redis

from genvoris_flask.core.rate_limits import Limiter
from genvoris_flask.core.rates import parse_rates
from genvoris_flask.core.storage.redis_connection import PAUSE, RedisConnection
from genvoris_flask.core.storage.redis_windows import RedisWindows
from tests.integration.conftest import RedisServer
from tests.support.fake_genvoris import Clock
from tests.support.forwarder import Forwarder

RATES = {"session": "3/hour"}


def open_limiter(
    url: str, name: str = "shop", clock: Callable[[], float] = time.monotonic
) -> Limiter:
    return Limiter(RATES, RedisWindows(RedisConnection(url, clock), lambda _client: name), clock)


def test_processes_of_a_shop_count_together(redis_server: RedisServer) -> None:
    """Other shops count separately."""
    one, other = (open_limiter(redis_server.url) for _ in range(2))
    stranger = open_limiter(redis_server.url, "another shop")
    assert [each.count_shopper("session", "ada") for each in (one, other, one)] == [None] * 3
    wait = other.count_shopper("session", "ada")
    assert wait is not None
    assert 3500 < wait <= 3600
    assert stranger.count_shopper("session", "ada") is None


def test_less_urgent_hits_leave_room(redis_server: RedisServer) -> None:
    """Half of a rate, say; whoever only asks for the wait is not counted."""
    windows = RedisWindows(RedisConnection(redis_server.url), lambda _client: "shop")
    rates = parse_rates("4/hour; 100/day")
    hits = [windows.hit(rates, "mints", 0.5) is None for _ in range(3)]
    assert hits == [True, True, False]
    assert [windows.wait(rates, "mints") for _ in range(5)] == [None] * 5
    hits = [windows.hit(rates, "mints") is None for _ in range(3)]
    assert hits == [True, True, False]
    wait = windows.wait(rates, "mints")
    assert wait is not None
    assert 3500 < wait <= 3600


def test_keys_have_a_prefix_and_name_nobody(redis_server: RedisServer) -> None:
    """Everybody who uses Redis can list them."""
    open_limiter(redis_server.url).count_shopper("session", "ann@example.com")
    with redis.Redis.from_url(redis_server.url) as client:
        keys = client.keys("*")
    assert keys
    assert all(key.startswith(b"genvoris:limits:moving-window:") for key in keys)
    assert not any(b"ann" in key for key in keys)


def test_processes_count_on_their_own_without_redis(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Which is logged once, as is the recovery."""
    caplog.set_level(logging.WARNING)
    clock = Clock()
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


def test_hanging_redis_costs_one_timeout(redis_server: RedisServer) -> None:
    """Later calls do not ask it."""
    with Forwarder(redis_server.port) as address:
        limiter = open_limiter(address.url, clock=Clock())
        limiter.count_shopper("session", "ada")
        redis_server.freeze()
        limiter.count_shopper("session", "ben")
        asked = address.received
        for _ in range(20):
            limiter.count_shopper("session", "ben")
        assert address.received == asked
