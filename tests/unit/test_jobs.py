"""Try-on jobs: how they start, run and end, and what is remembered of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.images.photos import Picture, Quota
from genvoris_flask.core.storage.interface import PIECE_BYTES, digest
from genvoris_flask.core.tryon.daily_limit import CountedTryon
from genvoris_flask.core.tryon.jobs import (
    LONGEST_WAIT,
    BusyError,
    JobExpiredError,
    TooManyJobsError,
)
from genvoris_flask.core.tryon.jobs.finished import MAX_FINISHED
from genvoris_flask.core.tryon.jobs.records import KEY_SECONDS
from genvoris_flask.core.tryon.models import (
    Done,
    Failure,
    Job,
    JobResult,
    Outcome,
    TryOnPostponedError,
    dump_job,
    dump_result,
    load_job,
    load_result,
)
from genvoris_flask.core.tryon.paywall import Refusal
from tests.support.jobs import (
    COUNTED,
    PICTURE,
    PRODUCT,
    BlockedWork,
    Processes,
    accepts,
    run,
    tryon,
    wait_for_end,
)
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(PICTURE, "done"), (Failure("e"), "failed"), (Refusal("no_plan"), "refused")],
)
def test_state_follows_outcome(processes: Processes, outcome: Outcome, state: str) -> None:
    """A job ends in the state that belongs to what its work returned."""
    assert run(processes.start(), outcome).state == state


@pytest.mark.parametrize(
    "error", [ZeroDivisionError, SystemExit, KeyboardInterrupt, asyncio.CancelledError]
)
def test_raising_work_fails_the_job(
    processes: Processes, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """Even sys.exit() in the shop's function ends the job, and the thread goes on."""
    queue = processes.start(concurrency=1)

    def work() -> Outcome:
        raise error

    job = wait_for_end(queue, queue.submit("ada", tryon(work)))
    assert (job.state, job.result) == ("failed", Failure("internal_error"))
    assert error.__name__ in caplog.text
    assert run(queue).state == "done"


def test_postponed_job_leaves_its_thread(processes: Processes) -> None:
    """It is queued again, while the thread makes another one."""
    queue, waits = processes.start(concurrency=1), [0.05, 0.05]
    states: list[str] = []

    def work() -> Outcome:
        if waits:
            raise TryOnPostponedError(waits.pop())
        return PICTURE

    def look() -> Outcome:
        found = queue.find(job.id, "ada")
        assert found is not None
        states.append(found.state)
        return PICTURE

    job = queue.submit("ada", tryon(work))
    other = queue.submit("ben", tryon(look))
    assert wait_for_end(queue, other, "ben").state == "done"
    assert wait_for_end(queue, job).state == "done"
    assert states == ["queued"]
    assert accepts(queue)


def test_postponed_for_too_long(processes: Processes) -> None:
    """Nothing was charged, and the shopper is told to come back."""
    queue = processes.start()

    def work() -> Outcome:
        raise TryOnPostponedError(LONGEST_WAIT + 1)

    job = wait_for_end(queue, queue.submit("ada", tryon(work)))
    assert isinstance(job.result, Failure)
    assert (job.result.error, job.charged) == ("shop_budget", False)
    assert job.result.until
    assert job.result.until > job.created_at + LONGEST_WAIT
    assert processes.failures == [job.result]


def test_removed_job_is_no_failure(processes: Processes) -> None:
    """A try-on that its shopper has taken back while it waited is reported as nothing."""
    queue, removed = processes.start(), threading.Event()

    def work() -> Outcome:
        assert removed.wait(60)
        raise TryOnPostponedError(1)

    job = queue.submit("ada", tryon(work))
    assert queue.remove(job.id, "ada") == "cancelled"
    removed.set()
    until(lambda: queue.unsettled == 0)
    assert processes.failures == []


def test_queue_is_bounded(processes: Processes) -> None:
    """So many run at once, four times as many wait, and more are refused."""
    queue, work = processes.start(concurrency=2), BlockedWork()
    jobs = [queue.submit("ada", tryon(work)) for _ in range(10)]
    for _ in range(2):
        work.wait_for_start()

    def states() -> list[str]:
        return sorted(job.state for each in jobs if (job := queue.find(each.id, "ada")))

    assert states() == ["queued"] * 8 + ["running"] * 2
    with pytest.raises(BusyError):
        queue.submit("ben", tryon(work))
    work.finish.set()
    until(lambda: states() == ["done"] * 10)
    assert run(queue).state == "done"


