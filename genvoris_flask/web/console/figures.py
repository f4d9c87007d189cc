"""The page "Figures": what try-ons bring in a range of days, beside as many days before."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, request
from markupsafe import Markup, escape

from ...core import locales
from ...core.charts import Column, bar_chart, share_bar
from ...core.figures.export import (
    PRODUCT_STAGES,
    cell,
    daily_rows,
    in_major_units,
    product_rows,
)
from ...core.figures.recorder import LONGER
from ...core.figures.report import (
    DISLIKED,
    LIKED,
    STAGES,
    Money,
    Range,
    Report,
    Summary,
    read_report,
    with_prefix,
)
from ...core.locales.console import translate
from ...core.locales.numbers import localize
from ..errors import page_language
from ..state import get_state
from .assets import load_asset
from .page import link, render

CHOICES = (7, 30, 90, 365)
DAYS = 30
WEEKS_FROM = 93  # days; a chart of so many has a column for each week
PRODUCTS = 20
TABLES = {"days": daily_rows, "products": product_rows}


@dataclass(frozen=True)
class Line:
    """A figure beside that of the days before.

    Attributes:
        name: Its name.
        now: The figure.
        before: That of the days before.
        share: How it compares with the largest of its table, from 0 to 1.
    """

    name: str
    now: int
    before: int
    share: float = 0.0

    @property
    def change(self) -> str:
        """By how many percent it changed; empty if there was none before."""
        if not self.before:
            return ""
        return _written(round(100 * (self.now - self.before) / self.before), "+,") + "%"

    @property
    def bar(self) -> Markup:
        """The share as a bar."""
        return Markup(share_bar(self.share))  # noqa: S704


def show_figures() -> Any:
    """Show the figures of a range of days, or return one of their tables as CSV."""
    state = get_state()
    if state.figures is None or state.recorder is None:
        return render("no_database.html", "common.nav.figures", "figures")
    days, is_wrong = _range(state.recorder.today())
    report = read_report(state.figures, days)
    table = request.args.get("csv", "")
    if table in TABLES:
        return _csv(table, report)
    return render(
        "figures.html",
        "common.nav.figures",
        "figures",
        **_values(report),
        is_wrong=is_wrong,
        choices=CHOICES,
        has_holdout=bool(state.settings.holdout),
    )


def chart_style() -> str:
    """Return the address of the style sheet of charts."""
    return link(f"/assets/{load_asset('charts.css').hashed_name}")


def _range(today: date) -> tuple[Range, bool]:
    """Return the days that were asked for, and whether these were none."""
    try:
        length = int(request.args.get("days", ""))
    except ValueError:
        length = DAYS
    length = length if length in CHOICES else DAYS
    usual = Range(today - timedelta(days=length - 1), today)
    first, last = request.args.get("from"), request.args.get("to")
    if not first and not last:
        return usual, False
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else end - timedelta(days=DAYS - 1)
        found = Range(begin, end)
        _ = found.before  # which must be in the calendar as well
    except (ValueError, OverflowError):
        return usual, True
    return found, False


def _values(report: Report) -> dict[str, Any]:
    """Return what the template shows."""
    now, before = report.now, report.before
    tried = now.totals.get("tried", 0)
    seconds = {"half": now.time_within(0.5), "most": now.time_within(0.95)}
    return {
        "report": report,
        "range": now.range,
        "is_chosen": (report.now.range.last - report.now.range.first).days + 1,
        "chart_style": chart_style(),
        "tried": Line("tried", tried, before.totals.get("tried", 0)),
        "funnel": list(_lines(STAGES, now, before)),
        "others": list(_lines(("checkout", "shared"), now, before)),
        "paywall": list(_lines(("paywall_shown", "paywall_taken"), now, before)),
        "money": [_money(each, before.money) for each in now.money],
        "days": list(daily_rows(report)),
        "columns": list(_columns(report)),
        "draw": draw,
        "products": _products(report)[:PRODUCTS],
        "product_columns": PRODUCT_STAGES,
        "order": _order(),
        "product_count": len(report.products),
        "opinions": list(_lines((LIKED, DISLIKED), now, before)),
        "reasons": now.of(DISLIKED),
        "opinions_by_product": _opinions(report),
        "seconds": seconds if tried else None,
        "times": list(_time_columns(now)),
        "without_picture": {
            kind: [(name, _reason(name, kind), count) for name, count in now.of(kind).items()]
            for kind in ("failed", "refused")
        },
    }


def _opinions(report: Report) -> list[dict[str, Any]]:
    """Return what is thought of each product's pictures, those that are liked least first."""
    found = [
        (each.counts.get(DISLIKED, 0), each.counts.get(LIKED, 0), each) for each in report.products
    ]
    found = sorted((each for each in found if any(each[:2])), key=lambda each: (-each[0], -each[1]))
    return [
        {
            "product": each.id,
            "title": each.title,
            LIKED: liked,
            DISLIKED: disliked,
            "reasons": with_prefix(each.counts, DISLIKED),
        }
        for disliked, liked, each in found[:PRODUCTS]
    ]


