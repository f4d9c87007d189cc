"""The plugin in a shop's own pytest run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTING = Path(__file__).parent.parent.parent / "docs/testing.md"
# Python as it is where Pillow is not installed.
NO_PILLOW = """
import sys

class WithoutPillow:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in ("PIL", "pillow_heif"):
            return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [WithoutPillow(finder) for finder in sys.meta_path]
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a merchant does, with no setting of this project."""
    (folder / "pytest.ini").touch()
    # Schemathesis takes longer to be imported than a test takes.
    without = [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "schemathesis")]
    command = [sys.executable, "-m", "pytest", "-q", *without]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TESTING.read_text(), re.DOTALL)


def test_documented_example_passes(tmp_path: Path) -> None:
    """The example of docs/testing.md passes, and its paywall test is short."""
    test, shop, *more = blocks("python")
    assert len([line for line in test.splitlines() if line.strip()]) <= 15
    (tmp_path / "shop.py").write_text(shop)
    (tmp_path / "test_shop.py").write_text("\n\n".join([test, *more]))
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{1 + len(more)} passed" in done.stdout


def test_documented_example_can_fail(tmp_path: Path) -> None:
    """The documented paywall test fails for a shop without a paywall."""
    test, shop, *_more = blocks("python")
    (tmp_path / "shop.py").write_text(
        shop.replace('action_url="/plans"', 'action_url="/elsewhere"')
    )
    (tmp_path / "test_shop.py").write_text(test)
    done = run(tmp_path)
    assert done.returncode == 1
    assert "/elsewhere" in done.stdout


def test_plugin_imports_nothing_unused(tmp_path: Path) -> None:
    """The plugin imports nothing in runs that do not use it."""
    program = (
        "import sys, genvoris_flask.testing\n"
        "heavy = {'flask', 'httpx', 'jwt', 'PIL', 'werkzeug', 'cryptography', 'redis', 'limits'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_missing_extra_is_explained(tmp_path: Path) -> None:
    """Without the extra, only the tests that need it fail, with an explanation."""
    (tmp_path / "conftest.py").write_text(NO_PILLOW)
    (tmp_path / "test_it.py").write_text(
        "def test_other(): pass\n\ndef test_ours(genvoris_sandbox): pass\n"
    )
    done = run(tmp_path)
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    assert 'pip install "genvoris-flask[sandbox]"' in done.stdout
    assert "Traceback" not in done.stdout


def test_session_scope(tmp_path: Path) -> None:
    """A sandbox can live for the whole session."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ngenvoris_sandbox_scope = session\n")
    (tmp_path / "test_it.py").write_text(
        "import time\n"
        "seen = set()\n"
        "def test_one(genvoris_sandbox, genvoris_clock):\n"
        "    genvoris_clock.advance(days=400)\n"
        "    seen.add(genvoris_sandbox.url)\n"
        "def test_two(genvoris_sandbox, genvoris_shopper, genvoris_clock):\n"
        "    assert {genvoris_sandbox.url} == seen\n"
        "    assert abs(genvoris_clock() - time.time()) < 3600\n"
        "    assert not genvoris_sandbox.calls('/sandbox/*')\n"
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout


def test_invalid_scope_is_refused(tmp_path: Path) -> None:
    """An invalid scope is refused with an explanation."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ngenvoris_sandbox_scope = forever\n")
    (tmp_path / "test_it.py").write_text("def test_one(genvoris_sandbox): pass\n")
    done = run(tmp_path)
    assert done.returncode != 0
    assert "must be one of function" in done.stdout + done.stderr


def test_fixtures_are_documented(tmp_path: Path) -> None:
    """Each fixture has a docstring."""
    listed = run(tmp_path, "--fixtures").stdout
    documented = re.findall(r"^genvoris_(\w+)\b.*\n +(?:Return|Yield) ", listed, re.MULTILINE)
    assert {"sandbox", "shopper", "clock", "faults"} <= set(documented), listed
