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
import pytest

from tests.support.waiting import until

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ports_in_use_and_ctrl_c(number: signal.Signals) -> None:
    """Ports in use are skipped, and Ctrl-C ends both processes."""
    with socket.socket() as first, socket.socket() as second:
        for taken in (first, second):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        ports = [str(taken.getsockname()[1]) for taken in (first, second)]
        process, text = start("--port", ports[0], "--sandbox-port", ports[1])
        shop, sandbox = re.findall(r"http://127\.0\.0\.1:\d+", text)
        assert {shop[-5:], sandbox[-5:]}.isdisjoint(ports)
        assert "ada@example.com" in text
        assert is_up(shop)
        assert is_up(sandbox)
        # As a terminal does it: the whole group hears Ctrl-C.
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert not is_up(shop)
    assert not is_up(sandbox)


def test_idle_connection_does_not_delay_the_end() -> None:
    """Browsers open connections in advance; Ctrl-C does not wait for a request on them."""
    process, text = start("--port", "5350", "--sandbox-port", "9087")
    url = urlsplit(re.findall(r"http://127\.0\.0\.1:\d+", text)[0])
    assert url.hostname
    assert url.port
    with socket.create_connection((url.hostname, url.port)):
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_data_survives_restart(tmp_path: Path) -> None:
    """Data in a given folder is there at the next start."""
    used: list[str] = []
    for _ in range(2):
        process, text = start("--data", str(tmp_path), "--port", "5150", "--sandbox-port", "8887")
        sandbox = re.findall(r"http://127\.0\.0\.1:\d+", text)[1]
        used += re.findall(r">(\d+ of \d+)\b", httpx.get(sandbox).text)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert used[: len(used) // 2] == used[len(used) // 2 :]
    assert "4 of 5" in used


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
