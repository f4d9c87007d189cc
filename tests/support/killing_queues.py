"""Kills workers and web processes of a shop at random moments, while shoppers try on.

``python -m tests.support.killing_queues 200 rq`` does it so often, with ``threads``, ``rq`` or
``celery``, and prints what became of the try-ons.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genvoris_flask.web.state import get_state
from tests.integration.conftest import RedisServer, free_port, wait_for
from tests.support.cli import run_command
from tests.support.queue_shop import create_app
from tests.support.queue_workers import ROOT, SHOP, Worker
from tests.support.tryon_host import TryonHost
from tests.support.tryon_load import ENDED, Client, Seen

SHOPPERS = 6
WORKERS = 3
TRYONS = 100_000  # that each shopper has
CALM = 120.0  # seconds for the last try-ons to end


class Rush:
    """A shop with several web processes and workers, and the shoppers who use it.

    Attributes:
        host: Makes the pictures, and counts them by their key.
        seen: What the shoppers saw.
        kills: How often each kind of process was killed.
    """

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self._folder = folder
        self.host = TryonHost(0.3)
        threading.Thread(target=self.host.serve_forever, daemon=True).start()
        self._redis = RedisServer(folder)
        self._redis.start()
        self._environ = {
            "GENVORIS_QUEUE": engine,
            "GENVORIS_STORE_URL": self._redis.url,
            "GENVORIS_API_URL": f"{self.host.url}/api/v1",
            "GENVORIS_TRYON_URL": self.host.url,
            "GENVORIS_DATABASE_URL": f"sqlite:///{folder}/ledger.sqlite",
            "GENVORIS_CHARGING": "credits",
        }
        self._app = create_app({**self._environ, "CELERY": {"broker_url": self._redis.url}})
        run_command(self._app, "db", "upgrade")
        with self._app.app_context():
            for number in range(SHOPPERS):
                get_state().billing.grant(f"s{number}", TRYONS)
        self.port = free_port()
        self._web = self._serve()
        names = range(WORKERS if engine != "threads" else 0)
        self._workers = {number: self._start_worker(number) for number in names}
        self.seen = Seen()
        self.kills: Counter[str] = Counter()

    def _serve(self) -> subprocess.Popen[bytes]:
        server = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", "2"]
        server += [
            "--worker-class",
            "gthread",
            "--threads",
            "8",
            "--bind",
            f"127.0.0.1:{self.port}",
        ]
        log = (self._folder / "web.log").open("wb")
        environ = os.environ | self._environ | {"PYTHONPATH": str(ROOT)}
        web = subprocess.Popen(
            [*server, f"{SHOP}_app:app"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
        wait_for(self.port)
        return web

    def _start_worker(self, number: int) -> Worker:
        log = self._folder / f"worker{number}.log"
        return Worker(self.engine, self._redis.url, self._environ, log)

    def kill_one(self) -> None:
        """Kill a worker with all its processes, or a web process; others take their place."""
        number = random.choice([*self._workers, -1])
        if number < 0:
            self._kill_web_process()
            return
        self._workers[number].kill()
        self.kills["worker"] += 1
        self._workers[number] = self._start_worker(number)

    def _kill_web_process(self) -> None:
        parent = self._web.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if children:
            os.kill(int(random.choice(children)), signal.SIGKILL)
            self.kills["web"] += 1

    def run(self, kills: int) -> None:
        """Let shoppers try on until so many processes were killed, and follow what they began."""
        over = threading.Event()

        def shop(number: int) -> None:
            client = Client(self.port, f"s{number}", self.seen, 0.2)
            while not over.is_set():
                if job := client.start(time.monotonic() + CALM):
                    client.follow(job)

        shoppers = [threading.Thread(target=shop, args=(number,)) for number in range(SHOPPERS)]
        for each in shoppers:
            each.start()
        while self.kills.total() < kills:
            self._wait_for_try_on()
            time.sleep(random.random() * 0.6)
            self.kill_one()
        over.set()
        for each in shoppers:
            each.join()

    def _wait_for_try_on(self) -> None:
        """Wait until there is something to lose: one more try-on is being made."""
        before = self.host.keys.total()
        until = time.monotonic() + CALM
        while self.host.keys.total() == before:
            assert time.monotonic() < until, "no try-on is made any more"
            time.sleep(0.01)

    def faults(self) -> list[str]:
        """Return what went wrong."""
        wrong = []
        done: Counter[str] = Counter()
        for job, states in self.seen.states.items():
            known = [state for state in states if not state.startswith("status")]
            ends = {state for state in known if state in ENDED}
            first = next((at for at, state in enumerate(known) if state in ENDED), len(known))
            if len(ends) != 1 or set(known[first:]) != ends:
                wrong.append(f"{job} did not end once: {states}")
            elif self.engine != "threads" and ends != {"done"}:
                wrong.append(f"{job} was lost: {states}")
            done.update(ends)
        if len(self.seen.keys) != len(self.seen.states):
            wrong.append(f"{len(self.seen.keys)} clicks were {len(self.seen.states)} try-ons")
        used, reserved = self._charged()
        if used > len(self.seen.keys) or (self.engine != "threads" and used != done["done"]):
            wrong.append(f"{used} charged, {done['done']} pictures")
        if self.engine != "threads" and reserved:
            wrong.append(f"{reserved} still reserved")
        return wrong

    def _charged(self) -> tuple[int, int]:
        with self._app.app_context():
            billing = get_state().billing
            lots = [lot for number in range(SHOPPERS) for lot in billing.balance(f"s{number}").lots]
        return sum(lot.used for lot in lots), sum(lot.reserved for lot in lots)

    def stop(self) -> None:
        for worker in self._workers.values():
            worker.kill()
        self._web.kill()
        self._web.wait()
        self._redis.kill()
        self.host.stop()

    def report(self) -> str:
        """Return what became of the try-ons."""
        ends = Counter(states[-1] for states in self.seen.states.values())
        again = sum(count > 1 for count in self.host.keys.values())
        used, _ = self._charged()
        killed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return (
            f"{self.engine}: killed {killed}; {len(self.seen.keys)} try-ons ended as {dict(ends)}, "
            f"{again} were made again, {used} charged; {len(self.faults())} faults"
        )


@contextmanager
def rush(engine: str) -> Iterator[Rush]:
    """Run a shop on an engine."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Rush(engine, Path(folder))
        try:
            yield shop
        finally:
            shop.stop()


def main() -> None:
    kills = int(sys.argv[1])
    for engine in sys.argv[2:] or ("threads", "rq", "celery"):
        with rush(engine) as shop:
            shop.run(kills)
            sys.stdout.write(f"{shop.report()}\n")
            for fault in shop.faults():
                sys.stdout.write(f"  {fault}\n")


if __name__ == "__main__":
    main()
