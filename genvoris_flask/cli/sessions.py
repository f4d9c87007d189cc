"""``flask genvoris sessions …``."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from .failures import FILLED, genvoris_id, this_shop
from .output import json_option, show_fields, show_json


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