@pytest.mark.parametrize(
    ("outcome", "given_back"),
    [(PICTURE, []), (Failure("e"), [COUNTED]), (Refusal("no_plan"), [COUNTED])],
)
def test_missing_picture_is_reported(
    processes: Processes, outcome: Outcome, given_back: list[CountedTryon]
) -> None:
    """A guest's day gets back, once, what ended without a picture."""
    queue = processes.start(concurrency=1)
    run(queue, outcome)
    run(queue, key="the next one on this thread")
    assert processes.given_back == given_back


def test_failure_is_given_back_before_it_is_seen(processes: Processes) -> None:
    """Or whoever tries again at once is told that none is left."""
    queue, work = processes.start(), BlockedWork(Failure("e"))
    seen: list[Job | None] = []

    class Watched(list[CountedTryon]):
        def append(self, counted: CountedTryon) -> None:
            super().append(counted)
            seen.append(queue.find(job.id, "ada"))

    processes.given_back = Watched()
    queue = processes.start()
    job = queue.submit("ada", tryon(work))
    work.finish.set()
    wait_for_end(queue, job)
    assert [each and each.result for each in seen] == [None]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
@pytest.mark.parametrize(
    ("outcome", "given_back"), [(PICTURE, []), (Failure("e"), [COUNTED])], ids=["done", "failed"]
)
def test_removed_job_counts_if_it_was_made(
    processes: Processes, outcome: Outcome, given_back: list[CountedTryon], *, elsewhere: bool
) -> None:
    """Else whoever removes each before its end has as many as they like."""
    queue, work = processes.start(concurrency=1), BlockedWork(outcome)
    job = queue.submit("ada", tryon(work))
    work.wait_for_start()
    assert (processes.start() if elsewhere else queue).remove(job.id, "ada")
    work.finish.set()
    run(queue, key="the next one on this thread")
    assert processes.given_back == given_back


# Idempotency-Keys


def test_same_key_is_same_job_in_every_process(processes: Processes) -> None:
    """A repeat is answered with the first job, while it runs and afterwards."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    first = one.submit("ada", tryon(work), key="k")
    assert one.submit("ada", tryon(work), key="k").id == first.id
    assert other.submit("ada", tryon(work), key="k").id == first.id
    work.finish.set()
    wait_for_end(one, first)
    assert other.submit("ada", tryon(work), key="k").state == "done"
    assert work.calls == 1


def test_same_key_of_another_owner_is_another_job(processes: Processes) -> None:
    """Keys of two owners never meet, and neither sees the other's job."""
    queue = processes.start()
    first, second = run(queue, owner="ada", key="k"), run(queue, owner="ben", key="k")
    assert first.id != second.id
    assert queue.find(first.id, "ben") is None


@pytest.mark.parametrize("away", [False, True], ids=["store", "alone"])
def test_new_job_may_be_refused(processes: Processes, *, away: bool) -> None:
    """The caller is asked before a job is made, also again, but not for a repeat."""
    queue, work = processes.start(), BlockedWork(Failure("e"))
    processes.store.away = away
    asked: list[str] = []

    def refuse() -> None:
        raise KeyError("no more")

    job = queue.submit("ada", tryon(work), "k", on_new=lambda: asked.append("first"))
    assert queue.submit("ada", tryon(), "k", on_new=refuse).id == job.id
    work.finish.set()
    until(lambda: (found := queue.find(job.id, "ada")) is not None and found.state == "failed")
    with pytest.raises(KeyError):
        queue.submit("ada", tryon(), "k", on_new=refuse)
    again = queue.submit("ada", tryon(), "k", on_new=lambda: asked.append("again"))
    assert (again.id != job.id, asked) == (True, ["first", "again"])


def test_simultaneous_repeats_make_one_job(processes: Processes) -> None:
    """Sixteen requests with one key reach two processes at once."""
    queues, work = [processes.start(), processes.start()], BlockedWork()
    barrier = threading.Barrier(16)
    jobs: list[Job] = []

    def click(number: int) -> None:
        barrier.wait()
        jobs.append(queues[number % 2].submit("ada", tryon(work), key="k"))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(jobs), len({job.id for job in jobs})) == (16, 1)
    work.finish.set()
    wait_for_end(queues[0], jobs[0])
    assert work.calls == 1


def test_repeat_needs_no_room(processes: Processes) -> None:
    """A repeat is answered even when the queue is full and the owner has no slot left."""
    queue, work = processes.start(concurrency=1, per_owner=1), BlockedWork()
    first = queue.submit("ada", tryon(work), key="k")
    for number in range(4):
        queue.submit(f"other {number}", tryon(work))
    assert queue.submit("ada", tryon(work), key="k").id == first.id
    work.finish.set()


