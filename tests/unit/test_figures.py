"""The shop's figures are what a count of everything that happened gives."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from genvoris_flask.core.figures import recorder as recording
from genvoris_flask.core.figures.export import as_currency, daily_rows, in_major_units, product_rows
from genvoris_flask.core.figures.holdout import Mark, draw
from genvoris_flask.core.figures.recorder import MAX_OPINIONS, Opinion, Recorder
from genvoris_flask.core.figures.report import Range, ReportedOrder, read_report
from genvoris_flask.core.figures.trial import read_trial, visitors_name
from genvoris_flask.core.ledger import figures as tables
from genvoris_flask.core.ledger import opinions
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.core.ratings import REASONS
from genvoris_flask.errors import LedgerUnavailableError

START = date(2027, 1, 15)
NOON = 1_800_014_400.0 - 12 * 3600  # of 2027-01-15
DAY = 24 * 3600.0
EVENTS = ("seen", "opened", "photo", "tried", "cart", "paywall_shown", "failed:timeout")


@dataclass
class Desk:
    """A recorder on a database of its own, with a clock that the test sets."""

    table: FigureTable
    now: float = NOON
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.table, lambda: self.now, at_once=lambda: False)


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[Desk]:
    """Return a recorder on an empty database."""
    database = Database(f"sqlite:///{tmp_path}/figures.sqlite")
    upgrade(database.engine)
    yield Desk(FigureTable(database))
    database.engine.dispose()


@pytest.mark.parametrize("seed", range(5))
def test_equals_brute_force(desk: Desk, seed: int) -> None:
    """Totals, days, products and money are those of the raw events."""
    chance = random.Random(seed)
    events: list[tuple[date, str, str]] = []
    orders: dict[str, ReportedOrder] = {}
    thoughts: dict[str, Raw] = {}
    returned: Counter[str] = Counter()
    for number in range(600):
        desk.now = NOON + chance.randrange(30) * DAY
        today = START + timedelta(days=int((desk.now - NOON) // DAY))
        if chance.random() < 0.8:
            name, product = chance.choice(EVENTS), chance.choice(("", "shirt", "coat", "häße"))
            events.append((today, name, product))
            desk.recorder.add(name, product, product.title())
        elif chance.random() < 0.5:
            opinion = Raw.draw(chance, today)
            opinion.record(desk.recorder)
            thoughts[opinion.tryon_id] = opinion
        else:
            order_id = f"order-{chance.randrange(60)}"
            order = ReportedOrder(
                "custom",
                order_id,
                today,
                chance.choice(("EUR", "JPY")),
                chance.randrange(1, 10**6),
                chance.random() < 0.7,
                chance.choice((None, "coat")),
            )
            desk.table.add_order(order)
            orders.setdefault(order_id, order)
            if chance.random() < 0.3:
                returned[order_id] += 100
                desk.table.add_return("custom", order_id, 100)
        if number % 50 == 0:
            desk.recorder.flush()
    desk.recorder.flush()
    for first, last in ((0, 29), (3, 9), (10, 10), (25, 40)):
        days = Range(START + timedelta(days=first), START + timedelta(days=last))
        final = [each for each in thoughts.values() if days.first <= each.day <= days.last]
        raw = [event for each in final for event in each.events()]
        _compare(desk, days, events + raw, list(orders.values()), returned)


@dataclass(frozen=True)
class Raw:
    """An opinion as it is reported."""

    tryon_id: str
    day: date
    product: str
    is_liked: bool
    reasons: tuple[str, ...]

    @classmethod
    def draw(cls, chance: random.Random, day: date) -> Raw:
        """Return some opinion about one of few try-ons."""
        is_liked = chance.random() < 0.5
        reasons = () if is_liked else tuple(chance.sample(REASONS, chance.randrange(4)))
        return cls(f"t{chance.randrange(25)}", day, chance.choice(("", "coat")), is_liked, reasons)

    def record(self, recorder: Recorder) -> None:
        recorder.add_opinion(
            self.tryon_id,
            self.product,
            self.product.title(),
            is_liked=self.is_liked,
            reasons=self.reasons,
        )

    def events(self) -> list[tuple[date, str, str]]:
        """Return what is to be counted of it."""
        why = [f"disliked:{reason}" for reason in self.reasons]
        names = ["liked"] if self.is_liked else ["disliked", *why]
        return [(self.day, name, self.product) for name in names]


def _compare(
    desk: Desk,
    days: Range,
    events: list[tuple[date, str, str]],
    orders: list[ReportedOrder],
    returned: Counter[str],
) -> None:
    report = read_report(desk.table, days)
    within = [each for each in events if days.first <= each[0] <= days.last]
    attributed = [
        each for each in orders if each.is_attributed and days.first <= each.day <= days.last
    ]
    back = [each for each in attributed if returned[each.id]]
    wanted = Counter(name for _day, name, _product in within)
    wanted.update(ordered=len(attributed), returned=len(back))
    assert Counter(report.now.totals) == wanted
    for money in report.now.money:
        mine = [each for each in attributed if each.currency == money.currency]
        assert money.orders == len(mine)
        assert money.amount == sum(each.amount for each in mine)
        assert money.returned == sum(returned[each.id] for each in mine)
    assert sum(money.orders for money in report.now.money) == len(attributed)
    by_day = Counter((day, name) for day, name, _product in within)
    by_day.update((each.day, "ordered") for each in attributed)
    by_day.update((each.day, "returned") for each in back)
    assert by_day == Counter(
        {(day, name): count for day, names in report.daily.items() for name, count in names.items()}
    )
    products: dict[str, Counter[str]] = defaultdict(Counter)
    for _day, name, product in within:
        if product:
            products[product][name] += 1
    for order in attributed:
        if order.product:
            products[order.product]["ordered"] += 1
    for order in back:
        if order.product:
            products[order.product]["returned"] += 1
    assert {each.id: Counter(each.counts) for each in report.products} == dict(products)
    assert sum(row["tried"] for row in daily_rows(report)) == wanted["tried"]
    assert len(list(product_rows(report))) == len(products)


def test_range_before(desk: Desk) -> None:
    """A range is compared with as many days just before it."""
    for days, times in ((0, 1), (1, 2), (2, 4), (3, 8)):
        desk.now = NOON + days * DAY
        for _ in range(times):
            desk.recorder.add("tried")
    desk.recorder.flush()
    report = read_report(desk.table, Range(START + timedelta(days=2), START + timedelta(days=3)))
    assert (report.now.totals["tried"], report.before.totals["tried"]) == (12, 3)


def test_times(desk: Desk) -> None:
    """Times are read from classes, to the class's upper bound."""
    for seconds in (1.0, 8.0, 9.0, 10.0, 31.0, 1000.0):
        desk.recorder.add_time(seconds)
    desk.recorder.flush()
    summary = read_report(desk.table, Range(START, START)).now
    assert dict(summary.times)["10"] == 3
    assert (summary.time_within(0.5), summary.time_within(0.8)) == (10, 45)
    assert summary.time_within(0.99) is None


