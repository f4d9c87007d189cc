"""Several processes with one Redis: one mint, one token, and no page lost without it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.sessions.broker import SessionBroker
from genvoris_flask.core.sessions.cache import StoredSessions
from genvoris_flask.core.storage.namespace import Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import RedisStore
from genvoris_flask.web.state import get_state
from tests.integration.conftest import RedisServer
from tests.support.dropped_apps import is_freed
from tests.support.forwarder import Forwarder
from tests.support.session_shop import ADA, Listener
from tests.support.upstream import Upstream
from tests.support.waiting import until


def broker(
    upstream: Upstream,
    redis_server: RedisServer | Forwarder,
    secret: str = "a",
    clock: Callable[[], float] = time.monotonic,
) -> SessionBroker:
    client = GenvorisClient("gvk_test_1", f"{upstream.url}/api/v1")
    connection = RedisConnection(redis_server.url, clock)
    shared = StoredSessions(RedisStore(connection, Namespace(Shop(secret))))
    return SessionBroker(client, Listener(), ttl=900, shared=shared)


# Appended to a shop's module. The wait for Redis is short in production; on a busy machine, workers
# would go on without it.
PATIENT = """
from genvoris_flask.core.storage import redis_connection
redis_connection.SOCKET_TIMEOUT = 60
"""


def token_of(page: str) -> str:
    found = re.search(r'data-end-customer-token="([^"]+)"', page)
    assert found, page
    return found[1]


def test_processes_share_a_token(upstream: Upstream, redis_server: RedisServer) -> None:
    """The second one does not mint."""
    first, second = broker(upstream, redis_server), broker(upstream, redis_server)
    assert first.session(ADA, 60) == second.session(ADA, 60)
    assert upstream.counts["mints"] == 1


def test_shops_with_other_keys_share_nothing(upstream: Upstream, redis_server: RedisServer) -> None:
    """Each mints for itself."""
    for secret in ("a", "b"):
        broker(upstream, redis_server, secret).session(ADA, 60)
    assert upstream.counts["mints"] == 2


def test_other_prefix_is_another_shopper(upstream: Upstream, redis_server: RedisServer) -> None:
    """Even with the same API key."""
    tokens = set()
    for prefix in ("eu-", "us-"):
        app = Flask("shop")
        app.config.update(
            GENVORIS_API_KEY="gvk_test_1",
            GENVORIS_API_URL=f"{upstream.url}/api/v1",
            GENVORIS_STORE_URL=redis_server.url,
            GENVORIS_EXTERNAL_ID_PREFIX=prefix,
        )
        GenvorisFlask(app)
        tokens.add(get_state(app).broker.session(Shopper("42"), 60).token)
    assert len(tokens) == upstream.counts["mints"] == 2


def subscribers(redis_server: RedisServer) -> int:
    """Return how many clients listen for messages, on whatever channel."""
    channels = redis_server.command("PUBSUB", "CHANNELS")
    numbers = redis_server.command("PUBSUB", "NUMSUB", *channels)[1::2]
    return sum(map(int, numbers))


def test_forgotten_token_is_dropped_everywhere(
    upstream: Upstream, redis_server: RedisServer
) -> None:
    """The next one is minted anew."""
    first, second = broker(upstream, redis_server), broker(upstream, redis_server)
    old = first.session(ADA, 60)
    second.session(ADA, 60)
    until(lambda: subscribers(redis_server) == 2, "a subscription did not start")
    first.forget(ADA)
    until(lambda: second.cached(ADA) is None)
    assert second.session(ADA, 60).token != old.token


@pytest.mark.parametrize("worker_class", ["gthread", "gevent"])
def test_four_workers_mint_once(
    start_shop: Any, upstream: Upstream, redis_server: RedisServer, worker_class: str
) -> None:
    """Whichever worker serves the page."""
    shop = start_shop(
        worker_class,
        PATIENT,
        GENVORIS_STORE_URL=redis_server.url,
        GENVORIS_STORE_NAMESPACE="shop",
    )
    with ThreadPoolExecutor(40) as browsers:
        pages = list(browsers.map(lambda _: shop.get("ada"), range(80)))
    assert {page.status_code for page in pages} == {200}
    assert len({token_of(page.text) for page in pages}) == 1
    assert upstream.counts["mints"] == 1


def test_many_shoppers_get_their_own_tokens(
    start_shop: Any, upstream: Upstream, redis_server: RedisServer
) -> None:
    """With one mint each."""
    shop = start_shop(
        more=PATIENT, GENVORIS_STORE_URL=redis_server.url, GENVORIS_STORE_NAMESPACE="shop"
    )
    users = [f"s{number % 50}" for number in range(200)]
    with ThreadPoolExecutor(40) as browsers:
        pages = list(browsers.map(shop.get, users))
    for user, page in zip(users, pages, strict=True):
        claims = jwt.decode(token_of(page.text), options={"verify_signature": False})
        assert claims["sub"] == f"ec_{user}"
    assert upstream.counts["mints"] == 50


def test_workers_without_redis_mint_on_their_own(start_shop: Any, upstream: Upstream) -> None:
    """No shopper gets another one's token."""
    shop = start_shop()
    users = [f"s{number % 10}" for number in range(100)]
    with ThreadPoolExecutor(20) as browsers:
        pages = list(browsers.map(shop.get, users))
    for user, page in zip(users, pages, strict=True):
        claims = jwt.decode(token_of(page.text), options={"verify_signature": False})
        assert claims["sub"] == f"ec_{user}"
    assert 10 <= upstream.counts["mints"] <= 40


