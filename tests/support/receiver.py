"""A shop's webhook endpoint, over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """A delivery that was received."""

    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> Any:
        return json.loads(self.body)


class Receiver(ThreadingHTTPServer):
    """Responds with each of some statuses in turn, and then always with the last."""

    daemon_threads = True

    def __init__(self, statuses: Sequence[int] = (200,)) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: list[Delivery] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def types(self) -> list[str]:
        return [each.envelope["type"] for each in self.received]

    def take(self, delivery: Delivery) -> int:
        with self.lock:
            self.received.append(delivery)
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, *args: Any) -> None:
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.take(Delivery(dict(self.headers), body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Location", self.server.url)
        self.end_headers()


@contextmanager
def receiver(*statuses: int) -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    server = Receiver(statuses or (200,))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
