"""Pools, timers and the shutdown that they share."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

import pytest

from genvoris_flask.core.concurrency.threads import RunAgain, WorkerPool, call_later
from genvoris_flask.errors import QueueFullError
from tests.support.waiting import until


@pytest.fixture
def gate() -> threading.Event:
    """Return an event that tasks of a test wait for."""
    return threading.Event()


def block(pool: WorkerPool, gate: threading.Event) -> None:
    """Occupy one thread of a pool until the gate opens."""
    entered = threading.Event()

    def wait() -> None:
        entered.set()
        gate.wait(60)

    pool.submit(wait)
    assert entered.wait(60)


def test_tasks_run_on_a_bounded_number_of_threads() -> None:
    """Every task runs, and never on the thread that submits it."""
    pool = WorkerPool("pool", threads=3)
    done: list[tuple[int, str]] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: done.append((number, threading.current_thread().name))

    for number in range(50):
        pool.submit(note(number))
    assert pool.join(60)
    assert sorted(number for number, _ in done) == list(range(50))
    assert {name for _, name in done} <= {"pool-0", "pool-1", "pool-2"}


def test_thread_forgets_what_it_did() -> None:
    """While a thread waits for the next task, it keeps nothing of the last one."""

    class Photo:
        """Stands for what a task holds."""

    def forget(_photo: Photo) -> None:
        """Take it, and keep nothing."""

    photo = Photo()
    found = weakref.ref(photo)
    pool = WorkerPool("forgetful", threads=1)
    pool.submit(functools.partial(forget, photo))
    del photo
    assert pool.join(60)
    until(lambda: found() is None)
    assert "forgetful-0" in {thread.name for thread in threading.enumerate()}


def test_all_threads_work_at_once() -> None:
    """Tasks that are due together do not queue for one thread."""
    pool = WorkerPool("pool", threads=4)
    meeting = threading.Barrier(4)
    for _ in range(8):
        pool.submit(lambda: meeting.wait(60))
    assert pool.join(60)
    assert not meeting.broken


def test_tasks_run_in_the_order_of_their_times(gate: threading.Event) -> None:
    """Whatever order they are submitted in."""
    pool = WorkerPool("pool", threads=1)
    block(pool, gate)
    done: list[float] = []
    for delay in (0.03, 0.01, 0.02):
        pool.submit(lambda delay=delay: done.append(delay), delay=delay)  # type: ignore[misc]
    gate.set()
    assert pool.join(60)
    assert done == [0.01, 0.02, 0.03]


def test_delayed_task_holds_no_thread() -> None:
    """Others run meanwhile, also on a single thread."""
    pool = WorkerPool("pool", threads=1)
    done = threading.Event()
    pool.submit(lambda: None, delay=600)
    pool.submit(done.set)
    assert done.wait(60)
    assert not pool.join(0)


def test_task_runs_again_when_it_asks_for_it() -> None:
    """Until it returns something else."""
    pool = WorkerPool("pool", threads=1)
    answers = iter([RunAgain(0.0), RunAgain(0.001), None])
    pool.submit(lambda: next(answers))
    assert pool.join(60)
    assert next(answers, "exhausted") == "exhausted"


def test_full_pool_refuses_tasks(gate: threading.Event) -> None:
    """Those that run count too; there is room again when they are done."""
    pool = WorkerPool("pool", threads=1, max_unfinished=2)
    block(pool, gate)
    pool.submit(lambda: None)
    with pytest.raises(QueueFullError, match="2 tasks"):
        pool.submit(lambda: None)
    gate.set()
    assert pool.join(60)
    pool.submit(lambda: None)


@pytest.mark.parametrize("error", [KeyError("oops"), SystemExit(1)], ids=repr)
def test_failed_task_costs_no_thread(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next task runs."""
    pool = WorkerPool("pool", threads=1)
    done = threading.Event()

    def fail() -> None:
        raise error

    pool.submit(fail)
    pool.submit(done.set)
    assert pool.join(60)
    assert done.is_set()
    assert "A task of pool failed" in caplog.text


def test_cancelled_task_never_runs(gate: threading.Event) -> None:
    """Nor does it stay in memory, or count as unfinished."""
    pool = WorkerPool("pool", threads=1, max_unfinished=3)
    block(pool, gate)
    done: list[int] = []
    for number in range(1000):
        pool.submit(lambda number=number: done.append(number)).cancel()  # type: ignore[misc]
    pool.submit(lambda: done.append(-1))
    gate.set()
    assert pool.join(60)
    assert done == [-1]


def test_timers_share_one_thread() -> None:
    """A thread for each would cost more than what it waits for."""
    names: list[str] = []
    done = threading.Event()
    for _ in range(3):
        call_later(0.0, lambda: names.append(threading.current_thread().name))
    call_later(0.01, done.set)
    assert done.wait(60)
    assert len(names) == 3
    assert len(set(names)) == 1


PROGRAM = """
import os, sys, threading
from genvoris_flask.core.concurrency.threads import RunAgain, WorkerPool, call_later

first, second = WorkerPool("first", threads=1), WorkerPool("second", threads=1)
never = WorkerPool("never", threads=1, grace=0.2)

def ask_again():
    print("again", flush=True)
    return RunAgain(0.0)

for number in range(3):
    first.submit(lambda n=number: print("delayed", n, flush=True), delay=600.0)
first.submit(ask_again, delay=600.0)
first.submit(lambda: second.submit(lambda: print("of the other", flush=True)), delay=700.0)
never.submit(lambda: threading.Event().wait())
call_later(600.0, lambda: print("timer", flush=True))
if "fork" in sys.argv:
    child = os.fork()
    if not child:
        sys.exit()
    os.waitpid(child, 0)
    print("child ended", flush=True)
"""


@pytest.mark.parametrize("argument", ["", "fork"])
def test_waiting_tasks_run_when_the_process_ends(argument: str) -> None:
    """Once and at once; timers are dropped, and what takes too long is lost and logged."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, argument],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first = ["child ended"] if argument else []
    expected = [*first, "delayed 0", "delayed 1", "delayed 2", "again", "of the other"]
    assert done.stdout.splitlines() == expected, done.stderr
    assert done.stderr.splitlines() == ["never: 1 tasks were lost at the end of the process"]


AFTER_SHUTDOWN = """
import os, sys, threading
from genvoris_flask.core.concurrency.threads import WorkerPool, call_later, shutdown

pool = WorkerPool("stuck", threads=1, grace=0.1)
pool.submit(lambda: None)
pool.join(60)
if "fork" in sys.argv:
    if not os.fork():
        pool.submit(lambda: threading.Event().wait())
        sys.exit()
    os.wait()
else:
    shutdown()
    due = threading.Event()
    call_later(3600.0, lambda: print("too early", flush=True))
    call_later(0.01, due.set)
    print("in time" if due.wait(60) else "never", flush=True)
"""


@pytest.mark.parametrize(
    ("argument", "output", "errors"),
    [
        ("", ["in time"], []),
        ("fork", [], ["stuck: 1 tasks were lost at the end of the process"]),
    ],
    ids=["timers keep their time", "a forked process ends once"],
)
def test_after_shutdown(argument: str, output: list[str], errors: list[str]) -> None:
    """What is still asked for is done as before, and nothing is waited for twice."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AFTER_SHUTDOWN, argument],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == output, done.stderr
    assert done.stderr.splitlines() == errors