@pytest.mark.parametrize("outcome", [PICTURE, Refusal("no_plan")], ids=["done", "refused"])
def test_key_is_kept_for_a_day(processes: Processes, outcome: Outcome) -> None:
    """A job that is forgotten is not run again under its key until the day is over."""
    queue = processes.start()
    job = run(queue, outcome, key="k")
    assert queue.submit("ada", tryon(), key="k").id == job.id
    processes.advance(KEY_SECONDS - 1)
    assert queue.find(job.id, "ada") is None
    with pytest.raises(JobExpiredError):
        queue.submit("ada", tryon(), key="k")
    processes.advance(2)
    assert queue.submit("ada", tryon(), key="k").id != job.id


@pytest.mark.parametrize("outcome", [PICTURE, Failure("e")], ids=["done", "failed"])
@pytest.mark.parametrize("seconds", [0, KEY_SECONDS - 1], ids=["at once", "after a day"])
def test_removed_job_is_not_repeated(
    processes: Processes, outcome: Outcome, seconds: float
) -> None:
    """Its owner does not want it, so no late repeat runs it again."""
    one, other = processes.start(), processes.start()
    job = run(one, outcome, key="k")
    assert other.remove(job.id, "ada")
    processes.advance(seconds)
    with pytest.raises(JobExpiredError):
        one.submit("ada", tryon(), key="k")


@pytest.mark.parametrize("seconds", [0, 61, KEY_SECONDS - 1], ids=["kept", "forgotten", "a day"])
def test_failed_job_is_run_again_under_its_key(processes: Processes, seconds: float) -> None:
    """Under a new key, the shopper could be charged twice for one picture."""
    one, other = processes.start(), processes.start()
    failed = run(one, Failure("upstream_unreachable"), key="k")
    processes.advance(seconds)
    again = run(other, key="k")
    assert (again.id != failed.id, again.state) == (True, "done")
    assert one.submit("ada", tryon(), key="k").id == again.id


# Limits


def test_owner_limit_holds_in_all_processes(processes: Processes) -> None:
    """One owner's jobs are counted together; other owners have their own limit."""
    one, other = processes.start(per_owner=2), processes.start(per_owner=2)
    work = BlockedWork()
    jobs = [one.submit("ada", tryon(work)), other.submit("ada", tryon(work))]
    for queue in (one, other):
        with pytest.raises(TooManyJobsError):
            queue.submit("ada", tryon(work))
        assert accepts(queue, "ben")
        run(queue, owner="eve")
    work.finish.set()
    for job in jobs:
        wait_for_end(one, job)
    until(lambda: accepts(one))


def test_removed_job_counts_until_its_thread_is_free(processes: Processes) -> None:
    """Removing running jobs does not let one owner keep all threads busy."""
    queue, work = processes.start(per_owner=1), BlockedWork()
    job = queue.submit("ada", tryon(work))
    work.wait_for_start()
    queue.remove(job.id, "ada")
    assert not accepts(queue)
    work.finish.set()
    until(lambda: accepts(queue))


def test_full_queue_uses_no_slot(processes: Processes) -> None:
    """A refused start leaves the owner's limit as it was."""
    queue, work = processes.start(concurrency=1, per_owner=1), BlockedWork()
    for number in range(5):
        queue.submit(f"other {number}", tryon(work))
    for _ in range(3):
        with pytest.raises(BusyError):
            queue.submit("ada", tryon(work))
    assert accepts(processes.start(per_owner=1))
    work.finish.set()


def test_removed_jobs_make_no_room_in_the_queue(processes: Processes) -> None:
    """They hold their place until a thread has passed them."""
    queue, work = processes.start(concurrency=1), BlockedWork()
    first = queue.submit("ada", tryon(work))
    work.wait_for_start()
    jobs = [first, *(queue.submit("ada", tryon(work)) for _ in range(4))]
    for job in jobs:
        queue.remove(job.id, "ada")
    with pytest.raises(BusyError):
        queue.submit("ada", tryon(work))
    work.finish.set()
    until(lambda: accepts(queue))


@pytest.mark.parametrize("away", [False, True])
def test_guests_at_an_address_share_a_limit(processes: Processes, away: bool) -> None:
    """An address has five shoppers' worth of slots, and another address its own."""
    queue, work = processes.start(per_owner=1), BlockedWork()
    processes.store.away = away
    for number in range(5):
        queue.submit(f"guest:{number}", tryon(work), address="203.0.113.5")
    with pytest.raises(TooManyJobsError):
        queue.submit("guest:5", tryon(work), address="203.0.113.5")
    queue.submit("guest:6", tryon(work), address="203.0.113.6")
    queue.submit("shopper:ada", tryon(work))
    work.finish.set()


