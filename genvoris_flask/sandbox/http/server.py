"""The server of the sandbox, which listens on this machine alone."""

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
from ..domain.webhook_dispatcher import WebhookDispatcher
from ..responses import new_request_id

HOST = "127.0.0.1"
BACKLOG = 256
RESET = struct.pack("ii", 1, 0)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        """Do not log requests, which may identify shoppers, to the terminal."""

    def send_error(
        self, code: int, message: str | None = None, _explain: str | None = None
    ) -> None:
        """Send an error for requests that do not reach the app, such as a URL of 64 KB."""
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
        """Wait for no further request on a dropped connection."""
        self.close_connection = True


class _Server(ThreadedWSGIServer):
    def shutdown_request(self, request: Any) -> None:
        """Close a connection, without shutting it down first if it is to be reset."""
        try:
            lingers = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET))
        except OSError:
            lingers = b""
        if lingers == RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)


class SandboxServer:
    """A server on 127.0.0.1. As a context manager it runs in a background thread.

    Args:
        app: The sandbox, from ``create_app``.
        port: The port; 0 selects a free one.

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
            # Werkzeug listens on a duplicate of this socket.
            self._server = _Server(HOST, self.port, app, _Handler, fd=listener.fileno())
        self._dispatcher: WebhookDispatcher = app.extensions[EXTENSION_KEY].dispatcher
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def url(self) -> str:
        """The server's URL, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    def serve_forever(self) -> None:
        """Serve until KeyboardInterrupt or ``stop``."""
        # Not in the thread that receives signals: a signal between accepting a connection and
        # starting its thread would close the connection while that thread uses it.
        self.start()
        # Not ``Thread.join``, which marks a running thread as stopped when interrupted. With a
        # timeout, since Python misses a signal that arrives just before it starts to wait.
        while not self._stopped.wait(0.5):
            pass

    def start(self) -> None:
        """Start serving in a background thread."""
        # Not in the new thread, so that an immediate ``stop`` stops the dispatcher too.
        self._dispatcher.start()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving, without waiting for requests that hang."""
        self._dispatcher.stop()
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
