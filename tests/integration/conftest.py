"""Real servers on ports of their own: an upstream that misbehaves, Redis, gunicorn."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests.support.upstream import Upstream
from tests.support.waiting import LIMIT

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    end = time.monotonic() + LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, f"nothing listens on port {port}"
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Start a Genvoris over real sockets."""
    server = Upstream(delay=0.02)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.stop()
    thread.join()


class RedisServer:
    """A redis-server of the tests' own, which can be killed and started again.

    Args:
        folder: Where it runs.
        options: Further options of its command line.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: run make test, which installs it."
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._process = subprocess.Popen(
            [program, *options, str(self._folder), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port)

    def command(self, *words: str) -> Any:
        """Send one command, as an administrator would."""
        with redis.Redis.from_url(self.url, socket_timeout=60) as client:
            return client.execute_command(*words)

    def info(self, name: str) -> Any:
        """Return one value of what the server says of itself."""
        return self.command("INFO", "everything")[name]

    def freeze(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


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
