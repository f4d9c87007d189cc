"""The sandbox as a process of its own, on a real socket."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genvoris_flask.testing.sandbox import API_KEY

KEY = API_KEY


@contextmanager
def sandbox_process(folder: Path, *options: str) -> Iterator[str]:
    """Give the address of a running sandbox."""
    command = [sys.executable, "-m", "genvoris_flask.sandbox", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        [*command, "--api-key", KEY, "--delay", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url, f"the sandbox did not start: {line!r}"
        yield url[0]
    finally:
        process.kill()
        process.communicate()
