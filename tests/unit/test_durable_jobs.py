"""Jobs that an engine's workers run: sent, made, and made again when a worker dies."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.images.photos import Photo
from genvoris_flask.core.storage.sealing import SecretSealer
from genvoris_flask.core.tryon.daily_limit import CountedTryon
from genvoris_flask.core.tryon.jobs import (
    LONGEST_WAIT,
    BrokerError,
    BusyError,
    JobExpiredError,
    TooManyJobsError,
)
from genvoris_flask.core.tryon.jobs.durable import (
    MAX_ATTEMPTS,
    RESEND_SECONDS,
    WAITING_SECONDS,
    DurableJobQueue,
)
from genvoris_flask.core.tryon.jobs.records import SLOT_SECONDS, JobRecords
from genvoris_flask.core.tryon.jobs.requests import dump_request, load_request
from genvoris_flask.core.tryon.jobs.unfinished import LEASE_SECONDS, TICKET_MARGIN, WATCH_SECONDS
from genvoris_flask.core.tryon.models import (
    INTERRUPTED,
    Done,
    Failure,
    Job,
    Outcome,
    Rerun,
    TryOnCancelledError,
    TryOnDiscardedError,
    TryOnPostponedError,
    TryOnRequest,
    came_too_late,
)
from genvoris_flask.core.tryon.paywall import Refusal
from genvoris_flask.errors import StoreUnavailableError
from tests.support.fake_genvoris import Clock
from tests.support.jobs import COUNTED, PICTURE, PRODUCT, SharedStore, tryon
from tests.support.waiting import until


class Engine:
    """An engine that keeps what it is sent until a test delivers it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send(self, job_id: str) -> None:
        if self.is_down:
            raise BrokerError("It does not answer.")
        self.sent.append(job_id)

    def has_worker(self) -> bool:
        return True


class KilledError(BaseException):
    """Stands for kill -9: nothing that a process does after it has an effect."""


class MortalStore(SharedStore):
    """A store whose user is killed after so many writes."""

    writes_left: int | None = None

    def __getattr__(self, name: str) -> Any:
        if self.writes_left is not None:
            if self.writes_left == 0:
                raise KilledError
            self.writes_left -= name in ("add", "set", "replace", "delete")
        return super().__getattr__(name)

    def survives(self, writes: int, function: Callable[[], object]) -> bool:
        """Call a function in a process that is killed after so many writes."""
        self.writes_left = writes
        try:
            function()
        except KilledError:
            return False
        finally:
            self.writes_left = None
        return True


class DurableShop:
    """The processes of a shop on one store, one engine and clocks that a test moves.

    Attributes:
        made: The requests that were made.
        make: Makes one.
        given_back: What counted against a guest's day and gave no picture.
        failures: Those that no attempt to make a try-on has returned.
    """

    def __init__(self) -> None:
        self.clock, self.monotonic = Clock(), Clock()
        self.store = MortalStore(self.clock)
        self.engine = Engine()
        self.made: list[TryOnRequest] = []
        self.make: Callable[[TryOnRequest], Outcome] = lambda _request: PICTURE
        self.given_back: list[CountedTryon] = []
        self.failures: list[Failure] = []

    def sealer(self, purpose: str, secrets: Sequence[str] = ("secret",)) -> SecretSealer:
        return SecretSealer(lambda: secrets, purpose)

    def process(self, secrets: Sequence[str] = ("secret",), **options: Any) -> DurableJobQueue:
        def run(request: TryOnRequest) -> Outcome:
            self.made.append(request)
            return self.make(request)

        return DurableJobQueue(
            self.store,
            self.engine,
            run,
            self.given_back.append,
            on_failure=self.failures.append,
            sealer=self.sealer("store", secrets),
            photo_sealer=lambda job_id: self.sealer(job_id, secrets),
            clock=self.clock,
            monotonic=self.monotonic,
            **{"per_owner": 64, "ttl": 60, "interval": 3600, **options},
        )

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        self.monotonic.now += seconds

    def work(self, worker: DurableJobQueue) -> None:
        """Deliver what was sent."""
        while self.engine.sent:
            worker.run(self.engine.sent.pop(0))

    def look_after(self, queue: DurableJobQueue) -> None:
        """Let time pass until nothing is left to do."""
        for _ in range(3):
            self.wait(RESEND_SECONDS)
            queue.look_after()
            self.work(queue)

    def leftovers(self) -> set[str]:
        """Return what is still kept for unfinished jobs."""
        parts = (":request", ":ticket", ":sent", ":lease", ":attempts", "tryon-slot:")
        kept = {key for key in self.store.keys if self.store.get(key) is not None}
        unfinished = self.store.get("tryon-unfinished")
        return {key for key in kept if any(part in key for part in parts)} | (
            {str(unfinished)} if unfinished not in (None, b"[]") else set()
        )

    def make_while_blocked(self, worker: DurableJobQueue, job: Job) -> BlockedAttempt:
        """Begin a job in a process that goes no further; it sends no heartbeat either."""
        blocked = BlockedAttempt(self.make)
        self.make, make = blocked, self.make
        blocked.start(worker, job)
        self.make = make
        return blocked


