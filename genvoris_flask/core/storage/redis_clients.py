"""Opens clients of one Redis server, of the primary behind Sentinels, and of a cluster."""

from __future__ import annotations

from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

from .redis_url import RedisAddress

SOCKET_TIMEOUT = 0.25  # seconds; redis-py's own default waits for minutes
CLUSTER_RETRIES = 1  # of a command that a node passes on, or that another one has by now


def open_client(address: RedisAddress, timeout: float | None, **options: Any) -> redis.Redis:
    """Return a client. It connects with its first command; that of a cluster at once.

    A client of a cluster is no ``redis.Redis``, but has the same commands.

    Args:
        address: The servers.
        timeout: Seconds for a reply; None to wait for messages.
        options: Further options of its connections.

    Raises:
        redis.RedisError: No node of the cluster answers; or a RedisClusterException.
    """
    options |= {"socket_timeout": timeout, "socket_connect_timeout": SOCKET_TIMEOUT}
    if address.kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in address.hosts]  # type: ignore[no-untyped-call]
        retry = Retry(NoBackoff(), CLUSTER_RETRIES)
        common = connection_options(address)
        return cast(
            "redis.Redis",
            RedisCluster(startup_nodes=nodes, retry=retry, **common, **options),
        )
    options["retry"] = Retry(NoBackoff(), 0)
    if address.kind == "server":
        return redis.Redis.from_url(address.url, **options)
    own = connection_options(address)
    database = own.pop("db", 0)
    login = dict(zip(("username", "password"), address.sentinel_login, strict=True))
    theirs = {**own, **login, "socket_timeout": SOCKET_TIMEOUT}
    theirs |= {"socket_connect_timeout": SOCKET_TIMEOUT, "retry": options["retry"]}
    sentinel = Sentinel(address.hosts, sentinel_kwargs=theirs)  # type: ignore[no-untyped-call]
    found = sentinel.master_for(address.service, **{**own, **options, "db": database})  # type: ignore[no-untyped-call]
    return cast("redis.Redis", found)


def connection_options(address: RedisAddress) -> dict[str, Any]:
    """Return the options of each connection, without its host, as redis-py's classes take them."""
    options: dict[str, Any] = dict(parse_url(address.url))  # type: ignore[no-untyped-call]
    for name in ("host", "port"):
        options.pop(name, None)
    kind = options.pop("connection_class", None)
    if kind is not None and issubclass(kind, SSLConnection):
        options["ssl"] = True
    if address.kind == "cluster":
        options.pop("db", None)
    return options
