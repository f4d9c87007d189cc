"""A Redis that cannot be trusted with a shop's records: what the check says, and what jobs do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.storage.health import ACL_RULES
from genvoris_flask.core.storage.namespace import Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import RedisStore
from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.core.tryon.models import Job
from genvoris_flask.errors import StoreUnavailableError
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.health_checks import Finding, diagnose
from genvoris_flask.web.state import AppState, get_state
from tests.integration.conftest import ROOT, RedisServer, free_port
from tests.support.jobs import PICTURE, BlockedWork, make, tryon, wait_for_end
from tests.support.waiting import until

StartRedis = Callable[..., RedisServer]
OpenShop = Callable[[str], AppState]


@pytest.fixture
def open_shop(genvoris_sandbox: Sandbox) -> OpenShop:
    genvoris_sandbox.plan()

    def open_one(url: str) -> AppState:
        app = Flask("shop")
        app.config.update(genvoris_sandbox.config, SECRET_KEY="s", GENVORIS_STORE_URL=url)
        GenvorisFlask(app)
        return get_state(app)

    return open_one


def store_finding(state: AppState) -> Finding:
    return next(each for each in diagnose(state) if each.name == "store")


def test_plain_redis_passes(redis_server: RedisServer, open_shop: OpenShop) -> None:
    """The check leaves nothing behind."""
    finding = store_finding(open_shop(redis_server.url))
    assert finding.ok, finding.text
    with redis.Redis.from_url(redis_server.url) as client:
        assert not client.keys("genvoris:check:*")


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "volatile-lru", "allkeys-lfu", "volatile-ttl", "allkeys-random"]
)
def test_evicting_redis_fails(redis_server: RedisServer, open_shop: OpenShop, policy: str) -> None:
    """It may evict the record that a sale was made."""
    redis_server.command("CONFIG", "SET", "maxmemory-policy", policy)
    assert store_finding(open_shop(redis_server.url)).ok, "without maxmemory nothing is evicted"
    redis_server.command("CONFIG", "SET", "maxmemory", "100mb")
    finding = store_finding(open_shop(redis_server.url))
    assert not finding.ok
    assert policy in finding.text
    assert "noeviction" in finding.text
    redis_server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert store_finding(open_shop(redis_server.url)).ok


def test_full_redis_fails(redis_server: RedisServer, open_shop: OpenShop) -> None:
    """It cannot be written to."""
    redis_server.command("CONFIG", "SET", "maxmemory", "1")
    finding = store_finding(open_shop(redis_server.url))
    assert "cannot be written to: it is full" in finding.text


def test_replica_fails(start_redis: StartRedis, open_shop: OpenShop) -> None:
    """It cannot be written to."""
    primary, replica = start_redis(), start_redis()
    replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
    until(lambda: bool(replica.info("master_link_status") == "up"))
    finding = store_finding(open_shop(replica.url))
    assert "cannot be written to: it is a replica" in finding.text


def test_primary_without_replicas_fails(redis_server: RedisServer, open_shop: OpenShop) -> None:
    """Where it is set to take no writes then."""
    redis_server.command("CONFIG", "SET", "min-replicas-to-write", "1")
    assert "too few replicas" in store_finding(open_shop(redis_server.url)).text


def test_broken_disk_fails(start_redis: StartRedis, open_shop: OpenShop, tmp_path: Path) -> None:
    """Redis takes no writes then."""
    redis_server = start_redis("--enable-protected-configs", "yes")
    redis_server.command("SET", "something", "1")
    redis_server.command("CONFIG", "SET", "save", "3600 1")
    gone = tmp_path / "gone"
    gone.mkdir()
    redis_server.command("CONFIG", "SET", "dir", str(gone))
    shutil.rmtree(gone)
    redis_server.command("BGSAVE")
    until(lambda: bool(redis_server.info("rdb_last_bgsave_status") == "err"))
    assert "cannot write to its disk" in store_finding(open_shop(redis_server.url)).text
    redis_server.command("CONFIG", "SET", "dir", str(tmp_path))


@pytest.mark.parametrize("has_slots", [False, True])
def test_cluster_node_fails(start_redis: StartRedis, open_shop: OpenShop, has_slots: bool) -> None:
    """Even one that has all keys today."""
    node = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    if has_slots:
        node.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        until(lambda: "cluster_state:ok" in str(node.command("CLUSTER", "INFO")))
    finding = store_finding(open_shop(node.url))
    assert not finding.ok
    assert "a node of a cluster" in finding.text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("redis://127.0.0.1:{port}/0", "password"),
        ("redis://:wrong@127.0.0.1:{port}/0", "password"),
        ("redis://:hunter2@127.0.0.1:{port}/99", "no database of that number"),
    ],
)
def test_wrong_password_or_database_fails(
    start_redis: StartRedis, open_shop: OpenShop, address: str, said: str
) -> None:
    """The message does not repeat the password."""
    server = start_redis("--requirepass", "hunter2")
    finding = store_finding(open_shop(address.format(port=server.port)))
    assert not finding.ok
    assert said in finding.text
    assert "hunter2" not in finding.text
    assert "wrong" not in finding.text


def with_user(server: RedisServer, *rules: str) -> str:
    server.command("ACL", "SETUSER", "shop", "reset", "on", ">hunter2", *rules)
    return f"redis://shop:hunter2@127.0.0.1:{server.port}/0"


def test_documented_permissions_are_enough(
    redis_server: RedisServer, open_shop: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """For sales and limits, with one pattern for keys and channels."""
    assert ACL_RULES in re.sub(r"\s+", " ", (ROOT / "docs/redis.md").read_text())
    state = open_shop(with_user(redis_server, *ACL_RULES.split()))
    finding = store_finding(state)
    assert finding.ok, finding.text
    plan = state.client.plans.list()[0].id
    for _ in range(2):
        state.billing.activate("ada", plan_id=plan, event_id="order-1")
    assert len(state.client.customers.usage("ada").history) == 0
    state.limiter.count_shopper("session", "ada")
    assert "unavailable" not in caplog.text
    with redis.Redis.from_url(redis_server.url) as client:
        assert list(client.scan_iter("genvoris:limits:*"))
        assert not [key for key in client.scan_iter() if not key.startswith(b"genvoris:")]


@pytest.mark.parametrize("rule", [rule for rule in ACL_RULES.split() if rule != "-@all"])
def test_missing_permission_fails(
    redis_server: RedisServer, open_shop: OpenShop, rule: str
) -> None:
    """Except those that redis-py can do without."""
    rules = [each for each in ACL_RULES.split() if each != rule]
    finding = store_finding(open_shop(with_user(redis_server, *rules)))
    optional = ("+client|setname", "+select", "+scan", "+unsubscribe")
    if rule in optional:
        assert finding.ok, finding.text
    else:
        assert not finding.ok
        assert "its user may not" in finding.text
        assert "hunter2" not in finding.text


# Try-ons of processes whose Redis is in trouble


def processes_on(server: RedisServer) -> tuple[LocalJobQueue, LocalJobQueue]:
    """Return the queues of two processes that send heartbeats when they are told to."""

    def open_queue() -> LocalJobQueue:
        store = RedisStore(RedisConnection(server.url), Namespace(Shop("shop")))
        return LocalJobQueue(store, make, print, heartbeat_interval=3600)

    return open_queue(), open_queue()


def test_emptied_redis_loses_no_tryon(redis_server: RedisServer) -> None:
    """Others do not say that it is unknown before its process had the time to write it again."""
    one, other = processes_on(redis_server)
    work = BlockedWork()
    running = one.submit("ada", tryon(work))
    work.wait_for_start()
    ended = wait_for_end(one, one.submit("ada", tryon()))
    redis_server.command("FLUSHALL")
    for job in (running, ended):
        with pytest.raises(StoreUnavailableError):
            other.find(job.id, "ada")
    one.heartbeat()
    found = other.find(ended.id, "ada")
    assert found
    assert other.picture(found) == PICTURE
    assert other.find(running.id, "ada")
    work.finish.set()
    assert wait_for_end(other, running).state == "done"


@pytest.mark.parametrize("trouble", ["min-replicas-to-write 1", "maxmemory 1"])
def test_unwritable_redis_loses_no_tryon(redis_server: RedisServer, trouble: str) -> None:
    """It can be read, and what it lacks may have been started since."""
    one, other = processes_on(redis_server)
    redis_server.command("CONFIG", "SET", *trouble.split())
    job = wait_for_end(one, one.submit("ada", tryon()))
    assert one.picture(job) == PICTURE
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")
    redis_server.command("CONFIG", "SET", trouble.split()[0], "0")
    until(lambda: finds_after_heartbeat(one, other, job))


def finds_after_heartbeat(one: LocalJobQueue, other: LocalJobQueue, job: Job) -> bool:
    one.heartbeat()
    try:
        return other.find(job.id, "ada") is not None
    except StoreUnavailableError:
        return False
