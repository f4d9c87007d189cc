"""``flask genvoris privacy …``: what is on record about shoppers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from ..core.privacy.consents import Consent, ConsentStore
from ..core.privacy.erasure import Receipt
from ..errors import ConfigurationError
from ..web.privacy import AppPrivacy
from .output import (
    FILLED,
    PassingFailure,
    json_option,
    show_fields,
    show_json,
    show_table,
    this_shop,
)

CONSENTS = {
    "by": "BY",
    "version": "VERSION",
    "language": "LANGUAGE",
    "given_at": "GIVEN",
    "withdrawn_at": "WITHDRAWN",
    "digest": "SHA-256",
}
LINES = {
    "place": "WHERE",
    "what": "WHAT",
    "outcome": "OUTCOME",
    "count": "HOW MANY",
    "reason": "WHY",
}


@click.group()
def privacy() -> None:
    """What is known of shoppers. YOUR-ID is your own id of the shopper."""


@privacy.command()
@click.argument("your_id", metavar="[YOUR-ID]", type=FILLED, required=False)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those given since this day.")
@json_option
@with_appcontext
def consents(your_id: str | None, since: datetime | None, as_json: bool) -> None:
    """List consents, for an audit or of one shopper. With --json their wordings, too."""
    store = _consents()
    start = None if since is None else since.replace(tzinfo=UTC)
    found = store.of(your_id) if your_id else list(store.all(start))
    if as_json:
        show_json([asdict(each) for each in found])
    else:
        show_table([_row(each) for each in found], CONSENTS, "Nobody has agreed to anything yet.")


@privacy.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@with_appcontext
def export(your_id: str) -> None:
    """Print all that is known of a shopper, as JSON."""
    show_json(AppPrivacy(this_shop()).export(your_id))


@privacy.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def erase(your_id: str, yes: bool, as_json: bool) -> None:
    """Erase all that is known of a shopper, and print the receipt.

    What is left of their plans and credits is lost. The exit code is 1 while something could not
    be erased; with a database it is tried again by itself, else run the command again.
    """
    shop = this_shop()
    if not yes:
        click.confirm(f"Erase {your_id}? Their plans and credits are lost.", abort=True, err=True)
    _show([AppPrivacy(shop).erase(your_id)], as_json)


@privacy.command()
@json_option
@with_appcontext
def retry(as_json: bool) -> None:
    """Continue the erasures that are not done."""
    _show(AppPrivacy(this_shop()).retry(), as_json)


@click.command()
@json_option
@with_appcontext
def sweep(as_json: bool) -> None:
    """Delete what is older than its period, and continue erasures; run it every night."""
    swept = AppPrivacy(this_shop()).sweep()
    if as_json:
        show_json(swept)
    else:
        show_fields(swept)


def _show(receipts: list[Receipt], as_json: bool) -> None:
    if as_json:
        show_json([receipt.fields() for receipt in receipts])
    else:
        for receipt in receipts:
            click.echo(f"Erasure {receipt.id}")
            show_table([asdict(line) for line in receipt.lines], LINES, "There was nothing.")
    pending = sorted({place for receipt in receipts for place in receipt.pending})
    if pending:
        raise PassingFailure(f"Not done yet: {', '.join(pending)}.")


def _consents() -> ConsentStore:
    store = this_shop().consents
    if store is None:
        raise ConfigurationError("This shop keeps no consents: set GENVORIS_DATABASE_URL.")
    return store


def _row(consent: Consent) -> dict[str, object]:
    by = consent.external_id or f"guest {consent.guest}"
    return {**asdict(consent), "by": by, "digest": consent.digest[:12]}
