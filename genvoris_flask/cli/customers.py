"""Customers, what they have used, and their tokens: ``customers``, ``usage``, ``sessions``."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.api.models import Customer, Status
from ..core.ledger.models import Balance
from .ledger import show_balance
from .output import (
    FILLED,
    Failure,
    genvoris_id,
    json_option,
    show_fields,
    show_json,
    show_table,
    this_shop,
)

COLUMNS = {
    "id": "ID",
    "external_id": "YOUR ID",
    "email": "E-MAIL",
    "status": "STATUS",
    "plan_id": "PLAN",
    "period_end": "UNTIL",
}
HISTORY = {"start": "FROM", "end": "UNTIL", "used": "USED", "limit": "LIMIT"}
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


def _show(customer: Customer | Balance, as_json: bool) -> None:
    if isinstance(customer, Balance):  # the shop has a ledger
        show_balance(customer, as_json)
        return
    fields = asdict(customer)
    if as_json:
        show_json(fields)
        return
    named = {heading.lower(): fields[name] for name, heading in COLUMNS.items()}
    show_fields({**named, "metadata": customer.metadata, "since": customer.created_at})


@click.command(short_help="Show how many try-ons a customer has used.")
@click.argument("customer_id", metavar="ID", type=FILLED)
@json_option
@with_appcontext
def usage(customer_id: str, as_json: bool) -> None:
    """Show how many try-ons a customer has used. ID is Genvoris's (ec_…) or your own."""
    found = this_shop().client.customers.usage(genvoris_id(customer_id))
    if as_json:
        show_json(asdict(found))
        return
    show_fields(
        {
            "customer": found.customer_id,
            "your id": found.external_id,
            "plan": found.plan_name,
            "status": found.status,
            "used": f"{found.used} of {found.limit}" if found.limit is not None else found.used,
            "left": found.remaining,
            "until": found.period_end,
        }
    )
    if found.history:
        click.echo()
        show_table([asdict(period) for period in found.history], HISTORY, "")


@click.group()
def sessions() -> None:
    """Tokens for browsers, to try things by hand. ID is a customer's (ec_…), or your own."""


@sessions.command()
@click.argument("customer_id", metavar="ID", type=FILLED)
@click.option("--seconds", type=click.IntRange(60, 3600), help="To live; default: 900.")
@json_option
@with_appcontext
def mint(customer_id: str, seconds: int | None, as_json: bool) -> None:
    """Mint a token. It lets anyone try on as this customer, so keep it to yourself."""
    session = this_shop().client.sessions.mint(genvoris_id(customer_id), expires_in=seconds)
    if as_json:
        show_json(asdict(session))
        return
    show_fields(
        {
            "customer": session.customer_id,
            "plan": session.plan_name,
            "until": dt.datetime.fromtimestamp(session.expires_at, dt.UTC),
            "jti": session.jti,
            "token": session.token,
        }
    )


@sessions.command()
@click.argument("customer_id", metavar="ID", type=FILLED)
@click.argument("jti", type=FILLED)
@json_option
@with_appcontext
def revoke(customer_id: str, jti: str, as_json: bool) -> None:
    """Make a token useless before its end; JTI is what mint has shown."""
    this_shop().client.sessions.revoke(genvoris_id(customer_id), jti)
    if as_json:
        show_json({"jti": jti, "revoked": True})
    else:
        click.echo(f"{jti} is revoked.")
