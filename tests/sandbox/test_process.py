"""The command that runs the sandbox."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from flask import Flask

from tests.support.local_genvoris import product_png
from tests.support.pictures import picture
from tests.support.sandbox_process import KEY, run_command, run_sandbox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_process_ends_quietly(tmp_path: Path, number: signal.Signals) -> None:
    """The process ends without output on a signal."""
    with run_sandbox(tmp_path) as (process, client):
        assert client.get("/api/v1/plans").json() == {"data": []}
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert (output, errors) == ("", "")


def settings_of(printed: list[str]) -> dict[str, str]:
    """Paste what was printed into a shop's module, as it is, and return its settings."""
    app = Flask("shop")
    block = "".join(printed).split("\n\n")[1]
    exec(block, {"app": app})
    return {name: value for name, value in app.config.items() if name.startswith("GENVORIS_")}


def test_settings_are_printed(tmp_path: Path) -> None:
    """The command prints settings that a shop can use."""
    printed: list[str] = []
    with run_sandbox(tmp_path, "--issuer", "https://issuer.test", printed=printed) as (_, client):
        url = str(client.base_url).rstrip("/")
    assert settings_of(printed) == {
        "GENVORIS_API_KEY": KEY,
        "GENVORIS_API_URL": f"{url}/api/v1",
        "GENVORIS_TRYON_URL": url,
        "GENVORIS_ISSUER": "https://issuer.test",
    }


@pytest.mark.parametrize(
    ("key", "environment"),
    [("gvk_live_secret", {}), (None, {"GENVORIS_API_KEY": "gvk_test_secret"})],
)
def test_live_key_is_not_printed(
    tmp_path: Path, key: str | None, environment: dict[str, str]
) -> None:
    """A key that may be a real one is not printed."""
    printed: list[str] = []
    with run_sandbox(tmp_path, key=key, env={**os.environ, **environment}, printed=printed):
        assert "secret" not in "".join(printed)
        assert "GENVORIS_API_KEY" not in settings_of(printed)


def test_allowed_picture_hosts(tmp_path: Path) -> None:
    """Product pictures are fetched only from allowed hosts."""
    with picture_host("127.0.0.2") as cdn, picture_host("127.0.0.3") as other:
        urls = [
            f"{cdn}/a.png",
            f"{cdn}/to?{cdn}/a.png",
            f"{other}/a.png",
            f"{cdn}/to?{other}/a.png",
        ]
        with run_sandbox(tmp_path, "--allow-host", "127.0.0.2") as (_, client):
            answers = [try_on(client, url) for url in urls]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    for refused in answers[2:]:
        assert refused.json()["detail"].startswith("product_image_url: ")
        assert "--allow-host 127.0.0.3" in refused.json()["detail"]


def try_on(client: httpx.Client, url: str) -> httpx.Response:
    return client.post(
        "/api/tryon",
        headers={"X-API-Key": KEY},
        files={"photo": ("me.jpg", picture("JPEG", (60, 90)))},
        data={"product_image_url": url},
    )


class PictureHandler(BaseHTTPRequestHandler):
    """Serves a picture, or redirects to the address in the query."""

    def do_GET(self) -> None:
        _, _, target = self.path.partition("?")
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.end_headers()
        self.wfile.write(b"" if target else product_png())

    def log_message(self, *_args: object) -> None:
        return


@contextmanager
def picture_host(address: str) -> Iterator[str]:
    with HTTPServer((address, 0), PictureHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://{address}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "host", ["https://cdn.example", "cdn.example/a", "", "*", "cdn.*.example", "a b"]
)
def test_invalid_host_is_refused(tmp_path: Path, host: str) -> None:
    """An invalid host is refused with an explanation."""
    done = run_command("--allow-host", host, "--data", str(tmp_path))
    assert done.returncode == 2
    assert "give a host alone, such as cdn.shop.example" in done.stderr


def test_data_survives_kill(tmp_path: Path) -> None:
    """What was confirmed survives when the process is killed."""
    with run_sandbox(tmp_path) as (process, client):
        plan = client.post("/api/v1/plans", json={"name": "Pro", "monthlyTryOns": 5}).json()
        body = {"externalId": "ada", "planId": plan["id"]}
        client.post("/api/v1/customers", json=body)
        customer = client.get("/api/v1/customers/ada").json()
        keys = client.get("/.well-known/jwks.json").json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    with run_sandbox(tmp_path) as (_, client):
        assert client.get("/api/v1/plans").json()["data"] == [plan]
        assert client.get("/api/v1/customers/ada").json() == customer
        assert client.get("/.well-known/jwks.json").json() == keys


def test_port_in_use(tmp_path: Path) -> None:
    """A port in use is reported with an explanation."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_command("--port", str(taken.getsockname()[1]), "--data", str(tmp_path))
    assert done.returncode == 2
    assert "--port 0" in done.stderr


def test_folder_is_a_file(tmp_path: Path) -> None:
    """A data folder that is a file is reported with an explanation."""
    file = tmp_path / "file"
    file.write_text("")
    done = run_command("--port", "0", "--data", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_invalid_key_is_refused(tmp_path: Path) -> None:
    """An invalid API key is refused without printing it."""
    done = run_command("--api-key", "sk_secret", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "gvk_test_" in done.stderr
    assert "sk_secret" not in done.stderr


def test_flask_command_shows_its_own_name() -> None:
    """``flask genvoris sandbox --help`` names the command that was run."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "genvoris", "sandbox", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("usage: flask genvoris sandbox ")
    assert "--data" in done.stdout
