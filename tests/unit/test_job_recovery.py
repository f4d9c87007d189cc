"""Try-on jobs when workers die, when owners remove them, and while the store is unavailable."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import pytest

from genvoris_flask.core.concurrency import threads
from genvoris_flask.core.images.photos import Quota
from genvoris_flask.core.tryon.jobs import BusyError, TooManyJobsError
from genvoris_flask.core.tryon.jobs.leases import DOUBT_SECONDS, LEASE_SECONDS
from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.core.tryon.jobs.records import KEY_SECONDS, SLOT_SECONDS
from genvoris_flask.core.tryon.models import (
    INTERRUPTED,
    Done,
    Failure,
    Job,
    JobResult,
    Outcome,
    dump_job,
)
from genvoris_flask.errors import StoreUnavailableError
from tests.support.jobs import (
    COUNTED,
    PICTURE,
    PRODUCT,
    BlockedWork,
    Processes,
    Tryon,
    accepts,
    run,
    tryon,
    wait_for_end,
)
from tests.support.waiting import until


def result(queue: LocalJobQueue, job: Job) -> JobResult | None:
    found = queue.find(job.id, "ada")
    assert found
    return found.result


def find_lost(processes: Processes, queue: LocalJobQueue, job: Job) -> JobResult | None:
    """Let a worker's lease lapse and its time of doubt pass, and look at its job twice."""
    processes.advance(LEASE_SECONDS + 1)
    assert result(queue, job) is None
    watch(processes, queue, DOUBT_SECONDS)
    return result(queue, job)


def watch(processes: Processes, queue: LocalJobQueue, seconds: float) -> None:
    """Let time pass in which a process looks at doubtful leases every 2.5 seconds."""
    while seconds > 0:
        processes.advance(min(seconds, 2.5))
        queue.heartbeat()
        seconds -= 2.5


