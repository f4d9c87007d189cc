"""A load balancer for tests, which forwards connections to healthy hosts in turn."""

from __future__ import annotations

import itertools
import selectors
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Self

from tests.support.waiting import until

PAUSE = 0.1  # seconds between two health checks


class Balancer(socketserver.ThreadingTCPServer):
    """Forwards each connection to the next host that is healthy.

    A host is healthy if ``GET /genvoris/health`` answers 200.

    Attributes:
        port: Where it listens.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port = int(self.server_address[1])
        self._hosts: dict[int, bool] = {}
        self._open: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._over = threading.Event()
        self._running = [threading.Thread(target=run) for run in (self.serve_forever, self._check)]

    def __enter__(self) -> Self:
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.shutdown()
        for thread in self._running:
            thread.join()
        self.server_close()

    def add(self, port: int) -> None:
        """Send connections to a host too, and wait until it is healthy."""
        with self._lock:
            self._hosts = {**self._hosts, port: False}
        until(lambda: self._hosts[port], "the host is not healthy")

    def drain(self, port: int) -> None:
        """Send a host no further connections, and wait until those that it has are closed."""
        with self._lock:
            self._hosts = {each: health for each, health in self._hosts.items() if each != port}
        until(lambda: not self._open[port], "a connection stays open")

    @contextmanager
    def connect(self) -> Iterator[socket.socket]:
        """Yield a connection to the host whose turn it is.

        Raises:
            ConnectionError: There is none.
        """
        turn = next(self._turns)
        with self._lock:
            ports = [port for port, is_healthy in self._hosts.items() if is_healthy]
            if not ports:
                raise ConnectionError("No host is healthy.")
            port = ports[turn % len(ports)]
            self._open[port] += 1
        try:
            with socket.create_connection(("127.0.0.1", port)) as host:
                yield host
        finally:
            with self._lock:
                self._open[port] -= 1

    def _check(self) -> None:
        while not self._over.wait(PAUSE):
            for port in list(self._hosts):
                is_healthy = _is_healthy(port)
                with self._lock:
                    if port in self._hosts:
                        self._hosts[port] = is_healthy


class _Connection(socketserver.BaseRequestHandler):
    server: Balancer

    def handle(self) -> None:
        with suppress(OSError), self.server.connect() as host, selectors.DefaultSelector() as both:
            both.register(self.request, selectors.EVENT_READ, host)
            both.register(host, selectors.EVENT_READ, self.request)
            while True:
                for key, _ in both.select():
                    piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not piece:
                        return
                    key.data.sendall(piece)


def _is_healthy(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/genvoris/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
