"""Four hosts behind one balancer, which are restarted one after the other while shoppers try on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.support.balancer import Balancer
from tests.support.queue_engine import QueueEngine
from tests.support.tryon_load import Client, Seen, contradictions
from tests.support.waiting import until

HOSTS = 4
SHOPPERS = 4
PATIENCE = 60.0


class Fleet(QueueEngine):
    """Hosts of one shop, each with a gunicorn of its own, behind a balancer."""

    def __init__(self, name: str, folder: Path, balancer: Balancer) -> None:
        super().__init__(name, folder, seconds=0.5)
        self._balancer = balancer
        for number in range(SHOPPERS):
            self.sell(f"s{number}", 1000)
        self._hosts = [self.serve(workers=1) for _ in range(HOSTS)]
        for port, _ in self._hosts:
            balancer.add(port)
        self._worker = self.start_worker() if name != "threads" else None

    def restart_all(self) -> None:
        """Restart each host as a deployment does, and the worker of an engine."""
        for port, server in self._hosts:
            self._balancer.drain(port)
            server.terminate()
            assert server.wait(PATIENCE) == 0
            self._balancer.add(self.serve(workers=1)[0])
        if self._worker:
            self.start_worker()
            self._worker.process.terminate()
            self._worker.process.wait(PATIENCE)


@pytest.mark.parametrize("name", ["threads", "rq"])
def test_rolling_restart(name: str, tmp_path: Path) -> None:
    """No page fails, and each try-on gives its picture, once."""
    seen, over = Seen(), threading.Event()

    def shop(client: Client) -> None:
        while not over.is_set():
            job = client.start(time.monotonic() + PATIENCE)
            assert job
            client.follow(job)

    def look(client: Client) -> None:
        while not over.is_set():
            client.look(time.monotonic() + 0.1)

    with Balancer() as balancer:
        fleet = Fleet(name, tmp_path, balancer)
        try:
            port = balancer.port
            shoppers = [Client(port, f"s{number}", seen, 0.2) for number in range(SHOPPERS)]
            load = [threading.Thread(target=shop, args=(client,)) for client in shoppers]
            load.append(threading.Thread(target=look, args=(Client(port, "page", seen, 0.2),)))
            for thread in load:
                thread.start()
            until(lambda: fleet.host.keys, "no try-on is made")  # the worker is being started
            fleet.restart_all()
            over.set()
            for thread in load:
                thread.join()
            used = sum(fleet.used(f"s{number}")[0] for number in range(SHOPPERS))
        finally:
            over.set()
            fleet.stop()
    assert contradictions(seen, dict(fleet.host.keys)) == []
    assert len(seen.pages) > HOSTS
    assert used == len(seen.states) >= SHOPPERS