class BlockedAttempt:
    """An attempt that stands still until it is resumed, if ever: its process seems dead."""

    def __init__(self, make: Callable[[TryOnRequest], Outcome]) -> None:
        self._make = make
        self._began, self._resumed = threading.Event(), threading.Event()

    def __call__(self, request: TryOnRequest) -> Outcome:
        request.cancellation.begin_charging()
        self._began.set()
        assert self._resumed.wait(60)
        return self._make(request)

    def start(self, worker: DurableJobQueue, job: Job) -> None:
        self._thread = threading.Thread(target=worker.run, args=(job.id,), daemon=True)
        self._thread.start()
        assert self._began.wait(60)

    def resume(self) -> None:
        self._resumed.set()
        self._thread.join(60)


@pytest.fixture
def shop() -> DurableShop:
    return DurableShop()


def ended(queue: DurableJobQueue, job: Job, owner: str = "ada") -> Job:
    found = queue.find(job.id, owner)
    assert found
    assert found.result
    return found


def test_job_is_made_by_a_worker(shop: DurableShop) -> None:
    """The process that took it answers for it, as any other."""
    web, worker = shop.process(), shop.process()
    job = web.submit("ada", tryon())
    assert job.state == "queued"
    shop.work(worker)
    for queue in (web, worker):
        assert ended(queue, job).state == "done"
        assert queue.picture(ended(queue, job)) == PICTURE
    assert web.find(job.id, "ben") is None


def test_postponed_job_is_sent_again_later(shop: DurableShop) -> None:
    """It keeps no worker meanwhile, however often Genvoris puts it off, within two minutes."""
    waits = [11.0] * 8

    def make(_request: TryOnRequest) -> Outcome:
        if waits:
            raise TryOnPostponedError(waits.pop())
        return PICTURE

    shop.make, web = make, shop.process()
    job = web.submit("ada", tryon())
    for _ in range(9):
        shop.work(shop.process())
        web.look_after()
        assert shop.engine.sent == []
        shop.wait(11.5)
        web.look_after()
    assert ended(web, job).state == "done"
    assert (len(shop.made), shop.made[-1].rerun) == (9, None)
    waits.append(LONGEST_WAIT + 1)
    job = web.submit("ada", tryon())
    shop.work(shop.process())
    told = came_too_late(shop.clock.now + LONGEST_WAIT + 1)
    assert (ended(web, job).result, ended(web, job).charged) == (told, False)
    assert shop.failures == [told]
    assert not shop.leftovers()


