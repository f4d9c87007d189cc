"""What a process imports: little for a command, everything at the start of a server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.warm_up import MODULES, SERVERS, is_serving
from tests.integration.conftest import ROOT
from tests.support.pictures import picture, two_colours

# Slow to import, and needed by no command that does not call Genvoris.
HEAVY = {"cryptography", "flask_login", "httpcore", "httpx", "jwt", "limits", "redis", "stripe"}
SHOP = """
import json, sys
from flask import Flask, render_template_string
from genvoris_flask import GenvorisFlask, Shopper

def create_app(**options):
    app = Flask("shop")
    app.config.update(SECRET_KEY="secret", **options)
    GenvorisFlask(app).shopper_loader(lambda: Shopper("ada"))
    app.add_url_rule("/", "page", lambda: render_template_string(
        "{{ genvoris_button(image='/a.png', title='Shirt') }}{{ genvoris_widget() }}"
    ))
    app.cli.command("report")(report)
    return app

def report():
    print(json.dumps(sorted(sys.modules)))
"""
SERVE = """
import json, threading, time, waitress, shop
from http.server import HTTPServer, SimpleHTTPRequestHandler

pictures = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)  # of the shop's products
threading.Thread(target=pictures.serve_forever, daemon=True).start()
browser = shop.create_app(SERVER_NAME=f"127.0.0.1:{pictures.server_port}").test_client()
shop.report()
own = {"Sec-Fetch-Site": "same-origin"}
assert "data-end-customer-token" in browser.get("/").text
assert browser.post("/genvoris/session", headers=own).get_json()["token"]
assert browser.get("/genvoris/status").get_json()["canTryOn"]
photo, product = (open("photo.jpg", "rb"), "me.jpg"), {"product_image": "/shirt.png"}
answer = browser.post("/genvoris/tryons", headers=own, data={"photo": photo, **product})
job = answer.headers["Location"]
while (state := browser.get(job).get_json()["state"]) in ("queued", "running"):
    time.sleep(0.01)
assert state == "done", state
assert browser.get(f"{job}/image").status_code == 200
assert browser.delete(job, headers=own).status_code == 200
assert browser.get("/genvoris/widget.js").status_code == 200
event = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED"}
assert browser.post("/genvoris/api/v1/events", headers=own, json=event).status_code == 202
assert browser.get("/genvoris/api/config").status_code == 200
webhook = json.load(open("webhook.json"))
assert browser.post("/genvoris/webhook", **webhook).get_json() == {
    "received": True, "duplicate": False
}
shop.report()
"""


def run(folder: Path, program: str, *command: str, **settings: str) -> list[list[str]]:
    """Run a program in a fresh process, and return what each of its lines says."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "waitress.py").write_text("")  # stands in for the server of this name
    done = subprocess.run(
        [sys.executable, *(command or ["-c", program])],
        cwd=folder,
        env={
            "PYTHONPATH": f"{folder}:{ROOT}",
            "PATH": "",
            "GENVORIS_API_KEY": "gvk_test_1",
            "GENVORIS_API_URL": "http://127.0.0.1:1",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def heavy(modules: list[str]) -> set[str]:
    return {name.split(".")[0] for name in modules} & HEAVY


def test_setup_is_light(tmp_path: Path) -> None:
    """A script that sets an app up imports no library of ours, no view and no part of the state."""
    [modules] = run(tmp_path, "import shop; shop.create_app(); shop.report()")
    assert heavy(modules) == set()
    assert set(MODULES).isdisjoint(modules)
    own = {name for name in modules if name.startswith("genvoris_flask.")}
    assert own & {"genvoris_flask.web.routes", "genvoris_flask.web.wiring"} == set()
    assert len(own) < 75  # of about 300


def test_commands_are_light(tmp_path: Path) -> None:
    """Neither does a command of the shop's under ``flask``."""
    [modules] = run(tmp_path, "", "-m", "flask", "--app", "shop", "report")
    # Flask-Limiter and Flask-Security, if they are installed, have commands of their own.
    assert heavy(modules) - {"flask_login", "limits"} == set()


def test_requests_import_nothing(tmp_path: Path, genvoris_sandbox: Sandbox) -> None:
    """Under a server, all that any request needs is there once the app is set up."""
    genvoris_sandbox.shopper("ada")
    (tmp_path / "photo.jpg").write_bytes(picture())
    two_colours((600, 900)).save(tmp_path / "shirt.png")
    body = json.dumps({"id": "evt_1", "type": "webhook.test", "created": 1, "data": {}})
    headers = {HEADER: sign("whsec_1", body.encode(), time.time())}
    (tmp_path / "webhook.json").write_text(json.dumps({"data": body, "headers": headers}))
    settings = {
        **genvoris_sandbox.config,
        "GENVORIS_WEBHOOK_SECRET": "whsec_1",
        "GENVORIS_PAGE_BUDGET": "10",
    }
    before, after = run(tmp_path, SERVE, **settings)
    assert set(MODULES) <= set(before)
    late = {name for name in after if name.split(".")[0] in {*HEAVY, "genvoris_flask"}}
    assert late <= set(before), late - set(before)


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
    assert set(MODULES) <= set(modules)


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_is_recognized(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One module of a server is enough."""
    for server in SERVERS:
        monkeypatch.delitem(sys.modules, server, raising=False)
    assert not is_serving()
    monkeypatch.setitem(sys.modules, name, sys)
    assert is_serving()
