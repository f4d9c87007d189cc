"""``flask genvoris stats``: what try-ons bring, and whether they pay."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import click
from flask.cli import with_appcontext

from ..core.figures.export import as_fields, in_major_units, product_rows, trial_fields
from ..core.figures.holdout import share_of
from ..core.figures.report import DISLIKED, LIKED, STAGES, Range, Report, read_report
from ..core.figures.trial import Trial, read_trial
from ..core.ledger.figures import FigureTable
from ..errors import ConfigurationError
from .output import json_option, show_json, show_table, this_shop

DAYS = 30
SHOWN = 10  # products in the table
DAY = click.DateTime(formats=["%Y-%m-%d"])
FIGURES = {"figure": "FIGURE", "now": "NOW", "before": "BEFORE"}
MONEY = {"currency": "CURRENCY", "orders": "ORDERS", "paid": "PAID", "returned": "RETURNED"}
PRODUCTS = {
    "product": "PRODUCT",
    "title": "TITLE",
    "opened": "OPENED",
    "tried": "TRIED",
    "cart": "CART",
    "ordered": "ORDERED",
    "returned": "RETURNED",
}


@click.command()
@click.option("--from", "first", type=DAY, help="The first day; by default 30 days ago.")
@click.option("--to", "last", type=DAY, help="The last day; by default today, in UTC.")
@json_option
@with_appcontext
def stats(first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Show what try-ons bring, beside as many days before."""
    shop, table = this_shop(), _figures()
    assert shop.recorder is not None  # noqa: S101  (with the figures)
    shop.recorder.flush()
    today = shop.recorder.today()
    days = _range(first, last, today)
    report = read_report(table, days)
    share = share_of(shop.settings.holdout)
    trial = read_trial(table, share, today) if share else None
    if as_json:
        show_json({**as_fields(report), "holdout": trial and trial_fields(trial)})
        return
    _show(report)
    if trial:
        click.echo()
        click.echo(_sentence(trial))


def _figures() -> FigureTable:
    table = this_shop().figures
    if table is None:
        raise ConfigurationError(
            "This shop keeps no figures: set GENVORIS_DATABASE_URL, and run `flask genvoris db "
            "upgrade`."
        )
    return table


def _range(first: datetime | None, last: datetime | None, today: date) -> Range:
    end = last.date() if last else today
    begin = first.date() if first else end - timedelta(days=DAYS - 1)
    try:
        return Range(begin, end)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show(report: Report) -> None:
    now, before = report.now, report.before
    names = [*STAGES, "paywall_shown", "paywall_taken", LIKED, DISLIKED]
    names += [f"failed:{name}" for name in now.of("failed")]
    rows = [
        {"figure": name, "now": now.totals.get(name, 0), "before": before.totals.get(name, 0)}
        for name in names
    ]
    click.echo(f"{now.range.first} to {now.range.last}, in UTC")
    show_table(rows, FIGURES, "")
    click.echo()
    money = [
        {
            "currency": each.currency,
            "orders": each.orders,
            "paid": in_major_units(each.amount, each.currency),
            "returned": in_major_units(each.returned, each.currency),
        }
        for each in now.money
    ]
    show_table(money, MONEY, "No order followed a try-on.")
    click.echo()
    show_table(list(product_rows(report))[:SHOWN], PRODUCTS, "No product was tried on.")


def _sentence(trial: Trial) -> str:
    difference = trial.conversion
    span = f"{100 * difference.low:+.2f} to {100 * difference.high:+.2f} percentage points"
    match trial.verdict.kind:
        case "no_orders":
            return "Hold-out: not enough visitors yet."
        case "waiting":
            return f"Hold-out: not enough visitors yet: about {trial.verdict.days} days."
        case "more":
            return f"Hold-out: more visitors order with the button: {span}."
        case "fewer":
            return f"Hold-out: fewer visitors order with the button: {span}."
    return f"Hold-out: about as many visitors order with the button as without it: {span}."
