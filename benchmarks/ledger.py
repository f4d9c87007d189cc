"""Measures what the ledger adds to a try-on."""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import create_engine

from benchmarks.harness import median
from benchmarks.report import section, write_part
from genvoris_flask.core.ledger.grants import Grant
from genvoris_flask.errors import LedgerUnavailableError
from tests.support.databases import running_mariadb, running_postgres
from tests.support.ledgers import LedgerFixture, new_ledger

TRY_ONS = 300
ROUNDS = 5
AT_ONCE = 8
SHOPPERS = 50
SECONDS = 10.0


def main() -> None:
    cost, throughput = [], []
    for name, running in {"SQLite": sqlite, "PostgreSQL": running_postgres}.items():
        with running() as url:
            cost.append(cost_of_one(name, url))
            throughput.append(many_at_once(name, url))
    with running_mariadb() as url:
        cost.append(cost_of_one("MariaDB", url))
        throughput.append(many_at_once("MariaDB", url))
    parts = [
        section(
            "What a try-on pays for its reservation and commit",
            ["database", "p50", "p95", "p50 of an empty transaction", "ratio"],
            cost,
            "The empty transaction is two of `SELECT 1` on the same database, which is what any "
            "two changes cost at least.",
        ),
        section(
            f"{AT_ONCE} threads of one process, {SHOPPERS} shoppers",
            ["database", "try-ons a second", "refused by a lock"],
            throughput,
        ),
    ]
    how = "Each database is a server of its own on this machine, and shares its cores."
    write_part("ledger", "What the ledger adds to a try-on", how, parts)


@contextmanager
def sqlite() -> Iterator[str]:
    """Return the URL of an empty file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/ledger.sqlite"


def cost_of_one(name: str, url: str) -> list[str]:
    """Time reservations with their commits, and empty transactions, in turn."""
    shop = stocked(url)
    engine = create_engine(url)

    def empty() -> None:
        for _each in range(2):
            with engine.begin() as connection:
                connection.exec_driver_sql("SELECT 1")

    ours: list[float] = []
    least: list[float] = []
    for number in range(ROUNDS):
        keys = [f"{number}-{key}" for key in range(TRY_ONS)]
        ours += [timed(functools.partial(spend, shop, "u0", key)) for key in keys]
        least += [timed(empty) for _key in keys]
    shop.check()
    engine.dispose()
    shop.database.engine.dispose()
    p95 = sorted(ours)[int(len(ours) * 0.95)]
    ratio = median(ours) / median(least)
    return [name, ms(median(ours)), ms(p95), ms(median(least)), f"{ratio:.1f}"]


def many_at_once(name: str, url: str) -> list[str]:
    """Spend from many accounts at once, and count what was made and refused."""
    shop = stocked(url)
    end = time.monotonic() + SECONDS

    def work(thread: int) -> tuple[int, int]:
        done = refused = 0
        while time.monotonic() < end:
            try:
                spend(shop, f"u{(thread + done) % SHOPPERS}", f"{thread}-{done}-{refused}")
                done += 1
            except LedgerUnavailableError:
                refused += 1
        return done, refused

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(work, range(AT_ONCE)))
    shop.check()
    shop.database.engine.dispose()
    made = sum(done for done, _refused in results)
    return [name, f"{made / SECONDS:.0f}", str(sum(refused for _done, refused in results))]


def stocked(url: str) -> LedgerFixture:
    """Return a ledger whose shoppers have more than they will use."""
    shop = new_ledger(url)
    for number in range(SHOPPERS):
        shop.ledger.give(f"u{number}", Grant("gift", "bench", str(number), 1_000_000))
    return shop


def spend(shop: LedgerFixture, shopper: str, key: str) -> None:
    assert shop.ledger.reserve(shopper, key)
    assert shop.ledger.commit(shopper, key)


def timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    main()
