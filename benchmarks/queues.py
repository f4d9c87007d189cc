"""Measures what try-ons on an engine's workers cost pages, and what a killed worker costs."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from redis import Redis
from rq import Worker

from benchmarks.harness import median
from benchmarks.report import section, write_part
from benchmarks.tryons import look, ms, p95
from tests.support.queue_engine import QueueEngine
from tests.support.tryon_load import Client, Seen, form
from tests.support.waiting import until

SHOPPERS = 50
SECONDS_EACH = 10.0
ROUNDS = 3
KILLS = 7
# Threads of its workers, so that all try-ons are under way at once, as on the threads of the shop.
CELERY = ("--pool", "threads", "--concurrency", str(SHOPPERS))


def main() -> None:
    how = "The engine's workers, Redis and the try-on host are processes of their own."
    parts = [pages_beside_try_ons(), killed_workers()]
    write_part("queues", "What try-ons on an engine cost and save", how, parts)


@contextmanager
def shop(name: str, seconds: float, **settings: str) -> Iterator[QueueEngine]:
    """Run a shop on an engine."""
    with tempfile.TemporaryDirectory() as folder:
        engine = QueueEngine(name, Path(folder), seconds, **settings)
        try:
            yield engine
        finally:
            engine.stop()


def pages_beside_try_ons() -> str:
    rows = []
    for name in ("threads", "celery"):
        room = str(SHOPPERS // 2)  # in each of two processes
        with shop(name, SECONDS_EACH, GENVORIS_TRYON_CONCURRENCY=room) as engine:
            port, _ = engine.serve(workers=2)
            if name == "celery":
                engine.start_worker(*CELERY)
                wait_for_workers(engine, 1)
            rounds = [one_round(engine, port, number) for number in range(ROUNDS)]
        alone, beside = (median([each[side] for each in rounds]) for side in (0, 1))
        ratio = median([each[1] / each[0] for each in rounds])
        asked = max(engine.host.keys.values())
        rows.append([name, ms(alone), ms(beside), f"{ratio:.2f}", str(asked)])
    return section(
        f"The product page beside {SHOPPERS} try-ons of {SECONDS_EACH:g} s, p95",
        ["try-ons on", "p95 with none", f"p95 with {SHOPPERS}", "ratio", "most calls for one"],
        rows,
        f"Two web processes with eight threads each; the shoppers who wait poll once a second. The "
        f"median of {ROUNDS} rounds, with a look at pages before each. Celery's worker shares the "
        "machine's cores with the shop; on a host of its own it would cost pages nothing.",
    )


def wait_for_workers(engine: QueueEngine, number: int) -> None:
    """Wait until so many workers listen."""

    def count() -> int:
        if engine.name == "celery":
            return len(engine.app.extensions["celery"].control.ping(timeout=1.0))
        with Redis.from_url(engine.redis.url) as client:
            return Worker.count(connection=client)

    until(lambda: count() == number)


def one_round(engine: QueueEngine, port: int, number: int) -> tuple[float, float]:
    """Return the p95 of pages without try-ons, and beside them."""
    users = [f"r{number}s{each}" for each in range(SHOPPERS)]
    for user in users:
        engine.sell(user)
    alone = p95(look(port, lambda: True, 200))
    threads = [threading.Thread(target=try_on, args=(port, user)) for user in users]
    for thread in threads:
        thread.start()
    times = look(port, lambda: not any(thread.is_alive() for thread in threads), 1)
    return alone, p95(times)


def try_on(port: int, user: str) -> None:
    client = Client(port, user, Seen(), 1.0)
    job = client.start(time.monotonic() + 60)
    assert job
    assert client.follow(job) == "done"


def killed_workers() -> str:
    rows = []
    for name in ("rq", "celery"):
        with shop(name, 0.1) as engine:
            seconds = sorted(one_kill(engine, number) for number in range(KILLS))
        each = [f"{one:.1f}" for one in (seconds[0], median(seconds), seconds[-1])]
        rows.append([name, str(KILLS), *each])
    return section(
        "From kill -9 of a worker to Genvoris being asked again by another one, in seconds",
        ["engine", "kills", "shortest", "median", "longest"],
        rows,
        "The worker is killed with all its processes while it waits for Genvoris; another one is "
        "idle. The lease of a dead worker lapses after 3 to 4 s, and is looked at each second.",
    )


def one_kill(engine: QueueEngine, number: int) -> float:
    """Return the seconds from the end of a worker until its try-on is made by another one."""
    user = f"k{number}"
    engine.sell(user)
    engine.redis.command("FLUSHALL")
    engine.host.gate.clear()
    engine.host.keys.clear()
    first = engine.start_worker()
    browser = engine.app.test_client()
    body, headers = form()
    job = browser.post(f"/genvoris/tryons?user={user}", data=body, headers=headers).get_json()
    until(lambda: engine.host.keys)
    second = engine.start_worker()
    wait_for_workers(engine, 2)
    first.kill()
    killed = time.monotonic()
    until(lambda: max(engine.host.keys.values()) == 2)
    seconds = time.monotonic() - killed
    engine.host.gate.set()
    path = f"/genvoris/tryons/{job['id']}?user={user}"
    until(lambda: browser.get(path).get_json()["state"] == "done")
    second.kill()
    return seconds


if __name__ == "__main__":
    main()
