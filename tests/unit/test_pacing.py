"""Calls stay under Genvoris's limits, in all processes together."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from genvoris_flask.core.api.http import HttpClient, RetryPolicy
from genvoris_flask.core.pacing import (
    DEFAULT_HOLD,
    LONGEST_HOLD,
    Call,
    Pace,
    PacedError,
    Priority,
    call_of,
)
from genvoris_flask.core.rate_limits import MemoryWindows
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.sessions.known import KnownShoppers
from genvoris_flask.core.sessions.mint import MINTS_OF_ONE
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import RateLimitedError, StoreUnavailableError
from tests.support.fake_genvoris import Clock
from tests.support.session_shop import ADA, SessionShop
from tests.support.waiting import until

TEN = {"mints": "10/hour", "new_shoppers": "10/hour", "registrations": "4/hour"}


class Processes:
    """The paces of a shop's processes, on one clock."""

    def __init__(self, rates: dict[str, str] | None = None) -> None:
        self.clock = Clock()
        self.store: Any = MemoryStore(self.clock)
        self.windows: Any = MemoryWindows(clock=self.clock)
        self.rates = TEN if rates is None else rates

    def start(self) -> Pace:
        return Pace(lambda: self.store, lambda: self.windows, self.rates, self.clock)


@pytest.fixture
def shop() -> Processes:
    """Return a shop that may mint ten times an hour."""
    return Processes()


def count(pace: Pace, call: Call = "mints", priority: Priority = Priority.SHOPPER) -> int:
    """Take as many turns as there are."""
    for number in range(1000):
        try:
            pace.take(call, priority)
        except PacedError:
            return number
    raise AssertionError("There is no limit.")


@pytest.mark.parametrize(
    ("request_line", "call"),
    [
        ("POST /customers", "registrations"),
        ("POST /customers/ada%2F1/sessions", "mints"),
        ("GET /customers/ec_1/usage", "usage"),
        ("POST /api/tryon", "tryons"),
        ("POST /api/tryon/track", "metering"),
        ("POST /api/v1/events", "events"),
        ("POST /returns", "orders"),
        ("GET /customers", None),
        ("GET /plans", None),
        ("PATCH /customers/ec_1", None),
        ("DELETE /customers/ec_1/sessions/j", None),
    ],
)
def test_calls_with_a_limit(request_line: str, call: str | None) -> None:
    """They are told by method and path."""
    assert call_of(*request_line.split()) == call


def test_processes_share_a_limit(shop: Processes) -> None:
    """Who comes too late reads when there is room; a refused turn is not counted."""
    one, other = shop.start(), shop.start()
    assert (count(one), count(other)) == (10, 0)
    with pytest.raises(PacedError) as caught:
        other.take("mints")
    assert caught.value.retry_after == 3600
    assert (one.wait("mints"), one.wait("usage")) == (3600, 0)
    shop.clock.now += 3600
    assert (one.wait("mints"), count(other)) == (0, 10)


def test_less_urgent_calls_yield(shop: Processes) -> None:
    """The background takes half, pages four fifths, shoppers all; a sale is always sent."""
    pace = shop.start()
    assert [count(pace, "mints", priority) for priority in reversed(Priority) if priority] == [
        5,
        3,
        2,
    ]
    for _ in range(30):
        pace.take("mints", Priority.SALE)


def test_sales_are_counted(shop: Processes) -> None:
    """Shoppers leave them their room."""
    pace = shop.start()
    for _ in range(3):
        pace.take("registrations", Priority.SALE)
    assert count(pace, "registrations") == 1


def test_retry_after_holds_all_processes(shop: Processes) -> None:
    """Sales too, and only this kind of call."""
    one, other = shop.start(), shop.start()
    one.hold("mints", 60)
    for pace in (one, other):
        with pytest.raises(PacedError) as caught:
            pace.take("mints", Priority.SALE)
        assert caught.value.retry_after == 60
        pace.take("registrations")
    shop.clock.now += 60
    assert count(other) == 10


def test_shorter_hold_does_not_end_a_longer_one(shop: Processes) -> None:
    """And no hold is absurd."""
    pace = shop.start()
    pace.hold("mints", 10**9)
    pace.hold("mints", None)
    assert pace.wait("mints") == LONGEST_HOLD
    pace.hold("usage", None)
    assert pace.wait("usage") == DEFAULT_HOLD


class Away:
    """A store, or what counts in it, that is unavailable."""

    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailableError("Redis does not answer.")


def test_process_alone_takes_a_part(shop: Processes) -> None:
    """Since it cannot know what the others send; it still obeys what it was told itself."""
    shop.store = shop.windows = Away()
    pace = shop.start()
    assert count(pace) == 2
    assert pace.wait("mints") > 0
    pace.hold("usage", 60)
    assert pace.wait("usage") == 60


