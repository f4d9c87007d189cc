"""The page "Deliveries": what Genvoris, or a function of the shop's, has yet to be told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.wrappers import Response

from ...core.outbox.durable import DurableOutbox
from ...core.outbox.messages import KEEP, KEEP_GIVEN_UP, LANES, StoredMessage
from ..state import AppState, get_state
from .access import actor
from .page import go_to, render

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ...core.ledger.database import Database

log: logging.Logger = logging.getLogger("genvoris_flask.console")

GIVEN_UP, WAITING = 100, 50


def list_deliveries() -> str:
    """Show what was given up, and what waits."""
    outbox = get_state().outbox
    if not isinstance(outbox, DurableOutbox):
        return render("no_database.html", "common.nav.deliveries", "deliveries")
    return render(
        "deliveries.html",
        "common.nav.deliveries",
        "deliveries",
        given_up=outbox.table.messages(("given_up",), GIVEN_UP),
        waiting=outbox.table.messages(("waiting",), WAITING),
        about=about,
        days=KEEP_GIVEN_UP.days,
        statistics_days=KEEP.days,
    )


def about(message: StoredMessage) -> tuple[str, str] | None:
    """Return what a message is about, ``order`` or ``shopper``, and the shop's id of it."""
    kind, _, name = (message.subject or "").partition(":")
    if kind == "order":  # its platform follows
        return kind, name.partition(":")[2]
    return (kind, name) if kind == "shopper" else None


def send_again() -> Response | tuple[str, int]:
    """Send a message again that was given up, or all of them, and note who asked for it."""
    state = get_state()
    outbox = state.outbox
    if not isinstance(outbox, DurableOutbox):
        return render("no_database.html", "common.nav.deliveries", "deliveries"), 409
    one = request.form.get("message", type=int)
    if one is None and "message" in request.form:  # no number, which is not all of them
        return go_to("/deliveries")
    if state.database is not None:
        count = _retry_in_database(state, state.database, one)
    elif count := outbox.table.retry(None if one is None else (one,)):  # in Redis
        log.info("%d messages of the outbox are sent again, as asked for in the console", count)
    if count:
        for lane in LANES:
            outbox.wake(lane)
    return go_to("/deliveries", done="again")


def _retry_in_database(state: AppState, database: Database, one: int | None) -> int:
    """Have messages sent now, with an entry in the audit log; return how many.

    Args:
        state: The app's state.
        database: Has both the messages and the audit log.
        one: The message's number; None for all that were given up.
    """
    from ...core.ledger import outbox as table  # these import SQLAlchemy, an extra
    from ...core.ledger.audit import Change, write_entry

    change = Change(actor(state), "deliveries.again", None if one is None else f"#{one}")
    now = datetime.fromtimestamp(state.clock(), UTC)

    def transaction(connection: Any) -> int:
        count = table.send_again(connection, now, None if one is None else (one,))
        if count:
            write_entry(connection, now, change, after={"messages": count})
        return count

    return database.run(transaction)
