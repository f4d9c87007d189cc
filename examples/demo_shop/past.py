"""A month of made-up shoppers and try-ons, so that the owner's console has something to show."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, date, datetime

from genvoris_flask.core.figures.recorder import Count
from genvoris_flask.core.figures.report import ReportedOrder
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.service import Ledger

from .catalogue import PRODUCTS

DAY = 24 * 3600.0
DAYS = 30
# The made-up shoppers have numbers that no user of the shop has.
FIRST, SHOPPERS = 1001, 40
FAILURES = ("photo_unusable", "photo_unusable", "upstream_unreachable")
PER_ORDER = 3


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
        self._figures = FigureTable(self._database)
        self._counts: Counter[Count] = Counter()

    def write(self) -> None:
        """Write all of it, unless it is there already."""
        if self._ledger.journal(f"user_{FIRST}", limit=1):
            return
        for number in range(SHOPPERS):
            self._live(f"user_{FIRST + number}", number)
        self._figures.add(self._counts, {each.slug: each.title for each in PRODUCTS})
        self._database.engine.dispose()

    def _live(self, shopper: str, number: int) -> None:
        """Have a shopper order something, try things on, and perhaps order again."""
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
        product = self._random.choice(PRODUCTS)
        self._count("seen", product.slug, self._random.randint(8, 20))
        self._count("opened", product.slug, self._random.randint(1, 3))
        self._count("photo", product.slug)
        self._ledger.reserve(shopper, key)
        if self._random.random() < 0.08:
            reason = self._random.choice(FAILURES)
            self._ledger.release(shopper, key, failed=True, reason=reason)
            self._count(f"failed:{reason}")
            return
        self._ledger.commit(shopper, key)
        self._count("tried", product.slug)
        self._count(f"time:{self._random.choice((10, 15, 15, 20))}")
        if self._random.random() < 0.35:
            self._count("cart", product.slug)
            day = self._day()
            order = ReportedOrder("custom", key, day, "EUR", product.price, True, product.slug)
            self._figures.add_order(order)

    def _count(self, name: str, product: str = "", number: int = 1) -> None:
        for each in {product, ""}:
            self._counts[Count(self._day(), name, each)] += number

    def _day(self) -> date:
        return datetime.fromtimestamp(self._at, UTC).date()


def add_past(url: str) -> None:
    """Write the month before now into a ledger's database, unless it is there already."""
    Past(url, time.time()).write()