def test_removed_job_is_no_failure(shop: DurableShop) -> None:
    """A try-on that its shopper has taken back while it was made is reported as nothing."""

    def make(_request: TryOnRequest) -> Outcome:
        assert web.remove(job.id, "ada") == "cancelled"
        raise TryOnPostponedError(LONGEST_WAIT + 1)

    shop.make, web = make, shop.process()
    job = web.submit("ada", tryon())
    shop.work(shop.process())
    assert shop.failures == []
    assert not shop.leftovers()


def test_request_arrives_whole() -> None:
    """Nothing of it is lost on the way to another process."""
    shopper = Shopper("ada", email="a@shop.example", plan_id="pln_1", email_verified=True)
    request = TryOnRequest(
        Photo(b"a\nphoto\n", "image/png", 3, 4), PRODUCT, shopper, "https://s", "key", COUNTED
    )
    assert load_request(dump_request(request)) == request
    assert load_request(b"{}\nphoto") is None


def test_worker_gets_the_photo_and_the_limits(shop: DurableShop) -> None:
    """It makes what was asked for."""
    request = tryon()
    shop.process().submit("ada", request)
    shop.work(shop.process())
    (made,) = shop.made
    assert made.photo == request.photo
    assert (made.product, made.key, made.counted) == (PRODUCT, request.key, COUNTED)
    assert made.rerun is None


def test_photo_is_sealed_and_deleted(shop: DurableShop) -> None:
    """What is in the store says nothing, not even with the key of another job."""
    web = shop.process()
    jobs = [web.submit(owner, tryon()) for owner in ("ada", "ben")]
    written = b"".join(shop.store.values)
    assert b"a photo" not in written
    assert b"Shirt" not in written
    one, other = (shop.store.get(f"tryon:{job.id}:request:0") for job in jobs)
    assert one
    shop.store.set(f"tryon:{jobs[1].id}:request:0", one, 60)
    shop.work(shop.process())
    assert ended(web, jobs[0], "ada").state == "done"
    assert ended(web, jobs[1], "ben").result == INTERRUPTED
    assert not shop.leftovers()
    assert other != one


def test_replaced_secret_still_opens_photos(shop: DurableShop) -> None:
    """A worker that was restarted with a new SECRET_KEY knows the former one."""
    job = shop.process(["old"]).submit("ada", tryon())
    worker = shop.process(["new", "old"])
    shop.work(worker)
    assert ended(worker, job).state == "done"


def test_worker_with_another_secret_ends_the_job(
    shop: DurableShop, caplog: pytest.LogCaptureFixture
) -> None:
    """It says why, and leaves the job to others. If there are none, it ends soon."""
    web, worker = shop.process(["one"]), shop.process(["other"])
    job = web.submit("ada", tryon())
    shop.work(worker)
    assert "SECRET_KEY" in caplog.text
    worker.look_after()
    assert web.find(job.id, "ada") == job
    for _ in range(MAX_ATTEMPTS):
        shop.wait(WATCH_SECONDS)
        web.look_after()
        shop.work(worker)
    assert (ended(web, job).result, ended(web, job).charged) == (INTERRUPTED, False)
    assert not shop.leftovers()


def test_photo_never_outlives_its_time(shop: DurableShop, caplog: pytest.LogCaptureFixture) -> None:
    """A job that no worker took ends, and holds nothing any more."""
    web = shop.process(max_runtime=60, per_owner=1)
    job = web.submit("ada", tryon())
    shop.wait(WAITING_SECONDS + 59)
    assert shop.store.get(f"tryon:{job.id}:request:0")
    shop.wait(2)
    assert shop.store.get(f"tryon:{job.id}:request:0") is None
    web.look_after()
    found = ended(web, job)
    assert (found.result, found.charged) == (INTERRUPTED, False)
    assert shop.given_back == [COUNTED]
    assert shop.failures == [INTERRUPTED]
    assert not shop.leftovers()
    web.submit("ada", tryon())


# Repeats and limits