def test_job_is_found_by_every_process(processes: Processes) -> None:
    """Another process sees it run and end, and has its picture."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    job = one.submit("ada", tryon(work))
    work.wait_for_start()
    until(lambda: getattr(other.find(job.id, "ada"), "state", "") == "running")
    work.finish.set()
    found = wait_for_end(other, job)
    assert found.result == Done("image/jpeg", Quota(1, 3, 2))
    assert other.picture(found) == one.picture(found) == PICTURE


# Workers that die


def test_job_of_dead_worker_is_interrupted(processes: Processes) -> None:
    """Another process ends it, its slot is free, and its key starts it again."""
    dead, other = processes.start(per_owner=1), processes.start(per_owner=1)
    work = BlockedWork()
    job = dead.submit("ada", tryon(work), key="k")
    work.wait_for_start()
    assert not accepts(other)
    assert find_lost(processes, other, job) == INTERRUPTED
    assert result(processes.start(), job) == INTERRUPTED
    assert processes.failures == [INTERRUPTED]
    again = other.submit("ada", tryon(work), key="k")
    assert again.id != job.id
    work.finish.set()
    assert wait_for_end(other, again).state == "done"


def test_live_worker_survives_a_lapsed_lease(processes: Processes) -> None:
    """A store that was away, however long, interrupts nothing once workers reach it again."""
    one, other, work = processes.start(per_owner=1), processes.start(per_owner=1), BlockedWork()
    job = one.submit("ada", tryon(work))
    work.wait_for_start()
    for _ in range(3):
        processes.advance(LEASE_SECONDS + 1)
        assert result(other, job) is None
        assert not accepts(other)
        watch(processes, other, DOUBT_SECONDS - 1)
        one.heartbeat()
        assert result(other, job) is None
    processes.advance(LEASE_SECONDS + 1)
    assert result(other, job) is None, "the doubts of before must be forgotten"
    one.heartbeat()
    work.finish.set()
    assert wait_for_end(other, job).state == "done"


def test_seen_interruption_is_final(processes: Processes) -> None:
    """A worker that was only slow does not change a result; its picture is thrown away."""
    slow, other, work = processes.start(), processes.start(), BlockedWork()
    job = slow.submit("ada", tryon(work))
    work.wait_for_start()
    assert find_lost(processes, other, job) == INTERRUPTED
    work.finish.set()
    until(lambda: slow.unsettled == 0)
    assert (result(slow, job), result(other, job)) == (INTERRUPTED, INTERRUPTED)
    assert not processes.store.has_picture()
    until(lambda: processes.given_back == [COUNTED])


def charged_tryon(work: BlockedWork, undone: list[str]) -> Tryon:
    """Return a request whose picture is charged, and says so when the charge is taken back."""
    request = tryon(work)

    def make_charged() -> Outcome:
        outcome = work()
        request.cancellation.on_unseen(lambda: undone.append("undone"))
        return outcome

    return replace(request, work=make_charged)


def test_charge_of_interrupted_job_is_taken_back(processes: Processes) -> None:
    """A picture that comes after another process has ended the job costs its shopper nothing."""
    undone: list[str] = []
    slow, other, work = processes.start(), processes.start(), BlockedWork()
    job = slow.submit("ada", charged_tryon(work, undone))
    work.wait_for_start()
    assert find_lost(processes, other, job) == INTERRUPTED
    work.finish.set()
    until(lambda: slow.unsettled == 0)
    assert undone == ["undone"]


def test_charge_of_endless_job_is_taken_back(processes: Processes) -> None:
    """Nor does one that comes after the job has failed because it took too long."""
    undone: list[str] = []
    queue, work = processes.start(max_runtime=100), BlockedWork()
    job = queue.submit("ada", charged_tryon(work, undone))
    work.wait_for_start()
    processes.monotonic.now += 101
    queue.heartbeat()
    assert result(queue, job) == Failure("upstream_unreachable")
    assert undone == []
    work.finish.set()
    until(lambda: undone == ["undone"])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_charge_of_removed_job_stays(processes: Processes, elsewhere: bool) -> None:
    """Whoever throws away a picture that was being made has been told what that costs."""
    undone: list[str] = []
    queue, work = processes.start(), BlockedWork()
    job = queue.submit("ada", charged_tryon(work, undone))
    work.wait_for_start()
    assert (processes.start() if elsewhere else queue).remove(job.id, "ada")
    queue.heartbeat()
    work.finish.set()
    until(lambda: queue.unsettled == 0)
    assert undone == []


def test_slot_of_dead_worker_lapses(processes: Processes) -> None:
    """Even if nobody ever asks for its job."""
    dead, other = processes.start(per_owner=1), processes.start(per_owner=1)
    work = BlockedWork()
    dead.submit("ada", tryon(work))
    work.wait_for_start()
    processes.advance(SLOT_SECONDS - 1)
    assert not accepts(other)
    processes.advance(2)
    other.submit("ada", tryon(work))
    assert not accepts(other)
    work.finish.set()
    until(lambda: dead.unsettled == other.unsettled == 0)


@pytest.mark.parametrize("command", ["tryon-slot:", "tryon:"])
def test_lost_reply_costs_no_slot(processes: Processes, command: str) -> None:
    """A slot that was taken without its worker's knowledge lapses."""
    queue = processes.start(per_owner=1)
    processes.store.lost_replies = {command}
    job = queue.submit("ada", tryon())
    processes.store.lost_replies.clear()
    queue.heartbeat()
    wait_for_end(queue, job)
    until(lambda: queue.unsettled == 0)
    processes.advance(SLOT_SECONDS + 1)
    assert accepts(queue)


