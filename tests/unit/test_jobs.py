"""Try-ons as jobs. Two runners on one store stand for two processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from genvoris_flask.core.images.pictures import Picture, Quota
from genvoris_flask.core.products import Product
from genvoris_flask.core.storage.interface import digest
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.job_store import KEY_SECONDS, LEASE_SECONDS, PIECE_BYTES
from genvoris_flask.core.tryon.jobs import BusyError, JobExpiredError, JobRunner, TooManyJobsError
from genvoris_flask.core.tryon.models import (
    Done,
    Failure,
    Job,
    JobResult,
    Outcome,
    dump_job,
    dump_result,
    load_job,
    load_result,
)
from genvoris_flask.core.tryon.paywall import Refusal
from genvoris_flask.core.tryon.worker import MAX_ENDED
from genvoris_flask.errors import StoreUnavailableError
from tests.support.fake_genvoris import Clock
from tests.support.waiting import until

PRODUCT = Product(title="Shirt", page_url="https://shop.example/p")
PICTURE = Picture(b"jpeg", "image/jpeg", Quota(1, 3, 2))


class Shared:
    """A store that can be away, and that a test can look into."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._inner = MemoryStore(clock)
        self.away = False
        self.written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailableError("It does not answer.")
        return getattr(self._inner, name)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        self.written += [key.encode(), value]
        self.__getattr__("set")(key, value, seconds)

    def keys(self) -> list[str]:
        buckets = self._inner._state.get().buckets
        return [*buckets._small, *buckets._large]

    def lock(self, name: str, **how: float) -> AbstractContextManager[None]:
        lock: AbstractContextManager[None] = self.__getattr__("lock")(name, **how)
        return lock


