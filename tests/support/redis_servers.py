"""Redis servers of the tests' own: single ones, a cluster, and a primary that is watched."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import redis

from tests.support.ports import free_port
from tests.support.waiting import LIMIT, until

# ``REDIS_SERVER=valkey-server`` runs all tests on a server that is compatible with Redis.
REDIS_SERVER = os.environ.get("REDIS_SERVER", "redis-server")


def wait_for(port: int) -> None:
    end = time.monotonic() + LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, f"nothing listens on port {port}"
            time.sleep(0.02)
        else:
            return


class RedisServer:
    """A redis-server of the tests' own, which can be killed and started again.

    Args:
        folder: Where it runs.
        options: Further options of its command line.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *arguments: str) -> None:
        """Start it.

        Args:
            arguments: The whole command line. Default: as an empty server without a file.
        """
        program = shutil.which(REDIS_SERVER)
        assert program, f"{REDIS_SERVER} is missing: run make test, which installs it."
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        options += [str(self._folder), *self._options]
        self._process = subprocess.Popen(
            [program, *(arguments or options)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port)

    def command(self, *words: str) -> Any:
        """Send one command, as an administrator would."""
        with redis.Redis.from_url(self.url, socket_timeout=60) as client:
            return client.execute_command(*words)

    def info(self, name: str) -> Any:
        """Return one value of what the server says of itself."""
        return self.command("INFO", "everything")[name]

    def freeze(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


class RedisCluster:
    """A cluster of three primaries without replicas.

    Args:
        folder: Where they run.
        options: Further options of each node's command line.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", *options)
        self._buses = [free_port() for _ in range(3)]
        self.nodes = [self._node(bus) for bus in self._buses]

    def _node(self, bus: int) -> RedisServer:
        own = ("--cluster-port", str(bus), "--cluster-config-file", f"nodes-{bus}.conf")
        return RedisServer(self._folder, *own, *self._options)

    @property
    def url(self) -> str:
        """An address that names two of the three nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"redis+cluster://{hosts}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for number, node in enumerate(self.nodes):
            first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
            node.command("CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
            node.command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for node, bus in zip(self.nodes[1:], self._buses[1:], strict=True):
            self.nodes[0].command("CLUSTER", "MEET", "127.0.0.1", str(node.port), str(bus))
        self._wait_for_all()

    def add_replica(self, primary: RedisServer) -> None:
        """Add a node that takes over when a primary is lost."""
        bus = free_port()
        replica = self._node(bus)
        replica.start()
        self.nodes.append(replica)
        primary.command("CLUSTER", "MEET", "127.0.0.1", str(replica.port), str(bus))
        self._wait_for_all()
        replica.command("CLUSTER", "REPLICATE", primary.command("CLUSTER", "MYID").decode())
        until(lambda: replica.info("master_link_status") == "up", "the replica is not in step")

    def _wait_for_all(self) -> None:
        count = len(self.nodes)
        until(
            lambda: all(_sees(node, count) for node in self.nodes),
            "the nodes do not find each other",
        )

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()


def _sees(node: RedisServer, count: int) -> bool:
    info = str(node.command("CLUSTER", "INFO"))
    return "cluster_state:ok" in info and f"cluster_known_nodes:{count}" in info


class Watched:
    """A primary, its replica, and a Sentinel that makes the replica the primary if need be.

    Args:
        folder: Where they run.
    """

    def __init__(self, folder: Path) -> None:
        options = ("--repl-diskless-sync-delay", "0")
        self.primary, self.replica = (RedisServer(folder, *options) for _ in range(2))
        self._folder = folder
        self.sentinel = RedisServer(folder)

    @property
    def url(self) -> str:
        """An address of the Sentinel, and of one that is down."""
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.sentinel.port}/shop/0"

    def start(self) -> None:
        self.primary.start()
        self.replica.start()
        self.replica.command("REPLICAOF", "127.0.0.1", str(self.primary.port))
        until(lambda: self.replica.info("master_link_status") == "up", "it does not follow")
        config = self._folder / "sentinel.conf"
        config.write_text(
            f"port {self.sentinel.port}\nbind 127.0.0.1\nprotected-mode no\n"
            f"sentinel monitor shop 127.0.0.1 {self.primary.port} 1\n"
            "sentinel down-after-milliseconds shop 300\n"
            "sentinel failover-timeout shop 1500\n"
        )
        self.sentinel.start(str(config), "--sentinel")
        until(lambda: self._knows_replica(), "the Sentinel does not find the replica")

    def is_in_step(self) -> bool:
        """Return whether the replica has all that was written."""
        written = int(self.primary.info("master_repl_offset"))
        return int(self.replica.info("slave_repl_offset")) >= written

    def kill(self) -> None:
        for server in (self.sentinel, self.primary, self.replica):
            server.kill()

    def _knows_replica(self) -> bool:
        return len(self.sentinel.command("SENTINEL", "REPLICAS", "shop")) == 1