def test_flushes_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted is written a moment later, by a thread."""
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.01)
    written = threading.Event()
    store = Listening(desk.table, written)
    recorder = Recorder(store, lambda: NOON)
    recorder.add("tried")
    assert written.wait(20)


class Listening:
    """Passes counts on, and says so."""

    def __init__(self, table: FigureTable, written: threading.Event) -> None:
        self._table = table
        self._written = written

    def add(self, counts: Any, titles: Any, opinions: Any = ()) -> None:
        self._table.add(counts, titles, opinions)
        self._written.set()


class Away:
    """A database that cannot be reached at first."""

    def __init__(self, table: FigureTable) -> None:
        self._table = table
        self.is_away = True

    def add(self, counts: Any, titles: Any, opinions: Any = ()) -> None:
        if self.is_away:
            raise LedgerUnavailableError("away")
        self._table.add(counts, titles, opinions)


def test_database_is_away(desk: Desk) -> None:
    """What could not be written waits, and is counted once."""
    store = Away(desk.table)
    recorder = Recorder(store, lambda: NOON)
    recorder.add("tried", "shirt", "Shirt")
    with pytest.raises(LedgerUnavailableError):
        recorder.flush()
    recorder.add("tried", "shirt", "Shirt")
    recorder.add_opinion("t", is_liked=True)
    with pytest.raises(LedgerUnavailableError):
        recorder.flush()
    recorder.add_opinion("t", is_liked=False)
    store.is_away = False
    recorder.flush()
    recorder.flush()
    report = read_report(desk.table, Range(START, START))
    assert report.now.totals == {"tried": 2, "disliked": 1, "ordered": 0, "returned": 0}
    assert (report.products[0].title, report.products[0].counts) == ("Shirt", {"tried": 2})


def test_many_opinions_while_database_is_away() -> None:
    """However long the database is away, a process keeps only so many opinions, the first ones."""

    class Busy:
        """A database that is away, while shoppers go on."""

        def __init__(self) -> None:
            self.asked: list[list[Opinion]] = []

        def add(self, _counts: object, _titles: object, opinions: Sequence[Opinion] = ()) -> None:
            self.asked.append(list(opinions))
            for number in range(MAX_OPINIONS):
                recorder.add_opinion(f"{len(self.asked)}-{number}", is_liked=True)
            raise LedgerUnavailableError("away")

    store = Busy()
    recorder = Recorder(store, lambda: NOON)
    recorder.add_opinion("first", is_liked=True)
    for _ in range(3):
        with pytest.raises(LedgerUnavailableError):
            recorder.flush()
    assert [len(each) for each in store.asked] == [1, MAX_OPINIONS, MAX_OPINIONS]
    assert {each[0] for each in store.asked} == {store.asked[0][0]}


def test_short_lived_process(desk: Desk) -> None:
    """A process that may end without notice writes at once."""
    recorder = Recorder(desk.table, lambda: NOON, at_once=lambda: True)
    recorder.add("tried")
    assert read_report(desk.table, Range(START, START)).now.totals["tried"] == 1


def test_products_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented products fill neither the memory nor the database, and all count for the shop."""
    monkeypatch.setattr(recording, "MAX_PRODUCTS", 20)
    monkeypatch.setattr(tables, "MAX_PRODUCTS_A_DAY", 30)
    for number in range(50):
        desk.recorder.add("opened", f"invented-{number}" * 40)
    desk.recorder.flush()
    for number in range(50, 100):
        desk.recorder.add("opened", f"invented-{number}")
    desk.recorder.add("opened", "invented-50")
    desk.recorder.flush()
    report = read_report(desk.table, Range(START, START))
    assert report.now.totals["opened"] == 101
    assert len(report.products) == 30


