"""The ledger on PostgreSQL, MariaDB and SQLite, with many threads and processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, select

from genvoris_flask.core.figures.holdout import Mark
from genvoris_flask.core.figures.recorder import Count, Opinion
from genvoris_flask.core.figures.report import Range, ReportedOrder, read_report
from genvoris_flask.core.figures.trial import read_trial
from genvoris_flask.core.ledger import database
from genvoris_flask.core.ledger.accounts import Change, LockedAccount
from genvoris_flask.core.ledger.database import Database, open_engine
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.grants import Grant, new_values
from genvoris_flask.core.ledger.migrate import pending, upgrade, versions
from genvoris_flask.core.ledger.models import OrderLine
from genvoris_flask.core.ledger.person_export import export_person
from genvoris_flask.core.ledger.schema import VERSION_TABLE, metadata, records
from genvoris_flask.errors import LedgerUnavailableError
from tests.support.databases import running_mariadb, running_postgres
from tests.support.killing import kill_often
from tests.support.ledgers import DAY, START, LedgerFixture, new_ledger
from tests.support.outboxes import in_two_processes, killed_often
from tests.support.payment_life import PaymentLife
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import start_events
from tests.support.subscription_life import SubscriptionLife

T = TypeVar("T")

pytestmark = pytest.mark.xdist_group("databases")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Run PostgreSQL for all tests of a worker."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """Run MariaDB for all tests of a worker."""
    with running_mariadb() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def shop(url: str) -> Iterator[LedgerFixture]:
    """Return an empty ledger; afterwards its sums must be right."""
    fixture = new_ledger(url)
    yield fixture
    fixture.check()
    fixture.database.engine.dispose()


def in_threads(count: int, work: Callable[[int], T]) -> list[T]:
    """Run work in threads that start at once, and return its results."""
    start = threading.Barrier(count)

    def run(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_whole_life(shop: LedgerFixture) -> None:
    """Times, ids and numbers are the same on every database."""
    end = datetime.fromtimestamp(START + DAY + 0.25, UTC)
    shop.ledger.refunded("order", "o", 500)
    shop.ledger.order_paid(
        "o", [OrderLine("l", 10, 1000)], external_id="Ünï", currency="EUR", expires_at=end
    )
    shop.ledger.give("ünï", Grant("gift", "test", "1", 1))
    assert shop.ledger.reserve("Ünï", "key")
    assert shop.ledger.commit("Ünï", "key")
    balance = shop.ledger.balance("Ünï")
    assert (balance.available, balance.next_expiry) == (4, end)
    assert shop.ledger.balance("ünï").available == 1
    assert [line.kind for line in shop.ledger.journal("Ünï")] == [
        "commit",
        "reserve",
        "refund",
        "grant",
    ]


def test_similar_ids_are_different_shoppers(shop: LedgerFixture) -> None:
    """Whatever a database's own comparison makes of capitals, accents and spaces."""
    names = ["ada", "ada ", "ada  ", " ada", "ada\x1f", "ada \x1f", "Ada", "ad\u00e1", "ada\u00a0"]
    for number, name in enumerate(names, 1):
        lines = [OrderLine("l", number), OrderLine("l ", 10)]
        shop.ledger.order_paid(f"o {name}", lines, external_id=name)
        assert shop.ledger.reserve(name, f"k {name}")
    for number, name in enumerate(names, 1):
        assert shop.ledger.balance(name).available == number + 9
        journal = shop.ledger.journal(name)
        assert {each.reservation for each in journal} == {None, f"k {name}"}
        shop.ledger.refunded("order", f"o {name}", 1, paid=1)
        assert shop.ledger.balance(name).available == 0


def test_fifty_threads_on_a_lot_of_one(shop: LedgerFixture) -> None:
    """One of fifty try-ons that start at once gets the last one."""
    shop.ledger.give("u", Grant("single", "test", "1", 1))
    results = in_threads(50, lambda number: shop.ledger.reserve("u", f"key{number}"))
    assert sum(result is not None for result in results) == 1


