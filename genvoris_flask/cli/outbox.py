"""``flask genvoris outbox``: what Genvoris, or a function of the shop's, has yet to be told."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.outbox.durable import DurableOutbox
from ..core.outbox.messages import State
from ..errors import ConfigurationError, see
from .output import PassingFailure, json_option, show_json, show_table, this_shop

COLUMNS = {
    "id": "ID",
    "kind": "WHAT",
    "subject": "ABOUT",
    "state": "STATE",
    "attempts": "TRIED",
    "queued_at": "SINCE",
    "due_at": "NEXT",
    "error": "ERROR",
}


@click.group()
def outbox() -> None:
    """What Genvoris, or a function of yours, has yet to be told."""


@outbox.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice(["waiting", "given_up", "sent"]),
    multiple=True,
    default=("waiting", "given_up"),
    help="Only these; by default what was not delivered.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@with_appcontext
def list_messages(states: tuple[State, ...], limit: int, as_json: bool) -> None:
    """List what waits and what was given up, the oldest first."""
    rows = [asdict(message) for message in _outbox().table.messages(states, limit)]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS, "Everything was delivered.")


@outbox.command()
@click.argument("ids", metavar="[ID]…", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that was given up.")
@with_appcontext
def retry(ids: tuple[int, ...], everything: bool) -> None:
    """Send messages now that wait or were given up, with another three days to arrive."""
    found = _outbox()
    count = found.table.retry(_chosen(ids, everything))
    found.deliver_due()
    click.echo(f"{count} sent again; `flask genvoris outbox list` shows what is left.")


@outbox.command()
@click.argument("ids", metavar="[ID]…", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that was given up.")
@click.confirmation_option(prompt="They will never be delivered. Go on?")
@with_appcontext
def drop(ids: tuple[int, ...], everything: bool) -> None:
    """Delete messages that wait or were given up."""
    count = _outbox().table.drop(_chosen(ids, everything))
    click.echo(f"{count} dropped.")


@outbox.command()
@json_option
@with_appcontext
def drain(as_json: bool) -> None:
    """Deliver what is due, as for a cron job. Running shops do this by themselves."""
    done = _outbox().deliver_due()
    if as_json:
        show_json(asdict(done))
    else:
        click.echo(f"{done.sent} sent, {done.failed} tried again later, {done.given_up} given up.")
    if done.is_outage:
        raise PassingFailure("Genvoris does not take anything now; what is left waits.")


def _outbox() -> DurableOutbox:
    found = this_shop().outbox
    if not isinstance(found, DurableOutbox):
        raise ConfigurationError(
            "This shop's outbox is in the memory of its processes, where no command can look: set "
            f"GENVORIS_DATABASE_URL to have it in a database ({see('billing.md')}), or "
            f"GENVORIS_QUEUE to have it in Redis ({see('queues.md')})."
        )
    return found


def _chosen(ids: tuple[int, ...], everything: bool) -> tuple[int, ...] | None:
    if bool(ids) == everything:
        raise click.UsageError("Name the messages by their ID, or all of them with --all.")
    return ids or None
