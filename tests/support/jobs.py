"""Queues of try-on jobs on one store, which stand for the processes of a shop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from genvoris_flask.core.images.photos import Photo, Picture, Quota
from genvoris_flask.core.products import Product
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.daily_limit import Claim, CountedTryon
from genvoris_flask.core.tryon.engines import TokenSource
from genvoris_flask.core.tryon.jobs import BusyError, TooManyJobsError
from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.core.tryon.models import Failure, Job, Outcome, TryOnRequest
from genvoris_flask.errors import StoreUnavailableError
from tests.support.fake_genvoris import Clock
from tests.support.waiting import until

PRODUCT = Product(title="Shirt", page_url="https://shop.example/p")
PICTURE = Picture(b"jpeg", "image/jpeg", Quota(1, 3, 2))
COUNTED = CountedTryon((Claim("guest:ada", 3),), "a try-on")


class SharedStore:
    """A store that can be away, and that remembers what was ever written."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._inner = MemoryStore(clock)
        self.away = False
        self.takes_no_writes = False
        self._emptied_at = float("-inf")
        self.lost_replies: set[str] = set()
        self.keys: set[str] = set()
        self.values: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        if self.away or (self.takes_no_writes and name != "get"):
            raise StoreUnavailableError("It does not answer.")
        return getattr(self._inner, name)

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        """Add a value; the reply is lost if the name begins with one of ``lost_replies``."""
        added: bool = self.__getattr__("add")(key, value, seconds)
        if key.startswith(tuple(self.lost_replies)):
            raise StoreUnavailableError("It did not answer in time.")
        return added

    def set(self, key: str, value: bytes, seconds: float) -> None:
        self.keys.add(key)
        self.values.append(value)
        self.__getattr__("set")(key, value, seconds)
        if key.startswith(tuple(self.lost_replies)):
            raise StoreUnavailableError("It did not answer in time.")

    def lock(self, name: str, **how: float) -> AbstractContextManager[None]:
        lock: AbstractContextManager[None] = self.__getattr__("lock")(name, **how)
        return lock

    def lose_everything(self) -> None:
        """Start again without the data, as a Redis that keeps none does."""
        self._inner = MemoryStore(self._clock)
        self._emptied_at = self._clock()

    def was_emptied(self) -> bool:
        """Return what a Redis returns."""
        return self.__getattr__("was_emptied")() or self._clock() < self._emptied_at + 10

    def has_picture(self) -> bool:
        """Return whether any piece of any picture is there."""
        return any("picture" in key and self._inner.get(key) is not None for key in self.keys)


@dataclass(frozen=True)
class Tryon(TryOnRequest):
    """A request that says itself what becomes of it."""

    work: Callable[[], Outcome] = lambda: PICTURE


def tryon(work: Callable[[], Outcome] = lambda: PICTURE, product: Product = PRODUCT) -> Tryon:
    """Return a guest's request, which is made by calling ``work``."""
    photo = Photo(b"a photo", "image/jpeg", 1, 1)
    return Tryon(photo, product, None, "https://shop.example", "a try-on", COUNTED, work=work)


def make(request: TryOnRequest) -> Outcome:
    """Make a request of `tryon`."""
    assert isinstance(request, Tryon)
    return request.work()


class StubEngine:
    """Makes the same picture of every request, and asks nobody."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def make(self, _request: TryOnRequest, _tokens: TokenSource) -> Picture:
        return self._picture

    def charged(self, _error: Exception) -> bool | None:
        return None


class Processes:
    """Starts processes that share a store and clocks.

    Attributes:
        given_back: What counted against a guest's day and gave no picture.
        failures: Those that no attempt to make a try-on has returned.
    """

    def __init__(self) -> None:
        self.given_back: list[CountedTryon] = []
        self.failures: list[Failure] = []
        self.clock = Clock()
        self.monotonic = Clock()
        self.store = SharedStore(self.clock)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        self.monotonic.now += seconds

    def start(self, **options: Any) -> LocalJobQueue:
        """Start a process; its jobs are kept for a minute, and owners may have many.

        It sends no heartbeat by itself: the clocks here do not follow the real time.
        """
        return LocalJobQueue(
            self.store,
            make,
            self.given_back.append,
            on_failure=self.failures.append,
            **{"per_owner": 64, "ttl": 60, **options},
            clock=self.clock,
            monotonic=self.monotonic,
            heartbeat_interval=3600,
        )


class BlockedWork:
    """Work that blocks until ``finish`` is set, and counts its calls."""

    def __init__(self, outcome: Outcome = PICTURE) -> None:
        self.finish = threading.Event()
        self.calls = 0
        self._started = threading.Semaphore(0)
        self._outcome = outcome

    def __call__(self) -> Outcome:
        self.calls += 1
        self._started.release()
        assert self.finish.wait(60)
        return self._outcome

    def wait_for_start(self) -> None:
        """Wait for one more call."""
        assert self._started.acquire(timeout=60)


def wait_for_end(queue: LocalJobQueue, job: Job, owner: str = "ada") -> Job:
    """Return a job as it is once it has a result."""
    found: list[Job] = []

    def has_result() -> bool:
        now = queue.find(job.id, owner)
        if now is not None and now.result:
            found.append(now)
        return bool(found)

    until(has_result)
    return found[0]


def run(
    queue: LocalJobQueue, outcome: Outcome = PICTURE, owner: str = "ada", key: str | None = None
) -> Job:
    """Run a job to its end."""
    return wait_for_end(queue, queue.submit(owner, tryon(lambda: outcome), key), owner)


def accepts(queue: LocalJobQueue, owner: str = "ada") -> bool:
    """Return whether an owner can start one more job."""
    try:
        queue.submit(owner, tryon())
    except (TooManyJobsError, BusyError):
        return False
    return True
