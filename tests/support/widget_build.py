"""Builds the widget, and the scripts of pages that it is used on."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

WIDGET = Path(__file__).parent.parent.parent / "static" / "widget"


def build(source: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Build a copy of the widget's folder, which has the installed node_modules, into another."""
    return subprocess.run(
        ["node", "build.mjs", "--outdir", into],
        cwd=source,
        capture_output=True,
        text=True,
        env=environment(),
    )


@cache
def bundle(code: str) -> str:
    """Return a script of a page's, with the installed libraries that it imports."""
    options = [
        "--bundle",
        "--minify",
        "--format=iife",
        '--define:process.env.NODE_ENV="production"',
    ]
    done = subprocess.run(
        ["node_modules/.bin/esbuild", *options],
        cwd=WIDGET,
        input=code,
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return done.stdout.replace("</script", "<\\/script")


def environment() -> dict[str, str]:
    """Return the environment in which Node.js is found."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path}
