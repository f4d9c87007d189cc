"""The console's "Today": whether all is well, without waiting for Genvoris."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask.core.figures.recorder import Count
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import StoreUnavailableError
from genvoris_flask.web.console.checkup import AT_LEAST, FRESH, Checkup
from genvoris_flask.web.health_checks.finding import Finding, good, warn, wrong
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import LIMIT, until

PATH = "/genvoris/console"
ALL_WELL = (good("key", "Good."),)


class CheckFixture:
    """A check whose findings and duration the test decides."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.now = 1000.0
        self.count = 0
        self.findings: tuple[Finding, ...] = ALL_WELL
        self.may_end = threading.Event()
        self.may_end.set()
        self.store = store or MemoryStore(lambda: self.now)
        self.checkup = Checkup(self.store, lambda: self.now, self.check)

    def check(self) -> tuple[Finding, ...]:
        self.count += 1
        assert self.may_end.wait(LIMIT)
        return self.findings

    def read(self, wait: float = LIMIT) -> tuple[Finding, ...] | None:
        report = self.checkup.read(wait)
        return report.findings if report else None


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger, in which whoever asks may use the console."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_BURN_GUARD=True)
    shop.extension.console_access(lambda: True)
    return shop


def today(shop: Shop) -> str:
    """Return the page once everything was checked."""
    found: list[str] = []

    def is_checked() -> bool:
        found.append(shop.browser.get(PATH).text)
        return "data-reload" not in found[-1]

    until(is_checked)
    return found[-1]


def test_check_is_remembered() -> None:
    """Everything is checked once in five minutes, however many pages are opened."""
    fixture = CheckFixture()
    assert [fixture.read() for _ in range(3)] == [ALL_WELL] * 3
    assert fixture.count == 1
    fixture.now += FRESH
    fixture.findings = (wrong("key", "Bad."),)
    assert fixture.read() == fixture.findings
    assert fixture.count == 2


def test_processes_share_it() -> None:
    """What one process has found, others know."""
    first = CheckFixture()
    second = CheckFixture(first.store)
    first.read()
    assert second.read() == ALL_WELL
    assert second.count == 0


def test_page_does_not_wait() -> None:
    """A check that takes long holds up no page, and is not begun twice."""
    fixture = CheckFixture()
    fixture.may_end.clear()
    started = time.monotonic()
    assert [fixture.read(0.01) for _ in range(3)] == [None] * 3
    assert time.monotonic() - started < LIMIT / 2
    fixture.may_end.set()
    until(lambda: fixture.read() == ALL_WELL)
    assert fixture.count == 1
    # From now on there is something to show meanwhile.
    fixture.now += FRESH
    fixture.may_end.clear()
    assert fixture.read(0.01) == ALL_WELL
    fixture.may_end.set()


def test_check_again() -> None:
    """Whoever asks has everything checked again, though not again and again."""
    fixture = CheckFixture()
    fixture.read()
    fixture.checkup.forget()
    fixture.read()
    assert fixture.count == 1
    fixture.now += AT_LEAST
    fixture.checkup.forget()
    fixture.read()
    assert fixture.count == 2


def test_check_that_fails() -> None:
    """A check that fails, as by the shop's own code, is made again by a later page."""
    fixture = CheckFixture()

    def fail() -> tuple[Finding, ...]:
        raise RuntimeError

    checkup = Checkup(fixture.store, lambda: fixture.now, fail)
    assert checkup.read(LIMIT) is None
    assert fixture.read() == ALL_WELL


class AwayStore(MemoryStore):
    """A store that does not answer."""

    def get(self, key: str) -> bytes | None:
        raise StoreUnavailableError(key)

    def add(self, key: str, value: bytes, seconds: float) -> bool:
        raise StoreUnavailableError(key)


def test_store_is_away() -> None:
    """Without the store, the process remembers by itself."""
    fixture = CheckFixture(AwayStore(lambda: 1000.0))
    assert [fixture.read() for _ in range(3)] == [ALL_WELL] * 3
    assert fixture.count == 1


def test_what_needs_doing(shop: Shop) -> None:
    """What is wrong comes first, in words, with a button and the details."""
    shop.state.checkup = CheckFixture().checkup
    fixture = CheckFixture()
    fixture.findings = (
        good("clock", "On time."),
        warn("outbox", "3 messages."),
        wrong("key", "<b>Refused."),
    )
    shop.state.checkup = fixture.checkup
    text = today(shop)
    assert text.index("Genvoris refuses your shop") < text.index("Some news did not arrive")
    assert f'href="{PATH}/deliveries"' in text
    assert "&lt;b&gt;Refused." in text
    assert "Not all is well" in text
    assert "All is well" not in text
    assert "Shoppers can try on" not in text


