"""Two groups of visitors are compared by intervals that miss as rarely as they say."""

from __future__ import annotations

import math
import random
from datetime import date

import pytest

from genvoris_flask.core.figures.statistics import (
    CONFIDENCE,
    Interval,
    Sample,
    newcombe,
    size_needed,
    welch,
    wilson,
)
from genvoris_flask.core.figures.trial import Group, GroupOrders, Trial, Verdict, compare

ROUNDS = 2_000
TODAY = date(2027, 3, 1)


def buyers(chance: random.Random, visitors: int, share: float) -> int:
    """Return how many visitors order, drawn by the gaps between those that do."""
    count, at = 0, -1
    while True:
        at += 1 + int(math.log(1 - chance.random()) / math.log(1 - share))
        if at >= visitors:
            return count
        count += 1


def group(*, held: bool, visitors: int, paid: list[int]) -> Group:
    squares = float(sum(each**2 for each in paid))
    orders = GroupOrders(held, "EUR", len(paid), 0, sum(paid), squares, 0)
    return Group(visitors, len(paid), {"EUR": orders})


def drawn(chance: random.Random, *, held: bool, visitors: int, share: float) -> Group:
    """Return a group whose visitors order by chance, for amounts with a long tail."""
    paid = [round(chance.lognormvariate(8, 0.7)) for _ in range(buyers(chance, visitors, share))]
    return group(held=held, visitors=visitors, paid=paid)


def test_misses_at_stated_rate() -> None:
    """Without any effect of the button, one interval in twenty says that there is one."""
    chance = random.Random(17)
    misses = {"conversion": 0, "revenue": 0}
    for _ in range(ROUNDS):
        shown = drawn(chance, held=False, visitors=9_000, share=0.03)
        held = drawn(chance, held=True, visitors=1_000, share=0.03)
        trial = compare(1000, TODAY, TODAY, shown, held, 1)
        misses["conversion"] += trial.conversion.excludes_zero
        misses["revenue"] += trial.revenue["EUR"].excludes_zero
    stated = 1 - CONFIDENCE
    # Three standard deviations of the simulation itself, and what normal intervals lack with a
    # long tail and thirty orders.
    allowed = 3 * math.sqrt(stated * CONFIDENCE / ROUNDS)
    assert abs(misses["conversion"] / ROUNDS - stated) < allowed
    assert abs(misses["revenue"] / ROUNDS - stated) < allowed + 0.015


def test_finds_an_effect() -> None:
    """With enough visitors, a quarter more orders are found four times in five."""
    chance = random.Random(18)
    needed = size_needed(0.03, 9)
    found = 0
    for _ in range(300):
        shown = buyers(chance, 9 * needed, 0.03 * 1.125), 9 * needed
        held = buyers(chance, needed, 0.03 * 0.875), needed
        found += newcombe(shown, held).low > 0
    assert 0.72 < found / 300 < 0.9


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe 1998, table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_published_intervals(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """The interval is that of the publication."""
    found = newcombe(first, second)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_wilson_without_anything() -> None:
    """Of nobody, nothing is known."""
    assert wilson(0, 0) == Interval(0.0, 0.0, 1.0)


def test_welch() -> None:
    """The interval of a difference of means is that of a calculation by hand."""
    found = welch(Sample(4, 20.0, 120.0), Sample(5, 10.0, 40.0))
    half = 1.959964 * math.sqrt(20 / 3 / 4 + 20 / 4 / 5)
    assert found.estimate == 3.0
    assert found.high == pytest.approx(3 + half)


def verdict(shown: tuple[int, int], held: tuple[int, int], days: int = 10) -> Verdict:
    return judged(shown, held, days).verdict


def judged(shown: tuple[int, int], held: tuple[int, int], days: int = 10) -> Trial:
    groups = [
        group(held=is_held, visitors=visitors, paid=[5_000] * count)
        for is_held, (count, visitors) in ((False, shown), (True, held))
    ]
    return compare(1000, TODAY, TODAY, groups[0], groups[1], days)


class TestVerdict:
    def test_nobody_ordered(self) -> None:
        """Without orders nothing can be said, nor when."""
        assert verdict((0, 900), (0, 100)) == Verdict("no_orders")

    def test_nobody_came(self) -> None:
        """Nor without visitors."""
        assert verdict((0, 0), (0, 0)) == Verdict("no_orders")

    def test_too_early(self) -> None:
        """A difference that may be chance is not called one; the days that are missing are."""
        found = judged((60, 900), (1, 100), days=10)
        assert found.conversion.excludes_zero
        needed = size_needed(61 / 1000, 9)
        assert found.verdict == Verdict("waiting", math.ceil((needed - 100) / 10))

    def test_more(self) -> None:
        """Enough visitors, and clearly more orders with the button."""
        assert verdict((5_000, 90_000), (400, 10_000)).kind == "more"

    def test_fewer(self) -> None:
        """And clearly fewer."""
        assert verdict((4_000, 90_000), (600, 10_000)).kind == "fewer"

    def test_same(self) -> None:
        """Enough visitors, and no difference."""
        assert verdict((4_500, 90_000), (500, 10_000)).kind == "same"
