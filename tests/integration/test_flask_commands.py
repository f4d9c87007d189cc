"""The ``flask`` command of a shop that has this package installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT

SHOP = """
import click
from flask import Flask

app = Flask(__name__)


@app.cli.command("greet")
def greet():
    click.echo("Good day")
"""
WITH_GENVORIS = """
from genvoris_flask import GenvorisFlask

app.config.update(SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1")
GenvorisFlask(app)
"""
WITHOUT = """
import sys
sys.modules["{}"] = None  # importing it fails
"""
TOO_OLD = """
import importlib.metadata
real = importlib.metadata.version
importlib.metadata.version = lambda name: "2.0.3" if name.lower() == "flask" else real(name)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with a shop that has a command of its own."""
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def flask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("package", ["cachetools", "httpx"])
def test_missing_dependency(shop: Path, package: str) -> None:
    """The shop's commands run when a dependency of this package is missing."""
    (shop / "shop.py").write_text(SHOP + WITH_GENVORIS)
    (shop / "sitecustomize.py").write_text(WITHOUT.format(package))
    greeting = flask(shop, "greet")
    assert greeting.stdout == "Good day\n", greeting.stderr
    assert "genvoris" in flask(shop, "--help").stdout
    ours = flask(shop, "genvoris", "check")
    assert ours.returncode == 1
    assert "Traceback" not in ours.stderr
    assert package in ours.stderr
    assert "pip install" in ours.stderr


def test_old_flask(shop: Path) -> None:
    """A Flask that is too old causes a message."""
    (shop / "sitecustomize.py").write_text(TOO_OLD)
    (shop / "shop.py").write_text("from genvoris_flask import GenvorisFlask\n")
    found = flask(shop, "routes")
    assert found.returncode == 2
    assert "genvoris-flask needs Flask 2.2.5 or newer, but 2.0.3 is installed." in found.stderr


def test_shop_commands_import_little() -> None:
    """A command of the shop does not import this package's commands."""
    program = "import sys, genvoris_flask.cli; print([*sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    loaded = set(done.stdout.replace("'", "").strip("[]\n").split(", "))
    assert "genvoris_flask.cli" in loaded
    assert not loaded & {"flask", "httpx", "limits", "genvoris_flask.errors"}
