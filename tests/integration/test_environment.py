"""A shop on a machine whose environment is wrong: its pages go on, and it is said what is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.api.environment import trusted_certificates
from genvoris_flask.testing import Sandbox
from genvoris_flask.testing.sandbox import API_KEY as KEY
from tests.integration.conftest import ROOT

API = "https://genvoris.invalid/api/v1"
WRONG = {
    "ALL_PROXY": "socks4://proxy.example:1080",
    "HTTPS_PROXY": "ftp://user:hunter2@proxy.example",
    "https_proxy": "http://user:hunter2@proxy.example:99999",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "SSL_CERT_DIR": "/nowhere/certs",
    "SSLKEYLOGFILE": "/nowhere/keys.log",
}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Provide an environment without settings of proxies or certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in WRONG:
            monkeypatch.delenv(name)
    trusted_certificates.cache_clear()
    yield monkeypatch
    trusted_certificates.cache_clear()


def start(url: str = API) -> Flask:
    app = Flask("shop")
    app.config.update(SECRET_KEY="s", GENVORIS_API_KEY=KEY, GENVORIS_API_URL=url)
    genvoris = GenvorisFlask(app)
    genvoris.shopper_loader(lambda: Shopper("ada"))
    app.add_url_rule("/", "page", lambda: render_template_string("{{ genvoris_widget() }}"))
    return app


@pytest.mark.parametrize("name", WRONG)
def test_bad_environment(
    environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Pages render, and one log line says what is wrong."""
    environment.setenv(name, WRONG[name])
    browser = start().test_client()
    at_start = [record.getMessage() for record in caplog.records]
    assert len(at_start) <= 1  # none when another app of this process has said it
    page = browser.get("/")
    assert (page.status_code, "<script" in page.text) == (200, True)
    session = browser.post("/genvoris/session", headers=SAME_ORIGIN)
    assert (session.status_code, session.get_json()["error"]) == (502, "upstream_unreachable")
    status = browser.get("/genvoris/status")
    assert (status.status_code, status.get_json()["access"]) == (200, "ERROR")
    assert name.upper() in caplog.text
    assert "who is shopping failed" not in caplog.text
    assert "Traceback" not in caplog.text
    assert "hunter2" not in caplog.text


def test_bad_environment_at_start(tmp_path: Path) -> None:
    """The start of a server logs one error."""
    (tmp_path / "waitress.py").touch()  # stands in for the server of this name
    done = run(
        tmp_path,
        "import waitress; start()",
        {"SSL_CERT_FILE": "/nowhere/ca.pem", "ALL_PROXY": "socks4://p:1"},
    )
    assert done.returncode == 0
    # Another line says where reports wait that have not been sent.
    said = [line for line in done.stderr.splitlines() if "attribution.md" not in line]
    assert len(said) == 1, said
    assert said[0].startswith("Genvoris cannot be reached from this machine")
    assert "ALL_PROXY" in said[0]


@pytest.mark.parametrize("name", WRONG)
def test_check_bad_environment(tmp_path: Path, name: str) -> None:
    """The command names the variable, without a traceback."""
    done = run(tmp_path, "app = start()", {name: WRONG[name]}, "genvoris", "check")
    assert done.returncode == 1
    assert f"wrong  environment: {name.upper()}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_local_sandbox(
    environment: pytest.MonkeyPatch, genvoris_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A server on this machine needs neither proxy nor certificates."""
    for name, value in WRONG.items():
        environment.setenv(name, value)
    environment.setenv("NO_PROXY", "127.0.0.1,[::1]")
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="s",
        GENVORIS_API_KEY=KEY,
        GENVORIS_API_URL=f"{genvoris_sandbox.url}/api/v1",
        GENVORIS_TRYON_URL=genvoris_sandbox.url,
    )
    GenvorisFlask(app).shopper_loader(lambda: Shopper("nobody"))
    status = app.test_client().get("/genvoris/status")
    assert status.get_json()["reason"] == "no_plan"
    assert caplog.text == ""


def run(
    folder: Path, last: str, environment: dict[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a program, or with a command the app that it makes, in an environment of its own."""
    program = folder / "shop_to_start.py"
    program.write_text(f"from tests.integration.test_environment import start\n{last}\n")
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    flask = ["-m", "flask", "--app", "shop_to_start", *command]
    return subprocess.run(
        [sys.executable, *(flask if command else [str(program)])],
        cwd=folder,
        env={**kept, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
