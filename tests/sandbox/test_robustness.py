"""The sandbox under a crowd, killed in the middle, and beside another one."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from genvoris_flask.sandbox.app import create_app
from genvoris_flask.sandbox.http.server import SandboxServer
from tests.sandbox.test_process import KEY, run, sandbox
from tests.support.crowd import Answered, Kept, crowd


def test_fifty_clients_see_no_error_and_lose_no_row(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--credits", "1000000") as (_, client):
        port = client.base_url.port or 0
        answered = crowd(port, KEY, clients=50, over=lambda answered: answered.calls > 300)
    kept = Kept.read(tmp_path)
    assert answered.errors == []
    assert answered.calls > 300
    assert kept.lost(answered) == 0
    assert kept.used == answered.used
    assert kept.events == answered.events


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--credits", "1000000") as (process, client):
        port = client.base_url.port or 0

        def kill(answered: Answered) -> bool:
            if len(answered.customers) > 10:
                process.kill()
            return False

        answered = crowd(port, KEY, clients=20, over=kill)
    assert len(answered.errors) == 20  # each saw it go
    assert len(answered.customers) > 10
    with sandbox(tmp_path) as (_, client):
        assert client.get("/api/v1/customers").status_code == 200
    kept = Kept.read(tmp_path)
    assert kept.lost(answered) == 0
    # At most what was under way when it was killed is there without an answer.
    assert len(set(kept.used) - answered.customers) <= 20


def test_a_second_process_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    with sandbox(tmp_path) as (_, client):
        done = run("--port", "0", "--data", str(tmp_path), "--api-key", "gvk_test_other")
        assert done.returncode == 2
        assert f"{tmp_path} is in use by another sandbox" in done.stderr
        assert "--data" in done.stderr
        assert client.get("/api/v1/plans").status_code == 200  # its key is still its own


def test_a_folder_is_free_again_once_its_process_was_killed(tmp_path: Path) -> None:
    with sandbox(tmp_path) as (process, _client):
        process.kill()
        process.wait()
    with sandbox(tmp_path) as (_process, client):
        assert client.get("/api/v1/plans").status_code == 200


def test_a_server_that_is_stopped_leaves_no_thread_behind(tmp_path: Path) -> None:
    for number in range(5):
        server = SandboxServer(create_app(tmp_path / str(number)))
        server.start()
        server.stop()
    left = [
        each.name for each in threading.enumerate() if each.name.startswith("genvoris-webhooks")
    ]
    assert left == []


HEAVY = ("PIL", "pillow_heif", "jsonschema_rs", "httpx")


def test_a_start_does_nothing_that_can_wait(tmp_path: Path) -> None:
    """What takes long to load is loaded, and the signing key made, when first wanted."""
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
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    loaded = done.stdout.split()
    assert "genvoris_flask.sandbox.app" in loaded
    assert not set(HEAVY) & set(loaded)
    assert not list(tmp_path.glob("*.pem"))