def paced_client(shop: Processes, *answers: httpx.Response) -> tuple[HttpClient, list[float]]:
    slept: list[float] = []
    left = list(answers)
    transport = httpx.MockTransport(lambda _request: left.pop(0))
    client = HttpClient("http://g", {}, transport=transport, sleep=slept.append, pace=shop.start())
    return client, slept


def ask(client: HttpClient, before: Any = lambda: None) -> None:
    client.request("POST", "/api/tryon", timeout=90, repeat=RetryPolicy.IF_UNSENT, before=before)


def test_thread_waits_no_minute(shop: Processes) -> None:
    """A Retry-After of a minute is left to who asked, and obeyed by all processes."""
    late = httpx.Response(429, headers={"Retry-After": "60"}, json={"error": "rate_limited"})
    client, slept = paced_client(shop, late)
    with pytest.raises(RateLimitedError) as caught:
        ask(client)
    assert (slept, caught.value.retry_after) == ([], 60)
    sent: list[bool] = []
    with pytest.raises(PacedError):
        ask(client, lambda: sent.append(True))
    assert sent == []
    assert shop.start().wait("tryons") == 60


def test_thread_waits_seconds(shop: Processes) -> None:
    """They cost less than another turn."""
    late = httpx.Response(429, headers={"Retry-After": "3"}, json={"error": "rate_limited"})
    client, slept = paced_client(shop, late, httpx.Response(200, json={}))
    ask(client)
    assert slept == [3.0]


class PacedShop(SessionShop):
    """A shop whose mints are counted."""

    def __init__(self, shop: Processes, default_plan: str | None = None) -> None:
        pace = shop.start()
        known = KnownShoppers(shop.store, pace)
        super().__init__(default_plan=default_plan, clock=shop.clock, known=known, pace=pace)


def new(number: int) -> Shopper:
    return Shopper(f"new{number}")


def test_page_asks_about_few_unknown_shoppers(shop: Processes) -> None:
    """Each counts once an hour; clicks have the rest, and the breaker stays closed."""
    it = PacedShop(shop)
    for number in (*range(30), *range(30)):
        with pytest.raises(Exception, match=r"404|429"):
            it.broker.session_for_page(new(number), 60)
    assert it.mints == 8
    assert not it.broker.is_backing_off
    with pytest.raises(PacedError):
        [it.broker.session(each, 60) for each in (it.register(n) for n in (40, 41, 42))]
    assert it.mints == 10
    shop.clock.now += 3601
    assert it.broker.session_for_page(Shopper("s40"), 60) is not None


def test_click_goes_before_pages(shop: Processes) -> None:
    """A click that joins a page's mint is not refused with it."""
    shop.rates = {"mints": "10/hour"}
    it = PacedShop(shop)
    for number in range(8):
        it.session(it.register(number))
    with pytest.raises(PacedError):
        it.broker.session_for_page(ADA, 60)
    assert it.session().customer_id == "ec_ada"


def test_one_shopper_leaves_tokens_for_others(shop: Processes) -> None:
    """Each log-out costs one, so whoever logs in all the time has to wait alone."""
    shop.rates = {"mints": "900/hour"}
    it = PacedShop(shop)
    eve = it.register(1)

    def log_in_and_out(times: int) -> None:
        for _each in range(times):
            it.session(eve)
            it.broker.forget(eve)

    with pytest.raises(PacedError):
        log_in_and_out(100)
    assert MINTS_OF_ONE < it.mints < 2 * MINTS_OF_ONE
    assert it.session().customer_id == "ec_ada"
    shop.clock.now += 3601
    assert it.session(eve).customer_id == "ec_s1"


def test_renewal_yields(shop: Processes) -> None:
    """The old token is served meanwhile."""
    shop.rates = {"mints": "4/hour"}
    it = PacedShop(shop)
    token = it.session().token
    it.session(it.register(1))
    shop.clock.now += 700
    assert it.session().token == token
    until(lambda: ("failed", "ada", "PacedError") in it.listener.events)
    assert it.mints == 2


def test_registrations_wait(shop: Processes) -> None:
    """A shopper who reaches for a try-on is told when; known ones are not affected."""
    shop.rates = {**TEN, "mints": "100/hour"}
    it = PacedShop(shop, "pln_free")
    for number in range(4):
        it.session(new(number))
    with pytest.raises(PacedError):
        it.session(new(4))
    mints = it.mints
    with pytest.raises(PacedError) as caught:  # and costs no mint again
        it.session(new(4))
    assert caught.value.retry_after == 3600
    assert (it.registrations, it.mints) == (4, mints)
    assert it.session().customer_id == "ec_ada"
