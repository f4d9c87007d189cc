"""Measures how long the console's pages take in a large shop, on SQLite."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert

from benchmarks.report import section, write_part
from genvoris_flask.core.figures.report import Range, read_report
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.schema import accounts, audit, lots, outbox
from tests.support.figure_history import write_history
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

SHOPPERS = 100_000
DAYS = 365
VISITORS = 400  # on a day
PRODUCTS = 500
CHANGES = 20_000
SENT, WAITING, GIVEN_UP = 100_000, 10_000, 2_000  # messages of the outbox
REQUESTS = 60
TARGET = 0.2  # seconds, for p95
PAGES = {
    "Figures, 30 days": "/figures",
    "Figures, a year": "/figures?days=365",
    "Does it pay?": "/trial",
    "Shoppers": "/shoppers",
    "Shoppers, a search": "/shoppers?q=user_5",
    "A shopper": "/shopper?id=user_50000",
    "Deliveries": "/deliveries",
    "Set-up": "/setup",
    "Set-up, charging": "/setup/charging",
    "Set-up, button": "/setup/button",
    "Set-up, names and links": "/setup/texts",
    "Set-up, texts": "/setup/wording",
    "Set-up, limits": "/setup/limits",
    "Set-up, products": "/setup/products",
    "Set-up, export": "/setup/export",
    "History": "/history",
    "History, half a year ago": f"/history?before={CHANGES // 2}",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = ledger_shop(LocalGenvoris(folder / "genvoris"), folder, GENVORIS_HOLDOUT=0.1)
        shop.extension.console_access(lambda: True)
        fill(shop)
        rows = [measure(shop, title, path) for title, path in PAGES.items()]
    note = f"The target is {ms(TARGET)} for p95. Each page is asked for {REQUESTS} times."
    parts = [section("Pages", ["page", "p50", "p95", "size"], rows, note)]
    how = (
        f"A database of SQLite with {SHOPPERS:,} shoppers and {DAYS} days of figures: about "
        f"{VISITORS} visitors a day, {PRODUCTS} products, and the orders of both groups; "
        f"{CHANGES:,} changes in the history; {SENT:,} messages that were sent, {WAITING:,} that "
        f"wait and {GIVEN_UP:,} that were given up."
    )
    write_part("console", "The console in a large shop", how, parts)


def fill(shop: Shop) -> None:
    """Add shoppers, each with a lot, and the figures of a year."""
    state = shop.state
    assert state.database
    assert state.figures
    now = datetime.fromtimestamp(state.clock(), UTC)
    people = [
        {"external_id": f"user_{n}", "version": 0, "created_at": now} for n in range(SHOPPERS)
    ]
    common = {"kind": "gift", "priority": 20, "source": "bench", "state": "active", "holds": ""}
    counts = {"granted": 5, "allowed": 5, "reserved": 0, "used": 2, "taken_back": 0}
    owned = [
        {**common, **counts, "account": f"user_{n}", "source_id": str(n), "created_at": now}
        for n in range(SHOPPERS)
    ]
    with state.database.engine.begin() as connection:
        connection.execute(insert(accounts), people)
        connection.execute(insert(lots), owned)
        connection.execute(insert(audit), list(changes(now)))
        connection.execute(insert(outbox), list(messages(now)))
    products = [f"Product {number}" for number in range(PRODUCTS)]
    write_history(state.figures, now.date(), DAYS, visitors=VISITORS, products=products)
    check(state.figures, now)


def changes(now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a year's entries of the audit log, the oldest first."""
    for number in range(CHANGES):
        yield {
            "at": now - timedelta(days=DAYS) * (1 - number / CHANGES),
            "actor": f"staff_{number % 5}",
            "action": "shopper.give",
            "subject": f"user_{number % SHOPPERS}",
            "before": {"left": 0},
            "after": {"left": 5, "try_ons": 5},
            "note": "The last picture did not look right.",
        }


def messages(now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the messages of the outbox, of which those that are left over are the newest."""
    states = {"sent": SENT, "waiting": WAITING, "given_up": GIVEN_UP}
    for number, state in enumerate(each for each, n in states.items() for _ in range(n)):
        yield {
            "key": f"conversion:{number}",
            "kind": "conversion",
            "subject": f"order:custom:{number}",
            "body": {} if state == "sent" else {"order_id": str(number), "amount_cents": 4990},
            "digest": "0" * 64,
            "version": 1,
            "state": state,
            "attempts": 0 if state == "waiting" else 1,
            "queued_at": now - timedelta(days=1),
            # Nothing is delivered while pages are measured.
            "due_at": now + timedelta(days=1),
            "error": "invalid_body" if state == "given_up" else None,
        }


def check(table: FigureTable, now: datetime) -> None:
    """Make sure that there is something to read."""
    report = read_report(table, Range(now.date(), now.date()))
    assert report.now.totals["tried"] > 0


def measure(shop: Shop, title: str, path: str) -> list[str]:
    taken = []
    for _ in range(REQUESTS):
        before = time.perf_counter()
        answer = shop.browser.get(f"/genvoris/console{path}")
        taken.append(time.perf_counter() - before)
        assert answer.status_code == 200, (path, answer.status_code)
    taken.sort()
    size = f"{len(answer.data) / 1024:.0f} KiB"
    return [title, ms(taken[len(taken) // 2]), ms(taken[int(len(taken) * 0.95)]), size]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
