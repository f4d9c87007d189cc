"""Redis beyond one server: a real cluster, and a real Sentinel that lets a replica take over."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.outbox.messages import Message
from genvoris_flask.core.outbox.redis_table import RedisTable
from genvoris_flask.core.rate_limits import Limiter
from genvoris_flask.core.storage.health import ACL_RULES, CLUSTER_ACL_RULES
from genvoris_flask.core.storage.interface import NoSealer, Pieces, Store
from genvoris_flask.core.storage.namespace import Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import RedisStore
from genvoris_flask.core.storage.redis_windows import RedisWindows
from genvoris_flask.errors import StoreUnavailableError
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.health_checks import diagnose
from genvoris_flask.web.state import get_state
from tests.integration.conftest import ROOT
from tests.support.redis_servers import RedisCluster, Watched
from tests.support.waiting import until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """Yield a running cluster."""
    servers = RedisCluster(tmp_path)
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Yield a primary that a Sentinel watches."""
    servers = Watched(tmp_path)
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()


def open_store(url: str) -> RedisStore:
    return RedisStore(RedisConnection(url), Namespace(Shop("shop")))


def use_everything(url: str) -> Store:
    """Do all that a shop does, with keys in all parts of a cluster. Return the store."""
    store, other = open_store(url), open_store(url)
    heard: list[str] = []
    other.subscribe("news", heard.append)
    other.get("something")  # it listens from its first command on
    names = [f"key {number}" for number in range(50)]
    for name in names:
        assert store.add(name, b"1", 60)
        assert not other.add(name, b"2", 60)
        assert other.replace(name, b"2", 60, expected=b"1")
    store.delete(*names)
    assert [other.get(name) for name in names] == [None] * 50
    with store.lock("one", wait=0, hold=20):
        pass
    with other.lock("one", wait=0, hold=20):
        pass
    picture = bytes(range(256)) * 4096
    Pieces(store, NoSealer()).set("picture", picture, 60)
    assert Pieces(other, NoSealer()).get("picture") == picture
    windows = RedisWindows(RedisConnection(url), lambda _client: "shop")
    limiter = Limiter({"session": "2/hour"}, windows)
    assert [limiter.count_shopper("session", "ada") is None for _ in range(3)] == [
        True,
        True,
        False,
    ]
    use_outbox(url)
    assert store.is_available()
    until(lambda: is_heard(store, heard), "nobody hears anything")
    return store


def use_outbox(url: str) -> None:
    """Do all that an outbox does."""
    table = RedisTable(RedisConnection(url), lambda _client: "shop", NoSealer(), time.time)
    now = datetime.now(UTC)
    for number in (1, 2):
        assert table.put(Message("conversion", f"order {number}", {}, "order"))
        claim = table.claim("calls", now + timedelta(minutes=1), now + timedelta(minutes=2))
        assert claim
        table.postpone("calls", now)
        table.give_up(claim, "refused", now)
    assert table.next_due("calls") is None
    assert [each.state for each in table.messages(("given_up",), 10)] == ["given_up"] * 2
    assert (table.retry(), table.drop([1, 2]), table.prune()) == (2, 2, 0)


def is_heard(store: Store, heard: list[str]) -> bool:
    store.publish("news", "hello")
    return "hello" in heard


def is_heard_again(store: Store, heard: list[str]) -> bool:
    with suppress(StoreUnavailableError):  # until the replica has taken over
        return is_heard(store, heard)
    return False


def read_all(store: Store) -> None:
    for number in range(100):
        store.get(f"key {number}")


def shop_on(url: str, genvoris_sandbox: Sandbox) -> Flask:
    genvoris_sandbox.plan()
    app = Flask("shop")
    app.config.update(genvoris_sandbox.config, SECRET_KEY="s", GENVORIS_STORE_URL=url)
    GenvorisFlask(app)
    return app


def store_text(app: Flask) -> str:
    return next(each.text for each in diagnose(get_state(app)) if each.name == "store")


def test_cluster(cluster: RedisCluster, genvoris_sandbox: Sandbox) -> None:
    """No command needs two keys, and the health check looks at all nodes."""
    store = use_everything(cluster.url)
    app = shop_on(cluster.url, genvoris_sandbox)
    assert "Redis answers" in store_text(app)
    evicting = cluster.nodes[2]
    evicting.command("CONFIG", "SET", "maxmemory", "100mb")
    evicting.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert "allkeys-lru" in store_text(app)
    cluster.nodes[0].kill()
    with pytest.raises(StoreUnavailableError):
        read_all(store)
    assert "It cannot" in store_text(app)


def test_messages_after_a_failover_in_a_cluster(cluster: RedisCluster) -> None:
    """Who listened on a node that is lost hears of its replica what is published next."""
    store, other = open_store(cluster.url), open_store(cluster.url)
    heard: list[str] = []
    other.subscribe("news", heard.append)
    other.get("something")
    until(lambda: is_heard(store, heard), "nobody hears anything")
    lost = next(node for node in cluster.nodes if node.info("pubsub_channels"))
    cluster.add_replica(lost)
    lost.kill()
    heard.clear()
    until(lambda: is_heard_again(store, heard), "nobody hears anything after the failover")


def test_least_rights_in_a_cluster(cluster: RedisCluster, genvoris_sandbox: Sandbox) -> None:
    """A user with the documented rights can do all that a shop does."""
    documented = " ".join((ROOT / "docs/redis.md").read_text().split())
    assert CLUSTER_ACL_RULES.removeprefix(ACL_RULES).strip() in documented
    rules = CLUSTER_ACL_RULES.split()
    for node in cluster.nodes:
        node.command("ACL", "SETUSER", "shop", "reset", "on", ">hunter2", *rules)
        node.command("ACL", "SETUSER", "default", "-@all", "+@connection")
    url = cluster.url.replace("://", "://shop:hunter2@")
    use_everything(url)
    assert "Redis answers" in store_text(shop_on(url, genvoris_sandbox))


def test_least_rights_at_the_sentinels(watched: Watched, genvoris_sandbox: Sandbox) -> None:
    """A user with the documented rights can ask for the primary, and one with fewer cannot."""
    documented = " ".join((ROOT / "docs/redis.md").read_text().split())
    found = re.search(r"A user of the Sentinels needs `([^`]+)`", documented)
    assert found
    rules = found[1].split()
    login = "?sentinel_username=shop&sentinel_password=hunter2"
    for fewer in ([], rules[-1:]):
        allowed = [rule for rule in rules if rule not in fewer]
        watched.sentinel.command("ACL", "SETUSER", "shop", "reset", "on", ">hunter2", *allowed)
        text = store_text(shop_on(f"{watched.url}{login}", genvoris_sandbox))
        assert ("Redis answers" in text) == (not fewer)


def test_sentinel_failover(watched: Watched, genvoris_sandbox: Sandbox) -> None:
    """After the primary has died, its replica is used, with all that it had."""
    store = use_everything(watched.url)
    app = shop_on(watched.url, genvoris_sandbox)
    assert "Redis answers" in store_text(app)
    store.set("before", b"1", 60)
    until(lambda: watched.is_in_step(), "the replica has not all")
    heard: list[str] = []
    listener = open_store(watched.url)
    listener.subscribe("news", heard.append)
    listener.get("before")
    watched.primary.kill()

    def can_write() -> bool:
        try:
            return store.add("after", b"1", 60)
        except StoreUnavailableError:
            return False

    until(can_write, "the replica does not take over")
    assert store.get("before") == b"1"
    until(lambda: is_heard(store, heard), "nobody hears anything")
