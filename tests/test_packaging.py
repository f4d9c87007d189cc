"""The contents of the wheel and of the source distribution."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from genvoris_flask.errors import DOCS_URL
from genvoris_flask.testing import Sandbox

ROOT = Path(__file__).parent.parent
# On one worker, so that what all of these tests share is made once.
pytestmark = pytest.mark.xdist_group("packages")


def build(folder: Path) -> Path:
    """Build both as `make dist` does, the wheel from the source distribution."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel_names(dist: Path) -> set[str]:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


@pytest.mark.parametrize(
    "name",
    [
        "genvoris_flask/__init__.py",
        "genvoris_flask/py.typed",
        "genvoris_flask/core/api/client.py",
        "genvoris_flask/sandbox/__main__.py",
        "genvoris_flask/sandbox/templates/overview.html",
        "genvoris_flask/sandbox/templates/page.css",
        "genvoris_flask/testing/__init__.py",
        "genvoris_flask/sandbox/openapi.json",
        "genvoris_flask/sandbox/templates/docs.html",
        "genvoris_flask/static/widget/widget.js",
        "genvoris_flask/static/widget/design.js",
        "genvoris_flask/static/widget/dialog.js",
        "genvoris_flask/static/widget/tools.js",
        "genvoris_flask/static/widget/locale-en.js",
        "genvoris_flask/static/widget/locale-ur.js",
        "genvoris_flask/static/widget/widget.d.ts",
        "genvoris_flask/static/widget/texts.json",
    ],
)
def test_wheel_contains(name: str, wheel_names: set[str]) -> None:
    """The wheel contains what it must."""
    assert name in wheel_names


def test_wheel_contains_no_sources(wheel_names: set[str]) -> None:
    """The wheel contains no tests, sources of the widget or development files."""
    folders = {name.split("/")[0] for name in wheel_names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"genvoris_flask"}
    endings = (".ts", ".json", ".mjs", ".map", ".pyc")
    built = {name for name in wheel_names if name.startswith("genvoris_flask/static")}
    types = {f"genvoris_flask/static/widget/{name}" for name in ("widget.d.ts", "texts.json")}
    licence = {"genvoris_flask/static/widget/LICENSE-lean-qr.txt"}
    assert {name for name in built if not name.endswith(".js")} == types | licence
    spare = {name for name in wheel_names - types if name.endswith(endings)}
    messages = {name for name in spare if name.startswith("genvoris_flask/core/locales/")}
    assert spare - messages == {"genvoris_flask/sandbox/openapi.json"}


def test_readme_has_absolute_links(dist: Path) -> None:
    """The README on PyPI has absolute links."""
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        metadata = email.message_from_bytes(wheel.read(name))
    readme = str(metadata.get_payload())
    targets = re.findall(r"\]\(([^)]+)\)", readme)
    assert len(targets) > 10
    assert [target for target in targets if not target.startswith("https://")] == []
    assert f"/v{metadata['Version']}/docs/phone.webp" in readme
    assert any(
        DOCS_URL.startswith(url.split(", ")[1]) for url in metadata.get_all("Project-URL", [])
    )


def test_wheel_dependencies(dist: Path) -> None:
    """The wheel depends on few libraries."""
    own = {"flask", "httpx", "cachetools", "pyjwt", "limits"}
    brought = {"werkzeug", "jinja2", "markupsafe", "blinker", "click", "httpcore", "cryptography"}
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        lines = wheel.read(name).decode().splitlines()
    needed = {line for line in lines if line.startswith("Requires-Dist") and "extra" not in line}
    names = {line.split()[1].split("<")[0].split(">")[0].split("[")[0] for line in needed}
    assert names == own | brought
    assert {line for line in lines if line.startswith("Provides-Extra")} == {
        "Provides-Extra: c2pa",
        "Provides-Extra: celery",
        "Provides-Extra: ledger",
        "Provides-Extra: mark",
        "Provides-Extra: metrics",
        "Provides-Extra: mysql",
        "Provides-Extra: postgresql",
        "Provides-Extra: redis",
        "Provides-Extra: rq",
        "Provides-Extra: sandbox",
        "Provides-Extra: stripe",
    }


def test_build_is_reproducible(dist: Path, tmp_path: Path) -> None:
    """A second build has the same bytes, so that anybody can check a release."""
    again = build(tmp_path)
    assert len(list(dist.iterdir())) == 2
    for archive in dist.iterdir():
        assert (again / archive.name).read_bytes() == archive.read_bytes(), archive.name


def test_wheel_in_empty_environment(dist: Path, tmp_path: Path, genvoris_sandbox: Sandbox) -> None:
    """With the wheel and its dependencies alone, the smallest shop makes a try-on."""
    genvoris_sandbox.shopper("user_42")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    wheel = next(dist.glob("*.whl"))
    subprocess.run([*uv, "pip", "install", "--python", python, wheel], check=True)
    settings = {name: str(value) for name, value in genvoris_sandbox.config.items()}
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, ROOT / "tests/support/main_job.py", ROOT / "examples/five_lines/shop.py"],
        cwd=tmp_path,
        env={**environ, **settings, "GENVORIS_PAGE_BUDGET": "10"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "image/jpeg\n"


def test_source_distribution(dist: Path) -> None:
    """The source distribution contains what a build and a reader need."""
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "static/widget/widget.js"} <= names
    assert not [name for name in names if "node_modules" in name]


def test_wheel_registers_plugin(dist: Path) -> None:
    """The wheel registers the pytest plugin."""
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        text = wheel.read(name).decode()
    assert "[pytest11]\ngenvoris = genvoris_flask.testing" in text
