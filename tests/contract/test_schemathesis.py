"""Schemathesis looks for requests that the sandbox answers otherwise than its document says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genvoris_flask.testing import Sandbox

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "1"
# Apart, since a clock that jumps and faults in force would disturb the others.
PARTS = {"Genvoris's paths": "--exclude-path-regex", "its own switches": "--include-path-regex"}


@pytest.mark.parametrize("part", PARTS)
def test_schemathesis_finds_nothing(part: str, tmp_path: Path, genvoris_sandbox: Sandbox) -> None:
    genvoris_sandbox.top_up(10**6)
    key = genvoris_sandbox.api_key
    headers = [f"Authorization: Bearer {key}", f"X-API-Key: {key}"]
    command: list[str | Path] = [
        Path(sys.executable).with_name("st"),
        "--config-file",
        CONFIG,
        "run",
        f"{genvoris_sandbox.url}/openapi.json",
    ]
    command += ["--max-examples", EXAMPLES, "--seed", "1", "--warnings", "off", "--no-color"]
    command += [option for header in headers for option in ("-H", header)]
    done = subprocess.run(
        [*command, PARTS[part], "^/sandbox/"],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
