"""Try-ons as jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from genvoris_flask.tryon.jobs import BusyError, Job, JobRunner
from genvoris_flask.tryon.outcomes import Failure, Outcome
from genvoris_flask.tryon.paywall import Refusal
from genvoris_flask.tryon.pictures import Picture
from genvoris_flask.tryon.product import Product

PRODUCT = Product(title="Shirt")
PICTURE = Picture(b"jpeg", "image/jpeg")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not happen within 5 s"
        time.sleep(0.002)


def finish(runner: JobRunner, outcome: Outcome, owner: str = "ada") -> Job:
    job = runner.submit(owner, PRODUCT, lambda: outcome)
    until(lambda: job.ended_at is not None)
    return job


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(PICTURE, "done"), (Failure("e"), "failed"), (Refusal("no_plan"), "refused")],
)
def test_a_job_ends_in_the_state_of_its_outcome(outcome: Outcome, state: str) -> None:
    assert finish(JobRunner(1, 60), outcome).state == state


def test_a_job_whose_work_crashes_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    runner = JobRunner(1, 60)

    def crash() -> Outcome:
        raise ZeroDivisionError

    job = runner.submit("ada", PRODUCT, crash)
    until(lambda: job.ended_at is not None)
    assert job.state == "failed"
    assert isinstance(job.outcome, Failure)
    assert job.outcome.error == "internal_error"
    assert "ZeroDivisionError" in caplog.text


def test_only_so_many_run_at_once_and_only_so_many_wait() -> None:
    runner = JobRunner(2, 60)
    gate = threading.Event()
    running = threading.Semaphore(0)

    def work() -> Outcome:
        running.release()
        gate.wait(5)
        return PICTURE

    jobs = [runner.submit("ada", PRODUCT, work) for _ in range(10)]
    running.acquire(timeout=5)
    running.acquire(timeout=5)
    assert sorted(job.state for job in jobs) == ["queued"] * 8 + ["running"] * 2
    with pytest.raises(BusyError):
        runner.submit("ben", PRODUCT, work)
    gate.set()
    until(lambda: all(job.state == "done" for job in jobs))
    assert finish(runner, PICTURE).state == "done"


def test_the_same_key_of_the_same_owner_is_the_same_job() -> None:
    runner = JobRunner(1, 60)
    made: list[int] = []

    def work() -> Outcome:
        made.append(1)
        return PICTURE

    first = runner.submit("ada", PRODUCT, work, key="k")
    second = runner.submit("ada", PRODUCT, work, key="k")
    until(lambda: first.ended_at is not None)
    assert first is second
    assert made == [1]


def test_the_same_key_of_another_owner_is_another_job() -> None:
    runner = JobRunner(1, 60)
    first = runner.submit("ada", PRODUCT, lambda: PICTURE, key="k")
    second = runner.submit("ben", PRODUCT, lambda: PICTURE, key="k")
    assert first.id != second.id


def test_two_clicks_at_the_same_time_make_one_job() -> None:
    runner = JobRunner(4, 60)
    made: list[int] = []
    barrier = threading.Barrier(16)
    ids: list[str] = []

    def work() -> Outcome:
        made.append(1)
        return PICTURE

    def click() -> None:
        barrier.wait()
        ids.append(runner.submit("ada", PRODUCT, work, key="k").id)

    threads = [threading.Thread(target=click) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: bool(made))
    assert len(set(ids)) == 1
    assert made == [1]


def test_to_others_a_job_does_not_exist() -> None:
    runner = JobRunner(1, 60)
    job = finish(runner, PICTURE)
    assert runner.find(job.id, "ada") is job
    assert runner.find(job.id, "ben") is None
    assert runner.remove(job.id, "ben") is False
    assert runner.find(job.id, "ada") is job


def test_a_removed_job_is_gone_and_a_queued_one_never_runs() -> None:
    runner = JobRunner(1, 60)
    gate = threading.Event()
    made: list[str] = []

    def hold() -> Outcome:
        gate.wait(5)
        return PICTURE

    def record() -> Outcome:
        made.append("ran")
        return PICTURE

    first = runner.submit("ada", PRODUCT, hold)
    second = runner.submit("ada", PRODUCT, record)
    assert runner.remove(second.id, "ada")
    gate.set()
    until(lambda: first.ended_at is not None)
    assert finish(runner, PICTURE).state == "done"
    assert runner.find(second.id, "ada") is None
    assert made == []


def test_removing_jobs_makes_no_room_for_more_than_the_queue_holds() -> None:
    runner = JobRunner(1, 60)
    gate = threading.Event()

    def hold() -> Outcome:
        gate.wait(5)
        return PICTURE

    for _ in range(5):
        runner.remove(runner.submit("ada", PRODUCT, hold).id, "ada")
    with pytest.raises(BusyError):
        runner.submit("ada", PRODUCT, hold)
    gate.set()


def test_a_result_is_forgotten_after_its_time() -> None:
    clock = Clock()
    runner = JobRunner(1, 60, clock)
    job = finish(runner, PICTURE)
    clock.now += 59
    assert runner.find(job.id, "ada")
    clock.now += 2
    assert runner.find(job.id, "ada") is None


def test_kept_results_are_bounded() -> None:
    runner = JobRunner(4, 600)
    jobs = [finish(runner, PICTURE) for _ in range(230)]
    assert runner.find(jobs[-1].id, "ada")
    assert runner.find(jobs[0].id, "ada") is None


def test_a_picture_is_not_in_the_repr_of_its_job() -> None:
    assert "jpeg'" not in repr(finish(JobRunner(1, 60), PICTURE))