def test_opinions_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opinions about invented try-ons fill neither the memory nor the database."""
    monkeypatch.setattr(recording, "MAX_OPINIONS", 20)
    monkeypatch.setattr(opinions, "MAX_OPINIONS_A_DAY", 30)
    for numbers in (range(50), range(50, 100)):
        for number in numbers:
            desk.recorder.add_opinion(f"invented-{number}", is_liked=True)
        desk.recorder.flush()
    desk.recorder.add_opinion("invented-0", is_liked=False)
    desk.recorder.flush()
    totals = read_report(desk.table, Range(START, START)).now.totals
    assert (totals["liked"], totals["disliked"]) == (29, 1)


def test_ranges() -> None:
    """A range must not end before it begins, nor have more than two years."""
    with pytest.raises(ValueError, match="must not be after"):
        Range(START, START - timedelta(days=1))
    with pytest.raises(ValueError, match="730 days"):
        Range(START, START + timedelta(days=731))


def test_money() -> None:
    """Amounts are written in the currency's main unit, and an unknown currency is Genvoris's."""
    assert in_major_units(123450, "EUR") == "1,234.50"
    assert in_major_units(4990, "JPY") == "4,990"
    assert in_major_units(4990, "KWD") == "4.990"
    assert [as_currency(each) for each in ("eur", None, "€", "EURO")] == [
        "EUR",
        "USD",
        "USD",
        "USD",
    ]


def test_old_figures(desk: Desk) -> None:
    """What is over two years old is deleted."""
    desk.recorder.add("tried", "shirt", "Shirt")
    desk.recorder.flush()
    desk.table.add_order(ReportedOrder("custom", "1", START, "EUR", 1, is_attributed=True))
    desk.recorder.add_opinion("t", "coat", "Coat", is_liked=True)
    desk.recorder.flush()
    assert desk.table.prune(START + timedelta(days=800)) == 0
    assert desk.table.prune(START + timedelta(days=801)) == 6
    assert read_report(desk.table, Range(START, START)).products == []


class TestHoldOut:
    @pytest.mark.parametrize("seed", range(3))
    def test_equals_brute_force(self, desk: Desk, seed: int) -> None:
        """Visitors, buyers, sums and squares of both groups are those of the raw orders."""
        chance = random.Random(seed)
        marks = [visitor(chance, number) for number in range(300)]
        for mark in marks:
            desk.now = NOON + (mark.first_day - START).days * DAY
            desk.recorder.add(visitors_name(mark.share, is_held=mark.is_held))
        desk.recorder.flush()
        paid: dict[tuple[bool, str], Counter[str]] = defaultdict(Counter)
        for number in range(200):
            mark, amount = chance.choice(marks), chance.randrange(100, 10**7)
            currency = chance.choice(("EUR", "USD"))
            order = ReportedOrder(
                "custom", str(number), mark.first_day, currency, amount, False, None, mark
            )
            desk.table.add_order(order)
            desk.table.add_order(order)
            if mark.share == 1000:
                paid[mark.is_held, currency][mark.id] += amount
        trial = read_trial(desk.table, 1000, START + timedelta(days=20))
        for group, held in ((trial.shown, False), (trial.held, True)):
            mine = [each for each in marks if each.share == 1000 and each.is_held == held]
            assert group.visitors == len(mine)
            assert group.buyers == len({*paid[held, "EUR"], *paid[held, "USD"]})
            for currency, found in group.by_currency.items():
                sums = paid[held, currency].values()
                assert found.amount == sum(sums)
                assert found.squares == pytest.approx(sum(each**2 for each in sums), rel=1e-12)

    def test_returns(self, desk: Desk) -> None:
        """Returns count for the group of their order, however late they come."""
        mark = Mark("x" * 16, 1000, True, START)
        desk.table.add_order(ReportedOrder("custom", "1", START, "EUR", 500, False, None, mark))
        desk.table.add_return("custom", "1", 200)
        desk.table.add_return("custom", "1", 100)
        desk.table.add_return("custom", "unknown", 100)
        held = read_trial(desk.table, 1000, START).held
        assert (held.returns, held.by_currency["EUR"].returned) == (1, 300)


def visitor(chance: random.Random, number: int) -> Mark:
    day = START + timedelta(days=chance.randrange(20))
    share = chance.choice((1000, 1000, 2000))
    return Mark(f"visitor-{number:08}", share, chance.random() < 0.3, day)


def test_share_of_visitors() -> None:
    """A tenth of guests, and of shoppers, are held out; a shopper is in one group for ever."""
    guests = sum(draw(1000, START, b"secret").is_held for _ in range(20_000))
    names = [f"shopper-{number}" for number in range(20_000)]
    held = [draw(1000, START, b"secret", name).is_held for name in names]
    assert abs(guests / 20_000 - 0.1) < 0.009
    assert abs(sum(held) / 20_000 - 0.1) < 0.009
    assert held == [draw(1000, START, b"secret", name).is_held for name in names]
    larger = [draw(2000, START, b"secret", name).is_held for name in names]
    assert all(is_now for was, is_now in zip(held, larger, strict=True) if was)
