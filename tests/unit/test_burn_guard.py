"""Try-ons pause before the shop's credits are spent so fast that Genvoris suspends it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.tryon.burn_guard import (
    PAUSE_SHARES,
    SMALL_POOL,
    WINDOW,
    BurnGuard,
    BurnNotice,
    Tier,
)
from genvoris_flask.core.tryon.engines.guarded import GuardedEngine
from genvoris_flask.core.tryon.models import TryOnPostponedError
from genvoris_flask.core.tryon.paywall import Refusal
from genvoris_flask.errors import Problem, ServerError, StoreUnavailableError, error_for
from tests.support.fake_genvoris import Clock
from tests.support.jobs import PICTURE, tryon


class Pool:
    """The credits of a shop, and the guards of its processes."""

    def __init__(self, left: int = 100) -> None:
        self.clock = Clock()
        self.store: Any = MemoryStore(self.clock)
        self.notices: list[BurnNotice] = []
        self.left = left
        self.start().report(left)

    def start(self, **options: Any) -> BurnGuard:
        return BurnGuard(self.store, self.clock, self.notices.append, **options)

    def spend(self, tier: Tier = "paying") -> float:
        """Make a try-on in a new process; return for how long it must wait."""
        guard = self.start()
        wait = guard.take(lambda: tier)
        if not wait:
            self.left -= 1
            guard.report(self.left)
        return wait

    def count(self, tier: Tier = "paying") -> int:
        """Make as many try-ons as may be made."""
        for number in range(10_000):
            if self.spend(tier):
                return number
        raise AssertionError("There is no limit.")


@pytest.mark.parametrize("seconds", [0, 5, 50])
def test_pause_comes_in_steps(seconds: int) -> None:
    """Guests' try-ons pause first, then free ones, then all; never all credits are spent."""
    pool = Pool()
    counts: list[int] = []
    for tier in PAUSE_SHARES:
        counts.append(0)
        while not pool.spend(tier):
            counts[-1] += 1
            pool.clock.now += seconds / 10
    assert counts == [70, 10, 10]
    assert [(each.spent, each.pool, each.paused) for each in pool.notices] == [
        (50, 100, "nobody"),
        (70, 100, "guests"),
        (80, 100, "free"),
        (90, 100, "all"),
    ]


def test_pause_ends_when_the_half_hour_is_over() -> None:
    """The shopper is told when, and the owner again if it goes on like this."""
    pool = Pool()
    pool.count()
    wait = pool.start().wait(lambda: "paying")
    assert WINDOW < wait <= WINDOW + 60
    assert pool.spend() == wait
    pool.clock.now += wait
    assert pool.start().wait(lambda: "paying") == 0
    pool.left = 50
    pool.start().report(50)
    assert pool.count() == 45
    assert len(pool.notices) == 8


def test_purchase_ends_the_pause() -> None:
    """As soon as Genvoris reports it."""
    pool = Pool()
    pool.count()
    pool.start().report(1010)
    assert pool.start().wait(lambda: "paying") == 0


def test_steady_shop_is_left_alone() -> None:
    """However long it goes on."""
    pool = Pool(1000)
    for _ in range(900):
        assert pool.spend("guest") == 0
        pool.clock.now += 60
    assert pool.notices == []


@pytest.mark.parametrize("left", [SMALL_POOL - 1, None])
def test_small_or_unknown_pool_is_not_measured(left: int | None) -> None:
    """Its last credits are always all of them."""
    pool = Pool()
    pool.store = MemoryStore(pool.clock)
    if left is not None:
        pool.start().report(left)
    for _ in range(SMALL_POOL - 1):
        assert pool.start().take(lambda: "guest") == 0
    assert pool.notices == []


def test_guard_can_be_switched_off() -> None:
    """GENVORIS_BURN_GUARD = False."""
    pool = Pool()
    guard = pool.start(is_on=False)
    assert [guard.take(lambda: "guest") for _ in range(100)] == [0] * 100
    assert guard.wait(lambda: "guest") == 0


def test_process_alone_counts_by_itself() -> None:
    """While the store is unavailable."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailableError("Redis does not answer.")

    pool = Pool()
    pool.store = Away()
    guard = pool.start()
    guard.report(100)
    assert sum(not guard.take(lambda: "guest") for _ in range(100)) == 70


class Made:
    """An engine that does what it is told, and counts its pictures."""

    def __init__(self, outcome: Any, *, charged: bool | None = None) -> None:
        self.outcome, self._charged, self.count = outcome, charged, 0

    def make(self, _request: Any, _tokens: Any) -> Any:
        self.count += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def charged(self, _error: Exception) -> bool | None:
        return self._charged


FAILED = error_for(Problem(500, "internal_error", "It failed."))


@pytest.mark.parametrize(
    ("engine", "counts"),
    [
        (Made(PICTURE), True),
        (Made(FAILED, charged=None), True),
        (Made(FAILED, charged=False), False),
        (Made(TryOnPostponedError(5)), False),
        (Made(Refusal("no_plan")), False),
    ],
    ids=["picture", "unknown", "uncharged", "postponed", "refused"],
)
def test_only_what_may_have_cost_counts(engine: Made, counts: bool) -> None:
    """An error of which nobody knows whether it was charged counts."""
    pool = Pool()
    guarded = GuardedEngine(engine, pool.start(), lambda _request: "guest")
    for _ in range(75):
        with suppress(ServerError, TryOnPostponedError):
            guarded.make(tryon(), None)  # type: ignore[arg-type]
    assert engine.count == (70 if counts else 75)
