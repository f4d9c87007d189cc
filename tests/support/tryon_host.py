"""A Genvoris on a real socket whose try-ons take some time, and are counted by their key.

``GET /keys`` returns how often each Idempotency-Key was seen.
"""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter

from tests.support.pictures import marked, picture
from tests.support.upstream import Handler, Upstream

_MADE = picture("JPEG", (600, 900))
RESULT = marked(_MADE)
_TEXT = base64.b64encode(_MADE).decode()


class TryonHost(Upstream):
    """An upstream whose try-ons take ``seconds``, and longer while ``gate`` is not set.

    Attributes:
        seconds: How long each takes.
        gate: Set while try-ons end.
        status: The status that they are answered with.
        keys: How often each Idempotency-Key was seen.
    """

    def __init__(self, seconds: float = 0.5, port: int = 0) -> None:
        super().__init__(delay=0.005, port=port)
        self.RequestHandlerClass = TryonHandler
        self.seconds = seconds
        self.gate = threading.Event()
        self.gate.set()
        self.status = 200
        self.keys: Counter[str] = Counter()


class TryonHandler(Handler):
    server: TryonHost

    def do_GET(self) -> None:
        if self.path == "/keys":
            self._answer(200, dict(self.server.keys))
        else:
            super().do_GET()

    def do_POST(self) -> None:
        if self.path != "/api/tryon":
            super().do_POST()
            return
        with self.server.lock:
            self.server.keys[self.headers["Idempotency-Key"]] += 1
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
        time.sleep(self.server.seconds)
        self.server.gate.wait(60)
        self._answer(self.server.status, {"success": True, "images": [_TEXT]})
