"""Cancelling a try-on: free until it begins to be charged, which is decided once."""

from __future__ import annotations

import threading

import pytest

from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.core.tryon.models import (
    Cancellation,
    Failure,
    Job,
    Outcome,
    TryOnCancelledError,
)
from tests.support.jobs import PICTURE, BlockedWork, Processes, tryon, wait_for_end
from tests.support.waiting import until


class ChargingWork(BlockedWork):
    """Work that begins to be charged once ``charge`` is set, and goes on until ``finish`` is."""

    def __init__(self, outcome: Outcome = PICTURE) -> None:
        super().__init__(outcome)
        self.cancellation = Cancellation()
        self.entered = threading.Event()
        self.charge = threading.Event()
        self.charged = threading.Event()

    def __call__(self) -> Outcome:
        self.entered.set()
        assert self.charge.wait(60)
        self.cancellation.begin_charging()
        self.charged.set()
        return super().__call__()


@pytest.fixture
def processes() -> Processes:
    return Processes()


def submit(queue: LocalJobQueue, work: ChargingWork) -> Job:
    request = tryon(work)
    work.cancellation = request.cancellation
    return queue.submit("ada", request)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_cancelled_before_it_is_charged(processes: Processes, elsewhere: bool) -> None:
    """The engine is told, makes nothing, and the owner learns that nothing is charged."""
    queue, other, work = processes.start(), processes.start(), ChargingWork()
    job = submit(queue, work)
    assert work.entered.wait(60)
    asked = other if elsewhere else queue
    found = asked.find(job.id, "ada")
    assert found is not None
    assert found.charged is False
    assert asked.remove(job.id, "ada") == "cancelled"
    work.charge.set()
    until(lambda: queue.unsettled == 0)
    assert (work.calls, work.cancellation.is_cancelled()) == (0, True)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_cancelled_while_it_may_be_charged(processes: Processes, elsewhere: bool) -> None:
    """The owner learns that it may be charged, before and after."""
    queue, other, work = processes.start(), processes.start(), ChargingWork()
    job = submit(queue, work)
    work.charge.set()
    assert work.charged.wait(60)
    asked = other if elsewhere else queue
    found = asked.find(job.id, "ada")
    assert found is not None
    assert found.charged is None
    assert asked.remove(job.id, "ada") == "under_way"
    queue.heartbeat()
    assert work.cancellation.is_cancelled()
    work.finish.set()
    until(lambda: queue.unsettled == 0)


def test_one_side_wins(processes: Processes) -> None:
    """Cancelling and charging at the same time, in two processes, never both succeed."""
    for _ in range(50):
        queue, other, work = processes.start(), processes.start(), ChargingWork()
        work.finish.set()
        job = submit(queue, work)
        start = threading.Barrier(2)

        def charge(start: threading.Barrier = start, work: ChargingWork = work) -> None:
            start.wait(60)
            work.charge.set()

        thread = threading.Thread(target=charge)
        thread.start()
        start.wait(60)
        removal = other.remove(job.id, "ada")
        thread.join(60)
        until(lambda queue=queue: queue.unsettled == 0)  # type: ignore[misc]
        assert work.calls == (0 if removal == "cancelled" else 1)


def test_without_the_store(processes: Processes) -> None:
    """The process that runs the job decides by itself, and tells the others later."""
    queue, work = processes.start(), ChargingWork()
    processes.store.away = True
    job = submit(queue, work)
    work.charge.set()
    assert work.charged.wait(60)
    processes.store.away = False
    queue.heartbeat()
    assert processes.start().remove(job.id, "ada") == "under_way"
    work.finish.set()


@pytest.mark.parametrize("charged", [False, None])
def test_failure_says_whether_it_was_charged(processes: Processes, charged: bool | None) -> None:
    """In every process; a failure before charging began was not."""
    queue, other = processes.start(), processes.start()
    work = ChargingWork(Failure("upstream_unreachable", charged=charged))
    work.charge.set()
    work.finish.set()
    job = submit(queue, work)
    wait_for_end(queue, job)
    for process in (queue, other):
        found = process.find(job.id, "ada")
        assert found is not None
        assert found.charged is charged
    early = queue.submit("ada", tryon(lambda: Failure("upstream_unreachable")))
    assert wait_for_end(other, early).charged is False


def test_charging_begins_once() -> None:
    """Charging begins once, however often it is asked for, and not after a cancellation."""
    cancellation, calls = Cancellation(), []

    def record() -> bool:
        calls.append(1)
        return True

    cancellation.bind(record)
    cancellation.begin_charging()
    cancellation.begin_charging()
    assert cancellation.record()
    assert calls == [1]
    cancelled = Cancellation()
    assert cancelled.cancel()
    with pytest.raises(TryOnCancelledError):
        cancelled.begin_charging()
