"""Serves the sandbox on this machine: what the command runs, and what tests start."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ..context import EXTENSION_KEY
from ..domain.webhook_dispatcher import Courier
from .errors import new_request_id

HOST = "127.0.0.1"
BACKLOG = 256
RESET = struct.pack("ii", 1, 0)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        """Keep requests, which may name shoppers, out of the terminal."""

    def send_error(
        self, code: int, message: str | None = None, _explain: str | None = None
    ) -> None:
        """Answer what never reaches the app, such as an address of 64 KB, in the same shape."""
        error = "uri_too_long" if code == HTTPStatus.REQUEST_URI_TOO_LONG else "bad_request"
        fields = {"error": error, "detail": message or HTTPStatus(code).phrase}
        body = json.dumps(fields).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", new_request_id())
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def connection_dropped(self, *_args: object, **_more: object) -> None:
        """Wait for no other request on a connection that was given up."""
        self.close_connection = True


class _Server(ThreadedWSGIServer):
    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset gets no orderly end before."""
        try:
            lingers = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET))
        except OSError:
            lingers = b""
        if lingers == RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)


class SandboxServer:
    """A sandbox that listens on 127.0.0.1; ``with`` runs it in a thread of its own.

    Args:
        app: From ``create_app``.
        port: 0 takes any free one.

    Raises:
        OSError: The port cannot be used.
    """

    def __init__(self, app: Flask, port: int = 0) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            listener.listen(BACKLOG)
            self.port: int = listener.getsockname()[1]
            # Werkzeug listens on a copy of this socket.
            self._server = _Server(HOST, self.port, app, _Handler, fd=listener.fileno())
        self._courier: Courier = app.extensions[EXTENSION_KEY].courier
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def serve_forever(self) -> None:
        """Serve until KeyboardInterrupt or ``stop``."""
        # Not in the thread that receives signals: one that interrupts it between accepting a
        # connection and starting its thread closes the connection under that thread.
        self.start()
        # Interrupting ``Thread.join`` would mark a running thread as stopped.
        self._stopped.wait()

    def start(self) -> None:
        """Serve in a thread of its own."""
        # Here, so that a stop right after it finds what it has to stop.
        self._courier.start()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Serve no more; calls that hang are left to themselves."""
        self._courier.stop()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._stopped.set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
