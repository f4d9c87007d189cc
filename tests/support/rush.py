"""A rush of new shoppers on the workers of a shop, with a Genvoris that enforces all its limits.

Run it for a simulated day, on one clock that it moves itself::

    python -m tests.support.rush --hours 24 --shoppers 2000 --clicks 0.1

It prints what became of everybody. With ``--no-plan`` the shop registers nobody, so that each page
asks for a token.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from flask.testing import FlaskClient

from genvoris_flask.core.rate_limits import MemoryWindows
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.web.storage import Storage
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import picture

HOUR = 3600.0
PATIENCE = 200.0  # real seconds for a try-on, which may wait for its turn
PHOTO = picture("JPEG", (80, 120))


@dataclass
class Report:
    """What became of the shoppers.

    Attributes:
        counts: How often each thing happened.
        waits: The seconds after which shoppers were told to come back.
        page_seconds: How long pages took.
        safety: What Genvoris counted at the end.
    """

    counts: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    safety: Any = None

    def fields(self) -> dict[str, Any]:
        return {
            **dict(sorted(self.counts.items())),
            "median_wait": statistics.median(self.waits) if self.waits else None,
            "median_page_microseconds": round(statistics.median(self.page_seconds) * 1e6),
            "suspension": self.safety["suspension"],
        }


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
        config |= {"GENVORIS_STORE_URL": "redis://shared", "TRUSTED_HOSTS": ["localhost"]}
        if registers:
            config["GENVORIS_DEFAULT_PLAN"] = self.genvoris.plan(10)
        self._random = random.Random(seed)
        with self._shared_storage():
            self.shops = [Shop(self.genvoris, **config) for _ in range(workers)]
            for shop in self.shops:
                shop.state.jobs  # noqa: B018  (made while the storage is shared)
        self._turns = itertools.cycle(self.shops)
        self._returning: list[tuple[float, str]] = []

    def run(self, hours: float, shoppers: int, clicks: float) -> Report:
        """Let new shoppers come at a steady rate, of whom a share reaches for a try-on."""
        with mock.patch("genvoris_flask.sandbox.routes.tryons._make", return_value=[PHOTO]):
            for number in range(int(hours * shoppers)):
                self._pass_time(HOUR / shoppers)
                name = f"shopper-{number}"
                self._view_page(name)
                if self._random.random() < clicks:
                    self._try_on(name)
        self.report.safety = self.genvoris.http.get("/sandbox/safety").get_json()
        return self.report

    @contextmanager
    def _shared_storage(self) -> Iterator[None]:
        store = MemoryStore(self.clock, max_large=2**30)
        storage = Storage(store, windows=MemoryWindows(clock=self.clock))
        with mock.patch("genvoris_flask.web.wiring.open_storage", return_value=storage):
            yield

    def _pass_time(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self._returning and self._returning[0][0] <= end:
            self.clock.now, name = heapq.heappop(self._returning)
            self._try_on(name, returns=False)
        self.clock.now = end

    def _browser(self, name: str) -> tuple[Shop, FlaskClient]:
        shop = next(self._turns)
        browser = shop.app.test_client()
        number = int(name.partition("-")[2])
        browser.environ_base["REMOTE_ADDR"] = f"203.0.{number // 250 % 250}.{number % 250}"
        shop.log_in(name, browser)
        return shop, browser

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

    def _try_on(self, name: str, *, returns: bool = True) -> None:
        """Open the dialog and try on; come back when told, once."""
        shop, browser = self._browser(name)
        self.report.counts["clicks" if returns else "returns"] += 1
        status = browser.get("/genvoris/status", headers=SAME_ORIGIN).get_json()
        answer = shop.tryon(PHOTO, browser=browser)
        if answer.status_code == 202:
            self._follow(browser, answer.headers["Location"])
            return
        error = answer.get_json()["error"]
        wait = float(answer.headers.get("Retry-After", 0))
        if error not in ("shop_budget", "busy") or not wait or status["canTryOn"]:
            self.report.counts[f"neither served nor told: {error}"] += 1
            return
        self.report.counts["told when"] += 1
        self.report.waits.append(wait)
        if returns:
            heapq.heappush(self._returning, (self.clock.now + wait, name))

    def _follow(self, browser: FlaskClient, location: str) -> None:
        started, before = time.monotonic(), self.clock.now
        while time.monotonic() < started + PATIENCE:
            job = browser.get(location).get_json()
            if job["state"] not in ("queued", "running"):
                self._note(job)
                return
            time.sleep(0.002)
            # A try-on that waits for its turn does so by this machine's clock.
            self.clock.now = before + time.monotonic() - started
        self.report.counts["neither served nor told: queued"] += 1

    def _note(self, job: dict[str, Any]) -> None:
        end = "served" if job["state"] == "done" else f"ended as {job['error']}"
        self.report.counts[end] += 1


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
