"""Measures how long a test waits for its sandbox: a section of benchmarks/RESULTS.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import ROOT, median
from benchmarks.report import section, write_part

ROUNDS = 7
IMPORT = """
import time
before = time.perf_counter()
import {module}
print(time.perf_counter() - before)
"""
SANDBOX = """
import tempfile, time, urllib.request
from pathlib import Path
from genvoris_flask import GenvorisFlask
from genvoris_flask.testing import start_sandbox
keys = Path(tempfile.mkdtemp())
for number in range(2):
    before = time.perf_counter()
    with start_sandbox(Path(tempfile.mkdtemp()), keys) as sandbox:
        urllib.request.urlopen(sandbox.url + "/.well-known/jwks.json").read()
        print(time.perf_counter() - before)
"""


def main() -> None:
    ways = {"import flask": IMPORT.format(module="flask"), "sandbox": SANDBOX}
    ways["import genvoris_flask.testing"] = "import pytest\n" + IMPORT.format(
        module="genvoris_flask.testing"
    )
    times: dict[str, list[list[float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, program in ways.items():
            times[name].append(run(program))
    flask = median([first for (first,) in times["import flask"]])
    plugin = median([first for (first,) in times["import genvoris_flask.testing"]])
    first = [each[0] for each in times["sandbox"]]
    next_ones = [each[1] for each in times["sandbox"]]
    rows = [
        row("the plugin, in a run that does not use it", [plugin], flask),
        row("the first sandbox of a run, its key made, its first answer given", first, flask),
        row("each further sandbox", next_ones, flask),
    ]
    table = section(
        "Until it is there, against importing Flask",
        ["what", "median", "slowest", "ratio"],
        rows,
        "A sandbox in under 0.5 s is the aim.",
    )
    how = f"{ROUNDS} fresh processes of each in turn."
    write_part("pytest_plugin", "How soon a test has its sandbox", how, [table])


def run(program: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [float(line) for line in done.stdout.split()]


def row(title: str, times: list[float], flask: float) -> list[str]:
    middle, slowest = median(times), max(times)
    return [title, f"{middle * 1000:.0f} ms", f"{slowest * 1000:.0f} ms", f"{middle / flask:.2f}"]


if __name__ == "__main__":
    main()