def test_no_thread_costs_nothing(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that cannot be started holds no slot, and its key can be used again."""
    queue = processes.start(concurrency=1, per_owner=1)

    def refuse(name: str, run: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threads, "start_thread", refuse)
        for _ in range(10):
            with pytest.raises(BusyError):
                queue.submit("ada", tryon(), key="k")
    assert queue.unsettled == 0
    assert run(queue, key="k").state == "done"


def test_forgotten_job_of_dead_worker_is_run_again(processes: Processes) -> None:
    """No result says what became of it, since nobody asked in time."""
    dead, other, work = processes.start(), processes.start(), BlockedWork()
    dead.submit("ada", tryon(work), key="k")
    work.wait_for_start()
    processes.advance(LEASE_SECONDS + 61)
    assert run(other, key="k").state == "done"
    work.finish.set()


def test_endless_job_fails(processes: Processes, caplog: pytest.LogCaptureFixture) -> None:
    """Its slot is freed, its thread is not, and a late picture is thrown away."""
    queue, work = processes.start(per_owner=1, max_runtime=100), BlockedWork()
    job = queue.submit("ada", tryon(work))
    work.wait_for_start()
    processes.clock.now += 10_000  # somebody set the wall clock: nobody ran for so long
    queue.heartbeat()
    assert result(queue, job) is None
    processes.monotonic.now += 101
    for _ in range(2):
        queue.heartbeat()
    for process in (queue, processes.start()):
        assert result(process, job) == Failure("upstream_unreachable")
    assert caplog.text.count("does not end") == 1
    assert accepts(queue)
    work.finish.set()
    until(lambda: queue.unsettled == 0)
    assert result(queue, job) == Failure("upstream_unreachable")
    assert processes.given_back == [COUNTED]


def test_heartbeat_keeps_jobs_alive(processes: Processes) -> None:
    """For as long as they run, their owner's limit counts them."""
    queue, other = processes.start(per_owner=1), processes.start(per_owner=1)
    work = BlockedWork()
    job = queue.submit("ada", tryon(work))
    for _ in range(40):
        processes.advance(LEASE_SECONDS / 2)
        queue.heartbeat()
        assert result(other, job) is None
    assert not accepts(other)
    work.finish.set()


def test_record_of_older_version_is_read(processes: Processes) -> None:
    """A slot that names no worker counts until it lapses; a job is found, and ends the same."""
    queue = processes.start(per_owner=1)
    owner = wait_for_end(queue, queue.submit("ada", tryon())).owner
    until(lambda: queue.unsettled == 0)
    old = Job("old-job", owner, PRODUCT, processes.clock(), "old-worker", "running")
    processes.store.set("tryon:old-job", dump_job(old), 70)
    processes.store.set("tryon-worker:old-worker", b"1", 10)
    processes.store.set(f"tryon-slot:{owner}:0", b"old-job", 10)
    assert not accepts(queue)
    processes.advance(11)
    assert accepts(queue)
    assert result(queue, old) is None
    watch(processes, queue, DOUBT_SECONDS)
    assert result(queue, old) == INTERRUPTED


# Removal


@pytest.mark.parametrize("elsewhere", [False, True])
def test_removed_queued_job_never_runs(processes: Processes, elsewhere: bool) -> None:
    """Whichever process its owner removes it through."""
    queue, first, second = processes.start(concurrency=1), BlockedWork(), BlockedWork()
    running = queue.submit("ada", tryon(first))
    queued = queue.submit("ada", tryon(second))
    other = processes.start()
    assert (other if elsewhere else queue).remove(queued.id, "ada")
    for process in (queue, other):
        assert process.find(queued.id, "ada") is None
    first.finish.set()
    wait_for_end(queue, running)
    assert run(queue).state == "done"
    assert second.calls == 0


@pytest.mark.parametrize("elsewhere", [False, True])
def test_picture_of_removed_job_is_thrown_away(processes: Processes, elsewhere: bool) -> None:
    """A job that is removed while it runs leaves nothing in the store."""
    queue, work = processes.start(), BlockedWork()
    job = queue.submit("ada", tryon(work))
    work.wait_for_start()
    assert (processes.start() if elsewhere else queue).remove(job.id, "ada")
    queue.heartbeat()
    assert queue.find(job.id, "ada") is None
    work.finish.set()
    until(lambda: queue.unsettled == 0)
    assert queue.find(job.id, "ada") is None
    assert not processes.store.has_picture()


def test_removed_photo_is_dropped_at_once(processes: Processes) -> None:
    """It does not wait in memory for a thread."""
    queue, first, second = processes.start(concurrency=1), BlockedWork(), BlockedWork()
    queue.submit("ada", tryon(first))
    first.wait_for_start()
    queued, photo = queue.submit("ada", tryon(second)), weakref.ref(second)
    del second
    assert photo()
    queue.remove(queued.id, "ada")
    assert photo() is None
    first.finish.set()


def test_removed_photo_is_dropped_by_the_heartbeat(processes: Processes) -> None:
    """A process drops the photo of a job that was removed elsewhere, without running it."""
    queue, first, second = processes.start(concurrency=1), BlockedWork(), BlockedWork()
    queue.submit("ada", tryon(first))
    first.wait_for_start()
    queued = queue.submit("ada", tryon(second))
    processes.start().remove(queued.id, "ada")
    queue.heartbeat()
    processes.store.away = True  # so that the store cannot stop it any more
    first.finish.set()
    until(lambda: processes.given_back == [COUNTED])
    assert second.calls == 0


# The store is unavailable


def test_process_answers_for_its_own_jobs(processes: Processes) -> None:
    """Without the store, keys hold in the process, and others cannot say anything."""
    queue, other, work = processes.start(), processes.start(), BlockedWork()
    processes.store.away = True
    job = queue.submit("ada", tryon(work), key="k")
    assert queue.submit("ada", tryon(work), key="k").id == job.id
    assert queue.submit("ben", tryon(), key="k").id != job.id
    work.finish.set()
    found = wait_for_end(queue, job)
    assert queue.picture(found) == PICTURE
    assert work.calls == 1
    failed = run(queue, Failure("e"), key="f")
    again = run(queue, key="f")
    assert again.id != failed.id
    assert queue.submit("ada", tryon(), key="f").id == again.id
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")


def test_results_are_written_once_the_store_is_back(processes: Processes) -> None:
    """Other processes then find them, and slots are free."""
    queue, other, work = processes.start(per_owner=2), processes.start(per_owner=2), BlockedWork()
    before = queue.submit("ada", tryon(work), key="k")
    work.wait_for_start()
    processes.store.away = True
    meanwhile = queue.submit("ada", tryon(lambda: Failure("rate_limited")))
    work.finish.set()
    for job in (before, meanwhile):
        wait_for_end(queue, job)
    processes.store.away = False
    queue.heartbeat()
    assert queue.unsettled == 0
    found = other.find(before.id, "ada")
    assert found
    assert other.picture(found) == PICTURE
    assert result(other, meanwhile) == Failure("rate_limited")
    assert other.submit("ada", tryon(work), key="k").id == before.id
    processes.advance(KEY_SECONDS / 2)
    assert accepts(other)


def test_limits_hold_in_a_process_without_the_store(processes: Processes) -> None:
    """Of one owner, and of the queue."""
    queue, work = processes.start(concurrency=1, per_owner=2), BlockedWork()
    processes.store.away = True
    for _ in range(2):
        queue.submit("ada", tryon(work))
    with pytest.raises(TooManyJobsError):
        queue.submit("ada", tryon(work))
    for number in range(3):
        queue.submit(f"other {number}", tryon(work))
    with pytest.raises(BusyError):
        queue.submit("ben", tryon(work))
    work.finish.set()


def test_job_removed_without_the_store_stays_removed(processes: Processes) -> None:
    """Its picture is not written down once the store is back."""
    queue, work = processes.start(), BlockedWork()
    processes.store.away = True
    job = queue.submit("ada", tryon(work))
    work.wait_for_start()
    assert queue.remove(job.id, "ada")
    assert queue.remove(job.id, "ada") is None
    work.finish.set()
    processes.store.away = False
    until(lambda: queue.unsettled == 0)
    queue.heartbeat()
    assert queue.find(job.id, "ada") is None
    assert not processes.store.has_picture()


def test_unwritten_result_expires(processes: Processes) -> None:
    """Memory is freed even if the store never comes back."""
    queue = processes.start(ttl=60)
    processes.store.away = True
    run(queue)
    processes.advance(59)
    queue.heartbeat()
    assert queue.unsettled == 1
    processes.advance(1)
    queue.heartbeat()
    assert queue.unsettled == 0


def test_store_that_lost_everything_is_told_again(processes: Processes) -> None:
    """A running job is written down again with the next heartbeat."""
    queue, work = processes.start(), BlockedWork()
    job = queue.submit("ada", tryon(work))
    processes.store.lose_everything()
    assert queue.find(job.id, "ada")
    queue.heartbeat()
    assert result(processes.start(), job) is None
    work.finish.set()


# Trouble with the store never gives up a job whose process lives


def test_flapping_store_interrupts_nothing(processes: Processes) -> None:
    """It comes back for a moment, in which no live worker reaches it, and goes again."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    job = one.submit("ada", tryon(work))
    work.wait_for_start()
    for _ in range(3):
        processes.store.away = True
        processes.advance(LEASE_SECONDS + 2)
        one.heartbeat()
        processes.store.away = False
        assert result(other, job) is None
    one.heartbeat()
    work.finish.set()
    assert wait_for_end(other, job).state == "done"


def test_unwritable_store_interrupts_nothing(processes: Processes) -> None:
    """Workers cannot renew their leases, which others can still read."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    job = one.submit("ada", tryon(work))
    work.wait_for_start()
    processes.store.takes_no_writes = True
    for _ in range(10):
        processes.advance(2.5)
        one.heartbeat()
        try:
            assert result(other, job) is None
        except StoreUnavailableError:
            continue
    processes.store.takes_no_writes = False
    assert result(other, job) is None
    one.heartbeat()
    work.finish.set()
    assert wait_for_end(other, job).state == "done"


@pytest.mark.parametrize("ended", [False, True])
def test_emptied_store_is_asked_again_later(processes: Processes, ended: bool) -> None:
    """A job is written again by its process; until then others do not say that it is unknown."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    job = one.submit("ada", tryon(work), key="k")
    work.wait_for_start()
    if ended:
        work.finish.set()
        until(lambda: one.unsettled == 0)
    processes.store.lose_everything()
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")
    assert one.find(job.id, "ada")
    one.heartbeat()
    found = other.find(job.id, "ada")
    assert found
    assert (other.picture(found) == PICTURE) is ended
    assert other.submit("ada", tryon(work), key="k").id == job.id
    processes.advance(11)
    assert other.find("never heard of", "ada") is None
    work.finish.set()


def test_unwritable_store_knows_nothing_for_certain(processes: Processes) -> None:
    """A job may have been taken since, so it is not unknown."""
    one, other, work = processes.start(), processes.start(), BlockedWork()
    processes.store.takes_no_writes = True
    job = one.submit("ada", tryon(work))
    work.wait_for_start()
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")
    processes.store.takes_no_writes = False
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")  # its process has not written it yet
    one.heartbeat()
    assert result(other, job) is None
    work.finish.set()


def test_job_taken_without_the_store_by_a_dead_worker(processes: Processes) -> None:
    """It is unknown once that is certain."""
    dead, other, work = processes.start(), processes.start(), BlockedWork()
    processes.store.away = True
    job = dead.submit("ada", tryon(work))
    work.wait_for_start()
    processes.store.away = False
    with pytest.raises(StoreUnavailableError):
        other.find(job.id, "ada")
    watch(processes, other, DOUBT_SECONDS)
    assert other.find(job.id, "ada") is None
    work.finish.set()


def test_repeat_after_the_store_lost_its_key(processes: Processes) -> None:
    """The process that runs the job knows its key as well."""
    queue, work = processes.start(), BlockedWork()
    job = queue.submit("ada", tryon(work), key="k")
    processes.store.lose_everything()
    assert queue.submit("ada", tryon(work), key="k").id == job.id
    work.finish.set()


def test_wall_clock_expires_nothing(processes: Processes) -> None:
    """Somebody sets it, by a day: a picture is kept for as long as it was to be."""
    queue = processes.start()
    job = run(queue)
    until(lambda: queue.unsettled == 0)
    before = processes.clock.now
    processes.clock.now += 24 * 3600
    queue.heartbeat()
    processes.clock.now = before
    assert queue.picture(job) == PICTURE


def test_long_heartbeat_renews_the_lease(processes: Processes, monkeypatch: Any) -> None:
    """A process with many jobs and a slow store does not seem dead meanwhile."""
    queue, other, work = processes.start(), processes.start(), BlockedWork()
    jobs = [queue.submit("ada", tryon(work)) for _ in range(20)]
    for _ in range(4):
        work.wait_for_start()
    store, write = processes.store, processes.store.set

    def write_slowly(key: str, value: bytes, seconds: float) -> None:
        write(key, value, seconds)
        if key.startswith("tryon:"):
            processes.advance(1)
            assert store.get(f"tryon-worker:{worker}"), "the lease has lapsed"

    worker = jobs[0].worker
    monkeypatch.setattr(store, "set", write_slowly)
    queue.heartbeat()
    assert result(other, jobs[0]) is None
    work.finish.set()
