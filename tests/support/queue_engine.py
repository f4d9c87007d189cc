"""A shop on an engine: its settings, its Redis, its Genvoris, its web processes and its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from genvoris_flask.web.state import get_state
from tests.integration.conftest import RedisServer, free_port, wait_for
from tests.support.cli import run_command
from tests.support.queue_shop import create_app
from tests.support.queue_workers import ROOT, SHOP, Worker
from tests.support.tryon_host import TryonHost


class QueueEngine:
    """A shop whose try-ons run on ``threads``, ``rq`` or ``celery``.

    Args:
        name: Which of them.
        folder: Where it keeps its files.
        seconds: How long a try-on takes.
        settings: More settings, as texts.

    Attributes:
        host: Makes the pictures, and counts them by their key.
        redis: Its Redis.
        app: One of its web processes, in this process.
    """

    def __init__(self, name: str, folder: Path, seconds: float, **settings: str) -> None:
        self.name = name
        self._folder = folder
        self.host = TryonHost(seconds)
        self._thread = threading.Thread(target=self.host.serve_forever)
        self._thread.start()
        self.redis = RedisServer(folder)
        self.redis.start()
        self._settings = {
            "GENVORIS_QUEUE": name,
            "GENVORIS_STORE_URL": self.redis.url,
            "GENVORIS_API_URL": f"{self.host.url}/api/v1",
            "GENVORIS_TRYON_URL": self.host.url,
            "GENVORIS_DATABASE_URL": f"sqlite:///{folder}/ledger.sqlite",
            "GENVORIS_CHARGING": "credits",
            **settings,
        }
        self._stops: list[Callable[[], object]] = []
        self.app = self.web_process()
        assert run_command(self.app, "db", "upgrade").exit_code == 0

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of its web processes."""
        return {**self._settings, "CELERY": {"broker_url": self.redis.url}}

    def web_process(self) -> Flask:
        """Return one more web process, in this process."""
        return create_app(self.config)

    def start_worker(self, *options: str) -> Worker:
        """Start a worker, with more options of its command line."""
        log = self._folder / f"{self.name}.log"
        worker = Worker(self.name, self.redis.url, self._settings, log, *options)
        self._stops.append(worker.kill)
        return worker

    def serve(self, workers: int) -> tuple[int, subprocess.Popen[bytes]]:
        """Start gunicorn; return its port and its process."""
        port = free_port()
        server = [sys.executable, "-m", "gunicorn", "--no-control-socket"]
        server += ["--worker-class", "gthread", "--threads", "8", "--workers", str(workers)]
        with (self._folder / "web.log").open("ab") as log:
            web = subprocess.Popen(
                [*server, "--bind", f"127.0.0.1:{port}", f"{SHOP}_app:app"],
                cwd=ROOT,
                env=os.environ | self._settings | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        self._stops += [web.kill, web.wait]
        wait_for(port)
        return port, web

    def sell(self, user: str, number: int = 9) -> None:
        """Give a shopper try-ons."""
        with self.app.app_context():
            get_state().billing.grant(user, number)

    def used(self, user: str) -> tuple[int, int]:
        """Return how many of a shopper's try-ons are used and reserved."""
        with self.app.app_context():
            lots = get_state().billing.balance(user).lots
        return sum(lot.used for lot in lots), sum(lot.reserved for lot in lots)

    def stop(self) -> None:
        """End all that runs."""
        self.host.gate.set()
        for stop in self._stops:
            stop()
        self.redis.kill()
        self.host.stop()
        self._thread.join()
