"""Builds the widget from its sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WIDGET = Path(__file__).parent.parent.parent / "static" / "widget"


def build(source: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Build a copy of the widget's folder, which has the installed node_modules, into another."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    return subprocess.run(
        ["node", "build.mjs", "--outdir", into],
        cwd=source,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
