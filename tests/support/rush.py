"""A rush of new shoppers on the workers of a shop, with a Genvoris that enforces all its limits.

Run it for a simulated day, on one clock that it moves itself::

    python -m tests.support.rush --hours 24 --shoppers 2000 --clicks 0.1

It prints what became of everybody. Everything happens on that clock: try-ons that wait for their
turn do so in the queue of an engine, whose workers run in this thread. With ``--no-plan`` the shop
registers nobody, so that each page asks for a token.
"""

from __future__ import annotations

import argparse
import functools
import heapq
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask
from flask.testing import FlaskClient

from genvoris_flask.core.rate_limits import MemoryWindows
from genvoris_flask.core.rates import PACE
from genvoris_flask.core.storage.interface import NoSealer
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.daily_limit import DailyLimit
from genvoris_flask.core.tryon.jobs.durable import DurableJobQueue
from genvoris_flask.settings import Settings
from genvoris_flask.web.callbacks import run_tryon
from genvoris_flask.web.storage import Storage
from tests.support.fake_genvoris import Clock
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import picture

HOUR = 3600.0
POLL = 3.0  # seconds between two polls of a dialog
PATIENCE = 180.0  # seconds for a try-on, which may wait for its turn
SAMPLE = 4  # each so many-th page is compared with one of a shop without a rush
# Longer than the rush itself takes on this machine's clock: the rush does what threads would.
NEVER = 24 * HOUR
PHOTO = picture("JPEG", (80, 120))


@dataclass
class Report:
    """What became of the shoppers.

    Attributes:
        counts: How often each thing happened.
        waits: The seconds after which shoppers were told to come back.
        page_seconds: How long pages took.
        quiet_seconds: How long pages of a shop without a rush took meanwhile.
        safety: What Genvoris counted at the end.
        most_new: The most shoppers that Genvoris saw for the first time within an hour.
    """

    counts: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    quiet_seconds: list[float] = field(default_factory=list)
    safety: Any = None
    most_new: int = 0

    def fields(self) -> dict[str, Any]:
        return {
            **dict(sorted(self.counts.items())),
            "minutes told, median and longest": [
                round(value / 60) for value in (statistics.median(self.waits), max(self.waits))
            ]
            if self.waits
            else None,
            "page against one without a rush, median": self.page_ratio(0.5),
            "page against one without a rush, p95": self.page_ratio(0.95),
            "most new shoppers at Genvoris in an hour": self.most_new,
            "suspension": self.safety["suspension"],
        }

    def page_ratio(self, quantile: float) -> float:
        """Return how long a page took, as a multiple of one without a rush."""
        rush, quiet = (
            sorted(each)[int(len(each) * quantile)]
            for each in (self.page_seconds, self.quiet_seconds)
        )
        return round(rush / quiet, 2)


@dataclass(order=True)
class _Dialog:
    """A dialog in which somebody waits for a picture, and whether they come back if told to."""

    began: float
    name: str
    returns: bool
    location: str
    browser: FlaskClient = field(compare=False)


class EngineInHand:
    """A ``Broker`` whose messages wait until the rush runs them."""

    def __init__(self) -> None:
        self.sent: deque[str] = deque()

    def send(self, job_id: str) -> None:
        self.sent.append(job_id)

    def has_worker(self) -> bool:
        return True


