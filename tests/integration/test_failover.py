"""Two real redis-servers that change places behind one address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.rate_limits import Limiter
from genvoris_flask.core.storage.namespace import Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import RedisStore
from genvoris_flask.core.storage.redis_windows import RedisWindows
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.state import get_state
from tests.integration.conftest import RedisServer
from tests.support.forwarder import Forwarder
from tests.support.waiting import until


class Pair:
    """A primary, its replica, and the address that leads to whoever is primary."""

    def __init__(self, first: RedisServer, second: RedisServer, address: Forwarder) -> None:
        self._first = first
        self._second = second
        self._address = address
        self._follow(second, first)

    @property
    def url(self) -> str:
        return self._address.url

    def fail_over(self) -> None:
        """Make the replica the primary, once it has all that the old primary has."""
        # WAIT would heed the writes of its own connection alone.
        written = int(self._first.info("master_repl_offset"))
        until(lambda: int(self._second.info("slave_repl_offset")) >= written, "it has not all")
        self._second.command("REPLICAOF", "NO", "ONE")
        self._follow(self._first, self._second)
        self._address.target = self._second.port
        self._first, self._second = self._second, self._first

    def _follow(self, replica: RedisServer, primary: RedisServer) -> None:
        replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
        until(lambda: replica.info("master_link_status") == "up", "the replica does not follow")


@pytest.fixture
def pair(start_redis: Callable[..., RedisServer]) -> Iterator[Pair]:
    first, second = (start_redis("--repl-diskless-sync-delay", "0") for _ in range(2))
    with Forwarder(first.port) as address:
        yield Pair(first, second, address)


def open_store(pair: Pair) -> RedisStore:
    return RedisStore(RedisConnection(pair.url), Namespace(Shop("shop")))


@pytest.mark.parametrize("operation", ["set", "add", "replace", "delete", "lock", "publish"])
def test_commands_go_to_the_new_primary(pair: Pair, operation: str) -> None:
    """Also those that are never sent twice otherwise."""
    store = open_store(pair)
    store.set("one", b"1", 60)
    pair.fail_over()
    match operation:
        case "set":
            store.set("one", b"2", 60)
        case "add":
            assert store.add("two", b"2", 60)
        case "replace":
            assert store.replace("one", b"2", 60, expected=b"1")
        case "delete":
            store.delete("one")
        case "lock":
            with store.lock("name", wait=0, hold=20):
                pass
        case "publish":
            store.publish("news", "hello")
    assert store.add("after", b"1", 60)


def test_old_lock_is_released_on_the_new_primary(pair: Pair) -> None:
    """The next holder need not wait until it expires."""
    store = open_store(pair)
    with store.lock("name", wait=0, hold=60):
        pair.fail_over()
    with store.lock("name", wait=0, hold=60):
        pass


def test_all_connections_move_to_the_new_primary(pair: Pair) -> None:
    """Those of several threads, without one error."""
    store = open_store(pair)
    with ThreadPoolExecutor(8) as threads:
        for turn in range(3):
            names = [f"{turn} {number}" for number in range(40)]
            assert all(threads.map(lambda name: store.add(name, b"1", 60), names))
            pair.fail_over()


def test_limits_survive_a_failover(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """No process counts on its own."""
    windows = RedisWindows(RedisConnection(pair.url), lambda _client: "shop")
    limiter = Limiter({"session": "3/hour"}, windows)
    assert limiter.count_shopper("session", "ada") is None
    pair.fail_over()
    assert [limiter.count_shopper("session", "ada") for _ in range(2)] == [None] * 2
    assert limiter.count_shopper("session", "ada") is not None
    assert "unavailable" not in caplog.text


def test_sales_survive_a_failover(pair: Pair, genvoris_sandbox: Sandbox) -> None:
    """None fails, and none is made twice."""
    config: dict[str, Any] = {**genvoris_sandbox.config, "GENVORIS_STORE_URL": pair.url}
    app = Flask("shop")
    app.config.update(config)
    GenvorisFlask(app)
    billing = get_state(app).billing
    plan = genvoris_sandbox.plan()
    names = [f"shopper-{number}" for number in range(6)]
    for name in names:
        billing.activate(name, plan_id=plan, event_id="order-1")
    pair.fail_over()
    for name in names:
        billing.activate(name, plan_id=plan, event_id="order-1")
        billing.renew(name, event_id="invoice-2")
    client = genvoris_sandbox.client
    assert {len(client.customers.usage(name).history) for name in names} == {1}
