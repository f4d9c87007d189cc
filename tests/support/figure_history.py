"""A believable past of a shop: what its visitors did, day by day."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from genvoris_flask.core.figures.holdout import Mark
from genvoris_flask.core.figures.recorder import TIME_CLASSES, Count, Opinion
from genvoris_flask.core.figures.report import ReportedOrder
from genvoris_flask.core.figures.trial import visitors_name
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ratings import REASONS

# What part of those who came so far goes on.
STEPS = {"opened": 0.12, "photo": 0.62, "tried": 1.4, "cart": 0.17}
FAILURES = ("busy", "upstream_unreachable", "photo_unusable")


def write_history(
    table: FigureTable,
    last: date,
    days: int,
    *,
    visitors: int = 400,
    share: int = 1000,
    products: Sequence[str] = ("Breton top", "Drizzle coat", "Meadow dress", "Plain tee"),
    seed: int = 1,
) -> None:
    """Write the counts and orders of some days.

    Args:
        table: Where they are written.
        last: The last day.
        days: How many days.
        visitors: How many visitors come on a day.
        share: The share of them without a button, in ten-thousandths; a tenth is made.
        products: The titles of the products, the most popular first.
        seed: Of the chance that decides.
    """
    chance = random.Random(seed)
    for number in range(days):
        day = last - timedelta(days=days - 1 - number)
        growth = 0.7 + 0.5 * number / days
        weekend = 1.35 if day.weekday() > 4 else 1.0
        came = round(visitors * growth * weekend * chance.uniform(0.85, 1.15))
        counts = _counts(chance, day, came, products, share)
        # By a chance of their own, so that the orders are those of before.
        tried, taste = counts[Count(day, "tried")], random.Random(f"{seed} {day}")
        opinions = _opinions(taste, day, tried, products)
        table.add(counts, {each: each for each in products}, opinions)
        for order in _orders(chance, day, came, products, share):
            table.add_order(order)
            if chance.random() < (0.1 if order.is_attributed else 0.17):
                table.add_return(order.platform, order.id, order.amount)


def _counts(
    chance: random.Random, day: date, came: int, products: Sequence[str], share: int
) -> Counter[Count]:
    counts: Counter[Count] = Counter()
    counts[Count(day, visitors_name(share, is_held=True))] = came // 10
    counts[Count(day, visitors_name(share, is_held=False))] = came - came // 10
    reached = came - came // 10
    counts[Count(day, "seen")] = reached
    weights = [1 / (1 + rank) for rank in range(len(products))]
    for name, part in STEPS.items():
        reached = round(reached * part * chance.uniform(0.9, 1.1))
        counts[Count(day, name)] = reached
        for product in chance.choices(products, weights, k=reached):
            counts[Count(day, name, product)] += 1
    tried = counts[Count(day, "tried")]
    for _ in range(tried):
        seconds = chance.lognormvariate(2.6, 0.5)
        found = next((str(each) for each in TIME_CLASSES if seconds <= each), "longer")
        counts[Count(day, f"time:{found}")] += 1
    for reason in FAILURES:
        if failed := round(tried * chance.uniform(0, 0.02)):
            counts[Count(day, f"failed:{reason}")] = failed
    shown = round(tried * 0.2)
    counts[Count(day, "paywall_shown")] = shown
    counts[Count(day, "paywall_taken")] = round(shown * chance.uniform(0.1, 0.3))
    counts[Count(day, "refused:quota_exhausted")] = round(shown / 3)
    return counts


def _opinions(
    chance: random.Random, day: date, tried: int, products: Sequence[str]
) -> list[Opinion]:
    """Return what every third shopper thinks of their picture."""
    found = []
    for number in range(tried // 3):
        is_liked = chance.random() < 0.8
        reasons = () if is_liked else tuple(chance.sample(REASONS, chance.randrange(3)))
        digest = f"{day:%Y%m%d}{number:08}"
        found.append(Opinion(digest, day, is_liked, reasons, chance.choice(products)))
    return found


def _orders(
    chance: random.Random, day: date, came: int, products: Sequence[str], share: int
) -> Iterator[ReportedOrder]:
    for number in range(came):
        is_held = number < came // 10
        if chance.random() > (0.03 if is_held else 0.036):
            continue
        mark = Mark(f"{day:%Y%m%d}{number:08}", share, is_held, day)
        amount = round(chance.lognormvariate(8.4, 0.5))
        is_attributed = not is_held and chance.random() < 0.35
        product = chance.choice(products) if is_attributed else None
        yield ReportedOrder("custom", mark.id, day, "EUR", amount, is_attributed, product, mark)
