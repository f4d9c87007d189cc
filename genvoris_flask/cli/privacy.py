"""``flask genvoris privacy …``: what is on record about shoppers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from ..core.privacy.consents import Consent, ConsentStore
from ..errors import ConfigurationError
from .output import FILLED, json_option, show_json, show_table, this_shop

CONSENTS = {
    "by": "BY",
    "version": "VERSION",
    "language": "LANGUAGE",
    "given_at": "GIVEN",
    "withdrawn_at": "WITHDRAWN",
    "digest": "SHA-256",
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


def _consents() -> ConsentStore:
    store = this_shop().consents
    if store is None:
        raise ConfigurationError("This shop keeps no consents: set GENVORIS_DATABASE_URL.")
    return store


def _row(consent: Consent) -> dict[str, object]:
    by = consent.external_id or f"guest {consent.guest}"
    return {**asdict(consent), "by": by, "digest": consent.digest[:12]}
