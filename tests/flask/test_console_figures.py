"""The owner reads on two pages what try-ons bring, and whether they pay."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import session

from genvoris_flask.core.charts import Column, bar_chart, span_chart
from genvoris_flask.core.figures.holdout import Mark
from genvoris_flask.core.figures.recorder import Count
from genvoris_flask.core.figures.report import Range, ReportedOrder, read_report
from genvoris_flask.core.figures.trial import visitors_name
from genvoris_flask.core.ledger.figures import FigureTable
from genvoris_flask.core.ledger.figures_schema import figure_opinions
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.core.ledger.schema import VERSION_TABLE
from tests.support.figure_history import write_history
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

FIGURES, TRIAL = "/genvoris/console/figures", "/genvoris/console/trial"


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop whose owner is logged in, with a hold-out and nothing counted yet."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.1)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    shop.log_in("fen")
    return shop


@pytest.fixture
def table(shop: Shop) -> FigureTable:
    """Return where the shop's figures are."""
    assert shop.state.figures
    return shop.state.figures


def today(shop: Shop) -> date:
    return datetime.fromtimestamp(shop.genvoris.clock(), UTC).date()


def page(shop: Shop, path: str, **query: object) -> str:
    answer = shop.browser.get(path, query_string=query)
    assert answer.status_code == 200
    return unescape(answer.text)


def rows(html: str) -> dict[str, list[str]]:
    """Return the text of each table's row, by its heading."""
    found = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL):
        texts = [
            " ".join(re.sub(r"<[^>]+>", " ", each).split())
            for each in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        found[texts[0]] = texts[1:]
    return found


def test_page_shows_the_report(shop: Shop, table: FigureTable) -> None:
    """The page has the numbers of the range and of the one before, and how they changed."""
    write_history(table, today(shop), 60, visitors=100)
    days = Range(today(shop) - timedelta(days=29), today(shop))
    report = read_report(table, days)
    html = page(shop, FIGURES)
    now, before = report.now.totals["tried"], report.before.totals["tried"]
    assert rows(html)["Try-ons"][1:3] == [f"{now:,}", f"{before:,}"]
    change = round(100 * (now - before) / before)
    assert f"{change:+}%".replace("-", "\N{MINUS SIGN}") in html
    products, opinions = html.split("<h2>What shoppers think of their pictures</h2>")
    for each in report.products:
        assert rows(products)[each.title][1] == f"{each.counts['tried']:,}"
        wanted = [str(each.counts.get(name, 0)) for name in ("liked", "disliked")]
        poor = each.counts.get("disliked:quality", 0)
        assert [
            counts
            for name, counts in rows(opinions).items()
            if name.startswith(each.title) and (f"Poor quality: {poor}" in name) == bool(poor)
        ] == [wanted]
    titles = tuple(each.title for each in report.products)
    found = rows(opinions).items()
    order = [int(counts[1]) for name, counts in found if name.startswith(titles)]
    assert order == sorted(order, reverse=True)
    assert html.count('<rect class="made"') > 30


@pytest.mark.parametrize(
    ("language", "thousands", "decimals"),
    [
        ("en", ",", "."),
        ("de", ".", ","),
        ("fr", "\N{NARROW NO-BREAK SPACE}", ","),
        ("ar", ",", "."),
    ],
)
def test_numbers(
    shop: Shop, table: FigureTable, language: str, thousands: str, decimals: str
) -> None:
    """Numbers have the separators of the page's language, in tables, sums and charts."""
    visitors = {
        Count(today(shop), visitors_name(1000, is_held=held)): 900 for held in (True, False)
    }
    table.add({Count(today(shop), "tried"): 1234, **visitors}, {})
    order = ReportedOrder("custom", "1", today(shop), "EUR", 123450, is_attributed=True)
    table.add_order(order)
    shop.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    html = page(shop, FIGURES)
    assert f">1{thousands}234</td>" in html
    assert f">1{thousands}234{decimals}50 EUR<" in html
    assert f": 1{thousands}234</title>" in html
    assert f">2{thousands}000</text>" in html
    assert f">0{decimals}00</bdi>" in page(shop, TRIAL)


def test_ranges(shop: Shop, table: FigureTable) -> None:
    """A range is chosen by its length, or by its days."""
    for days in range(200):
        table.add({Count(today(shop) - timedelta(days=days), "tried"): 1}, {})
    for length in (7, 30, 90, 365):
        assert rows(page(shop, FIGURES, days=length))["Try-ons"][1] == str(min(length, 200))
    first, last = today(shop) - timedelta(days=12), today(shop) - timedelta(days=10)
    assert rows(page(shop, FIGURES, **{"from": first, "to": last}))["Try-ons"][1] == "3"


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2027-02-01", "to": "2027-01-01"},
        {"from": "0001-01-01", "to": "0001-12-31"},
        {"from": "1900-01-01", "to": "2027-01-01"},
        {"from": "yesterday"},
        {"to": "9999-99-99"},
    ],
)
def test_wrong_range(shop: Shop, query: dict[str, str]) -> None:
    """Days that make no range are said to be wrong, and the last 30 days are shown."""
    assert "These are no days that can be shown" in page(shop, FIGURES, **query)


