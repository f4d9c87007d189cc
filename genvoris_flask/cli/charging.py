"""``flask genvoris charging``: how the shop charges, and moving to another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext

from ..core.charging.change import needs_ledger, settings_to_make, warnings
from ..core.charging.ways import Way, problems, read_ways
from ..core.ledger.plan_move import MovedShopper
from ..errors import ConfigurationError, GenvorisError
from ..web.state import AppState
from .output import FILLED, Failure, json_option, show_fields, show_json, show_table, this_shop

HOLDINGS = {"kind": "KIND", "shoppers": "SHOPPERS", "left": "LEFT", "held": "HELD"}
SHOPPERS = {
    "external_id": "YOUR ID",
    "plan": "PLAN",
    "genvoris": "AT GENVORIS",
    "ledger": "IN THE LEDGER",
    "after": "AFTERWARDS",
    "held": "HELD",
    "until": "UNTIL",
}
NOTHING = "No shopper has anything at Genvoris to move."
PROGRESS = 100


@click.command()
@click.option("--to", "target", metavar="WAY[,WAY…]", type=FILLED, help="Change to these ways.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@with_appcontext
def charging(target: str | None, dry_run: bool, as_json: bool) -> None:
    """Show how the shop charges, or move shoppers to other ways to charge.

    With a ledger, what shoppers have left by a plan at Genvoris is moved into it, once for each of
    them. What is in the ledger stays. Running it again continues a move that was interrupted.
    """
    state = this_shop()
    if target is not None:
        _change(state, read_ways("--to", target), dry_run, as_json)
    elif dry_run:
        raise click.UsageError("Say where to: --to WAY[,WAY…].")
    else:
        _show(state, as_json)


def _show(state: AppState, as_json: bool) -> None:
    ways, spending = state.settings.charging, state.spending
    rows = [asdict(each) for each in spending.holdings()] if spending else []
    regime = "ledger" if spending else "plans"
    if as_json:
        show_json({"ways": ways, "regime": regime, "holdings": rows})
        return
    counted = "by the shop's ledger" if spending else "by plans at Genvoris"
    show_fields({"ways": ", ".join(ways), "counted": counted})
    if spending:
        click.echo()
        show_table(rows, HOLDINGS, "No shopper has any try-ons.")


def _change(state: AppState, ways: tuple[Way, ...], dry_run: bool, as_json: bool) -> None:
    settings, spending = state.settings, state.spending
    lacking = list(problems(ways, settings.means))
    if lacking and not dry_run:
        raise Failure("Nothing was changed. " + settings_to_make(ways, settings.means)[0])
    holdings = spending.holdings() if spending else []
    notes = warnings(settings.charging, ways, holdings)
    moved = list(_move(state, ways, dry_run))
    steps = settings_to_make(ways, settings.means)
    rows = [asdict(each) for each in moved if each.outcome == "moved"]
    if as_json:
        named = {"from": settings.charging, "to": ways, "dry_run": dry_run}
        show_json({**named, "shoppers": rows, "settings": steps, "warnings": notes})
        return
    show_table(rows, SHOPPERS, NOTHING)
    click.echo(_summary(moved, rows, dry_run))
    for note in notes:
        click.echo(f"Note: {note}")
    for number, step in enumerate(steps, 1):
        click.echo(f"{number}. {step}")


def _move(state: AppState, ways: tuple[Way, ...], dry_run: bool) -> Iterator[MovedShopper]:
    """Move shoppers from plans at Genvoris, if there is a ledger to move them to, or will be."""
    if state.spending is None and not needs_ledger(ways):
        return
    try:
        from ..web.ledger import open_plan_move  # imports SQLAlchemy, an extra
    except ImportError:
        raise ConfigurationError(
            'A ledger needs SQLAlchemy and Alembic: pip install "genvoris-flask[ledger]".'
        ) from None
    number = done = 0
    try:
        for number, each in enumerate(open_plan_move(state).run(dry_run=dry_run), 1):
            done += each.outcome == "moved"
            if number % PROGRESS == 0:
                click.echo(f"{number} customers, {done} moved …", err=True)
            yield each
    except GenvorisError:
        if not dry_run:
            click.echo(
                f"{done} shoppers were moved. Run the same command again for the others.", err=True
            )
        raise


def _summary(moved: list[MovedShopper], rows: list[dict[str, Any]], dry_run: bool) -> str:
    before = sum(each.outcome == "moved before" for each in moved)
    left = sum(each.genvoris for each in moved if each.outcome == "moved")
    verb = "would be moved" if dry_run else "moved"
    earlier = f" {before} were moved before." if before else ""
    nothing = " Nothing was changed." if dry_run else ""
    return f"{len(rows)} shoppers with {left} try-ons {verb}.{earlier}{nothing}"
