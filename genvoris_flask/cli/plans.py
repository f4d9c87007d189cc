"""``flask genvoris plans …``."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.api.models import Plan
from ..errors import ApiError, UnreachableError
from .output import (
    FILLED,
    Failure,
    as_cell,
    json_option,
    may_have_happened,
    sentence,
    show_fields,
    show_json,
    show_table,
    this_shop,
)

COLUMNS = {
    "id": "ID",
    "name": "NAME",
    "monthly_try_ons": "TRY-ONS A MONTH",
    "external_price_id": "PRICE ID",
    "active": "ON SALE",
}


@click.group()
def plans() -> None:
    """What the shop sells."""


@plans.command("list")
@click.option("--all", "include_inactive", is_flag=True, help="Also those that are disabled.")
@json_option
@with_appcontext
def list_plans(include_inactive: bool, as_json: bool) -> None:
    """List the plans."""
    found = this_shop().client.plans.list(include_inactive=include_inactive)
    rows = [asdict(plan) for plan in found]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS, "There are no plans yet: flask genvoris plans create --help")


@plans.command()
@click.argument("name", type=FILLED)
@click.option("--try-ons", type=click.IntRange(1, 1_000_000), required=True, help="A month.")
@click.option("--price", type=FILLED, help="The price's id in your billing system.")
@json_option
@with_appcontext
def create(name: str, try_ons: int, price: str | None, as_json: bool) -> None:
    """Create a plan. Doing it twice makes two."""
    plans = this_shop().client.plans
    try:
        plan = plans.create(name=name, monthly_try_ons=try_ons, external_price_id=price)
    except (ApiError, UnreachableError) as error:
        if may_have_happened(error):
            raise Failure(
                f"{sentence(error)} The plan may be there all the same: look with `flask genvoris "
                "plans list --all` before you try again."
            ) from None
        raise
    _show(plan, as_json)


@plans.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@with_appcontext
def sync(dry_run: bool, as_json: bool) -> None:
    """Make the plans at Genvoris those of GENVORIS_PLANS. Doing it twice changes nothing."""
    changes = this_shop().billing.sync_plans(dry_run=dry_run)
    if as_json:
        show_json([asdict(change) for change in changes])
        return
    for change in changes:
        click.echo(as_cell(change))
    if not changes:
        click.echo("Nothing to do: the plans at Genvoris are those of GENVORIS_PLANS.")
    elif dry_run:
        click.echo("Nothing was done. Leave --dry-run out to do this.", err=True)


def _show(plan: Plan, as_json: bool) -> None:
    fields = asdict(plan)
    if as_json:
        show_json(fields)
    else:
        show_fields({heading.lower(): fields[name] for name, heading in COLUMNS.items()})