def test_long_range_is_drawn_by_weeks(shop: Shop, table: FigureTable) -> None:
    """A year has a column for each week, the last of them whole, and no day is left out."""
    first, last = today(shop) - timedelta(days=364), today(shop)
    table.add({Count(last, "tried"): 7, Count(first, "tried"): 3}, {})
    chart = page(shop, FIGURES, days=365).split('<svg class="plot"')[1]
    assert f"<title>{last - timedelta(days=6)} \N{EN DASH} {last}: 7</title>" in chart
    assert f"<title>{first}: 3</title>" in chart
    assert chart.count("<g><title>") == 53


def test_reasons(shop: Shop, table: FigureTable) -> None:
    """Why there was no picture is said to the owner; what shoppers have read is in quotes."""
    reasons = ("failed:photo_unusable", "failed:too_large", "refused:paused", "failed:<odd>")
    table.add({Count(today(shop), name): 1 for name in reasons}, {})
    html = shop.browser.get(FIGURES).text
    assert "The photo could not be used <small" in html
    assert "<q>Your plan is paused.</q>" in html
    assert "&lt;odd&gt;" in html
    assert "<odd>" not in html


def test_products_by_what_they_led_to(shop: Shop, table: FigureTable) -> None:
    """Products are sorted by what the owner asks for, also those with few try-ons."""
    day = today(shop)
    tried = {Count(day, "tried", f"shirt-{number:02}"): 100 - number for number in range(25)}
    table.add(tried, {})
    for number in range(3):
        order = ReportedOrder("custom", f"{number}", day, "EUR", 900, True, "shirt-24")
        table.add_order(order)
    table.add_return("custom", "0", 900)
    assert "shirt-24" not in page(shop, FIGURES)
    html = page(shop, FIGURES, order="ordered")
    found = [name for name in rows(html) if name.startswith("shirt-")]
    assert found[:2] == ["shirt-24", "shirt-00"]
    assert rows(html)["shirt-24"] == ["0", "76", "0", "3", "1"]
    assert found == [
        name for name in rows(page(shop, FIGURES, order="returned")) if "shirt" in name
    ]
    assert "shirt-24" not in page(shop, FIGURES, order="evil")


def test_csv(shop: Shop, table: FigureTable) -> None:
    """The tables can be downloaded, and no cell of them is a formula."""
    product = '=HYPERLINK("https://evil.example")'
    day = today(shop)
    table.add({Count(day, "tried"): 2, Count(day, "tried", product): 2}, {product: "@evil"})
    answer = shop.browser.get(FIGURES, query_string={"csv": "products", "days": 7})
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["product"], row["title"], row["tried"]) == (f"'{product}", "'@evil", "2")
    answer = shop.browser.get(FIGURES, query_string={"csv": "days", "days": 7})
    days = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(days) == 7
    assert (days[-1]["day"], days[-1]["tried"]) == (str(day), "2")