class House:
    """A clock, a store, and as many processes as a test wants."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = Shared(self.clock)

    def process(
        self,
        concurrency: int = 4,
        per_owner: int = 64,
        ttl: float = 60,
        patience: float = 600,
    ) -> JobRunner:
        store: Any = self.store
        return JobRunner(
            store,
            concurrency=concurrency,
            per_owner=per_owner,
            ttl=ttl,
            patience=patience,
            clock=self.clock,
        )


@pytest.fixture
def house() -> House:
    return House()


class Gate:
    """Work that waits until it is let through, and counts how often it was done."""

    def __init__(self, outcome: Outcome = PICTURE) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)
        self.made = 0
        self._outcome = outcome

    def __call__(self) -> Outcome:
        self.made += 1
        self.begun.release()
        assert self.open.wait(60)
        return self._outcome


def ended(runner: JobRunner, job: Job, owner: str = "ada") -> Job:
    def is_over() -> bool:
        found = runner.find(job.id, owner)
        return found is not None and found.result is not None

    until(is_over)
    found = runner.find(job.id, owner)
    assert found
    return found


def finish(runner: JobRunner, outcome: Outcome, owner: str = "ada") -> Job:
    return ended(runner, runner.submit(owner, PRODUCT, lambda: outcome), owner)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(PICTURE, "done"), (Failure("e"), "failed"), (Refusal("no_plan"), "refused")],
)
def test_a_job_ends_in_the_state_of_its_outcome(house: House, outcome: Outcome, state: str) -> None:
    assert finish(house.process(), outcome).state == state


def test_a_job_whose_work_crashes_has_failed(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    runner = house.process()

    def crash() -> Outcome:
        raise ZeroDivisionError

    job = ended(runner, runner.submit("ada", PRODUCT, crash))
    assert (job.state, job.result) == ("failed", Failure("internal_error"))
    assert "ZeroDivisionError" in caplog.text


def test_only_so_many_run_at_once_and_only_so_many_wait(house: House) -> None:
    runner, gate = house.process(concurrency=2), Gate()
    jobs = [runner.submit("ada", PRODUCT, gate) for _ in range(10)]
    for _ in range(2):
        assert gate.begun.acquire(timeout=60)

    def states() -> list[str]:
        return sorted(job.state for each in jobs if (job := runner.find(each.id, "ada")))

    assert states() == ["queued"] * 8 + ["running"] * 2
    with pytest.raises(BusyError):
        runner.submit("ben", PRODUCT, gate)
    gate.open.set()
    until(lambda: states() == ["done"] * 10)
    assert finish(runner, PICTURE).state == "done"


# The same wish


def test_the_same_key_of_the_same_owner_is_the_same_job_in_every_process(house: House) -> None:
    one, other, gate = house.process(), house.process(), Gate()
    first = one.submit("ada", PRODUCT, gate, key="k")
    assert one.submit("ada", PRODUCT, gate, key="k").id == first.id
    assert other.submit("ada", PRODUCT, gate, key="k").id == first.id
    gate.open.set()
    ended(one, first)
    assert other.submit("ada", PRODUCT, gate, key="k").state == "done"
    assert gate.made == 1


def test_the_same_key_of_another_owner_is_another_job(house: House) -> None:
    runner = house.process()
    first = runner.submit("ada", PRODUCT, lambda: PICTURE, key="k")
    second = runner.submit("ben", PRODUCT, lambda: PICTURE, key="k")
    assert first.id != second.id
    assert runner.find(first.id, "ben") is None


def test_clicks_at_the_same_time_in_two_processes_make_one_job(house: House) -> None:
    runners, gate = [house.process(), house.process()], Gate()
    barrier = threading.Barrier(16)
    ids: list[str] = []

    def click(number: int) -> None:
        barrier.wait()
        ids.append(runners[number % 2].submit("ada", PRODUCT, gate, key="k").id)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 16
    assert len(set(ids)) == 1
    gate.open.set()
    ended(runners[0], Job(ids[0], "", PRODUCT, 0, ""))
    assert gate.made == 1


def test_a_repeat_is_never_refused_for_lack_of_room(house: House) -> None:
    runner, gate = house.process(concurrency=1, per_owner=1), Gate()
    first = runner.submit("ada", PRODUCT, gate, key="k")
    for number in range(4):
        runner.submit(f"other {number}", PRODUCT, gate)
    assert runner.submit("ada", PRODUCT, gate, key="k").id == first.id
    gate.open.set()


def test_a_key_is_kept_for_a_day_and_its_try_on_is_not_made_again(house: House) -> None:
    runner = house.process()
    job = ended(runner, runner.submit("ada", PRODUCT, lambda: PICTURE, key="k"))
    house.clock.now += KEY_SECONDS - 1
    assert runner.find(job.id, "ada") is None
    with pytest.raises(JobExpiredError):
        runner.submit("ada", PRODUCT, lambda: PICTURE, key="k")
    house.clock.now += 2
    assert runner.submit("ada", PRODUCT, lambda: PICTURE, key="k").id != job.id


def test_a_deleted_try_on_is_not_made_again_by_a_repeat(house: House) -> None:
    runner = house.process()
    job = ended(runner, runner.submit("ada", PRODUCT, lambda: PICTURE, key="k"))
    runner.remove(job.id, "ada")
    with pytest.raises(JobExpiredError):
        runner.submit("ada", PRODUCT, lambda: PICTURE, key="k")


@pytest.mark.parametrize("seconds", [0, 61, KEY_SECONDS - 1], ids=["kept", "forgotten", "a day"])
def test_a_failed_try_on_is_made_again_under_its_key(house: House, seconds: float) -> None:
    """So the shopper can try again without a new key, under which they would be charged again."""
    one, other = house.process(), house.process()
    failed = one.submit("ada", PRODUCT, lambda: Failure("upstream_unreachable"), key="k")
    assert ended(one, failed).state == "failed"
    house.clock.now += seconds
    again = other.submit("ada", PRODUCT, lambda: PICTURE, key="k")
    assert again.id != failed.id
    assert ended(other, again).state == "done"
    assert one.submit("ada", PRODUCT, lambda: PICTURE, key="k").id == again.id


def test_a_try_on_that_nobody_asked_for_since_its_worker_died_is_made_again(house: House) -> None:
    """It has no ending that says what became of it."""
    dead, other, gate = house.process(), house.process(), Gate()
    dead.submit("ada", PRODUCT, gate, key="k")
    assert gate.begun.acquire(timeout=60)
    house.clock.now += LEASE_SECONDS + 61
    assert ended(other, other.submit("ada", PRODUCT, lambda: PICTURE, key="k")).state == "done"
    gate.open.set()


def test_a_refused_try_on_keeps_its_key(house: House) -> None:
    """Nothing was made, and nothing is made by a repeat."""
    runner = house.process()
    job = ended(runner, runner.submit("ada", PRODUCT, lambda: Refusal("no_plan"), key="k"))
    assert runner.submit("ada", PRODUCT, lambda: PICTURE, key="k").id == job.id
    house.clock.now += KEY_SECONDS - 1
    with pytest.raises(JobExpiredError):
        runner.submit("ada", PRODUCT, lambda: PICTURE, key="k")


@pytest.mark.parametrize("outcome", [PICTURE, Failure("e")], ids=["done", "failed"])
def test_a_deleted_try_on_is_over_for_a_day(house: House, outcome: Outcome) -> None:
    """Its owner does not want it, so no late repeat makes it again."""
    one, other = house.process(), house.process()
    job = ended(one, one.submit("ada", PRODUCT, lambda: outcome, key="k"))
    assert other.remove(job.id, "ada")
    house.clock.now += KEY_SECONDS - 1
    with pytest.raises(JobExpiredError):
        one.submit("ada", PRODUCT, lambda: PICTURE, key="k")


# One shopper's share


def test_a_shopper_may_have_only_so_many_under_way_in_all_processes(house: House) -> None:
    one, other, gate = house.process(per_owner=2), house.process(per_owner=2), Gate()
    jobs = [one.submit("ada", PRODUCT, gate), other.submit("ada", PRODUCT, gate)]
    for runner in (one, other):
        with pytest.raises(TooManyJobsError):
            runner.submit("ada", PRODUCT, gate)
        assert runner.submit("ben", PRODUCT, lambda: PICTURE).state == "queued"
    gate.open.set()
    for job in jobs:
        ended(one, job)
    until(lambda: _admits(one))


def _admits(runner: JobRunner) -> bool:
    try:
        runner.submit("ada", PRODUCT, lambda: PICTURE)
    except (TooManyJobsError, BusyError):
        return False
    return True


def test_a_cancelled_try_on_counts_until_its_thread_is_free(house: House) -> None:
    runner, gate = house.process(per_owner=1), Gate()
    job = runner.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    runner.remove(job.id, "ada")
    with pytest.raises(TooManyJobsError):
        runner.submit("ada", PRODUCT, gate)
    gate.open.set()
    until(lambda: _admits(runner))


def test_a_full_pool_takes_no_place_of_the_shopper(house: House) -> None:
    runner, gate = house.process(concurrency=1, per_owner=1), Gate()
    for number in range(5):
        runner.submit(f"other {number}", PRODUCT, gate)
    for _ in range(3):
        with pytest.raises(BusyError):
            runner.submit("ada", PRODUCT, gate)
    assert _admits(house.process(per_owner=1))
    gate.open.set()


# Any process answers


def test_a_job_and_its_picture_are_found_by_every_process(house: House) -> None:
    one, other, gate = house.process(), house.process(), Gate()
    job = one.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    until(lambda: getattr(other.find(job.id, "ada"), "state", "") == "running")
    gate.open.set()
    found = ended(other, job)
    assert found.result == Done("image/jpeg", Quota(1, 3, 2))
    assert other.picture(found) == PICTURE
    assert one.picture(found) == PICTURE


def test_a_refusal_is_found_with_its_numbers_and_product_and_without_the_shopper(
    house: House,
) -> None:
    from genvoris_flask import Shopper

    ada = Shopper("ada-4711", email="ada@shop.example")
    finish(house.process(), Refusal("quota_exhausted", 3, 3, ada, PRODUCT), "ada-4711")
    job = finish(house.process(), Refusal("quota_exhausted", 3, 3, ada, PRODUCT), "ada-4711")
    found = house.process().find(job.id, "ada-4711")
    assert found
    assert found.result == Refusal("quota_exhausted", 3, 3, None, PRODUCT)
    assert b"ada" not in b"".join(house.store.written)


def test_to_others_a_job_does_not_exist(house: House) -> None:
    runner = house.process()
    job = finish(runner, PICTURE)
    assert runner.find(job.id, "ben") is None
    assert runner.remove(job.id, "ben") is False
    assert runner.find(job.id, "ada")


def test_a_worker_that_died_leaves_its_jobs_interrupted(house: House) -> None:
    dead, other, gate = house.process(per_owner=1), house.process(per_owner=1), Gate()
    job = dead.submit("ada", PRODUCT, gate, key="k")
    assert gate.begun.acquire(timeout=60)
    house.clock.now += LEASE_SECONDS + 1  # no beat was heard
    found = other.find(job.id, "ada")
    assert found
    assert (found.state, found.result) == ("failed", Failure("interrupted"))
    again = other.submit("ada", PRODUCT, gate, key="k")
    assert again.id != job.id, "the dead worker's place must be free"
    gate.open.set()
    assert ended(other, again).state == "done"


def test_a_worker_that_was_only_slow_does_not_change_an_ending_that_was_seen(
    house: House,
) -> None:
    slow, other, gate = house.process(), house.process(), Gate()
    job = slow.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    house.clock.now += LEASE_SECONDS + 1
    assert other.find(job.id, "ada")
    slow._desk.get().beat()
    gate.open.set()
    until(lambda: not slow._desk.get().tasks)
    for runner in (slow, other):
        found = runner.find(job.id, "ada")
        assert found
        assert found.result == Failure("interrupted")
        assert runner._store.picture(job.id) is None


def test_a_job_that_does_not_end_has_failed_and_its_late_picture_is_thrown_away(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    runner, gate = house.process(per_owner=1, patience=100), Gate()
    job = runner.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    for _ in range(30):
        house.clock.now += 5
        runner._desk.get().beat()
    for process in (runner, house.process()):
        found = process.find(job.id, "ada")
        assert found
        assert found.result == Failure("upstream_unreachable")
    assert caplog.text.count("does not end") == 1
    assert _admits(runner), "its place must be free"
    gate.open.set()
    until(lambda: job.id not in runner._desk.get().tasks)
    found = runner.find(job.id, "ada")
    assert found
    assert found.result == Failure("upstream_unreachable")
    assert runner._store.picture(job.id) is None


def test_a_beat_keeps_jobs_alive(house: House) -> None:
    runner, other, gate = house.process(per_owner=1), house.process(per_owner=1), Gate()
    job = runner.submit("ada", PRODUCT, gate)
    for _ in range(40):
        house.clock.now += LEASE_SECONDS / 2
        runner._desk.get().beat()
    found = other.find(job.id, "ada")
    assert found
    assert found.result is None
    with pytest.raises(TooManyJobsError):
        other.submit("ada", PRODUCT, gate)
    gate.open.set()


# Removal and forgetting


def test_a_removed_job_is_gone_and_a_queued_one_never_runs(house: House) -> None:
    runner, other = house.process(concurrency=1), house.process()
    first_gate, second, third = Gate(), Gate(), Gate()
    first = runner.submit("ada", PRODUCT, first_gate)
    queued = [runner.submit("ada", PRODUCT, second), runner.submit("ada", PRODUCT, third)]
    assert runner.remove(queued[0].id, "ada")
    assert other.remove(queued[1].id, "ada")
    for job in queued:
        assert runner.find(job.id, "ada") is None
        assert other.find(job.id, "ada") is None
    first_gate.open.set()
    ended(runner, first)
    assert finish(runner, PICTURE).state == "done"
    assert (second.made, third.made) == (0, 0)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_picture_of_a_job_that_was_removed_while_it_ran_is_thrown_away(
    house: House, elsewhere: bool
) -> None:
    runner, gate = house.process(), Gate()
    job = runner.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    assert (house.process() if elsewhere else runner).remove(job.id, "ada")
    runner._desk.get().beat()
    assert runner.find(job.id, "ada") is None
    gate.open.set()
    until(lambda: not runner._desk.get().tasks)
    assert runner.find(job.id, "ada") is None
    assert runner._store.picture(job.id) is None


def test_a_large_picture_is_kept_in_pieces_and_comes_back_whole(house: House) -> None:
    large = Picture(bytes(range(256)) * 4096 + b"end", "image/png")
    runner, other = house.process(), house.process()
    job = finish(runner, large)
    pieces = [len(value) for value in house.store.written]
    assert max(pieces) == PIECE_BYTES
    assert other.picture(job) == large
    other.remove(job.id, "ada")
    assert not [key for key in house.store.keys() if "picture" in key]  # noqa: SIM118


def test_a_late_beat_takes_no_place_from_a_later_job(house: House) -> None:
    runner, gate = house.process(per_owner=1), Gate()
    runner.submit("ada", PRODUCT, gate)
    desk = runner._desk.get()
    (late,) = desk.tasks.values()
    gate.open.set()
    until(lambda: not desk.tasks)
    second_gate = Gate()
    runner.submit("ada", PRODUCT, second_gate)
    desk._keep(late)
    assert late.slot
    runner._store.free_slot(late.slot, late.job.id)
    with pytest.raises(TooManyJobsError):
        runner.submit("ada", PRODUCT, second_gate)
    second_gate.open.set()
    until(lambda: _admits(runner))


def test_a_removed_picture_is_gone_at_once(house: House) -> None:
    runner = house.process()
    job = finish(runner, PICTURE)
    assert house.process().remove(job.id, "ada")
    assert runner.picture(job) is None
    assert runner.find(job.id, "ada") is None


def test_removing_jobs_makes_no_room_for_more_than_the_queue_holds(house: House) -> None:
    runner, gate = house.process(concurrency=1), Gate()
    for _ in range(5):
        runner.remove(runner.submit("ada", PRODUCT, gate).id, "ada")
    with pytest.raises(BusyError):
        runner.submit("ada", PRODUCT, gate)
    gate.open.set()
    until(lambda: _admits(runner))


def test_a_result_is_forgotten_after_its_time(house: House) -> None:
    runner = house.process(ttl=60)
    job = finish(runner, PICTURE)
    house.clock.now += 59
    assert runner.picture(job)
    house.clock.now += 2
    assert runner.find(job.id, "ada") is None
    assert house.process().find(job.id, "ada") is None


def test_a_beat_frees_the_memory_of_what_is_over(house: House) -> None:
    runner = house.process(ttl=60)
    job = finish(runner, PICTURE)
    until(lambda: len(runner._desk.get()._ended) == 1)
    house.clock.now += 61
    runner._desk.get().beat()
    assert len(runner._desk.get()._ended) == 0
    assert runner.picture(job) is None


def test_kept_results_are_bounded(house: House) -> None:
    runner = house.process(ttl=6000)
    jobs = [finish(runner, PICTURE) for _ in range(MAX_ENDED + 10)]
    assert runner.find(jobs[-1].id, "ada")
    assert runner.find(jobs[0].id, "ada") is None


# The store is away


def test_without_the_store_a_process_answers_for_its_own(house: House) -> None:
    runner, other, gate = house.process(), house.process(), Gate()
    house.store.away = True
    job = runner.submit("ada", PRODUCT, gate, key="k")
    assert runner.submit("ada", PRODUCT, gate, key="k").id == job.id
    gate.open.set()
    found = ended(runner, job)
    assert runner.picture(found) == PICTURE
    assert gate.made == 1
    failed = ended(runner, runner.submit("ada", PRODUCT, lambda: Failure("e"), key="f"))
    again = runner.submit("ada", PRODUCT, lambda: PICTURE, key="f")
    assert again.id != failed.id
    assert runner.submit("ada", PRODUCT, lambda: PICTURE, key="f").id == again.id
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")


def test_what_ended_while_the_store_was_away_is_written_down_when_it_is_back(
    house: House,
) -> None:
    runner, other, gate = house.process(), house.process(), Gate()
    before = runner.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    house.store.away = True
    meanwhile = runner.submit("ada", PRODUCT, lambda: Failure("rate_limited"))
    gate.open.set()
    for job in (before, meanwhile):
        ended(runner, job)
    house.store.away = False
    runner._desk.get().beat()
    found = other.find(before.id, "ada")
    assert found
    assert other.picture(found) == PICTURE
    assert getattr(other.find(meanwhile.id, "ada"), "result", None) == Failure("rate_limited")
    assert runner._desk.get().tasks == {}


def test_without_the_store_the_limits_hold_for_each_process(house: House) -> None:
    runner, gate = house.process(concurrency=1, per_owner=2), Gate()
    house.store.away = True
    for _ in range(2):
        runner.submit("ada", PRODUCT, gate)
    with pytest.raises(TooManyJobsError):
        runner.submit("ada", PRODUCT, gate)
    for number in range(3):
        runner.submit(f"other {number}", PRODUCT, gate)
    with pytest.raises(BusyError):
        runner.submit("ben", PRODUCT, gate)
    gate.open.set()


def test_a_job_that_was_removed_without_the_store_is_gone_and_its_picture_too(
    house: House,
) -> None:
    runner, gate = house.process(), Gate()
    house.store.away = True
    job = runner.submit("ada", PRODUCT, gate)
    assert gate.begun.acquire(timeout=60)
    assert runner.remove(job.id, "ada")
    assert runner.remove(job.id, "ada") is False
    gate.open.set()
    house.store.away = False
    until(lambda: runner._desk.get().pending == 0)
    runner._desk.get().beat()
    assert runner.find(job.id, "ada") is None
    assert runner._store.picture(job.id) is None


def test_what_could_never_be_written_down_is_forgotten_in_its_time(house: House) -> None:
    runner = house.process(ttl=60)
    house.store.away = True
    finish(runner, PICTURE)
    house.clock.now += 61
    runner._desk.get().beat()
    assert runner._desk.get().tasks == {}


def test_a_store_that_lost_everything_is_told_again(house: House) -> None:
    runner, gate = house.process(), Gate()
    job = runner.submit("ada", PRODUCT, gate)
    house.store._inner = MemoryStore(house.clock)
    assert runner.find(job.id, "ada")
    runner._desk.get().beat()
    other = house.process().find(job.id, "ada")
    assert other
    assert other.result is None
    gate.open.set()


# On paper


def test_neither_picture_nor_owner_is_in_the_repr_of_a_job(house: House) -> None:
    job = finish(house.process(), PICTURE)
    assert digest("ada") not in repr(job)
    assert "b'jpeg'" not in repr(PICTURE)


@pytest.mark.parametrize(
    "result",
    [
        Done("image/webp"),
        Done("image/png", Quota(1, 2, 1)),
        Failure("rate_limited"),
        Refusal("paused"),
        Refusal("quota_exhausted", 3, 3),
    ],
)
def test_an_ending_is_read_as_it_was_written(result: JobResult) -> None:
    assert load_result(dump_result(result)) == result


def test_a_job_is_read_as_it_was_written() -> None:
    job = Job("id", "owner", PRODUCT, 1.5, "worker", "running")
    assert load_job("id", dump_job(job)) == job


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b'{"state": "new"}', b'{"product": 1}'])
def test_what_another_version_wrote_counts_as_nothing(raw: bytes) -> None:
    assert load_job("id", raw) is None
    assert load_result(raw) is None


@pytest.mark.parametrize("away", [False, True])
def test_guests_at_an_address_share_their_places(house: House, away: bool) -> None:
    """Five shoppers' worth, across all processes; another address has its own."""
    process = house.process(per_owner=1)
    house.store.away = away
    gate = Gate()
    for number in range(5):
        process.submit(f"guest:{number}", PRODUCT, gate, address="203.0.113.5")
    with pytest.raises(TooManyJobsError):
        process.submit("guest:5", PRODUCT, gate, address="203.0.113.5")
    process.submit("guest:6", PRODUCT, gate, address="203.0.113.6")
    process.submit("shopper:ada", PRODUCT, gate)
    gate.open.set()