def test_redis_may_be_unavailable_at_first(upstream: Upstream, redis_server: RedisServer) -> None:
    """Tokens are minted all the same."""
    redis_server.kill()
    assert broker(upstream, redis_server).session(ADA, 60).customer_id == "ec_ada"


def test_hanging_redis_costs_one_timeout(
    upstream: Upstream, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Later calls do not ask it."""
    with Forwarder(redis_server.port) as address:
        it = broker(upstream, address, clock=lambda: 0.0)
        it.session(Shopper("s0"), 60)
        redis_server.freeze()
        it.session(Shopper("s1"), 60)
        asked = address.received
        for number in range(2, 12):
            assert it.session(Shopper(f"s{number}"), 60).customer_id == f"ec_s{number}"
        assert address.received == asked
    away = [record for record in caplog.records if "Redis is unavailable" in record.getMessage()]
    assert len(away) == 1


def test_redis_may_go_and_come_back(
    upstream: Upstream, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With one warning each; then processes share again."""
    now = [0.0]
    it = broker(upstream, redis_server, clock=lambda: now[0])
    it.session(Shopper("s0"), 60)
    redis_server.kill()
    for number in range(1, 6):
        it.session(Shopper(f"s{number}"), 60)
    away = [record for record in caplog.records if "Redis is unavailable" in record.getMessage()]
    assert len(away) == 1
    redis_server.start()
    now[0] += 10  # Redis is not asked for a while after it went away
    it.session(Shopper("s6"), 60)
    assert "Redis is available again" in caplog.text
    other = broker(upstream, redis_server)
    mints = upstream.counts["mints"]
    other.session(Shopper("s6"), 60)
    assert upstream.counts["mints"] == mints


def test_no_page_fails_while_redis_restarts(
    start_shop: Any, upstream: Upstream, redis_server: RedisServer
) -> None:
    """Nor while it is down."""
    shop = start_shop(GENVORIS_STORE_URL=redis_server.url)
    statuses: list[int] = []

    def look(number: int) -> None:
        statuses.append(shop.get(f"s{number % 30}").status_code)

    with ThreadPoolExecutor(8) as browsers:
        views = [browsers.submit(look, number) for number in range(150)]
        redis_server.kill()
        views += [browsers.submit(look, number) for number in range(150)]
        redis_server.start()
        views += [browsers.submit(look, number) for number in range(150)]
        for each in views:
            each.result()
    assert set(statuses) == {200}


def test_redis_keys_name_neither_shop_nor_shopper(
    upstream: Upstream, redis_server: RedisServer
) -> None:
    """Everybody who uses Redis can list them."""
    import redis

    person = Shopper("person-4711")  # digests have no such letters
    broker(upstream, redis_server, "gvk_live_secret").session(person, 60)
    with redis.Redis.from_url(redis_server.url) as client:
        names = b" ".join(client.keys())
        assert client.keys()
        assert all(0 < client.pttl(name) <= 840_000 for name in client.keys("*session*"))
    assert b"person" not in names
    assert b"gvk_live" not in names


def test_listener_keeps_no_app(tmp_path: Path, redis_server: RedisServer) -> None:
    """An app that is no longer used is freed, although its thread waits for messages."""
    assert is_freed(tmp_path, redis_server.url)
