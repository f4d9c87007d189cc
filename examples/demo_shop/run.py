"""``make demo``: runs a local Genvoris and the demo shop until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Run as a script, Python imports from its folder and not from the project.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.demo_shop.app import create_app
from examples.demo_shop.charging import START, WAYS, SwitchableShop, settings_of
from examples.demo_shop.controls import listen
from examples.demo_shop.past import add_past
from examples.demo_shop.samples import (
    PASSWORD,
    SAMPLES,
    create_plans,
    register_at_genvoris,
    sell_plans,
)

HOST = "127.0.0.1"
API_KEY = "gvk_test_demo_shop_0123456789"
READY_SECONDS = 20
FINISH_SECONDS = 10


def main() -> int:
    """Run both and return the exit status."""
    options = read_options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        with tempfile.TemporaryDirectory(prefix="demo-shop-") as folder:
            data = options.data or Path(folder)
            data.mkdir(parents=True, exist_ok=True)
            return run(data, options)
    except KeyboardInterrupt:
        return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5050, help="of the shop (%(default)s)")
    parser.add_argument("--sandbox-port", type=int, default=8787, help="%(default)s")
    parser.add_argument(
        "--charging", choices=WAYS, default=START, help="how the shop charges (%(default)s)"
    )
    parser.add_argument("--data", type=Path, help="keep everything here; default: start afresh")
    return parser.parse_args()


def run(data: Path, options: argparse.Namespace) -> int:
    sandbox, sandbox_url = start_sandbox(data / "genvoris", options.sandbox_port)
    stopping = threading.Event()
    webhook_secret = secrets.token_urlsafe(32)
    try:
        config = {
            "SECRET_KEY": secret_key(data),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{(data / 'shop.sqlite3').resolve()}",
            "GENVORIS_API_KEY": API_KEY,
            "GENVORIS_API_URL": f"{sandbox_url}/api/v1",
            "GENVORIS_TRYON_URL": sandbox_url,
            "GENVORIS_WEBHOOK_SECRET": webhook_secret,
            "TRUSTED_HOSTS": [HOST, "localhost"],
        }
        ledger = f"sqlite:///{(data / 'try-ons.sqlite3').resolve()}"

        def create(way: str) -> Flask:
            created = create_app({**config, **settings_of(way, ledger)})
            if WAYS[way].has_ledger:
                add_past(ledger)
                sell_plans(created)
            return created

        shop = SwitchableShop(create, options.charging)
        app = shop.app
        requests = RequestCounter(shop)
        server = make_server(
            HOST, free_port(options.port), requests, threaded=True, request_handler=QuietHandler
        )
        # Only the main thread receives signals: one that interrupts the server between accepting a
        # connection and starting its thread would leave a traceback.
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        with app.app_context():
            # It is listening already; connections wait until it serves.
            listen(f"http://{HOST}:{server.port}/genvoris/webhook", webhook_secret)
        if WAYS[options.charging].has_ledger:
            create_plans(app)
        else:
            register_at_genvoris(app)
        serving.start()
        with suppress(KeyboardInterrupt):
            watch(sandbox, stopping)
            url, fresh = f"http://{HOST}:{server.port}", options.data is None
            print(greeting(url, sandbox_url, fresh), flush=True)
            # Not ``serving.join()``, which marks a running thread as stopped when interrupted. With
            # a timeout, since Python misses a signal that arrives just before it starts to wait.
            while not stopping.wait(0.5):
                pass
        server.shutdown()
        # Their database is removed below.
        requests.wait(FINISH_SECONDS)
        server.server_close()
    finally:
        stopping.set()
        ended_by_itself = sandbox.poll() is not None
        stop(sandbox)
    if ended_by_itself:
        print("The local Genvoris has ended, so the demo ends too.", file=sys.stderr)
    return 1 if ended_by_itself else 0


def start_sandbox(folder: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    """Start the local Genvoris; return its process and URL."""
    command = [sys.executable, "-m", "genvoris_flask.sandbox"]
    process = subprocess.Popen(
        [*command, "--data", str(folder), "--port", str(free_port(port))],
        stdout=subprocess.PIPE,
        text=True,
        # Not on the command line, which every user of the machine can read.
        env={**os.environ, "GENVORIS_API_KEY": API_KEY},
        # Ctrl-C only reaches this process, which ends the sandbox itself.
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    address = next((word for word in line.split() if word.startswith("http://")), None)
    if address is None:
        stop(process)
        raise SystemExit("The local Genvoris did not start: see above.")
    return process, address


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def watch(process: subprocess.Popen[str], stopping: threading.Event) -> None:
    """Stop the shop when the local Genvoris ends."""

    def wait() -> None:
        process.wait()
        if not stopping.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def free_port(wanted: int) -> int:
    """Return the requested port, or the next free one."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No port from {wanted} to {wanted + 99} is free: give another with --port.")


def secret_key(data: Path) -> str:
    """Return the key of the shop's cookies, which is stored with its data."""
    file = data / "secret-key"
    if not file.exists():
        file.write_text(os.urandom(32).hex())
        file.chmod(0o600)
    return file.read_text()


def greeting(shop: str, sandbox: str, fresh: bool) -> str:
    people = [f"    {sample.email:<20} {PASSWORD}   {sample.about}" for sample in SAMPLES]
    return "\n".join(
        [
            "",
            f"  The demo shop:     {shop}",
            f"  The local Genvoris: {sandbox}",
            "",
            "  Who can log in (e-mail, password, state):",
            *people,
            "",
            f"  The owner's console: {shop}/admin/ (log in as Fen)",
            "",
            "  Ctrl-C ends both." + (" Nothing is kept: each start is fresh." if fresh else ""),
            "",
        ]
    )


def interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class RequestCounter:
    """Counts requests in progress, so that they can finish before the demo ends.

    Joining the server's threads would also wait for connections that browsers keep open in advance
    and send nothing on.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._count = 0
        self._changed = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._add(1)
        try:
            return self._app(environ, start_response)
        finally:  # by now the request's session with the database is over
            self._add(-1)

    def wait(self, seconds: float) -> None:
        """Wait until no request is in progress, at most this long."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, seconds)

    def _add(self, number: int) -> None:
        with self._changed:
            self._count += number
            self._changed.notify_all()


class QuietHandler(WSGIRequestHandler):
    """Does not log requests to the terminal."""

    def log(self, *_args: object) -> None:
        return


if __name__ == "__main__":
    sys.exit(main())