def test_same_key_is_same_job(shop: DurableShop) -> None:
    """In all processes, while it waits and afterwards."""
    one, other = shop.process(), shop.process()
    job = one.submit("ada", tryon(), "k")
    assert other.submit("ada", tryon(), "k").id == job.id
    shop.work(one)
    assert other.submit("ada", tryon(), "k").state == "done"
    assert other.submit("ben", tryon(), "k").id != job.id
    shop.wait(61)
    with pytest.raises(JobExpiredError):
        one.submit("ada", tryon(), "k")


def test_new_job_may_be_refused(shop: DurableShop) -> None:
    """The caller is asked before a job is made, but not for a repeat."""
    web = shop.process()

    def refuse() -> None:
        raise KeyError("no more")

    with pytest.raises(KeyError):
        web.submit("ada", tryon(), "k", on_new=refuse)
    assert not shop.leftovers()
    job = web.submit("ada", tryon(), "k")
    assert web.submit("ada", tryon(), "k", on_new=refuse).id == job.id


def test_failure_is_given_back_before_it_is_seen(shop: DurableShop) -> None:
    """Or whoever tries again at once is told that none is left."""
    web, seen = shop.process(), []

    class Watched(list[CountedTryon]):
        def append(self, counted: CountedTryon) -> None:
            super().append(counted)
            seen.append(web.find(job.id, "ada"))

    shop.given_back = Watched()
    shop.make = lambda _request: Failure("e")
    web = shop.process()
    job = web.submit("ada", tryon())
    shop.work(web)
    assert [each and each.result for each in seen] == [None]
    assert ended(web, job).result == Failure("e")


def test_failed_job_is_made_again_under_its_key(shop: DurableShop) -> None:
    """It is another job, with the same key for Genvoris."""
    web = shop.process()
    shop.make = lambda _request: Failure("upstream_unreachable")
    failed = web.submit("ada", tryon(), "k")
    shop.work(web)
    assert ended(web, failed).charged is False
    shop.make = lambda _request: PICTURE
    again = web.submit("ada", tryon(), "k")
    assert again.id != failed.id
    shop.work(web)
    assert ended(web, again).state == "done"
    assert len({each.key for each in shop.made}) == 1


def test_limits_hold_in_all_processes(shop: DurableShop) -> None:
    """Those of owners and of addresses, until a job has ended."""
    one, other = shop.process(per_owner=1), shop.process(per_owner=1)
    one.submit("ada", tryon())
    for number in range(5):
        other.submit(f"guest:{number}", tryon(), address="203.0.113.5")
    for owner, address in (("ada", None), ("guest:9", "203.0.113.5")):
        with pytest.raises(TooManyJobsError):
            other.submit(owner, tryon(), address=address)
    shop.wait(WAITING_SECONDS)  # a slot does not lapse while its job waits
    with pytest.raises(TooManyJobsError):
        one.submit("ada", tryon())
    shop.work(one)
    one.submit("ada", tryon())


def test_full_queue_uses_no_slot(shop: DurableShop) -> None:
    """A refused start leaves nothing behind."""
    web = shop.process(max_unfinished=2, per_owner=2)
    for owner in ("ben", "eve"):
        web.submit(owner, tryon())
    for _ in range(3):
        with pytest.raises(BusyError):
            web.submit("ada", tryon(), "k")
    shop.work(web)
    assert not shop.leftovers()
    assert web.submit("ada", tryon(), "k").state == "queued"


def test_engine_that_is_down_is_busy(shop: DurableShop, caplog: pytest.LogCaptureFixture) -> None:
    """The shopper is told at once, and nothing is left behind."""
    web = shop.process(per_owner=1)
    shop.engine.is_down = True
    with pytest.raises(BusyError):
        web.submit("ada", tryon(), "k")
    assert "does not take try-ons" in caplog.text
    assert not shop.leftovers()
    shop.engine.is_down = False
    assert web.submit("ada", tryon(), "k").state == "queued"


