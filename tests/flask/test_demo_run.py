"""The program of ``make demo``, in a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.support.waiting import LIMIT, until

RUN = Path(__file__).parent.parent.parent / "examples/demo_shop/run.py"


def start(*options: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, str(RUN), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    text = ""
    while "Ctrl-C" not in text:
        line = process.stdout.readline()
        assert line, process.communicate()
        text += line
    return process, text


def is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=60).status_code == 200
    except httpx.HTTPError:
        return False


def test_two_runs(tmp_path: Path) -> None:
    """Ports in use are skipped, Ctrl-C and SIGTERM end both processes, and the data stays."""
    used: list[str] = []
    with socket.socket() as first, socket.socket() as second:
        for taken in (first, second):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        ports = [str(taken.getsockname()[1]) for taken in (first, second)]
        for number in (signal.SIGINT, signal.SIGTERM):
            options = ["--data", str(tmp_path), "--port", ports[0], "--sandbox-port", ports[1]]
            options += ["--charging", "plans"]
            process, text = start(*options)
            shop, sandbox, *_console = re.findall(r"http://127\.0\.0\.1:\d+", text)
            assert {shop.split(":")[-1], sandbox.split(":")[-1]}.isdisjoint(ports)
            assert "ada@example.com" in text
            assert is_up(shop)
            used += re.findall(r">(\d+ of \d+)\b", httpx.get(sandbox, timeout=LIMIT).text)
            end(process, shop, number)
            assert not is_up(shop)
            assert not is_up(sandbox)
    assert used[: len(used) // 2] == used[len(used) // 2 :]
    assert "4 of 5" in used


def end(process: subprocess.Popen[str], shop: str, number: signal.Signals) -> None:
    """Interrupt the program while a browser holds a connection that it has opened in advance."""
    address = urlsplit(shop)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port)):
        # As a terminal does it: the whole group hears Ctrl-C.
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_sandbox_dies() -> None:
    """The demo ends with a message when the local Genvoris dies."""
    process, text = start("--port", "5250", "--sandbox-port", "8987")
    sandbox = re.findall(r"http://127\.0\.0\.1:\d+", text)[1]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if children.exists():
        child = int(children.read_text().split()[0])
    else:
        found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
        child = int(found.stdout.split()[0])
    os.kill(child, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "local Genvoris has ended" in errors
    until(lambda: not is_up(sandbox))
