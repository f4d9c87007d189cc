"""A Genvoris over real sockets that discards the bodies that are forwarded to it.

``GET /count`` returns how often each path was requested. ``?answer=N`` in a request makes its
response N bytes long.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from tests.support.upstream import Handler, Upstream

PIECE = 256 * 1024


class Sink(Upstream):
    """The server.

    Attributes:
        bodies: The last bytes of each complete body, newest last.
        broken: How many bodies and responses broke off.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(delay=0.0, port=port)
        self.RequestHandlerClass = SinkHandler
        self.bodies: list[bytes] = []
        self.broken = 0


class SinkHandler(Handler):
    """Serves the paths of the try-on host besides those of the REST API."""

    server: Sink
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/api/config"):
            self._count("GET /api/config")
            self._answer(200, {"label": "Try it on"})
        else:
            super().do_GET()

    def do_POST(self) -> None:
        if self.path.startswith("/api/v1/"):
            super().do_POST()
            return
        try:
            self._discard_and_answer()
        except (OSError, ValueError):  # ValueError: the size of a chunk is missing
            with self.server.lock:
                self.server.broken += 1
            self.close_connection = True

    def _discard_and_answer(self) -> None:
        size, last = self._discard()
        self.server.bodies.append(last)
        self._count(f"POST {self.path}")
        wanted = parse_qs(urlsplit(self.path).query).get("answer", [])
        more = {"padding": "x" * int(wanted[0])} if wanted else {}
        self._answer(200, {"bytes": size, **more}, X_Request_Id="req_sink")
        self.wfile.flush()

    def _count(self, what: str) -> None:
        with self.server.lock:
            self.server.counts[what] += 1

    def _discard(self) -> tuple[int, bytes]:
        """Read a body of either kind, and return its size and its last bytes."""
        size, last = 0, b""
        for piece in self._pieces():
            size += len(piece)
            last = (last + piece)[-4096:]
        return size, last

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while left := int(self.rfile.readline(), 16):
                yield self._exactly(left)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self._exactly(min(left, PIECE))
            left -= len(piece)
            yield piece

    def _exactly(self, size: int) -> bytes:
        piece = self.rfile.read(size)
        if len(piece) < size:
            raise ConnectionError("The body broke off.")
        return piece