def test_nothing_is_taken_without_the_store(shop: DurableShop) -> None:
    """A photo that no worker finds would be lost."""
    web = shop.process()
    shop.store.away = True
    with pytest.raises(StoreUnavailableError):
        web.submit("ada", tryon())


@pytest.mark.parametrize(
    ("outcome", "given_back"),
    [(PICTURE, []), (Failure("e"), [COUNTED]), (Refusal("no_plan"), [COUNTED])],
)
def test_missing_picture_is_reported(
    shop: DurableShop, outcome: Outcome, given_back: list[CountedTryon]
) -> None:
    """A guest's day gets back, once, what ended without a picture."""
    web = shop.process()
    shop.make = lambda _request: outcome
    web.submit("ada", tryon())
    shop.work(web)
    web.look_after()
    assert shop.given_back == given_back


# Cancelling


def test_cancelled_while_it_waits(shop: DurableShop) -> None:
    """It is never made, its photo is gone, and all that it held is free."""
    web = shop.process(per_owner=1)
    job = web.submit("ada", tryon(), "k")
    assert web.remove(job.id, "ben") is None
    assert web.remove(job.id, "ada") == "cancelled"
    assert not shop.leftovers()
    assert shop.given_back == [COUNTED]
    web.submit("ada", tryon())
    shop.work(web)
    assert (len(shop.made), web.find(job.id, "ada")) == (1, None)
    with pytest.raises(JobExpiredError):
        web.submit("ada", tryon(), "k")


def test_cancelled_while_it_is_made(shop: DurableShop) -> None:
    """Its photo is gone at once, its slot is free when its worker is, and its picture counts."""
    web = shop.process(per_owner=1)
    job = web.submit("ada", tryon())
    attempt = shop.make_while_blocked(shop.process(), job)
    assert web.remove(job.id, "ada") == "under_way"
    assert shop.store.get(f"tryon:{job.id}:request:0") is None
    with pytest.raises(TooManyJobsError):
        web.submit("ada", tryon())
    attempt.resume()
    assert web.find(job.id, "ada") is None
    assert shop.given_back == []
    assert not shop.leftovers()
    assert not shop.store.has_picture()


def test_cancelled_while_it_fails(shop: DurableShop) -> None:
    """Without a picture nothing counts, whoever wanted one."""
    web = shop.process()
    job = web.submit("ada", tryon())
    shop.make = lambda _request: Failure("e")
    attempt = shop.make_while_blocked(shop.process(), job)
    assert web.remove(job.id, "ada") == "under_way"
    attempt.resume()
    assert shop.given_back == [COUNTED]


def test_cancelled_job_of_a_dead_worker(shop: DurableShop) -> None:
    """It counts, since it may have cost a credit."""
    web = shop.process()
    job = web.submit("ada", tryon())
    shop.make_while_blocked(shop.process(), job)
    assert web.remove(job.id, "ada") == "under_way"
    shop.look_after(web)
    assert not shop.leftovers()
    assert shop.given_back == []


def test_cancelled_before_it_is_charged(shop: DurableShop) -> None:
    """The engine learns of it when it is about to charge."""
    web = shop.process()

    def make(request: TryOnRequest) -> Outcome:
        assert web.remove(job.id, "ada") == "cancelled"
        request.cancellation.begin_charging()
        return PICTURE

    shop.make = make
    job = web.submit("ada", tryon())
    shop.work(web)
    assert web.find(job.id, "ada") is None
    assert not shop.leftovers()


@pytest.mark.parametrize("when", ["before", "after"])
def test_cancelled_while_the_shops_engine_runs(shop: DurableShop, when: str) -> None:
    """It counts, as the engine may cost the shop; one that was cancelled before does not."""
    web, worker = shop.process(), shop.process()

    def make(request: TryOnRequest) -> Outcome:
        assert web.remove(job.id, "ada") == "cancelled"
        error = TryOnDiscardedError if when == "after" else TryOnCancelledError
        raise error("cancelled")

    shop.make = make
    job = web.submit("ada", tryon())
    shop.work(worker)
    assert shop.given_back == ([] if when == "after" else [COUNTED])
    assert not shop.leftovers()