class Rush:
    """Four workers of one shop, which share a store and its counters.

    Args:
        folder: Stores Genvoris's data.
        workers: How many processes the shop has.
        registers: Whether it has GENVORIS_DEFAULT_PLAN.
        seed: Makes the same rush again.
        config: Further settings of the shop.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 4,
        registers: bool = True,
        seed: int = 1,
        **config: object,
    ) -> None:
        self.report = Report()
        self.genvoris = LocalGenvoris(
            folder, safety_switches=True, rate_limits=True, credits_at_start=100_000
        )
        self.clock = self.genvoris.clock
        self._random = random.Random(seed)
        self._engine = EngineInHand()
        config |= {"GENVORIS_STORE_URL": "redis://shared", "TRUSTED_HOSTS": ["localhost"]}
        self.shops = self._open_shops(self.genvoris, workers, config, registers=registers)
        quiet = LocalGenvoris(folder.with_name(f"{folder.name}-quiet"), safety_switches=True)
        (self._quiet,) = self._open_shops(quiet, 1, config, registers=registers)
        self._turns = itertools.cycle(self.shops)
        self._returning: list[tuple[float, str]] = []
        self._polls: list[tuple[float, _Dialog]] = []

    def _open_shops(
        self, genvoris: LocalGenvoris, count: int, config: dict[str, Any], *, registers: bool
    ) -> list[Shop]:
        """Return processes of a shop that share a store on a Genvoris's clock."""
        plan = {"GENVORIS_DEFAULT_PLAN": genvoris.plan(10)} if registers else {}
        # Other tests lift the limits that this is about.
        paced = {f"GENVORIS_PACE_{calls.upper()}": rates for calls, rates in PACE.items()}
        with _shared_storage(genvoris.clock), self._jobs_in_hand(genvoris.clock):
            shops = [Shop(genvoris, **(paced | plan | config)) for _ in range(count)]
            for shop in shops:
                shop.state.jobs  # noqa: B018  (made while the storage is shared)
        return shops

    def run(self, hours: float, shoppers: int, clicks: float) -> Report:
        """Let new shoppers come at a steady rate, of whom a share reaches for a try-on."""
        with mock.patch("genvoris_flask.sandbox.routes.tryons._make", return_value=[PHOTO]):
            for number in range(int(hours * shoppers)):
                self._pass_time(HOUR / shoppers)
                name = f"shopper-{number}"
                self._view_page(name)
                if not number % SAMPLE:
                    self._view_quiet_page(name)
                if self._random.random() < clicks:
                    self._try_on(name)
                if not number % 100:
                    self._note_safety()
            while self._polls:
                self._pass_time(POLL)
        self._note_safety()
        return self.report

    def _note_safety(self) -> None:
        safety = self.genvoris.http.get("/sandbox/safety").get_json()
        self.report.most_new = max(self.report.most_new, safety["newShoppers"]["lastHour"])
        self.report.safety = safety

    @contextmanager
    def _jobs_in_hand(self, clock: Clock) -> Iterator[None]:
        """Let the shops' try-ons run on an engine, on a clock that the rush moves."""

        def open_jobs(
            app: Flask, settings: Settings, storage: Storage, daily_limit: DailyLimit, _clock: Clock
        ) -> DurableJobQueue:
            return DurableJobQueue(
                storage.store,
                self._engine,
                functools.partial(run_tryon, app),
                daily_limit.without_picture,
                sealer=storage.sealer,
                photo_sealer=lambda _job_id: NoSealer(),
                max_unfinished=settings.queue_size,
                per_owner=settings.tryons_per_shopper,
                ttl=settings.result_ttl,
                clock=clock,
                monotonic=clock,
                interval=NEVER,
            )

        with mock.patch("genvoris_flask.web.wiring.open_jobs", open_jobs):
            yield

    def _pass_time(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self._returning and self._returning[0][0] <= end:
            self.clock.now, name = heapq.heappop(self._returning)
            self._try_on(name, returns=False)
        self.clock.now = end
        if self._polls:
            self._work()
            self._poll()

    def _work(self) -> None:
        """Do what the engine's workers, and the threads that look after try-ons, would do."""
        jobs = next(self._turns).state.jobs
        assert isinstance(jobs, DurableJobQueue)
        jobs.look_after()
        while self._engine.sent:
            jobs.run(self._engine.sent.popleft())

    def _poll(self) -> None:
        """Look at the try-ons whose dialogs poll now."""
        while self._polls and self._polls[0][0] <= self.clock.now:
            _, dialog = heapq.heappop(self._polls)
            job = dialog.browser.get(dialog.location).get_json()
            if job["state"] not in ("queued", "running"):
                self._note(job, dialog)
            elif self.clock.now > dialog.began + PATIENCE:
                self.report.counts["neither served nor told: queued"] += 1
            else:
                heapq.heappush(self._polls, (self.clock.now + POLL, dialog))

    def _browser(self, name: str) -> tuple[Shop, FlaskClient]:
        shop = next(self._turns)
        return shop, _log_in(shop, name)

    def _view_page(self, name: str) -> None:
        shop, browser = self._browser(name)
        before = len(shop.transport.requests)
        started = time.perf_counter()
        page = browser.get("/product")
        self.report.page_seconds.append(time.perf_counter() - started)
        self.report.counts["pages"] += 1
        self.report.counts["pages that failed"] += page.status_code != 200
        self.report.counts["calls of pages"] += len(shop.transport.requests) - before
        shop.transport.requests.clear()

    def _view_quiet_page(self, name: str) -> None:
        """View the page of a shop that few visit, for comparison on a machine that may be busy."""
        browser = _log_in(self._quiet, name)
        self._quiet.genvoris.clock.now += HOUR
        started = time.perf_counter()
        browser.get("/product")
        self.report.quiet_seconds.append(time.perf_counter() - started)
        self._quiet.transport.requests.clear()

    def _try_on(self, name: str, *, returns: bool = True) -> None:
        """Open the dialog and try on; come back when told, once."""
        shop, browser = self._browser(name)
        self.report.counts["clicks" if returns else "returns"] += 1
        status = browser.get("/genvoris/status", headers=SAME_ORIGIN).get_json()
        answer = shop.tryon(PHOTO, browser=browser)
        if answer.status_code == 202:
            now, location = self.clock.now, answer.headers["Location"]
            heapq.heappush(self._polls, (now, _Dialog(now, name, returns, location, browser)))
            return
        error = answer.get_json()["error"]
        wait = float(answer.headers.get("Retry-After", 0))
        if error not in ("shop_budget", "busy") or not wait or status["canTryOn"]:
            self.report.counts[f"neither served nor told: {error}"] += 1
            return
        self._note_wait(name, wait, returns=returns)

    def _note(self, job: dict[str, Any], dialog: _Dialog) -> None:
        if job["state"] == "done":
            self.report.counts["served" if dialog.returns else "served when they came back"] += 1
        elif wait := job.get("retry_after"):
            self._note_wait(dialog.name, wait, returns=dialog.returns)
        else:
            kind = "refused" if job["state"] == "refused" else "neither served nor told"
            self.report.counts[f"{kind}: {job['error']}"] += 1

    def _note_wait(self, name: str, wait: float, *, returns: bool) -> None:
        """Note that somebody was told to come back, which they do once."""
        self.report.counts["told when" if returns else "told again"] += 1
        self.report.waits.append(wait)
        if returns:
            heapq.heappush(self._returning, (self.clock.now + wait, name))


@contextmanager
def _shared_storage(clock: Clock) -> Iterator[None]:
    store = MemoryStore(clock, max_large=2**30)
    storage = Storage(store, windows=MemoryWindows(clock=clock))
    with mock.patch("genvoris_flask.web.wiring.open_storage", return_value=storage):
        yield


def _log_in(shop: Shop, name: str) -> FlaskClient:
    browser = shop.app.test_client()
    number = int(name.partition("-")[2])
    browser.environ_base["REMOTE_ADDR"] = f"203.0.{number // 250 % 250}.{number % 250}"
    shop.log_in(name, browser)
    return browser


def main() -> None:
    """Run a rush and print what became of everybody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--shoppers", type=int, default=2000, help="new ones in an hour")
    parser.add_argument("--clicks", type=float, default=0.1, help="share that tries on")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--no-plan", action="store_true", help="register nobody")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rush = Rush(Path(folder), workers=options.workers, registers=not options.no_plan)
        report = rush.run(options.hours, options.shoppers, options.clicks)
        sys.stdout.write(json.dumps(report.fields(), indent=2) + "\n")


if __name__ == "__main__":
    main()
