"""What a process imports: little for a command, everything at the start of a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genvoris_flask.web.warm_up import HEAVY_MODULES, SERVERS
from tests.integration.conftest import ROOT

# Slow to import, and needed by no command that does not call Genvoris.
HEAVY = {"cryptography", "httpcore", "httpx", "jwt", "limits", "redis", "stripe"}
SHOP = """
import json, sys
from flask import Flask, render_template_string
from genvoris_flask import GenvorisFlask, Shopper

def create_app(**options):
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1", GENVORIS_API_URL="http://127.0.0.1:1"
    )
    GenvorisFlask(app).shopper_loader(lambda: Shopper("ada"))
    app.add_url_rule("/", "page", lambda: render_template_string("{{ genvoris_widget() }}"))
    app.cli.command("report")(report)
    return app

def loaded():
    return sorted(sys.modules)

def report():
    print(json.dumps(loaded()))
"""


def run(folder: Path, program: str, *command: str) -> list[list[str]]:
    """Run a program in a fresh process, and return what each of its lines says."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "waitress.py").write_text("")  # stands in for the server of this name
    done = subprocess.run(
        [sys.executable, *(command or ["-c", program])],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def heavy(modules: list[str]) -> set[str]:
    return {name.split(".")[0] for name in modules} & HEAVY


def test_setting_up_an_app_imports_nothing_heavy(tmp_path: Path) -> None:
    """A script that sets an app up does not pay for httpx, PyJWT or a store."""
    [modules] = run(tmp_path, "import shop; shop.create_app(); shop.report()")
    assert heavy(modules) == set()
    assert set(HEAVY_MODULES).isdisjoint(modules)


def test_a_command_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither does a command of the shop's under ``flask``."""
    [modules] = run(tmp_path, "", "-m", "flask", "--app", "shop", "report")
    # Flask-Limiter, if it is installed, has a command of its own that imports limits.
    assert heavy(modules) - {"limits"} == set()


def test_under_a_server_no_request_imports_anything(tmp_path: Path) -> None:
    """All that a page and a session need is there once the app is set up."""
    before, after = run(
        tmp_path,
        "import waitress, shop\n"
        "browser = shop.create_app().test_client()\n"
        "before = shop.loaded()\n"
        "print(shop.json.dumps(before))\n"
        "assert browser.get('/').status_code == 200\n"
        "browser.post('/genvoris/session', headers={'Sec-Fetch-Site': 'same-origin'})\n"
        "browser.get('/genvoris/status')\n"
        "shop.report()\n",
    )
    assert set(HEAVY_MODULES) <= set(before)
    late = set(after) - set(before)
    assert not {name for name in late if name.split(".")[0] in {*HEAVY, "genvoris_flask"}}


def test_flask_run_is_a_server(tmp_path: Path) -> None:
    """Flask's own server is known by its command."""
    (tmp_path / "run.py").write_text(
        "import shop, werkzeug.serving\n"
        "from flask import cli\n"
        "cli.run_simple = lambda *args, **options: shop.report()\n"
        "werkzeug.serving.run_simple = cli.run_simple\n"
        "import werkzeug\n"
        "werkzeug.run_simple = cli.run_simple\n"
        "cli.main()\n"
    )
    *_, modules = run(tmp_path, "", "run.py", "--app", "shop", "run", "--port", "0")
    assert set(HEAVY_MODULES) <= set(modules)


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_is_recognized(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One module of a server is enough."""
    from genvoris_flask.web.warm_up import is_serving

    for server in SERVERS:
        monkeypatch.delitem(sys.modules, server, raising=False)
    assert not is_serving()
    monkeypatch.setitem(sys.modules, name, sys)
    assert is_serving()