def test_what_can_wait(shop: Shop) -> None:
    """If nothing is urgent, the page begins with that, and then says what to look at."""
    fixture = CheckFixture()
    fixture.findings = (warn("outbox", "3 messages."),)
    shop.state.checkup = fixture.checkup
    text = today(shop)
    assert text.index("Shoppers can try on. There is something") < text.index("did not arrive")
    assert "ll is well" not in text


def test_all_is_well(shop: Shop) -> None:
    """The page says so if nothing is wrong."""
    shop.state.checkup = CheckFixture().checkup
    assert "All is well" in today(shop)


def test_real_checks(shop: Shop) -> None:
    """The checks are those of the command, and each has a title and a place on the page."""
    text = today(shop)
    for title in ("Key", "Clock", "Database", "Who is shopping", "Button and dialog"):
        assert f"<p>{title}</p>" in text
    assert "Genvoris accepts the key." in text


@pytest.mark.parametrize("several", [False, True])
def test_server_says_how_many_processes_there_are(shop: Shop, several: bool) -> None:
    """Without Redis, what only concerns several processes is said only where there are some."""
    inner = shop.app.wsgi_app

    def server(environ: dict[str, Any], start_response: Any) -> Any:
        return inner(environ | {"wsgi.multiprocess": several}, start_response)

    shop.app.wsgi_app = server  # type: ignore[method-assign]
    limit = {"GENVORIS_TRYONS_PER_DAY": 7}
    assert shop.state.live
    shop.state.live.change(limit, actor="fen")
    text = today(shop)
    for hint in (
        "only if a single process serves the shop",
        "Behind a proxy, use ProxyFix",
        "Each process counts the try-ons of a day",
    ):
        assert (hint in text) is several


def test_genvoris_is_asked_once(shop: Shop) -> None:
    """Many pages ask Genvoris no more often than one."""
    today(shop)
    before = len(shop.transport.requests)
    assert before
    for _ in range(5):
        shop.browser.get(PATH)
    assert len(shop.transport.requests) == before
    shop.genvoris.clock.now += AT_LEAST
    assert shop.browser.post(f"{PATH}/check", headers=SAME_ORIGIN).status_code == 303
    today(shop)
    assert len(shop.transport.requests) > before


def test_genvoris_is_away(shop: Shop) -> None:
    """The page is there when Genvoris is not, and says so."""
    shop.transport.fault = lambda _request: httpx.Response(503)
    assert shop.browser.get(PATH).status_code == 200
    assert "What needs doing" in today(shop)


def count(shop: Shop, days_ago: int, name: str, number: int) -> None:
    figures = shop.state.figures
    assert figures is not None
    day = datetime.fromtimestamp(shop.genvoris.clock.now, UTC).date() - timedelta(days_ago)
    figures.add({Count(day, name): number}, {})


def test_credits(shop: Shop) -> None:
    """The credits that are left are shown, and for how many days they last at this pace."""
    shop.state.checkup = CheckFixture().checkup
    assert "with the next try-on" in today(shop)
    shop.state.burn_guard.report(100)
    for days_ago in range(1, 5):
        count(shop, days_ago, "tried", 5)
    count(shop, 0, "tried", 3)
    count(shop, 0, "failed:busy", 2)
    text = today(shop)
    assert "At this pace they last for days: 20" in text
    assert "Try-ons a day lately: 5.0" in text
    assert "<dt>Yesterday</dt><dd>5</dd>" in text
    assert "<dt>Failed today</dt><dd>2</dd>" in text
    assert "Buy credits" not in text
    shop.state.burn_guard.report(34)
    assert "Your credits last for few more days at this pace: 6." in today(shop)
    shop.state.burn_guard.report(0)
    assert "Your credits are used up" in today(shop)


def test_paused_try_ons(shop: Shop) -> None:
    """The owner is told whose try-ons are paused, since credits are spent too fast."""
    shop.state.checkup = CheckFixture().checkup
    guard = shop.state.burn_guard
    guard.report(100)
    for left in range(99, 24, -1):
        assert guard.take(lambda: "paying") == 0
        guard.report(left)
    assert "Guests have to wait" in today(shop)


@pytest.mark.parametrize(("language", "words"), [("de", "akzeptiert den"), ("ar", "تقبل Genvoris")])
def test_language(shop: Shop, language: str, words: str) -> None:
    """What the checks have found is in the language of the page, with the values in it."""
    shop.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    test = shop.browser.post(f"{PATH}/setup/test", headers=SAME_ORIGIN).text
    for text in (today(shop), test):
        assert words in text
        assert '<span lang="en"' not in text
        assert "<bdi>http://127.0.0.1:8787/api/v1</bdi>" in text
