"""What others who use the same Redis can see of shoppers, and do to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.images.photos import Picture
from genvoris_flask.core.products import Product
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.storage.interface import PIECE_BYTES
from genvoris_flask.core.tryon.jobs import JobExpiredError
from genvoris_flask.core.tryon.models import Job
from genvoris_flask.web.state import EXTENSION_KEY, AppState, get_state
from tests.integration.conftest import RedisServer
from tests.support.jobs import StubEngine, tryon
from tests.support.upstream import Upstream
from tests.support.waiting import LIMIT, until

ADA = Shopper("ada.example.com")
OWNER = "shopper:ada.example.com"
PRODUCT = Product(title="A secret gift", page_url="https://shop.example/gift")
PICTURE = Picture(b"\xff\xd8 a photo of ada " * (PIECE_BYTES // 10), "image/jpeg")


@pytest.fixture
def open_shop(upstream: Upstream, redis_server: RedisServer) -> Callable[..., AppState]:
    """Return a function that sets up the shop as another process would."""

    def open_one(**config: Any) -> AppState:
        app = Flask("shop")
        app.config.update(
            {
                "SECRET_KEY": "old",
                "GENVORIS_API_KEY": "gvk_test_1",
                "GENVORIS_API_URL": f"{upstream.url}/api/v1",
                "GENVORIS_STORE_URL": redis_server.url,
            }
        )
        app.config.update(config)
        GenvorisFlask(app)
        state = replace(get_state(app), engine=StubEngine(PICTURE))
        app.extensions[EXTENSION_KEY] = state
        return state

    return open_one


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as connection:
        yield connection


@contextmanager
def published(client: redis.Redis) -> Iterator[list[bytes]]:
    """Collect what is published meanwhile."""
    heard: list[bytes] = []
    with client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
        channel.psubscribe("*")
        channel.get_message(timeout=LIMIT)
        yield heard
        # What drops a token is published in the background.
        while message := channel.get_message(timeout=0.5 if heard else LIMIT):
            heard.append(message["data"])


def try_on(state: AppState, key: str | None = None) -> Job:
    job = state.jobs.submit(OWNER, tryon(product=PRODUCT), key)
    until(lambda: (found := state.jobs.find(job.id, OWNER)) is not None and bool(found.result))
    return job


def find(state: AppState, job: Job) -> Job | None:
    return state.jobs.find(job.id, OWNER)


def values(client: redis.Redis) -> dict[bytes, bytes]:
    found = {}
    for key in client.scan_iter():
        if client.type(key) == b"string" and (value := client.get(key)) is not None:
            assert isinstance(value, bytes)
            found[key] = value
    return found


@pytest.mark.parametrize("secret", ["old", None], ids=["secret", "no secret"])
def test_nothing_about_shoppers_is_readable(
    open_shop: Callable[..., AppState], client: redis.Redis, secret: str | None
) -> None:
    """In values, keys or messages. Without SECRET_KEY, the API key seals."""
    state = open_shop(SECRET_KEY=secret)
    with published(client) as messages:
        token = state.broker.session(ADA, 60).token
        job = try_on(state, "a key")
        everything = b"\n".join(part for pair in values(client).items() for part in pair)
        state.broker.forget(ADA)
        until(lambda: state.broker.cached(ADA) is None)
    assert messages, "others are told that the token is void"
    everything += b"\n".join(messages)
    for told in (
        token,
        "ada.example",
        "secret gift",
        "image/jpeg",
        "a photo of",
        '"state"',
        "ec_ada",
    ):
        assert told.encode() not in everything, told
    other = open_shop(SECRET_KEY=secret)
    found = find(other, job)
    assert found
    assert other.jobs.picture(found) == PICTURE


def test_processes_with_one_secret_share_tokens(
    open_shop: Callable[..., AppState], upstream: Upstream
) -> None:
    """And hear when one is dropped."""
    first, second = open_shop(), open_shop()
    assert first.broker.session(ADA, 60) == second.broker.session(ADA, 60)
    assert upstream.counts["mints"] == 1

    def told() -> bool:
        first.broker.forget(ADA)
        return second.broker.cached(ADA) is None

    until(told)


def test_fallback_secrets_still_unseal(
    open_shop: Callable[..., AppState], upstream: Upstream
) -> None:
    """Tokens and try-ons survive a new SECRET_KEY."""
    state = open_shop()
    state.broker.session(ADA, 60)
    job = try_on(state)
    after = open_shop(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"])
    after.broker.session(ADA, 60)
    assert upstream.counts["mints"] == 1
    found = find(after, job)
    assert found
    assert after.jobs.picture(found) == PICTURE


def test_lost_secret_repeats_no_try_on(
    open_shop: Callable[..., AppState], upstream: Upstream
) -> None:
    """Tokens are minted again, but nothing is charged twice."""
    state = open_shop()
    state.broker.session(ADA, 60)
    job = try_on(state, "a key")
    after = open_shop(SECRET_KEY="new")
    after.broker.session(ADA, 60)
    assert upstream.counts["mints"] == 2
    assert find(after, job) is None
    with pytest.raises(JobExpiredError):
        after.jobs.submit(OWNER, tryon(product=PRODUCT), "a key")


@pytest.mark.parametrize("spoil", ["flip", "garbage", "swap", "empty"])
def test_forged_values_are_misses(
    open_shop: Callable[..., AppState], client: redis.Redis, upstream: Upstream, spoil: str
) -> None:
    """They cause no errors."""
    state = open_shop()
    state.broker.session(ADA, 60)
    state.broker.session(Shopper("ben"), 60)
    job = try_on(state, "a key")
    found = values(client)
    names = sorted(found)
    for name, value in found.items():
        match spoil:
            case "flip":
                changed = value[:-1] + bytes([value[-1] ^ 1])
            case "garbage":
                changed = b"\xff\xfe{"
            case "swap":
                changed = found[names[names.index(name) - 1]]
            case _:
                changed = b""
        client.set(name, changed, keepttl=True)
    after = open_shop()
    assert after.broker.session(ADA, 60).customer_id == "ec_ada.example.com"
    assert upstream.counts["mints"] == 3
    assert find(after, job) is None
    assert after.jobs.remove(job.id, OWNER) is None


def test_forged_message_drops_no_token(
    open_shop: Callable[..., AppState], client: redis.Redis
) -> None:
    """Genuine ones still arrive."""
    state = open_shop()
    state.broker.session(ADA, 60)
    until(lambda: bool(client.pubsub_channels()))
    [channel] = client.pubsub_channels()
    heard = threading.Event()
    for message in ("x ada.example.com", "x YWRhQGV4YW1wbGUuY29t", "x \u00e9", "x"):
        client.publish(channel, message)
    other = open_shop()
    other.broker.session(Shopper("ben"), 60)
    state.broker.session(Shopper("ben"), 60)

    def told() -> bool:
        other.broker.forget(Shopper("ben"))
        heard.wait(0.02)
        return state.broker.cached(Shopper("ben")) is None

    until(told)
    assert state.broker.cached(ADA) is not None
