"""The bounded pool: later, again when it fails, and never in the way."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from genvoris_flask.core.concurrency.background import BackgroundPool
from genvoris_flask.errors import QueueFullError


def test_tasks_run_on_other_threads_and_all_of_them() -> None:
    pool = BackgroundPool(threads=3)
    done: list[tuple[int, str]] = []
    for number in range(50):
        pool.submit("t", lambda n=number: done.append((n, threading.current_thread().name)))  # type: ignore[misc]
    assert pool.join(60)
    assert sorted(number for number, _ in done) == list(range(50))
    names = {name for _, name in done}
    assert len(names) <= 3
    assert threading.current_thread().name not in names


def test_what_fails_is_tried_again_later_and_then_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = BackgroundPool(delays=(0.01, 0.02))
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise RuntimeError("away")

    pool.submit("Order 17", fail)
    assert pool.join(60)
    assert len(tries) == 3
    assert "Order 17: RuntimeError: away; trying again in 0.01 s" in caplog.text
    assert "Order 17: given up" in caplog.text


def test_what_cannot_pass_is_not_tried_again() -> None:
    pool = BackgroundPool(delays=(0.01,))
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise RuntimeError("refused")

    pool.submit("t", fail, lambda error: False)
    assert pool.join(60)
    assert len(tries) == 1


def test_what_waits_for_another_try_holds_no_thread() -> None:
    pool = BackgroundPool(threads=1, delays=(60.0,))
    done = threading.Event()
    tries = iter([0, 1])
    pool.submit("fails at first", lambda: 1 / next(tries))
    pool.submit("goes well", done.set)
    assert done.wait(60)
    assert not pool.join(0.01)


def test_a_full_pool_says_so_at_once() -> None:
    pool = BackgroundPool(threads=1, most=2)
    leave = threading.Event()
    for _ in range(2):
        pool.submit("waits", lambda: leave.wait(60))
    with pytest.raises(QueueFullError, match="2 tasks are waiting"):
        pool.submit("one more", print)
    leave.set()
    assert pool.join(60)
    pool.submit("there is room again", print)
    assert pool.join(60)


PROGRAM = """
import os, sys, time
from genvoris_flask.background import BackgroundPool

pool = BackgroundPool(threads=1, delays=(60.0,))
tries = []

def fail_once():
    tries.append(1)
    if len(tries) == 1:
        raise RuntimeError("away")
    print("second try", flush=True)

pool.submit("fails at first", fail_once)
while not tries:
    time.sleep(0.001)
for number in range(3):
    pool.submit("slow", lambda n=number: (time.sleep(0.05), print("done", n, flush=True)))
if "fork" in sys.argv:
    child = os.fork()
    if not child:
        sys.exit()
    os.waitpid(child, 0)
    print("child ended", flush=True)
"""


@pytest.mark.parametrize("argument", ["", "fork"])
def test_at_the_end_of_the_process_what_is_left_gets_one_more_try(argument: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, argument],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert {"second try", "done 0", "done 1", "done 2"} <= set(lines), done.stderr
    assert len(lines) == (5 if argument else 4)
