"""Starting servers, loading them from another process, and computing statistics."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


@contextmanager
def process(command: Sequence[str], port: int, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield child
    finally:
        child.terminate()
        child.wait(timeout=20)


@contextmanager
def gunicorn(app: str, workers: int = 1, threads: int = 8, **environ: str) -> Iterator[int]:
    """Serve an app and yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", str(workers)]
    command += ["--threads", str(threads), "--bind", f"127.0.0.1:{port}", "--backlog", "2048", app]
    with process(command, port, **environ):
        yield port


@contextmanager
def upstream() -> Iterator[int]:
    """Run a Genvoris with a latency of 50 ms and yield its port."""
    port = free_port()
    program = f"from tests.support.upstream import Upstream; Upstream(port={port}).serve_forever()"
    with process([sys.executable, "-c", program], port):
        yield port


@contextmanager
def redis_server() -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """Run Redis; yield its port, and its process in a list so that it can be replaced."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        children = [start_redis(port, folder)]
        try:
            yield port, children
        finally:
            for child in children:
                child.kill()
                child.wait()


def start_redis(port: int, folder: str) -> subprocess.Popen[bytes]:
    name = os.environ.get("REDIS_SERVER", "redis-server")
    program = shutil.which(name) or sys.exit(f"{name} is missing: run make test")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    child = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    wait_for(port)
    return child


def call(port: int, method: str, path: str) -> dict[str, int]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    answer: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


@dataclass(frozen=True)
class Load:
    """The result of a load test. ``times`` are in seconds."""

    times: list[float]
    failed: int
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]


def load(
    port: int, paths: Sequence[str], at_once: int, cookie: str = "", seconds: float = MAX_SECONDS
) -> Load:
    """Request all paths from another process, a number of them at once."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    arguments = (sender, port, list(paths), at_once, cookie, seconds)
    child = multiprocessing.get_context("fork").Process(target=_load, args=arguments)
    child.start()
    result: Load = receiver.recv()
    child.join()
    return result


def _load(
    sender: object, port: int, paths: list[str], at_once: int, cookie: str, seconds: float
) -> None:
    todo = iter(paths)
    lock = threading.Lock()
    times: list[float] = []
    failed = [0]
    started = time.perf_counter()

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Cookie": cookie} if cookie else {}
        while time.perf_counter() - started < seconds:
            with lock:
                path = next(todo, None)
            if path is None:
                return
            before = time.perf_counter()
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                response.read()
                good = response.status == 200
            except (OSError, HTTPException):
                connection.close()
                good = False
            times.append(time.perf_counter() - before)
            failed[0] += not good

    threads = [threading.Thread(target=ask) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.send(Load(times, failed[0], time.perf_counter() - started))  # type: ignore[attr-defined]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def machine() -> str:
    """Describe the machine."""
    kind = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"{kind}, Python {sys.version.split()[0]}"
