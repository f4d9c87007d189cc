"""Moving windows in a process's memory: exact enough, and bounded."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.rates import Rate, parse_rates
from genvoris_flask.web.rate_limits.limiter import Limiter
from genvoris_flask.web.rate_limits.memory import PARTS, MemoryWindows


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rates(text: str) -> list[Rate]:
    return parse_rates(text)


def steps(run: Callable[[], object]) -> int:
    """Count the calls that something makes."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def test_one_hit_too_many_waits_for_the_oldest_to_end(clock: Clock) -> None:
    windows = MemoryWindows(clock=clock)
    for _ in range(3):
        assert windows.hit(rates("3/minute"), "ada") is None
        clock.now += 10
    assert windows.hit(rates("3/minute"), "ada") == 30
    clock.now += 29.5
    assert windows.hit(rates("3/minute"), "ada") == 1.0, "never less than a second"
    clock.now += 0.5
    assert windows.hit(rates("3/minute"), "ada") is None
    assert windows.hit(rates("3/minute"), "ada") is not None


def test_several_rates_hold_together(clock: Clock) -> None:
    """What a short rate refuses does not count for a long one."""
    windows = MemoryWindows(clock=clock)
    both = rates("2/second; 3/hour")
    results = []
    for _ in range(3):
        results += [windows.hit(both, "ada") for _ in range(4)]
        clock.now += 2
    assert results.count(None) == 3
    assert results[4] is None, "those that the second refused were not counted for the hour"


def test_keys_are_counted_apart(clock: Clock) -> None:
    windows = MemoryWindows(clock=clock)
    assert windows.hit(rates("1/hour"), "ada") is None
    assert windows.hit(rates("1/hour"), "ben") is None
    assert windows.hit(rates("1/hour"), "ada") is not None


@given(
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=200),
    amount=st.integers(1, 100),
)
def test_no_window_ever_lets_more_through_than_its_rate(pauses: list[float], amount: int) -> None:
    """Joined entries never let more through, and keep nobody out for long."""
    clock = Clock()
    windows = MemoryWindows(clock=clock)
    [rate] = rates(f"{amount}/minute")
    let_through: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = windows.hit([rate], "ada")
        if wait is None:
            let_through.append(clock.now)
        else:
            slack = 60 / PARTS
            recent = [time for time in let_through if time > clock.now - 60 - slack]
            assert len(recent) >= amount
    for time in let_through:
        assert sum(time <= other < time + 60 for other in let_through) <= amount


def test_visitors_who_stay_away_are_forgotten(clock: Clock) -> None:
    windows = MemoryWindows(clock=clock)
    for number in range(20_000):
        windows.hit(rates("30/minute"), f"guest {number}")
    assert len(windows) == 20_000
    clock.now += 61
    assert len(windows) == 0


def test_there_are_never_more_entries_than_there_is_room_for(clock: Clock) -> None:
    """Whoever was not seen for the longest time is forgotten first."""
    windows = MemoryWindows(max_entries=300, clock=clock)
    assert windows.hit(rates("1/hour"), "ada") is None
    for number in range(1000):
        windows.hit(rates("1/hour"), f"guest {number}")
        assert windows.hit(rates("1/hour"), "ada") is not None
    assert len(windows) <= 100


def test_a_high_rate_takes_no_more_room_than_a_low_one(clock: Clock) -> None:
    """A million hits of one key are a few entries."""
    windows = MemoryWindows(max_entries=PARTS + 3, clock=clock)
    [rate] = rates("1000000/hour")
    for _ in range(20_000):
        assert windows.hit([rate], "ada") is None
        clock.now += 0.1
    assert len(windows) == 1


def test_a_hit_costs_the_same_however_many_visitors_there_are(clock: Clock) -> None:
    """Nothing walks over all keys, and no thread is started."""

    def cost_with(visitors: int) -> int:
        limiter = Limiter({"session": "30/minute"}, clock=clock)
        for number in range(visitors):
            limiter.count_shopper("session", f"guest {number}")
            clock.now += 0.001
        return steps(lambda: [limiter.count_shopper("session", "ada") for _ in range(200)])

    threads = set(threading.enumerate())
    assert cost_with(20_000) <= 2 * cost_with(20)
    assert set(threading.enumerate()) <= threads
