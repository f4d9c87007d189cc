"""``flask genvoris usage``."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from .failures import FILLED, genvoris_id, this_shop
from .output import json_option, show_fields, show_json, show_table

HISTORY = {"start": "FROM", "end": "UNTIL", "used": "USED", "limit": "LIMIT"}


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
