"""Objects and locks that must not cross a fork."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from genvoris_flask.core.concurrency.per_process import PerProcess, ProcessLock
from tests.support.fake_genvoris import Clock
from tests.support.session_shop import SessionShop

ROOT = Path(__file__).parent.parent.parent
FORK = multiprocessing.get_context("fork")


def in_a_child(work: Callable[[], object]) -> object:
    """Run a function in a forked child, and return its result."""
    results = FORK.Queue()
    child = FORK.Process(target=lambda: results.put(work()))
    child.start()
    try:
        return results.get(timeout=60)
    finally:
        child.kill()
        child.join()


def test_object_is_created_once_per_process() -> None:
    """A child gets one of its own."""
    numbers = itertools.count(1)
    thing = PerProcess(lambda: next(numbers))
    assert (thing.get(), thing.get(), in_a_child(thing.get), thing.get()) == (1, 1, 2, 1)


def test_lock_held_at_a_fork_is_free_in_the_child() -> None:
    """And stays locked in the parent."""
    lock = ProcessLock()
    with lock:
        assert in_a_child(lambda: lock.acquire(blocking=False)) is True
        assert not lock.acquire(blocking=False)
    assert lock.acquire()


class BlockingClock(Clock):
    """A clock that blocks the threads of this process once it is told to.

    The broker's cache and its breaker ask for the time while they hold their locks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.process = os.getpid()
        self.blocks = threading.Event()
        self.asked = threading.Event()
        self.released = threading.Event()

    def __call__(self) -> float:
        if self.blocks.is_set() and os.getpid() == self.process:
            self.asked.set()
            assert self.released.wait(60)
        return super().__call__()


def test_child_forked_during_a_look_up_can_mint() -> None:
    """Whatever locks another thread of the parent held."""
    clock = BlockingClock()
    shop = SessionShop(clock=clock)
    shop.session()
    clock.blocks.set()
    thread = threading.Thread(target=shop.session)
    thread.start()
    assert clock.asked.wait(60)
    assert in_a_child(lambda: shop.session().customer_id) == "ec_ada"
    clock.released.set()
    thread.join()


GREENLETS = """
from genvoris_flask.core.concurrency.per_process import ProcessLock

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


def test_lock_works_after_gevent_patches() -> None:
    """An unpatched lock would block the whole process."""
    command = [sys.executable, "-W", "ignore", "-c", GREENLETS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
