"""Checks whether a Redis can be trusted with a shop's records, by doing all that a shop does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from redis import exceptions as errors
from redis.cluster import RedisCluster

from ...errors import StoreUnavailableError
from .namespace import PREFIX

# The permissions that a user of Redis needs; also in docs/redis.md. A cluster needs more.
ACL_RULES = (
    "~genvoris:* &genvoris:* -@all +ping +select +client|setname +info +get +set +del +eval "
    "+evalsha +script|load +lpush +lindex +ltrim +expire +scan +publish +subscribe +unsubscribe "
    "+incr +hget +hmget +hset +hdel +zadd +zcard +zrange +zrem +zscore +rpush +lrem"
)
CLUSTER_ACL_RULES = f"{ACL_RULES} +cluster|slots +command +asking"
_CLUSTER = "it is a node of a cluster: write redis+cluster:// in GENVORIS_STORE_URL."
# All commands of an outbox in Redis, with nothing left at the end.
_MESSAGES = """
local name = KEYS[1]
redis.call('INCR', name)
redis.call('DEL', name)
redis.call('HSET', name, 'a', '1')
redis.call('HGET', name, 'a')
redis.call('HDEL', name, 'a')
redis.call('ZADD', name, 1, 'a')
redis.call('ZCARD', name)
redis.call('ZSCORE', name, 'a')
redis.call('ZRANGE', name, '-inf', 1, 'BYSCORE')
redis.call('ZREM', name, 'a')
redis.call('RPUSH', name, 'a')
redis.call('LREM', name, 1, 'a')
"""
LOCK_SECONDS = 5.0
MESSAGE_SECONDS = 1.0


@dataclass(frozen=True)
class _ErrorKind:
    """Errors with the same meaning: their classes, and words in replies that have no class.

    Redis reports what a script was refused as a general error that quotes the original one.
    """

    classes: tuple[type[Exception], ...]
    words: tuple[str, ...]
    meaning: str

    def matches(self, error: Exception) -> bool:
        return isinstance(error, self.classes) or (
            isinstance(error, errors.ResponseError | errors.RedisClusterException)
            and any(word in str(error) for word in self.words)
        )


# The first kind that matches counts, so subclasses stand above their bases.
_KINDS = [
    _ErrorKind(
        (errors.NoPermissionError,),
        ("NOPERM", "ACL failure", "user executing the script can't"),
        f"its user may not. Allow it: ACL SETUSER name {ACL_RULES}",
    ),
    _ErrorKind(
        (errors.AuthenticationError,),
        ("NOAUTH",),
        "it refuses the user or the password; check GENVORIS_STORE_URL.",
    ),
    _ErrorKind(
        (errors.ReadOnlyError, errors.MasterDownError),
        ("READONLY",),
        "it is a replica, or a failover is going on; name the primary in GENVORIS_STORE_URL.",
    ),
    _ErrorKind(
        (errors.OutOfMemoryError,),
        ("OOM",),
        "it is full; raise its maxmemory, or give the shop a Redis of its own.",
    ),
    _ErrorKind(
        (errors.RedisClusterException,),
        (),
        "no node of the cluster answers; check GENVORIS_STORE_URL.",
    ),
    _ErrorKind(
        (errors.ClusterDownError,),
        ("CLUSTERDOWN",),
        "it is a node of a cluster that is down, since nobody has some of its slots.",
    ),
    _ErrorKind(
        (errors.MovedError, errors.AskError, errors.ClusterCrossSlotError),
        ("CROSSSLOT", "MOVED"),
        _CLUSTER,
    ),
    _ErrorKind((), ("MISCONF",), "it cannot write to its disk, and takes no writes until it can."),
    _ErrorKind(
        (), ("NOREPLICAS",), "it has too few replicas (min-replicas-to-write) to take writes."
    ),
    _ErrorKind(
        (),
        ("DB index is out of range",),
        "it has no database of that number; check the end of GENVORIS_STORE_URL.",
    ),
    _ErrorKind(
        (errors.BusyLoadingError,), (), "it is still loading its data; try again in a moment."
    ),
    _ErrorKind(
        (errors.TimeoutError,),
        (),
        "it did not answer in time: is it far away, or too busy?",
    ),
    _ErrorKind(
        (errors.ConnectionError, OSError), (), "it does not answer; check GENVORIS_STORE_URL."
    ),
]


def examine(client: redis.Redis) -> str | None:
    """Return what is wrong with a Redis and how to fix it, or None if all is well.

    It writes, reads, locks, publishes and deletes under names of its own.
    """
    for what, step in _Probe(client).steps():
        if problem := attempt(what, step):
            return problem
    return None


def attempt(what: str, step: Callable[[], str | None]) -> str | None:
    """Return the result of a step, or if it fails, why and how to fix that.

    The text of an error is not repeated, since it may contain the URL, and with it a password.

    Args:
        what: What the step does, as in "Redis cannot …".
        step: Sends commands to Redis, and returns what is wrong with their results.
    """
    try:
        return step()
    except StoreUnavailableError as error:
        return str(error)
    except (errors.RedisError, errors.RedisClusterException, OSError) as error:
        return f"It cannot {what}: {_meaning(error)} ({type(error).__name__})"


class _Probe:
    """All that a shop does with Redis, step by step. A step returns what is wrong, or None."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._name = f"{PREFIX}:check:{secrets.token_hex(8)}"
        self._milliseconds = int(LOCK_SECONDS * 1000)

    def steps(self) -> list[tuple[str, Callable[[], str | None]]]:
        return [
            ("be reached", self._ping),
            ("be written to", self._write),
            ("be read", self._read),
            ("run a script", self._run_script),
            ("lock", self._lock),
            ("keep messages in their order", self._keep_messages),
            ("publish and subscribe", self._publish),
            ("delete", self._delete),
            ("be asked about itself", self._ask_about_itself),
        ]

    def _ping(self) -> None:
        self._client.ping()

    def _write(self) -> None:
        for name in (self._name, f"{self._name}:another"):
            self._client.set(name, b"1", px=self._milliseconds, nx=True)

    def _read(self) -> str | None:
        if self._client.get(self._name) == b"1":
            return None
        return (
            "It does not return what was just written: name the primary in GENVORIS_STORE_URL, not "
            "an address that also leads to its replicas."
        )

    def _run_script(self) -> None:
        self._client.eval("return redis.call('GET', KEYS[1])", 1, self._name)

    def _lock(self) -> str | None:
        lock = self._client.lock(f"{self._name}:lock", timeout=LOCK_SECONDS)
        if not lock.acquire(blocking=False):
            return "It does not grant a lock that nobody holds."
        try:
            lock.release()
        except errors.LockError:
            return "It lost a lock that was just taken."
        return None

    def _keep_messages(self) -> None:
        """Do what the outbox does: its scripts stand in ``core.outbox.redis_scripts``."""
        name = f"{self._name}:messages"
        self._client.eval(_MESSAGES, 1, name)
        self._client.zrange(name, 0, 0)
        self._client.hmget(name, "a")

    def _publish(self) -> str | None:
        with self._client.pubsub(ignore_subscribe_messages=False) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(self._name)
            self._wait_for(channel, "subscribe")
            self._client.publish(self._name, "1")
            if self._wait_for(channel, "message"):
                return None
        return "It delivers no messages, so that other processes do not hear of a dropped token."

    def _wait_for(self, channel: Any, kind: str) -> bool:
        for _ in range(2):
            message = channel.get_message(timeout=MESSAGE_SECONDS)
            if message and message["type"] == kind:
                return True
        return False

    def _delete(self) -> None:
        self._client.delete(self._name, f"{self._name}:another")

    def _ask_about_itself(self) -> str | None:
        """Look for settings that do no harm until it is too late."""
        if not hasattr(self._client, "get_primaries"):
            if self._client.info("cluster").get("cluster_enabled"):
                return _CLUSTER.capitalize()
            return _fault_of_memory(self._client.info("memory"))
        nodes = self._client.info("memory", target_nodes=RedisCluster.PRIMARIES)
        faults = map(_fault_of_memory, nodes.values())
        return next((fault for fault in faults if fault), None)


def _fault_of_memory(info: dict[str, Any]) -> str | None:
    """Return what is wrong with the memory settings of a server, or None."""
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction" and info.get("maxmemory"):
        return (
            f"It evicts records when it is full (maxmemory-policy {policy}), so an event that "
            "was handled would be handled again. Records of sales, of Stripe's events, of handled "
            "webhooks and of Idempotency-Keys must stay: set noeviction, or give the shop a Redis "
            "of its own."
        )
    return None


def _meaning(error: Exception) -> str:
    kind = next((kind for kind in _KINDS if kind.matches(error)), None)
    return kind.meaning if kind else "it refuses that, so genvoris-flask cannot use it."
