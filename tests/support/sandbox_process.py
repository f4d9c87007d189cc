"""The sandbox in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

KEY = "gvk_test_process_key"


@contextmanager
def run_sandbox(
    folder: Path,
    *options: str,
    key: str | None = KEY,
    env: dict[str, str] | None = None,
    printed: list[str] | None = None,
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Run a sandbox until the block ends.

    Args:
        folder: Its data folder.
        options: Further options of the command.
        key: Its API key, or None to use that of the environment.
        env: The environment; defaults to that of the tests.
        printed: Receives the lines that it prints at its start.
    """
    command = [sys.executable, "-m", "genvoris_flask.sandbox", "--port", "0", "--data", str(folder)]
    command += ["--api-key", key] if key else []
    process = subprocess.Popen(
        [*command, "--delay", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    url = re.search(r"http://127\.0\.0\.1:\d+", lines[0])
    assert url, lines
    assert "this machine alone" in lines[0]
    while lines.count("\n") < 2:  # before and after the settings
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    if printed is not None:
        printed += lines
    headers = {"Authorization": f"Bearer {KEY}"}
    try:
        with httpx.Client(base_url=url[0], headers=headers, timeout=60) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


def run_command(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends."""
    command = [sys.executable, "-m", "genvoris_flask.sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)
