"""The sandbox as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

KEY = "gvk_test_process_key"


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    command = [sys.executable, "-m", "genvoris_flask.sandbox", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        [*command, "--api-key", KEY, "--delay", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert url, line
    assert "this machine alone" in line
    headers = {"Authorization": f"Bearer {KEY}"}
    try:
        with httpx.Client(base_url=url[0], headers=headers, timeout=10) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_when_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    with sandbox(tmp_path) as (process, client):
        assert client.get("/api/v1/plans").json() == {"data": []}
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert (output, errors) == ("", "")


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with sandbox(tmp_path) as (process, client):
        plan = client.post("/api/v1/plans", json={"name": "Pro", "monthlyTryOns": 5}).json()
        body = {"externalId": "ada", "planId": plan["id"]}
        customer = client.post("/api/v1/customers", json=body).json()
        keys = client.get("/.well-known/jwks.json").json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    with sandbox(tmp_path) as (_, client):
        assert client.get("/api/v1/plans").json()["data"] == [plan]
        assert client.get("/api/v1/customers/ada").json() == customer
        assert client.get("/.well-known/jwks.json").json() == keys


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "genvoris_flask.sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def test_a_taken_port_is_told_in_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("--port", str(taken.getsockname()[1]), "--data", str(tmp_path))
    assert done.returncode == 2
    assert "--port 0" in done.stderr


def test_a_folder_that_is_a_file_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = run("--port", "0", "--data", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_of_the_wrong_kind_is_told_in_words(tmp_path: Path) -> None:
    done = run("--api-key", "sk_secret", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "gvk_test_" in done.stderr
    assert "sk_secret" not in done.stderr


def test_flask_starts_it_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "genvoris", "sandbox", "--help"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0
    assert "--data" in done.stdout
