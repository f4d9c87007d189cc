"""What becomes of try-ons when their process is asked to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import ROOT, free_port, wait_for
from tests.support.pictures import picture
from tests.support.waiting import LIMIT, until

SHOP = """
import time
from pathlib import Path
{imports}
from flask import Flask
from genvoris_flask import GenvorisFlask

FOLDER = Path({folder!r})
app = Flask("shop")
app.config.update(
    GENVORIS_API_KEY="gvk_test_1", GENVORIS_API_URL="http://127.0.0.1:1/api/v1",
    GENVORIS_ALLOW_GUESTS=True, SECRET_KEY="s",
)
genvoris = GenvorisFlask(app)

@genvoris.tryon_engine
def make(photo, product, shopper):
    (FOLDER / "started").touch()
    while not (FOLDER / "go").exists():
        time.sleep(0.01)
    (FOLDER / "done").touch()
    return photo.data

{serve}
"""
WAITRESS = ("from waitress import serve", "serve(app, host='127.0.0.1', port={port})")
CHEROOT = (
    "from cheroot.wsgi import Server",
    "Server(('127.0.0.1', {port}), app).safe_start()",
)
Start = Callable[[str, str, list[str]], tuple["subprocess.Popen[bytes]", int]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a shop on some server, and returns its process and port."""
    processes = []

    def start_one(
        imports: str, serve: str, command: list[str]
    ) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        script = tmp_path / "shop.py"
        source = SHOP.format(folder=str(tmp_path), imports=imports, serve=serve)
        script.write_text(source.replace("{port}", str(port)))
        process = subprocess.Popen(
            [sys.executable, *(word.format(port=port) for word in command)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        wait_for(port)
        return process, port

    yield start_one
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("imports", "serve", "command"),
    [
        (*WAITRESS, ["shop.py"]),
        (*CHEROOT, ["shop.py"]),
        ("", "", ["-m", "flask", "--app", "shop", "run", "--port", "{port}"]),
    ],
    ids=["waitress", "cheroot", "flask run"],
)
def test_sigterm_waits_for_the_tryon(
    start: Start, tmp_path: Path, imports: str, serve: str, command: list[str]
) -> None:
    """Servers without a handler of their own end as with Ctrl-C."""
    process, port = start(imports, serve, command)
    answer = httpx.post(
        f"http://127.0.0.1:{port}/genvoris/tryons",
        files={"photo": ("photo", picture("PNG", (64, 64)))},
        data={"product_image": f"http://127.0.0.1:{port}/shirt.png"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 202, answer.text
    until((tmp_path / "started").exists)
    process.send_signal(signal.SIGTERM)
    until(lambda: not serves(port))
    assert process.poll() is None
    (tmp_path / "go").touch()
    process.wait(timeout=LIMIT)
    assert (tmp_path / "done").exists()


def serves(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/genvoris/health", timeout=0.3).is_success
    except httpx.TransportError:
        return False


def test_own_handler_is_left_alone(tmp_path: Path) -> None:
    """It is the server's, or the shop's."""
    script = """
import signal, sys
import waitress
from flask import Flask
from genvoris_flask import GenvorisFlask

def own(*_):
    sys.exit("own handler")

signal.signal(signal.SIGTERM, own)
app = Flask("shop")
app.config["GENVORIS_API_KEY"] = "gvk_test_1"
GenvorisFlask(app)
signal.raise_signal(signal.SIGTERM)
"""
    ended = run_script(script)
    assert "own handler" in ended.stderr


QUEUED = """
from genvoris_flask.core.concurrency import threads
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.tryon.engines import TokenSource
from genvoris_flask.core.tryon.jobs import BusyError
from tests.support.jobs import PICTURE, Processes, tryon
from tests.support.session_shop import ADA, SessionShop
import threading

shop, processes, go = SessionShop(), Processes(), threading.Event()
queue = processes.start(concurrency=1)
tokens = TokenSource(shop.broker, ADA)

def first():
    assert go.wait(60)
    return PICTURE

def with_token():
    assert tokens.call(lambda token: token)
    return PICTURE

jobs = [queue.submit("ada", tryon(work)) for work in (first, with_token, with_token)]
threading.Timer(0.1, go.set).start()
threads.shutdown()
print([queue.find(job.id, "ada").state for job in jobs], shop.mints)
try:
    queue.submit("ada", tryon())
except BusyError as error:
    print(error)
"""


def test_queued_tryons_are_made_before_the_end() -> None:
    """They can still mint a token, and new ones are refused."""
    ended = run_script(QUEUED)
    assert ended.stdout == (
        "['done', 'done', 'done'] 1\nThis process is ending and takes no more try-ons.\n"
    ), ended.stderr


ENDING = """
import faulthandler, sys
from flask import Flask
from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.concurrency import threads
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.errors import GenvorisError
from genvoris_flask.web.state import get_state

def refuse(name, run):
    raise RuntimeError("can't create new thread at interpreter shutdown")

faulthandler.dump_traceback_later(50, exit=True)
app = Flask("shop")
app.config.update(
    GENVORIS_API_KEY="gvk_test_1", GENVORIS_API_URL="http://127.0.0.1:1/api/v1",
    GENVORIS_DATABASE_URL=sys.argv[1], SECRET_KEY="s",
)
upgrade(Database(sys.argv[1]).engine)
genvoris = GenvorisFlask(app)
threads.shutdown()
threads.start_thread = refuse
with app.app_context():
    genvoris.conversion("o1", 100)
    state = get_state()
try:
    state.broker.session(Shopper("ada"), 1.0)
except GenvorisError as error:
    print(type(error).__name__)
(message,) = state.outbox.table.messages(["waiting", "sent", "given_up"], 9)
print(message.kind, message.state)
"""


def test_last_tasks_run_where_they_are_submitted(tmp_path: Path) -> None:
    """As Python 3.12 starts no thread at the end of a process; none waits for itself."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    ended = run_script(ENDING, url)
    assert ended.stdout == "NoConnectionError\nconversion waiting\n", ended.stderr


def run_script(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
