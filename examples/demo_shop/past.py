"""Two months of made-up shoppers, try-ons and orders, so that the console has something to show."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from genvoris_flask.core.figures.recorder import LONGER, TIME_CLASSES, Count, Opinion
from genvoris_flask.core.figures.report import ReportedOrder
from genvoris_flask.core.ledger.audit import Change
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.service import Ledger
from genvoris_flask.core.ledger.shopper_changes import ShopperChanges
from genvoris_flask.core.ratings import REASONS

from .catalogue import PRODUCTS, Product

DAY = 24 * 3600.0
DAYS = 30
# The month is shown beside the one before.
FIGURE_DAYS = 2 * DAYS
# The made-up shoppers have numbers that no user of the shop has.
FIRST, SHOPPERS = 1001, 40
NAMES = (
    *("Amal", "Bruno", "Carmen", "Daniyal", "Emma", "Farid", "Greta", "Hugo", "Imane", "Jonas"),
    *("Katya", "Leon", "Maryam", "Noor", "Olga", "Pablo", "Quentin", "Rosa", "Samir", "Tilda"),
)
OWNER_ID = "6"  # of Fen, the last of the samples
FAILURES = ("photo_unusable", "photo_unusable", "upstream_unreachable")
PER_ORDER = 3
VISITORS = 90  # on a usual day
# What part of those who came so far goes on.
STEPS = {"opened": 0.12, "photo": 0.62, "tried": 1.4, "cart": 0.22}


class Past:
    """Writes what happened on the days before the demo was started, the same each time.

    Args:
        url: The URL of the ledger's database, whose tables are up to date.
        now: When the demo was started, in Unix seconds.
    """

    def __init__(self, url: str, now: float) -> None:
        self._now = self._at = now
        self._random = random.Random(2026)  # noqa: S311  (this is no secret)
        self._database = Database(url)
        self._ledger = Ledger(self._database, clock=lambda: self._at, secrets=lambda: [b"past"])
        self._changes = ShopperChanges(self._ledger)

    def write(self) -> None:
        """Write all of it, unless it is there already."""
        if self._ledger.journal(f"user_{FIRST}", limit=1):
            return
        for number in range(SHOPPERS):
            self._live(f"user_{FIRST + number}", number)
        figures, today = FigureTable(self._database), datetime.fromtimestamp(self._now, UTC).date()
        for number in range(FIGURE_DAYS):
            day = today - timedelta(days=FIGURE_DAYS - number)
            write_day(figures, self._random, day, 0.7 + 0.6 * number / FIGURE_DAYS)
        self._database.engine.dispose()

    def _live(self, shopper: str, number: int) -> None:
        """Have a shopper order something, try things on, and perhaps send the order back."""
        order = f"past-{number}"
        days_ago = DAYS * (1 - number / SHOPPERS)
        self._at = self._now - days_ago * DAY
        lines = [OrderLine("1", PER_ORDER, 900)]
        self._ledger.order_paid(order, lines, external_id=shopper, currency="EUR")
        tryons = self._random.randint(1, PER_ORDER)
        ages = [days_ago * self._random.uniform(0.3, 1) for _ in range(tryons)]
        for each, age in enumerate(sorted(ages, reverse=True)):
            self._at = self._now - age * DAY
            self._try_on(shopper, f"{order}-{each}")
        if self._random.random() < 0.3:
            self._ledger.refunded("order", f"{order}/1", 300)

    def _try_on(self, shopper: str, key: str) -> None:
        self._ledger.reserve(shopper, key)
        if self._random.random() >= 0.08:
            self._ledger.commit(shopper, key)
            return
        reason = self._random.choice(FAILURES)
        self._ledger.release(shopper, key, failed=True, reason=reason)
        self._at += 3600.0
        note = "The try-on failed; with our apologies."
        change = Change(OWNER_ID, "shopper.give", shopper, note, form=key)
        self._changes.give(change, 1, expires_at=None)


def write_day(table: FigureTable, chance: random.Random, day: date, growth: float) -> None:
    """Write the figures of a day.

    Args:
        table: Where they are written.
        chance: Decides.
        day: The day.
        growth: How many came, as a part of the visitors of a usual day.
    """
    weekend = 1.35 if day.weekday() > 4 else 1.0
    came = round(VISITORS * growth * weekend * chance.uniform(0.85, 1.15))
    counts = _counts(chance, day, came)
    opinions = list(_opinions(chance, day, counts[Count(day, "tried")]))
    table.add(counts, {each.slug: each.title for each in PRODUCTS}, opinions)
    in_cart = [each for each in PRODUCTS for _ in range(counts[Count(day, "cart", each.slug)])]
    for number, product in enumerate(in_cart):
        if chance.random() < 0.6:
            _order(table, chance, product, day, f"{day}-{number}")


def _counts(chance: random.Random, day: date, came: int) -> Counter[Count]:
    counts: Counter[Count] = Counter({Count(day, "seen"): came})
    reached, weights = came, [1 / (1 + rank) for rank in range(len(PRODUCTS))]
    for name, part in STEPS.items():
        reached = round(reached * part * chance.uniform(0.85, 1.15))
        counts[Count(day, name)] = reached
        for product in chance.choices(PRODUCTS, weights, k=reached):
            counts[Count(day, name, product.slug)] += 1
    tried = counts[Count(day, "tried")]
    for _ in range(tried):
        seconds = chance.lognormvariate(2.6, 0.4)
        within = next((each for each in TIME_CLASSES if seconds <= each), LONGER)
        counts[Count(day, f"time:{within}")] += 1
        if chance.random() < 0.04:
            counts[Count(day, f"failed:{chance.choice(FAILURES)}")] += 1
    shown = tried // 5
    counts[Count(day, "paywall_shown")] = counts[Count(day, "refused:quota_exhausted")] = shown
    counts[Count(day, "paywall_taken")] = round(shown * chance.uniform(0.1, 0.5))
    return counts


def _order(
    table: FigureTable, chance: random.Random, product: Product, day: date, number: str
) -> None:
    """Write an order of a product that was tried on, which may be sent back."""
    table.add_order(ReportedOrder("custom", number, day, "EUR", product.price, True, product.slug))
    if chance.random() < 0.12:
        table.add_return("custom", number, product.price)


def _opinions(chance: random.Random, day: date, tried: int) -> Iterator[Opinion]:
    """Yield what every third shopper thinks of a picture."""
    for number in range(tried // 3):
        is_liked = chance.random() < 0.8
        reasons = () if is_liked else tuple(chance.sample(REASONS, chance.randint(0, 2)))
        product = chance.choice(PRODUCTS).slug
        yield Opinion(f"past-{day}-{number}", day, is_liked, reasons, product)


def made_up_name(number: int) -> str | None:
    """Return the name of a made-up shopper; None if none has that number."""
    turn, place = divmod(number - FIRST, len(NAMES))
    return f"{NAMES[place]} {'KM'[turn]}." if FIRST <= number < FIRST + SHOPPERS else None


def add_past(url: str) -> None:
    """Write the months before now into a ledger's database, unless they are there already."""
    Past(url, time.time()).write()
