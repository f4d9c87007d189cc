"""``flask genvoris reconcile``: compares the ledger's journal with Genvoris's usage."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.ledger.models import Difference, Spending
from ..core.sessions import Shopper
from ..errors import ConfigurationError, NotFoundError
from ..web.state import AppState
from .output import FILLED, json_option, show_json, show_table, this_shop

COLUMNS = {
    "account": "YOUR ID",
    "journal": "JOURNAL",
    "genvoris": "GENVORIS",
    "lost_answers": "LOST ANSWERS",
    "lapsed": "LAPSED",
    "elsewhere": "ELSEWHERE",
    "not_metered": "NOT METERED",
}


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
    ledger = state.spending
    if ledger is None:
        raise ConfigurationError("This shop has no ledger: set GENVORIS_DATABASE_URL.")
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
