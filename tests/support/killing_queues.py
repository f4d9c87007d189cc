"""Kills workers and web processes of a shop at random moments, while shoppers try on.

``python -m tests.support.killing_queues 200 rq`` does it so often, with ``threads``, ``rq`` or
``celery``, and prints what became of the try-ons.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.queue_engine import QueueEngine
from tests.support.tryon_load import ENDED, Client, Seen

SHOPPERS = 6
WORKERS = 3
TRYONS = 100_000  # that each shopper has
CALM = 120.0  # seconds for the last try-ons to end


class Rush(QueueEngine):
    """A shop with several web processes and workers, and the shoppers who use it.

    Attributes:
        seen: What the shoppers saw.
        kills: How often each kind of process was killed.
    """

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder, seconds=0.3)
        for number in range(SHOPPERS):
            self.sell(f"s{number}", TRYONS)
        self._port, self._web = self.serve(workers=2)
        count = WORKERS if name != "threads" else 0
        self._workers = [self.start_worker() for _ in range(count)]
        self.seen = Seen()
        self.kills: Counter[str] = Counter()

    def kill_one(self) -> None:
        """Kill a worker with all its processes, or a web process; others take their place."""
        number = random.randrange(len(self._workers) + 1)
        if number == len(self._workers):
            self._kill_web_process()
            return
        self._workers[number].kill()
        self.kills["worker"] += 1
        self._workers[number] = self.start_worker()

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
            client = Client(self._port, f"s{number}", self.seen, 0.2)
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
            elif self.name != "threads" and ends != {"done"}:
                wrong.append(f"{job} was lost: {states}")
            done.update(ends)
        if len(self.seen.keys) != len(self.seen.states):
            wrong.append(f"{len(self.seen.keys)} clicks were {len(self.seen.states)} try-ons")
        used, reserved = self._charged()
        if used > len(self.seen.keys) or (self.name != "threads" and used != done["done"]):
            wrong.append(f"{used} charged, {done['done']} pictures")
        if self.name != "threads" and reserved:
            wrong.append(f"{reserved} still reserved")
        return wrong

    def _charged(self) -> tuple[int, int]:
        """Return how many try-ons are used and reserved, of all shoppers."""
        each = [self.used(f"s{number}") for number in range(SHOPPERS)]
        return sum(used for used, _ in each), sum(reserved for _, reserved in each)

    def report(self) -> str:
        """Return what became of the try-ons."""
        ends = Counter(states[-1] for states in self.seen.states.values())
        again = sum(count > 1 for count in self.host.keys.values())
        used, _ = self._charged()
        killed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return (
            f"{self.name}: killed {killed}; {len(self.seen.keys)} try-ons ended as {dict(ends)}, "
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