@pytest.mark.parametrize("title", ["Shirt;=1+1;", "Shirt; -1", 'Shirt";@x', "Shirt;\t=1"])
def test_csv_split_at_semicolons(shop: Shop, table: FigureTable, title: str) -> None:
    """As spreadsheets split it where numbers have a comma, no cell is a formula either."""
    day = today(shop)
    table.add({Count(day, "tried", "shirt"): 1}, {"shirt": title})
    answer = shop.browser.get(FIGURES, query_string={"csv": "products", "days": 7})
    cells = [each for row in csv.reader(io.StringIO(answer.text), delimiter=";") for each in row]
    assert not [each for each in cells if each.lstrip().startswith(("=", "+", "-", "@"))]


def test_texts_from_browsers(shop: Shop, table: FigureTable) -> None:
    """What browsers report about products is text on the page, and nothing else."""
    product = "<script>alert(1)</script>"
    table.add({Count(today(shop), "tried", product): 1}, {product: "<b>Bold</b>"})
    html = shop.browser.get(FIGURES).text
    assert "<script>alert" not in html
    assert "<b>Bold" not in html


def test_nothing_yet(shop: Shop) -> None:
    """A new shop reads that nothing was counted, rather than empty tables."""
    html = page(shop, FIGURES)
    for text in (
        "No order has followed a try-on in these days.",
        "No product was tried on in these days.",
        "No picture was made in these days.",
        "Every try-on of these days got its picture.",
    ):
        assert text in html
    assert "Not enough visitors yet" in page(shop, TRIAL)


def test_does_it_pay(shop: Shop, table: FigureTable) -> None:
    """Until there are enough visitors, the page says how long that takes."""
    write_history(table, today(shop), 30, visitors=200)
    html = page(shop, TRIAL)
    assert re.search(r"Not enough visitors yet: about [\d,]+ days at this pace\.", html)
    assert len(rows(html)["Visitors who order %"]) == 4
    shop.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ar"
    day = f"\N{LEFT-TO-RIGHT ISOLATE}{today(shop)}\N{POP DIRECTIONAL ISOLATE}"
    assert day in page(shop, TRIAL), "its parts would change places"


def test_it_pays(shop: Shop, table: FigureTable) -> None:
    """With enough visitors, the page says that more of them order."""
    day = today(shop)
    groups = {False: 320, True: 160}
    table.add({Count(day, visitors_name(1000, is_held=held)): 800 for held in groups}, {})
    for held, buyers in groups.items():
        for number in range(buyers):
            mark = Mark(f"{held:d}{number:015}", 1000, held, day)
            table.add_order(ReportedOrder("custom", mark.id, day, "EUR", 100, False, None, mark))
    assert rows(page(shop, TRIAL))["Visitors who order %"][:3] == ["40.00", "20.00", "+20.00"]
    assert "Yes: with the button, more visitors order." in page(shop, TRIAL)


def test_without_a_hold_out(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shop without a hold-out is led to where it is begun."""
    shop = ledger_shop(genvoris, tmp_path)
    shop.extension.console_access(lambda: True)
    assert 'href="/genvoris/console/setup/limits#holdout"' in page(shop, TRIAL)


def test_without_a_database(genvoris: LocalGenvoris) -> None:
    """A shop without a database reads what to set."""
    shop = Shop(genvoris)
    shop.extension.console_access(lambda: True)
    for path in (FIGURES, TRIAL):
        assert "GENVORIS_DATABASE_URL" in page(shop, path)


def test_outdated_tables(shop: Shop) -> None:
    """Before a migration has run, a page that needs its table says which command runs it."""
    assert shop.state.database
    with shop.state.database.engine.begin() as connection:
        figure_opinions.drop(connection)
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0007'")
    answer = shop.browser.get(FIGURES)
    assert answer.status_code == 503
    assert "The tables in the database are out of date" in answer.text
    assert "flask genvoris db upgrade" in answer.text
    upgrade(shop.state.database.engine)
    page(shop, FIGURES)


def test_charts_keep_strict_policies() -> None:
    """Charts have no inline style and no script, and what they show is escaped."""
    charts = [
        bar_chart([Column("<1>", '"&<script>', 3, 1), Column("", "", 0)], '"<script>'),
        span_chart(-1.0, 0.5, 2.0, '"<script>'),
        bar_chart([], "empty"),
        span_chart(0.0, 0.0, 0.0, "nothing"),
    ]
    for chart in charts:
        assert not re.search(r"style=|<style|<script|\son\w+=|href", chart)
