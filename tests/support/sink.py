"""A Genvoris over real sockets that swallows what is passed through to it, and says what it was.

``GET /count`` says what it was asked. ``?answer=N`` in a request has N bytes come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from tests.support.upstream import Handler, Upstream

PIECE = 256 * 1024


class Sink(Upstream):
    """The server.

    Attributes:
        bodies: The last bytes of each body that came whole, newest last.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(delay=0.0, port=port)
        self.RequestHandlerClass = SinkHandler
        self.bodies: list[bytes] = []


class SinkHandler(Handler):
    """Knows the paths of the try-on host beside those of the REST API."""

    server: Sink
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/api/config"):
            self._note("GET /api/config")
            self._answer(200, {"label": "Try it on"})
        else:
            super().do_GET()

    def do_POST(self) -> None:
        if self.path.startswith("/api/v1/"):
            super().do_POST()
            return
        size, last = self._swallow()
        self.server.bodies.append(last)
        self._note(f"POST {self.path}")
        wanted = parse_qs(urlsplit(self.path).query).get("answer", [])
        more = {"padding": "x" * int(wanted[0])} if wanted else {}
        self._answer(200, {"bytes": size, **more}, X_Request_Id="req_sink")

    def _note(self, what: str) -> None:
        with self.server.lock:
            self.server.counts[what] += 1

    def _swallow(self) -> tuple[int, bytes]:
        """Read a body of either kind; raise when it breaks off."""
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
            raise ConnectionError("the body broke off")
        return piece
