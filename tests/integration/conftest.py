"""Real servers on ports of their own: an upstream that misbehaves, Redis, gunicorn."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.redis_servers import RedisServer, wait_for
from tests.support.upstream import Upstream
from tests.support.waiting import LIMIT

ROOT = Path(__file__).parent.parent.parent


__all__ = ["ROOT", "RedisServer", "Shop", "free_port", "wait_for"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Start a Genvoris over real sockets."""
    server = Upstream(delay=0.02)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Start servers with options of their own."""
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        server = RedisServer(tmp_path, *options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def redis_server(start_redis: Callable[..., RedisServer]) -> RedisServer:
    """Return a running Redis."""
    return start_redis()


SHOP = """
from flask import Flask, render_template_string, request
from genvoris_flask import GenvorisFlask, Shopper

app = Flask(__name__)
app.config.update(SECRET_KEY="s", **{config!r})
genvoris = GenvorisFlask(app)

@genvoris.shopper_loader
def who():
    return Shopper(request.args["user"])

@app.get("/")
def page():
    return render_template_string("{{{{ genvoris_widget() }}}}")
"""


class Shop:
    """A shop under gunicorn with several workers, the app loaded before they fork."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, object],
        worker_class: str = "gthread",
        more: str = "",
        workers: int = 4,
    ) -> None:
        (folder / "shop_under_test.py").write_text(SHOP.format(config=config) + more)
        self.port = free_port()
        self.log = folder / "gunicorn.log"
        self._output = self.log.open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--preload"),
                *("--workers", str(workers), "--worker-class", worker_class),
                *(() if worker_class == "sync" else ("--threads", "16")),
                *("--bind", f"127.0.0.1:{self.port}"),
                *("--chdir", str(folder), "shop_under_test:app"),
            ],
            stdout=self._output,
            stderr=self._output,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        wait_for(self.port)
        # One for all: each new client would load certificates. Connections are not kept, since a
        # worker may close one just when it is used again.
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def get(self, user: str) -> httpx.Response:
        return self._client.get("/", params={"user": user})

    def stop(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(timeout=LIMIT)
        self._output.close()


@pytest.fixture
def start_shop(tmp_path: Path, upstream: Upstream) -> Iterator[object]:
    """Return a function that starts a shop with the upstream as its Genvoris."""
    shops: list[Shop] = []

    def start(worker_class: str = "gthread", more: str = "", **config: object) -> Shop:
        settings = {
            "GENVORIS_API_KEY": "gvk_test_1",
            "GENVORIS_API_URL": f"{upstream.url}/api/v1",
            "GENVORIS_PAGE_BUDGET": 10,
            **config,
        }
        shops.append(Shop(tmp_path, settings, worker_class, more))
        return shops[-1]

    yield start
    for shop in shops:
        shop.stop()
