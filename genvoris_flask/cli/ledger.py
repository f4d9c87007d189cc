"""The ledger's commands: its tables, what shoppers have, and what Genvoris counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext

from ..core.ledger.models import Balance, Spending
from ..core.ledger.reconciliation import Difference
from ..core.sessions import Shopper
from ..errors import ConfigurationError, NotFoundError
from ..web.callbacks import AppSignals
from ..web.state import AppState
from .output import FILLED, json_option, show_fields, show_json, show_table, this_shop

LOTS = {
    "kind": "KIND",
    "source": "FROM",
    "state": "STATE",
    "granted": "GRANTED",
    "used": "USED",
    "available": "LEFT",
    "expires_at": "UNTIL",
}
LINES = {
    "at": "WHEN",
    "kind": "WHAT",
    "lot": "LOT",
    "allowed": "ALLOWED",
    "reserved": "RESERVED",
    "used": "USED",
    "event": "EVENT",
}

NOTICES = {
    "external_id": "SHOPPER",
    "source": "FROM",
    "try_ons": "LEFT",
    "expires_at": "UNTIL",
    "days": "DAYS",
}
COLUMNS = {
    "account": "YOUR ID",
    "journal": "JOURNAL",
    "genvoris": "GENVORIS",
    "lost_answers": "LOST ANSWERS",
    "lapsed": "LAPSED",
    "elsewhere": "ELSEWHERE",
    "not_metered": "NOT METERED",
}


@click.group()
def db() -> None:
    """The ledger's tables."""


@db.command()
@with_appcontext
def upgrade() -> None:
    """Create the ledger's tables, or bring them up to date. Doing it twice changes nothing."""
    before, after = _ledger(this_shop()).upgrade()
    if before == after:
        click.echo(f"The ledger's tables are up to date ({after}).")
    else:
        click.echo(f"The ledger's tables are now at version {after}.")


@click.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@json_option
@with_appcontext
def balance(your_id: str, as_json: bool) -> None:
    """Show what a shopper has. YOUR-ID is your own id of the shopper."""
    show_balance(this_shop().billing.balance(your_id), as_json)


@click.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@with_appcontext
def journal(your_id: str, limit: int, as_json: bool) -> None:
    """Show what happened to a shopper's try-ons, the newest first."""
    rows = [asdict(line) for line in this_shop().billing.journal(your_id, limit=limit)]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, LINES, "Nothing has happened yet.")


@click.command()
@click.argument("your_id", metavar="YOUR-ID", type=FILLED)
@click.argument("try_ons", metavar="TRY-ONS", type=click.IntRange(1, 1_000_000))
@click.option("--days", type=click.IntRange(1), help="How long they last.")
@click.option("--event-id", type=FILLED, help="The reason's id: with the same one, given once.")
@json_option
@with_appcontext
def grant(
    your_id: str, try_ons: int, days: int | None, event_id: str | None, as_json: bool
) -> None:
    """Grant a shopper try-ons, once."""
    billing = this_shop().billing
    billing.balance(your_id)  # refused without a ledger, where a grant would be monthly
    expires_in = None if days is None else days * 24 * 3600.0
    billing.grant(your_id, try_ons, event_id=event_id, expires_in=expires_in)
    show_balance(billing.balance(your_id), as_json)


@click.command()
@json_option
@with_appcontext
def expiring(as_json: bool) -> None:
    """Send the signal credits_expiring for what ends in a week or in a day, once each.

    `catch-up` does this too, with all else that the passing of time brings.
    """
    rows = _send_notices(this_shop())
    if as_json:
        show_json(rows)
        return
    show_table(rows, NOTICES, "Nothing new ends within a week.")
    click.echo("For a job of every night, use `flask genvoris catch-up`: it does more.", err=True)


@click.command()
@json_option
@with_appcontext
def catch_up(as_json: bool) -> None:
    """Do what the passing of time brings. Run it every night.

    With a ledger, it begins months of yearly plans and sends the signal credits_expiring. Without
    one, it pauses those whose payment at Stripe is overdue for more than GENVORIS_GRACE_DAYS. All
    of that happens by itself when a shopper comes back; this does it for the others, and keeps
    reports and Genvoris up to date.
    """
    state = this_shop()
    if state.spending is None and state.settings.stripe_webhook_secret:
        _end_grace(state, as_json)
        return
    count = _ledger(state).catch_up()
    notices = _send_notices(state)
    if as_json:
        show_json({"shoppers": count, "notices": notices})
    else:
        click.echo(f"{count} shoppers are up to date; {len(notices)} notices were sent.")


def _end_grace(state: AppState, as_json: bool) -> None:
    paused = state.end_grace(None)
    if as_json:
        show_json({"overdue": paused})
    else:
        click.echo(f"{paused} overdue subscriptions were paused.")


def _send_notices(state: AppState) -> list[dict[str, Any]]:
    notices = _ledger(state).expiring()
    AppSignals(state.app).expiring(notices)
    return [asdict(notice) for notice in notices]


def _ledger(state: AppState) -> Spending:
    if state.spending is None:
        raise ConfigurationError("This shop has no ledger: set GENVORIS_DATABASE_URL.")
    return state.spending


def show_balance(found: Balance, as_json: bool) -> None:
    """Print what a shopper has."""
    if as_json:
        show_json(asdict(found))
        return
    show_fields({"available": found.available, "held": found.held, "next end": found.next_expiry})
    if found.lots:
        click.echo()
        show_table([asdict(lot) for lot in found.lots], LOTS, "")


@click.command()
@click.argument("your_id", metavar="[YOUR-ID]", type=FILLED, required=False)
@json_option
@with_appcontext
def reconcile(your_id: str | None, as_json: bool) -> None:
    """Compare the journal with Genvoris's usage, and explain each difference.

    Without YOUR-ID, of everybody who has tried on in the last 31 days; Genvoris is asked once for
    each. Nothing is changed. The exit code is 1 if a lot differs from its own journal.
    """
    state = this_shop()
    ledger = _ledger(state)
    accounts = [your_id] if your_id else ledger.recent_accounts()
    found = [_compare(state, ledger, account) for account in accounts]
    rows = [asdict(each) for each in found if each is not None]
    wrong = ledger.wrong_lots()
    if as_json:
        show_json({"compared": len(accounts), "differences": rows, "wrong_lots": wrong})
    else:
        show_table(rows, COLUMNS, f"{len(accounts)} compared: no differences.")
        for lot in wrong:
            click.echo(f"The lot {lot} differs from the sum over its journal.", err=True)
    if wrong:
        raise SystemExit(1)


def _compare(state: AppState, ledger: Spending, account: str) -> Difference | None:
    try:
        customer = state.broker.customer_id(Shopper(account))
        usage = state.client.customers.usage(customer)
    except NotFoundError:
        since, used = None, 0
    else:
        since, used = usage.period_start, usage.used
    return Difference.between(account, ledger.counts_since(account, since), used)