# Workers that die


def test_job_of_a_dead_worker_is_made_again(shop: DurableShop) -> None:
    """Once its lease has lapsed; the second attempt knows that it may be charged already."""
    web = shop.process(per_owner=1)
    job = web.submit("ada", tryon(), "k")
    shop.engine.sent.clear()
    shop.make_while_blocked(shop.process(), job)
    web.look_after()
    assert shop.engine.sent == []
    shop.wait(LEASE_SECONDS + WATCH_SECONDS)
    web.look_after()
    assert shop.engine.sent == [job.id]
    assert web.submit("ada", tryon(), "k").state == "running"
    shop.work(shop.process())
    assert ended(web, job).state == "done"
    assert shop.made[-1].rerun == Rerun(may_be_charged=True)
    assert shop.made[-1].key == shop.made[0].key


@pytest.mark.parametrize("is_late", [False, True], ids=["meanwhile", "afterwards"])
def test_attempt_that_only_seemed_dead_is_dropped(shop: DurableShop, is_late: bool) -> None:
    """It can neither end the job of the next attempt, nor give back what that uses."""
    web = shop.process()
    job = web.submit("ada", tryon())
    shop.engine.sent.clear()
    shop.make = lambda _request: Failure("internal_error")
    old = shop.make_while_blocked(shop.process(), job)
    shop.make = lambda _request: PICTURE
    shop.wait(LEASE_SECONDS + WATCH_SECONDS)
    web.look_after()
    new = shop.make_while_blocked(shop.process(), job)
    if not is_late:
        old.resume()
        assert web.find(job.id, "ada") == replace(job, state="running", charging=True)
    new.resume()
    old.resume()
    assert ended(web, job).state == "done"
    assert shop.given_back == []
    assert not shop.leftovers()


def test_second_delivery_does_no_harm(shop: DurableShop) -> None:
    """While the job is made, and after it has ended."""
    web = shop.process()
    job = web.submit("ada", tryon())
    attempt = shop.make_while_blocked(shop.process(), job)
    shop.work(shop.process())
    attempt.resume()
    shop.engine.sent.append(job.id)
    shop.work(shop.process())
    assert len(shop.made) == 1
    assert ended(web, job).state == "done"


def test_lost_message_is_sent_again(shop: DurableShop) -> None:
    """At first soon, then after pauses that grow with the job's age: workers may be busy."""
    web = shop.process()
    web.submit("ada", tryon())
    times = []
    for second in range(100):
        shop.engine.sent.clear()
        web.look_after()
        times += [second] * len(shop.engine.sent)
        shop.wait(1)
    assert times[0] == RESEND_SECONDS
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses == sorted(pauses)
    assert len(times) == 4


def test_one_process_looks_after_all_jobs(shop: DurableShop) -> None:
    """Each second, whichever comes first."""
    web, other = shop.process(), shop.process()
    web.submit("ada", tryon())
    shop.wait(RESEND_SECONDS)
    shop.engine.sent.clear()
    assert (web.look_after(), other.look_after()) == (True, True)
    assert len(shop.engine.sent) == 1


def test_job_that_kills_its_workers_is_given_up(
    shop: DurableShop, caplog: pytest.LogCaptureFixture
) -> None:
    """A photo that no worker survives ends as interrupted."""
    web = shop.process()
    job = web.submit("ada", tryon())
    for _ in range(MAX_ATTEMPTS):
        shop.engine.sent.clear()
        shop.make_while_blocked(shop.process(), job)
        shop.wait(RESEND_SECONDS)
        web.look_after()
    assert (shop.engine.sent, ended(web, job).result) == ([], INTERRUPTED)
    shop.process().look_after()
    assert shop.failures == [INTERRUPTED]
    assert "given up" in caplog.text
    assert not shop.leftovers()