def test_address_never_fills_the_queue(processes: Processes) -> None:
    """One place is left for others, whatever an owner may have."""
    queue, work = processes.start(concurrency=1, per_owner=9), BlockedWork()
    for number in range(4):
        queue.submit(f"guest:{number}", tryon(work), address="203.0.113.5")
    with pytest.raises(TooManyJobsError):
        queue.submit("guest:4", tryon(work), address="203.0.113.5")
    assert accepts(queue)
    work.finish.set()


# Results


def test_refusal_is_stored_without_the_shopper(processes: Processes) -> None:
    """Other processes find its numbers and product; who was refused is written nowhere."""
    ada = Shopper("ada-4711", email="ada@shop.example")
    job = run(processes.start(), Refusal("quota_exhausted", 3, 3, ada, PRODUCT), "ada-4711")
    found = processes.start().find(job.id, "ada-4711")
    assert found
    assert found.result == Refusal("quota_exhausted", 3, 3, None, PRODUCT)
    # Not "ada", which a random id in hex may contain.
    for name in ("ada-4711", "ada@shop.example"):
        assert name.encode() not in b"".join(processes.store.values)
        assert name not in "".join(processes.store.keys)


def test_job_of_another_owner_does_not_exist(processes: Processes) -> None:
    """It can be neither seen nor removed."""
    queue = processes.start()
    job = run(queue)
    assert queue.find(job.id, "ben") is None
    assert queue.remove(job.id, "ben") is None
    assert queue.find(job.id, "ada")


@pytest.mark.parametrize("extra", [b"", b"end"], ids=["whole pieces", "a rest"])
def test_large_picture_is_stored_in_pieces(processes: Processes, extra: bytes) -> None:
    """It comes back whole, and is removed whole."""
    large = Picture(bytes(range(256)) * 4096 + extra, "image/png")
    queue, other = processes.start(), processes.start()
    job = run(queue, large)
    until(lambda: queue.unsettled == 0)
    assert max(len(value) for value in processes.store.values) == PIECE_BYTES
    assert other.picture(job) == large
    assert processes.store.has_picture()
    other.remove(job.id, "ada")
    assert not processes.store.has_picture()
    assert queue.picture(job) is None


@pytest.mark.parametrize("has_result", [False, True])
def test_incomplete_picture_is_none(processes: Processes, has_result: bool) -> None:
    """A picture of which a piece is missing is not served."""
    queue = processes.start()
    job = run(queue, Picture(bytes(3 * PIECE_BYTES), "image/png"))
    until(lambda: queue.unsettled == 0)
    part = "" if has_result else ":1"
    processes.store.delete(f"tryon:{job.id}:picture{part}")
    assert queue.picture(job) is None


def test_result_expires(processes: Processes) -> None:
    """After its time, a result is found by no process."""
    queue = processes.start(ttl=60)
    job = run(queue)
    until(lambda: queue.unsettled == 0)
    processes.advance(59)
    assert queue.picture(job)
    processes.advance(2)
    assert queue.find(job.id, "ada") is None
    assert processes.start().find(job.id, "ada") is None


def test_heartbeat_deletes_expired_pictures(processes: Processes) -> None:
    """A memory store would keep them until somebody looks."""
    queue = processes.start(ttl=60)
    run(queue)
    until(lambda: queue.unsettled == 0)
    processes.advance(61)  # the picture itself is kept a little longer
    assert processes.store.has_picture()
    queue.heartbeat()
    assert not processes.store.has_picture()


def test_number_of_finished_pictures_is_bounded(processes: Processes) -> None:
    """The oldest go first."""
    queue = processes.start(ttl=6000)
    jobs = [run(queue) for _ in range(MAX_FINISHED + 10)]
    until(lambda: queue.find(jobs[9].id, "ada") is None)
    assert queue.find(jobs[10].id, "ada")
    assert queue.find(jobs[-1].id, "ada")


def test_repr_hides_picture_and_owner(processes: Processes) -> None:
    """Neither reaches a log by way of an object's repr."""
    job = run(processes.start())
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
def test_result_is_loaded_as_it_was_dumped(result: JobResult) -> None:
    """Serializing loses nothing that others need."""
    assert load_result(dump_result(result)) == result


def test_job_is_loaded_as_it_was_dumped() -> None:
    """Serializing loses nothing of a job without a result."""
    job = Job("id", "owner", PRODUCT, 1.5, "worker", "running")
    assert load_job("id", dump_job(job)) == job


@pytest.mark.parametrize("load", [lambda raw: load_job("id", raw), load_result])
@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b'{"state": "new"}', b'{"product": 1}'])
def test_record_of_another_version_is_none(load: Callable[[bytes], object], raw: bytes) -> None:
    """What cannot be read is as good as missing."""
    assert load(raw) is None
