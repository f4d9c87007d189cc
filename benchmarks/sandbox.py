"""Measures the sandbox under load: a section of benchmarks/RESULTS.md."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import ROOT, median
from benchmarks.report import section, write_part
from tests.support.sandbox_clients import StoredData, run_clients

KEY = "gvk_test_bench"
CLIENTS = 50
SECONDS = 60.0
KILLS = 3
STARTS = 9


def main() -> None:
    sections = [busy(), killed(), starts()]
    write_part(
        "sandbox",
        "The sandbox under load",
        "Each client registers shoppers, mints, charges two try-ons, reports an event and reads "
        "the usage, with a connection per call; the clients share the machine with it.",
        sections,
    )


@contextmanager
def sandbox(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "genvoris_flask.sandbox", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        [*command, "--api-key", KEY, "--credits", "1000000000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r":(\d+)", process.stdout.readline().partition("http:")[2])
    assert found
    try:
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def busy() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with sandbox(folder) as (_process, port):
            confirmed = run_clients(port, KEY, clients=CLIENTS, seconds=SECONDS)
        lost = StoredData.read(folder).lost(confirmed)
    row = [
        f"{confirmed.calls:,}",
        str(len(confirmed.errors)),
        str(lost),
        f"{confirmed.slowest:.2f} s",
    ]
    title = f"{CLIENTS} clients for {SECONDS:.0f} s"
    return section(title, ["calls answered", "errors", "lost rows", "slowest"], [row])


def killed() -> str:
    rows = []
    for number in range(KILLS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with sandbox(folder) as (process, port):
                killing = threading.Timer(2.0 + number, os.kill, (process.pid, signal.SIGKILL))
                killing.start()
                confirmed = run_clients(port, KEY, clients=CLIENTS, seconds=20)
                killing.join()
            lost = StoredData.read(folder).lost(confirmed)
        rows.append([f"{2 + number} s", f"{confirmed.calls:,}", str(lost)])
    return section(
        f"Killed (SIGKILL) in the middle of {CLIENTS} clients",
        ["after", "calls answered", "of them lost"],
        rows,
    )


def starts() -> str:
    """Time the start of a server in a process that has imported the package, as tests have."""
    program = (
        "import sys, time, pathlib, urllib.request, genvoris_flask\n"
        "before = time.perf_counter()\n"
        "from genvoris_flask.sandbox.app import create_app\n"
        "from genvoris_flask.sandbox.http.server import SandboxServer\n"
        "server = SandboxServer(create_app(pathlib.Path(sys.argv[1])))\n"
        "server.start()\n"
        "urllib.request.urlopen(server.url + '/sandbox/clock').read()\n"
        "print(time.perf_counter() - before)\n"
        "server.stop()"
    )
    inside, alone = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as name:
            command = [sys.executable, "-c", program, name]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            inside.append(float(done.stdout))
        with tempfile.TemporaryDirectory() as name:
            before = time.perf_counter()
            with sandbox(Path(name)):
                alone.append(time.perf_counter() - before)
    rows = [
        ["a server within a test session", f"{median(inside):.2f} s", f"{max(inside):.2f} s"],
        ["`flask genvoris sandbox`, a process", f"{median(alone):.2f} s", f"{max(alone):.2f} s"],
    ]
    return section("Ready, with a fresh data folder", ["", "median", "slowest"], rows)


if __name__ == "__main__":
    main()
