"""The committed widget is what its source builds to, and small."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

WIDGET = Path(__file__).parent.parent / "static" / "widget"
KB = 1024


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the widget anew."""
    folder = tmp_path_factory.mktemp("widget")
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    subprocess.run(
        ["node", "build.mjs", "--outdir", folder],
        cwd=WIDGET,
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": path},
    )
    return folder


@pytest.mark.parametrize("name", ["widget.js", "dialog.js"])
def test_the_committed_file_is_a_fresh_build(name: str, fresh: Path) -> None:
    same = (WIDGET / name).read_bytes() == (fresh / name).read_bytes()
    assert same, f"static/widget/{name} is not what its source builds to; run: make widget"


def gzipped(*names: str) -> int:
    return sum(len(gzip.compress((WIDGET / name).read_bytes(), 9)) for name in names)


def test_what_a_shopper_loads_is_small() -> None:
    assert gzipped("widget.js") <= 3 * KB
    assert gzipped("dialog.js") <= 15 * KB
    assert gzipped("widget.js", "dialog.js") <= 20 * KB