def test_one_shopper_in_eight_threads(shop: LedgerFixture) -> None:
    """Try-ons of one shopper that are made at once are counted each, and none waits in a circle."""
    shop.ledger.give("u", Grant("gift", "test", "1", 12))

    def spend(thread: int) -> int:
        keys = [f"{thread}-{number}" for number in range(2)]
        made = [key for key in keys if shop.ledger.reserve("u", key)]
        return sum(shop.ledger.commit("u", key) for key in made)

    assert sum(in_threads(8, spend)) == 12


def test_settled_twice_at_once(shop: LedgerFixture) -> None:
    """A picture and a failure of the same try-on that arrive together settle it once."""
    shop.ledger.give("u", Grant("gift", "test", "1", 6))
    for number in range(6):
        key = f"k{number}"
        assert shop.ledger.reserve("u", key)

        def settle(which: int, key: str = key) -> bool:
            return shop.ledger.release("u", key) if which else shop.ledger.commit("u", key)

        in_threads(2, settle)
        shop.check()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_connection_that_was_closed(
    shop: LedgerFixture, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that the server closed while it was idle is replaced, and nobody notices."""
    shop.ledger.give("u", Grant("gift", "test", "1", 1))
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
    engine = create_engine(url)
    with engine.begin() as connection:
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        assert connection.exec_driver_sql(ended).all()
    engine.dispose()
    assert shop.ledger.reserve("u", "a")


def test_one_event_in_many_threads(shop: LedgerFixture) -> None:
    """An event that is delivered ten times at once counts once."""
    grant = Grant("gift", "test", "1", 5)
    in_threads(10, lambda _number: shop.ledger.give("u", grant, event_id="e"))
    assert shop.ledger.balance("u").available == 5


def test_sale_and_refund_at_once(shop: LedgerFixture) -> None:
    """A refund that arrives together with its order is never missed."""
    for number in range(10):
        order = f"o{number}"

        def work(which: int, order: str = order) -> object:
            if which:
                return shop.ledger.refunded("order", order, 100)
            return shop.ledger.order_paid(order, [OrderLine("l", 1, 100)], external_id="u")

        in_threads(2, work)
    assert shop.ledger.balance("u").available == 0


def test_refunds_of_a_busy_shopper(shop: LedgerFixture) -> None:
    """Refunds and repeats are done while a shopper tries on, and none waits in a circle."""
    lines = [OrderLine("a", 30, 300), OrderLine("b", 30, 300)]
    shop.ledger.order_paid("o", lines, email="ada@example.com")
    shop.ledger.claim("u", "ada@example.com")

    def work(number: int) -> None:
        for turn in range(4):
            match number % 4:
                case 0:
                    shop.ledger.refunded("order", "o", 10 * turn)
                case 1:
                    shop.ledger.order_paid("o", lines, email="ada@example.com")
                case 2:
                    shop.ledger.disputed("order", "o", "won")
                case 3:
                    key = f"{number} {turn}"
                    assert shop.ledger.reserve("u", key)
                    assert shop.ledger.commit("u", key)

    in_threads(12, work)
    assert shop.ledger.balance("u").available == 2 * (30 - 1) - 12


def test_lives_of_subscribers(url: str) -> None:
    """Stripe's subscriptions and payments, shuffled and doubled, end alike on every database."""
    shop = StripeLedgerShop(url=url)
    for seed in range(2):
        for life in (SubscriptionLife(seed, f"s{seed}"), PaymentLife(seed, f"p{seed}")):
            shop.lookup.items |= life.items if isinstance(life, PaymentLife) else {}
            shop.at(life.now)
            shop.deliver(*life.shuffled())
            assert shop.available(life.shopper) == life.available
    shop.fixture.check()
    shop.fixture.database.engine.dispose()


PROCESS = """
import sys
from genvoris_flask.core.ledger import database
from genvoris_flask.core.ledger.database import Database, open_engine
from genvoris_flask.core.ledger.service import Ledger
ledger = Ledger(Database(sys.argv[1]), clock=lambda: float(sys.argv[2]), secrets=lambda: [b""])
sys.stdin.readline()
print(sum(bool(ledger.reserve("u", f"{sys.argv[3]}-{number}")) for number in range(5)))
"""


def test_four_processes_on_a_lot_of_one(shop: LedgerFixture, url: str) -> None:
    """Processes share the lock as threads do."""
    shop.ledger.give("u", Grant("single", "test", "1", 1))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, url, str(START), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    outputs = []
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        outputs.append(process.communicate()[0])
        assert process.returncode == 0
    assert sum(map(int, outputs)) == 1


def test_joins_the_shops_transaction(shop: LedgerFixture) -> None:
    """What the shop rolls back was never given."""
    grant = Grant("gift", "test", "1", 5)
    with shop.database.engine.connect() as connection, connection.begin() as transaction:
        shop.ledger.give("u", grant, event_id="e", connection=connection)
        transaction.rollback()
    assert shop.ledger.balance("u").available == 0
    with shop.database.engine.begin() as connection:
        shop.ledger.give("u", grant, event_id="e", connection=connection)
    assert shop.ledger.balance("u").available == 5


def test_migrations_make_the_tables(url: str) -> None:
    """Migrating an empty database gives the tables that the code expects, and again nothing."""
    engine = create_engine(url)
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {VERSION_TABLE}")
    assert pending(engine)
    before, head = upgrade(engine)
    assert before is None
    assert upgrade(engine) == (head, head)
    assert not pending(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_figures_of_many_writers(shop: LedgerFixture) -> None:
    """Processes that write the same counts at once lose none, and none waits in a circle."""
    tables = FigureTable(shop.database)
    days = [date(2027, 1, 1), date(2027, 1, 2)]

    def write(number: int) -> None:
        names = ["tried", "opened", f"failed:{number}"]
        counts = {
            Count(day, name, product): 1
            for day in days
            for name in names
            for product in ("", "Shirt", "shirt", "häße")
        }
        opinions = [
            Opinion(f"digest{each:03}", days[0], each % 2 == 0, ("quality",), "häße")
            for each in range(20)
        ]
        for _ in range(5):
            added = dict(reversed(counts.items()))
            tables.add(added, {"Shirt": f"Shirt {number}"}, opinions[:: -1 if number % 2 else 1])

    in_threads(8, write)
    report = read_report(tables, Range(*days))
    assert (report.now.totals["tried"], report.now.totals["failed:3"]) == (80, 10)
    counts = {each.id: each.counts["tried"] for each in report.products}
    assert counts == {"Shirt": 80, "shirt": 80, "häße": 80}
    assert (report.now.totals["liked"], report.now.of("disliked")) == (10, {"quality": 10})


def test_orders_of_the_hold_out(shop: LedgerFixture) -> None:
    """Sums, squares and buyers are the same on every database, and an order counts once."""
    tables, day = FigureTable(shop.database), date(2027, 1, 1)

    def write(_number: int) -> None:
        for order in range(4):
            mark = Mark(f"visitor{order // 2:09}", 1000, order < 2, day)
            tables.add_order(
                ReportedOrder("custom", f"o{order}", day, "EUR", 4 * 10**9, True, "Ünï", mark)
            )

    in_threads(4, write)
    in_threads(4, lambda _number: tables.add_return("custom", "o3", 5))
    report = read_report(tables, Range(day, day))
    assert [(each.orders, each.amount) for each in report.now.money] == [(4, 16 * 10**9)]
    assert (report.now.money[0].returns, report.now.money[0].returned) == (1, 20)
    trial = read_trial(tables, 1000, day)
    for group in (trial.shown, trial.held):
        assert (group.buyers, group.orders) == (1, 2)
        assert group.by_currency["EUR"].squares == (8.0 * 10**9) ** 2
    assert tables.prune(day + timedelta(days=1000)) == 4


def test_migrations_from_every_version(url: str) -> None:
    """What a shopper has and has used outlasts the way from each earlier version to the latest."""
    shop = LedgerFixture(Database(url))
    engine = shop.database.engine
    earlier = versions()
    # MariaDB makes tables slowly: there, the longest way and the shortest one.
    for version in (earlier[0], earlier[-2]) if "mysql" in url else earlier:
        metadata.drop_all(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {VERSION_TABLE}")
        assert upgrade(engine, version) == (None, version)
        now = shop.ledger.now()
        grant = Grant("order", "shop", "1", 5, paid=500, currency="EUR")
        with engine.begin() as connection:
            account = LockedAccount(connection, "Ünï", now)
            lot = account.add(new_values(grant, now), "e")
            account.change(lot, "commit", "k:1", Change(used=2))
        upgrade(engine)
        assert not pending(engine)
        assert shop.ledger.balance("Ünï").available == 3
        shop.ledger.refunded("shop", "1", 100)
        assert shop.ledger.reserve("Ünï", "key")
        assert shop.ledger.commit("Ünï", "key")
        assert shop.ledger.balance("Ünï").available == 1
        shop.check()
    engine.dispose()


def test_database_is_away(tmp_path: Path) -> None:
    """A database that cannot be reached is an error in our terms, without its URL."""
    url = "postgresql+psycopg://shop:secret@127.0.0.1:9/shop"
    for target in (url, f"sqlite:///{tmp_path}/missing/ledger.sqlite"):
        shop = LedgerFixture(Database(target, sleep=lambda _seconds: None))
        with pytest.raises(LedgerUnavailableError, match="nothing was changed") as caught:
            shop.ledger.reserve("u", "a")
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_killed_processes(shop: LedgerFixture) -> None:
    """Whenever a process is killed, nothing is lost and nothing is doubled."""
    kill_often(shop, 8)


def test_outbox_of_two_processes(url: str, tmp_path: Path) -> None:
    """Each message is delivered by one of them."""
    delivered = in_two_processes(url, tmp_path, 40)
    assert len(delivered) == 40
    assert set(delivered.values()) == {1}


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_outbox_of_killed_processes(url: str, tmp_path: Path) -> None:
    """Every message is delivered; only what was being sent may be sent again."""
    delivered = killed_often(url, tmp_path, 40, 6)
    assert len(delivered) == 40
    assert delivered.total() <= 40 + 6


@pytest.mark.parametrize(
    ("cause", "cure"),
    [
        ("query_only = ON", "query_only = OFF"),
        ("max_page_count = 1", "max_page_count = 1000000"),
    ],
)
def test_database_that_cannot_be_written(tmp_path: Path, cause: str, cure: str) -> None:
    """A read-only and a full database refuse, and nothing is half done."""
    shop = new_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    shop.ledger.give("u", Grant("gift", "test", "1", 5))
    pragma = cause
    event.listen(
        shop.database.engine, "checkout", lambda raw, *_more: raw.execute(f"PRAGMA {pragma}")
    )

    def sell() -> None:
        for number in range(1000):  # a full one has room for a few
            shop.ledger.order_paid(f"o{number}", [OrderLine("l", 1)], external_id="u")

    with pytest.raises(LedgerUnavailableError, match="nothing was changed"):
        sell()
    pragma = cure
    shop.check()
    assert shop.ledger.reserve("u", "a")
    shop.database.engine.dispose()


def test_database_that_stays_locked(tmp_path: Path) -> None:
    """A lock that nobody releases is a refusal, after which everything is as before."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    new_ledger(url).ledger.give("u", Grant("gift", "test", "1", 1))
    waiting = LedgerFixture(Database(open_engine_without_waiting(url), sleep=lambda _seconds: None))
    with sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailableError, match="nothing was changed"):
            waiting.ledger.reserve("u", "a")
        assert waiting.ledger.balance("u").available == 1
        other.execute("ROLLBACK")
    assert waiting.ledger.reserve("u", "a")
    waiting.check()


def open_engine_without_waiting(url: str) -> Callable[[], Engine]:
    def make() -> Engine:
        engine = open_engine(url)
        event.listen(engine, "checkout", lambda raw, *_more: raw.execute("PRAGMA busy_timeout = 1"))
        return engine

    return make


def test_export_locks_nothing(url: str) -> None:
    """While a shopper's data are read, events of Stripe's do not have to wait."""
    shop, stripe = StripeLedgerShop(url=url), Stripe(metadata={"genvoris_external_id": "ada"})
    shop.deliver(*start_events(stripe))
    engine, now = shop.fixture.database.engine, shop.ledger.now()
    with engine.connect() as reader, engine.connect() as other:
        reader.info[database.MODE] = "read"
        assert export_person(reader, "ada", (), now)["stripe"]
        locked = select(records.c.key).with_for_update(nowait=True)
        assert len(other.execute(locked).all()) > 3
    engine.dispose()
