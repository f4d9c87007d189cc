"""The sandbox under load, killed while in use, and started twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from genvoris_flask.sandbox.app import create_app
from genvoris_flask.sandbox.http.server import SandboxServer
from tests.support.sandbox_clients import Confirmed, StoredData, run_clients
from tests.support.sandbox_process import KEY, run_command, run_sandbox


def test_fifty_clients(tmp_path: Path) -> None:
    """Fifty clients see no error and lose no data."""
    with run_sandbox(tmp_path, "--credits", "1000000") as (_, client):
        port = client.base_url.port or 0
        confirmed = run_clients(port, KEY, clients=50, done=lambda confirmed: confirmed.calls > 300)
    stored = StoredData.read(tmp_path)
    assert confirmed.errors == []
    assert confirmed.calls > 300
    assert stored.lost(confirmed) == 0
    assert stored.used == confirmed.used
    assert stored.events == confirmed.events


def test_kill_loses_nothing_confirmed(tmp_path: Path) -> None:
    """Nothing that was confirmed is lost when the process is killed."""
    with run_sandbox(tmp_path, "--credits", "1000000") as (process, client):
        port = client.base_url.port or 0

        def kill(confirmed: Confirmed) -> bool:
            if len(confirmed.customers) > 10:
                process.kill()
            return False

        confirmed = run_clients(port, KEY, clients=20, done=kill)
    assert len(confirmed.errors) == 20  # each saw the kill
    assert len(confirmed.customers) > 10
    with run_sandbox(tmp_path) as (_, client):
        assert client.get("/api/v1/customers").status_code == 200
    stored = StoredData.read(tmp_path)
    assert stored.lost(confirmed) == 0
    # Only what was in progress at the kill may be stored without having been confirmed.
    assert len(set(stored.used) - confirmed.customers) <= 20


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    """A second process on the same folder is refused with an explanation."""
    with run_sandbox(tmp_path) as (_, client):
        done = run_command("--port", "0", "--data", str(tmp_path), "--api-key", "gvk_test_other")
        assert done.returncode == 2
        assert f"{tmp_path} is in use by another sandbox" in done.stderr
        assert "--data" in done.stderr
        assert client.get("/api/v1/plans").status_code == 200  # its key is still its own


def test_kill_unlocks_folder(tmp_path: Path) -> None:
    """The folder is free again after its process is killed."""
    with run_sandbox(tmp_path) as (process, _client):
        process.kill()
        process.wait()
    with run_sandbox(tmp_path) as (_process, client):
        assert client.get("/api/v1/plans").status_code == 200


def test_stop_ends_all_threads(tmp_path: Path) -> None:
    """A stopped server leaves no threads behind."""
    for number in range(5):
        server = SandboxServer(create_app(tmp_path / str(number)))
        server.start()
        server.stop()
    left = [
        each.name for each in threading.enumerate() if each.name.startswith("genvoris-webhooks")
    ]
    assert left == []


HEAVY = ("PIL", "pillow_heif", "jsonschema_rs", "httpx")


def test_start_imports_little(tmp_path: Path) -> None:
    """Starting imports nothing that can be imported later."""
    program = (
        "import sys, pathlib\n"
        "from genvoris_flask.sandbox.app import create_app\n"
        "from genvoris_flask.sandbox.http.server import SandboxServer\n"
        "server = SandboxServer(create_app(pathlib.Path(sys.argv[1])))\n"
        "server.start()\n"
        "print(*sys.modules)\n"
        "server.stop()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.split()
    assert "genvoris_flask.sandbox.app" in loaded
    assert not set(HEAVY) & set(loaded)
    assert not list(tmp_path.glob("*.pem"))
