"""A Genvoris over real sockets that answers 50 ms late, or badly in any way that is asked for.

Run by itself (``python -m tests.support.upstream``) it prints its port and serves until killed.
``GET /count`` says what it was asked, ``PUT /mode/MODE`` changes how it answers.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.fake_genvoris import claims_for, sign

MODES = ("ok", "hang", "500", "429", "401", "garbage", "half", "drip-body", "drip-headers")
HANG_SECONDS = 20.0


class Upstream(ThreadingHTTPServer):
    """The server, its mode and its counts."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, delay: float = 0.05, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.delay = delay
        self.mode = "ok"
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        if self.path == "/count":
            self._answer(200, dict(self.server.counts))
        else:
            self._answer(404, {"error": "not_found"})

    def do_PUT(self) -> None:
        self.server.mode = self.path.rsplit("/", 1)[-1]
        self.server.counts.clear()
        self._answer(200, {})

    def do_DELETE(self) -> None:
        self._answer(200, {"data": {"revoked": True}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        minting = self.path.endswith("/sessions")
        with self.server.lock:
            self.server.counts["mints" if minting else "upserts"] += 1
        if self.server.mode != "ok":
            self._misbehave(self.server.mode)
            return
        time.sleep(self.server.delay)
        if minting:
            self._mint(self.path.split("/")[-2])
        else:
            external_id = json.loads(body)["externalId"]
            self._answer(200, {"id": f"ec_{external_id}", "externalId": external_id})

    def _mint(self, name: str) -> None:
        customer_id = name if name.startswith("ec_") else f"ec_{name}"
        now = int(time.time())
        claims = claims_for(customer_id, now, jti=f"{customer_id}.{time.monotonic_ns()}")
        customer = {"id": customer_id}
        self._answer(200, {"token": sign(claims), "expires_in": 900, "customer": customer})

    def _answer(self, status: int, payload: Any, **headers: str) -> None:
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, mode: str) -> None:
        match mode:
            case "hang":
                self.server.over.wait(HANG_SECONDS)
            case "500":
                self._answer(500, {"error": "internal_error", "detail": "Sorry."})
            case "429":
                headers = {"Retry_After": "30"}
                self._answer(429, {"error": "rate_limited", "detail": "Slowly."}, **headers)
            case "401":
                self._answer(401, {"error": "invalid_key", "detail": "No."})
            case "garbage":
                self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>hi!")
            case "half":
                self._raw(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"token": "')
            case "drip-body":
                self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
                self._drip(b" " * 900)
            case "drip-headers":
                self._raw(b"HTTP/1.1 200 OK\r\n")
                self._drip(b"X-Slow: " + b"y" * 900)
        self.close_connection = True

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _drip(self, data: bytes) -> None:
        for position in range(len(data)):
            if self.server.over.wait(0.1):
                return
            self._raw(data[position : position + 1])


if __name__ == "__main__":
    upstream = Upstream()
    print(upstream.server_port, flush=True)
    upstream.serve_forever()
