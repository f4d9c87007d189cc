"""Moving windows in a process's memory: exact enough, and bounded."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.rate_limits import PARTS, Limiter, MemoryWindows
from genvoris_flask.core.rates import Rate, parse_rates
from tests.support.fake_genvoris import Clock

pytestmark = pytest.mark.thorough


@pytest.fixture
def clock() -> Clock:
    """Return a clock that is moved by hand."""
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


def test_refused_hit_waits_for_the_oldest(clock: Clock) -> None:
    """For at least a second."""
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


def test_several_rates_apply_together(clock: Clock) -> None:
    """A hit that the short rate refuses does not count for the long one."""
    windows = MemoryWindows(clock=clock)
    both = rates("2/second; 3/hour")
    results = []
    for _ in range(3):
        results += [windows.hit(both, "ada") for _ in range(4)]
        clock.now += 2
    assert results.count(None) == 3
    assert results[4] is None, "those that the second refused were not counted for the hour"


def test_keys_are_counted_separately(clock: Clock) -> None:
    """One key's hits do not use up another's rate."""
    windows = MemoryWindows(clock=clock)
    assert windows.hit(rates("1/hour"), "ada") is None
    assert windows.hit(rates("1/hour"), "ben") is None
    assert windows.hit(rates("1/hour"), "ada") is not None


@given(
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=200),
    amount=st.integers(1, 100),
)
def test_no_window_exceeds_its_rate(pauses: list[float], amount: int) -> None:
    """Shared entries let no more through, and delay nobody for long."""
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


def test_ended_windows_are_forgotten(clock: Clock) -> None:
    """Visitors who do not return take no memory."""
    windows = MemoryWindows(clock=clock)
    for number in range(20_000):
        windows.hit(rates("30/minute"), f"guest {number}")
    assert len(windows) == 20_000
    clock.now += 61
    assert len(windows) == 0


def test_number_of_entries_is_bounded(clock: Clock) -> None:
    """The least recently hit keys are forgotten first."""
    windows = MemoryWindows(max_entries=300, clock=clock)
    assert windows.hit(rates("1/hour"), "ada") is None
    for number in range(1000):
        windows.hit(rates("1/hour"), f"guest {number}")
        assert windows.hit(rates("1/hour"), "ada") is not None
    assert len(windows) <= 100


def test_high_rate_takes_no_more_memory(clock: Clock) -> None:
    """A million hits of one key share a few entries."""
    windows = MemoryWindows(max_entries=PARTS + 3, clock=clock)
    [rate] = rates("1000000/hour")
    for _ in range(20_000):
        assert windows.hit([rate], "ada") is None
        clock.now += 0.1
    assert len(windows) == 1


def test_cost_of_a_hit_is_constant(clock: Clock) -> None:
    """Nothing iterates over all keys, and no thread is started."""

    def cost_with(visitors: int) -> int:
        limiter = Limiter({"session": "30/minute"}, clock=clock)
        for number in range(visitors):
            limiter.count_shopper("session", f"guest {number}")
            clock.now += 0.001
        return steps(lambda: [limiter.count_shopper("session", "ada") for _ in range(200)])

    threads = set(threading.enumerate())
    assert cost_with(20_000) <= 2 * cost_with(20)
    started = {thread.name for thread in set(threading.enumerate()) - threads}
    # Pools of earlier tests in this process have timers.
    assert {name for name in started if not name.startswith("genvoris-")} == set()
