"""A TCP forwarder whose target can be changed, like a load balancer.

Open connections stay with the server that they were made to.
"""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self


class Forwarder:
    """Forwards new connections to the current ``target``."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.opened = 0
        self.received = 0  # bytes that clients have sent
        self._clients: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake, waker = socket.socketpair()
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        self._frozen: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._waker.send(b"x")
        self._thread.join()
        for each in (self._listener, self._wake, self._waker, *self._peers):
            each.close()
        self._selector.close()

    def freeze(self) -> None:
        """Let nothing through open connections any more, as a firewall that has forgotten them."""
        self._frozen = set(self._peers)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._forward(key.fileobj)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self.target))
        self.opened += 1
        self._clients.add(near)
        for one, other in ((near, far), (far, near)):
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, one: socket.socket) -> None:
        other = self._peers[one]
        try:
            data = one.recv(65536)
            self.received += len(data) if one in self._clients else 0
            if one in self._frozen and data:
                return
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for each in (one, other):
                self._selector.unregister(each)
                del self._peers[each]
                each.close()
