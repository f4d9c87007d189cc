"""Measures what importing the extension costs: a section of benchmarks/RESULTS.md."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import ROOT, median
from benchmarks.report import section, write_part

ROUNDS = 9
EXTENSION = """
from flask import Flask
from genvoris_flask import GenvorisFlask
app = Flask("shop")
app.config.update(SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1")
GenvorisFlask(app)
"""
PROGRAMS = {
    "Python alone": "pass",
    "import flask": "import flask",
    "import genvoris_flask, and set an app up": EXTENSION,
    "the same under a server": f"import waitress{EXTENSION}",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "waitress.py").touch()  # stands in for a server
        environ = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "PYTHONPYCACHEPREFIX": folder,  # compiled once, by the rounds that are not counted
        }
        for program in PROGRAMS.values():
            cpu_seconds(program, environ)
        rounds = [
            [cpu_seconds(program, environ) for program in PROGRAMS.values()] for _ in range(ROUNDS)
        ]
    rows = []
    for index, title in enumerate(PROGRAMS):
        times = [each[index] for each in rounds]
        beyond = [(each[index] - each[1]) / (each[1] - each[0]) for each in rounds]
        ratio = f"{median(beyond):.2f}" if index > 1 else "-"
        rows.append([title, f"{median(times) * 1000:.0f} ms", f"{min(times) * 1000:.0f} ms", ratio])
    table = section(
        "CPU of a process that does this and ends",
        ["what", "median", "best", "beyond Flask, against Flask"],
        rows,
        "The ratio is what the extension adds to `import flask`, divided by what that adds to "
        "Python. At most 0.5 is the aim for a process that does not serve. A server imports "
        "httpx, PyJWT and the rest at its start, so that no page has to.",
    )
    how = f"{ROUNDS} fresh processes of each in turn, with compiled bytecode."
    write_part("imports", "What importing the extension costs", how, [table])


def cpu_seconds(program: str, environ: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, env=environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
