"""What must not cross a fork does not."""

from __future__ import annotations

import itertools
import multiprocessing
import subprocess
import sys
from pathlib import Path

from genvoris_flask.core.concurrency.per_process import PerProcess, ProcessLock
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.core.sessions.broker import SessionBroker
from tests.support.fake_genvoris import Clock, FakeGenvoris
from tests.unit.test_broker import ADA, Events

ROOT = Path(__file__).parent.parent.parent
FORK = multiprocessing.get_context("fork")


def in_a_child(work: object) -> object:
    """Run a function in a forked child and give what it gives, within 10 s."""
    results = FORK.Queue()
    child = FORK.Process(target=lambda: results.put(work()))  # type: ignore[operator]
    child.start()
    try:
        return results.get(timeout=60)
    finally:
        child.kill()
        child.join()


def test_a_thing_is_made_once_in_each_process() -> None:
    numbers = itertools.count(1)
    thing = PerProcess(lambda: next(numbers))
    assert (thing.get(), thing.get(), in_a_child(thing.get), thing.get()) == (1, 1, 2, 1)


def test_a_lock_that_is_held_at_the_fork_is_free_in_the_child() -> None:
    lock = ProcessLock()
    with lock:
        assert in_a_child(lambda: lock.acquire(blocking=False)) is True
        assert not lock.acquire(blocking=False)
    assert lock.acquire()


def test_a_child_that_is_forked_while_a_thread_looks_up_a_token_can_mint() -> None:
    clock = Clock()
    genvoris = FakeGenvoris(clock)
    genvoris.customers = {"ada": "ec_ada"}
    breaker = CircuitBreaker()
    broker = SessionBroker(genvoris.client(), Events(), ttl=900, clock=clock, breaker=breaker)
    broker.session(ADA, 5)
    with broker._memory._lock, breaker._lock:
        assert in_a_child(lambda: broker.session(ADA, 5).customer_id) == "ec_ada"


GREENLETS = """
from genvoris_flask.per_process import ProcessLock

lock = ProcessLock()
from gevent import monkey
monkey.patch_all()
import gevent

def work():
    with lock:
        gevent.sleep(0.01)

gevent.joinall([gevent.spawn(work) for _ in range(3)], raise_error=True)
print("done")
"""


def test_greenlets_wait_for_each_others_locks() -> None:
    """A lock of the kind before gevent's patches would stop the whole process."""
    command = [sys.executable, "-W", "ignore", "-c", GREENLETS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