def test_process_that_dies_after_the_result(shop: DurableShop) -> None:
    """Others give back what the job held."""
    web = shop.process(per_owner=1)
    job = web.submit("ada", tryon(), "k")
    records = JobRecords(shop.store, 60, shop.sealer("store"))
    records.end(job, Done("image/jpeg"), b"jpeg")
    web.look_after()
    assert not shop.leftovers()
    web.submit("ada", tryon())
    shop.wait(61)
    with pytest.raises(JobExpiredError):
        web.submit("ada", tryon(), "k")


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, TryOnCancelledError])
def test_raising_work_ends_the_job(shop: DurableShop, error: type[BaseException]) -> None:
    """Nothing that the shop's own function raises leaves it running."""
    web = shop.process()

    def make(_request: TryOnRequest) -> Outcome:
        raise error

    shop.make = make
    job = web.submit("ada", tryon())
    shop.work(web)
    found = ended(web, job)
    assert isinstance(found.result, Failure)
    assert found.charged is False
    assert not shop.leftovers()


def test_result_is_written_when_the_store_is_back(shop: DurableShop) -> None:
    """An outage while a job is made costs nothing."""
    web = shop.process(interval=0.01)
    job = web.submit("ada", tryon())
    attempt = shop.make_while_blocked(shop.process(interval=0.01), job)
    shop.store.away = True
    threading.Timer(0.1, lambda: setattr(shop.store, "away", False)).start()
    attempt.resume()
    assert ended(web, job).state == "done"


def test_emptied_store_costs_no_attempt(shop: DurableShop) -> None:
    """What is being made when the store loses its data is found again, with its picture."""
    web, worker = shop.process(), shop.process(interval=0.01)
    job = web.submit("ada", tryon(), "k")
    attempt = shop.make_while_blocked(worker, job)
    shop.store.lose_everything()
    with suppress(StoreUnavailableError):  # until the worker has written it again
        assert web.find(job.id, "ada") is not None

    def is_known() -> bool:
        with suppress(StoreUnavailableError):
            return web.find(job.id, "ada") is not None
        return False

    until(is_known)
    attempt.resume()
    found = ended(web, job)
    assert (found.state, web.picture(found)) == ("done", PICTURE)
    assert not shop.leftovers()


def test_process_that_is_killed_at_any_write_of_a_start(shop: DurableShop) -> None:
    """The browser repeats its request, and one try-on is made of both."""
    web, other = shop.process(per_owner=1), shop.process(per_owner=1)
    for writes in itertools.count():
        shop.made.clear()
        key = f"click {writes}"
        survived = shop.store.survives(writes, functools.partial(web.submit, "ada", tryon(), key))
        shop.wait(SLOT_SECONDS)
        job = other.submit("ada", tryon(), key)
        shop.look_after(other)
        assert ended(other, job).state == "done"
        assert len(shop.made) == 1
        shop.wait(WAITING_SECONDS + 2 * TICKET_MARGIN)  # what was begun and nobody knows of
        assert not shop.leftovers()
        if survived:
            break
    assert writes > 7


@pytest.mark.parametrize("outcome", [PICTURE, Refusal("no_plan")], ids=["done", "refused"])
def test_worker_that_is_killed_at_any_write(shop: DurableShop, outcome: Outcome) -> None:
    """Its try-on ends once, and nothing stays behind."""
    web, worker = shop.process(per_owner=1), shop.process()
    shop.make = lambda _request: outcome
    for writes in itertools.count():
        shop.given_back.clear()
        job = web.submit("ada", tryon(), f"click {writes}")
        survived = shop.store.survives(writes, functools.partial(shop.work, worker))
        shop.look_after(web)
        found = ended(web, job)
        assert found.state == ("done" if outcome is PICTURE else "refused")
        assert bool(shop.given_back) == (found.state == "refused")
        assert not shop.leftovers()
        if survived:
            break
    assert writes > 7
