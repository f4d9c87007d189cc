"""``flask genvoris customers …``."""

from __future__ import annotations

import itertools
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.api.models import Customer, Status
from .failures import FILLED, Failure, genvoris_id, this_shop
from .output import json_option, show_fields, show_json, show_table

COLUMNS = {
    "id": "ID",
    "external_id": "YOUR ID",
    "email": "E-MAIL",
    "status": "STATUS",
    "plan_id": "PLAN",
    "period_end": "UNTIL",
}
STATUSES = ("active", "paused", "cancelled")


@click.group()
def customers() -> None:
    """The shoppers that Genvoris meters. ID is theirs at Genvoris (ec_…), or your own."""


@customers.command("list")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only those.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@with_appcontext
def list_customers(status: str | None, limit: int, as_json: bool) -> None:
    """List the customers."""
    wanted = {"active": "ACTIVE", "paused": "PAUSED", "cancelled": "CANCELLED"}
    kind: Status | None = wanted[status.lower()] if status else None  # type: ignore[assignment]
    every = this_shop().client.customers.iterate(status=kind, page_size=min(limit, 200))
    found = list(itertools.islice(every, limit + 1))
    rows = [asdict(customer) for customer in found[:limit]]
    if as_json:
        show_json(rows)
        return
    show_table(rows, COLUMNS, "There are no such customers.")
    if len(found) > limit:
        click.echo(f"There are more: --limit {limit * 10}", err=True)


@customers.command()
@click.argument("customer_id", metavar="ID", type=FILLED)
@json_option
@with_appcontext
def show(customer_id: str, as_json: bool) -> None:
    """Show one customer."""
    _show(this_shop().client.customers.get(genvoris_id(customer_id)), as_json)


@customers.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@click.option(
    "--price", type=FILLED, help="What was sold, by the price's id in your billing system, or"
)
@click.option("--plan", type=FILLED, help="by Genvoris's id of the plan (pln_…).")
@click.option("--email", help="The shopper's address, if Genvoris shall know it.")
@click.option("--event-id", type=FILLED, help="The sale's id: with the same one, it happens once.")
@json_option
@with_appcontext
def activate(
    your_id: str,
    price: str | None,
    plan: str | None,
    email: str | None,
    event_id: str | None,
    as_json: bool,
) -> None:
    """Start a plan, as after a sale: the shopper has its full quota again.

    YOUR-ID is your own id of the shopper.
    """
    if (price is None) == (plan is None):
        raise click.UsageError("Say what was sold: --price or --plan.")
    customer = this_shop().billing.activate(
        your_id, price_id=price, plan_id=plan, email=email, event_id=event_id
    )
    _show(customer, as_json)


@customers.command()
@click.argument("customer_id", metavar="ID", type=FILLED)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def cancel(customer_id: str, yes: bool, as_json: bool) -> None:
    """Cancel a customer's plan at once; Genvoris keeps the record."""
    shop = this_shop()
    customer = shop.client.customers.get(genvoris_id(customer_id))
    if customer.external_id is None:
        raise Failure(f"{customer.id} has no id of yours, so it is not this shop's to cancel.")
    if not yes:
        click.confirm(f"Cancel {customer.external_id} ({customer.id})?", abort=True, err=True)
    own_id = customer.external_id.removeprefix(shop.settings.external_id_prefix)
    _show(shop.billing.cancel(own_id), as_json)


def _show(customer: Customer, as_json: bool) -> None:
    fields = asdict(customer)
    if as_json:
        show_json(fields)
        return
    named = {heading.lower(): fields[name] for name, heading in COLUMNS.items()}
    show_fields({**named, "metadata": customer.metadata, "since": customer.created_at})