def _products(report: Report) -> list[dict[str, Any]]:
    """Return a row for each product, those with the most of what was asked for first."""
    order = _order()
    return sorted(product_rows(report), key=lambda row: -row[order])


def _order() -> str:
    """Return by which column products are sorted."""
    asked = request.args.get("order", "")
    return asked if asked in PRODUCT_STAGES else "tried"


def draw(columns: Sequence[Column], title: str) -> Markup:
    """Return a chart as HTML."""
    return Markup(bar_chart(columns, title, _written))  # noqa: S704  (it escapes)


def _lines(names: Sequence[str], now: Summary, before: Summary) -> Iterator[Line]:
    largest = max((now.totals.get(name, 0) for name in names), default=0) or 1
    for name in names:
        count = now.totals.get(name, 0)
        yield Line(name, count, before.totals.get(name, 0), count / largest)


def _money(money: Money, before: Sequence[Money]) -> dict[str, str | int]:
    earlier = next((each for each in before if each.currency == money.currency), None)
    return {
        "currency": money.currency,
        "orders": money.orders,
        "paid": _amount(money.amount, money.currency),
        "returned": _amount(money.returned, money.currency),
        "before": _amount(earlier.amount if earlier else 0, money.currency),
    }


def _columns(report: Report) -> Iterator[Column]:
    """Yield the columns of the chart: a day each, or a week each if there are too many."""
    days = list(report.daily.items())
    step = 7 if len(days) >= WEEKS_FROM else 1
    # The last week is whole, and the first one has what is left.
    for end in range((len(days) - 1) % step + 1, len(days) + 1, step):
        group = days[max(0, end - step) : end]
        made = sum(counts.get("tried", 0) for _day, counts in group)
        failed = sum(_failed(counts) for _day, counts in group)
        first, last = group[0][0], group[-1][0]
        span = first.isoformat() if first == last else f"{first} \N{EN DASH} {last}"
        title = f"{span}: {_written(made)}" + (f" + {_written(failed)}" if failed else "")
        yield Column(f"{first:%m-%d}", title, made, failed)


def _time_columns(summary: Summary) -> Iterator[Column]:
    longer = translate("figures.longer", page_language())
    for name, count in summary.times:
        label = longer if name == LONGER else f"\u2264 {name}"
        yield Column(label, f"{label}: {_written(count)}", count)


def _written(number: int, form: str = ",") -> str:
    return localize(format(number, form), page_language()).replace("-", "\N{MINUS SIGN}")


def _amount(amount: int, currency: str) -> str:
    return localize(in_major_units(amount, currency), page_language())


def _failed(counts: Mapping[str, int]) -> int:
    return sum(count for name, count in counts.items() if name.startswith("failed:"))


def _reason(name: str, kind: str) -> Markup:
    """Return why there was no picture, in the words of the owner, or in quotes what shoppers read.

    It is empty if there is no one sentence for it.
    """
    with suppress(KeyError):
        return escape(translate(f"shopper.failure.{name}", page_language()))
    for key in (name, f"reason.{name}") if kind == "failed" else (f"reason.{name}",):
        with suppress(KeyError):
            return Markup("<q>{}</q>").format(locales.translate(key, page_language()))
    return Markup("")


def _csv(table: str, report: Report) -> Response:
    """Return a table as CSV, in which no cell is a formula."""
    text = io.StringIO()
    rows = [{name: cell(each) for name, each in row.items()} for row in TABLES[table](report)]
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    span = f"{report.now.range.first}-{report.now.range.last}"
    # The mark tells spreadsheets that it is UTF-8.
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="try-ons-{table}-{span}.csv"'
    return response
