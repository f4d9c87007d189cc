"""The buttons of the sandbox's page: plain forms, from this page alone."""

from __future__ import annotations

import sqlite3
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug import Response

from ..context import context
from ..domain.balances import YEAR, add_pack, empty_packs, standing
from ..domain.ledger import find_customer, set_used, start_period
from ..domain.notifications import tell_of_balance, tell_of_change, tell_of_pack
from ..domain.outbox import send_again, send_test
from ..http.auth import require_local
from ..http.errors import RefusalError, invalid, not_found
from ..routes.control_api import advance, catch_up

blueprint = Blueprint("actions", __name__, url_prefix="/actions")

MOST_CREDITS = 1_000_000_000
LONGEST_MOVE = 366 * 86_400
CHANGES = {"pause": ("PAUSED", "paused"), "resume": ("ACTIVE", "resumed")}


@blueprint.before_request
def refuse_other_sites() -> None:
    """Refuse a form of another site: by what the browser says of it, and by its origin.

    Browsers that send no ``Sec-Fetch-Site`` send an ``Origin`` with every form.
    """
    require_local()
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise RefusalError(403, "cross_origin", "Press the button on the sandbox's own page.")


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock on, or back to the machine's."""
    if request.form.get("do") == "reset":
        context().clock.reset()
        return _back("reset", "clock")
    advance(_whole("seconds", 1, LONGEST_MOVE), "seconds")
    catch_up()
    return _back("moved", "clock")


@blueprint.post("/credits")
def change_credits() -> Response:
    """Top the pool up, or empty it."""
    now = context().clock()
    with context().store.transaction() as db:
        if request.form.get("do") == "empty":
            empty_packs(db)
            tell_of_balance(db)
            return _back("emptied", "credits")
        count = _whole("credits", 1, MOST_CREDITS)
        add_pack(db, count, now, now + YEAR)
        tell_of_pack(db, count)
    return _back("topped-up", "credits")


@blueprint.post("/customers")
def change_customer() -> Response:
    """Spend a customer's quota, pause or resume them, or begin their next period."""
    do = request.form.get("do", "")
    with context().store.transaction() as db:
        row = find_customer(db, request.form.get("id", ""))
        if do == "exhaust":
            _exhaust(db, row)
            return _back("exhausted", "customers")
        if do == "roll":
            start_period(db, row, context().clock())
            return _back("rolled", "customers")
        if do not in CHANGES:
            raise invalid("do", "must be exhaust, pause, resume or roll")
        status, done = CHANGES[do]
        _set(db, row, "status", status)
        tell_of_change(db, row, find_customer(db, row["id"]))
    return _back(done, "customers")


@blueprint.post("/sessions")
def revoke_session() -> Response:
    """Revoke a session."""
    query = "UPDATE sessions SET revoked = 1 WHERE jti = ?"
    with context().store.transaction() as db:
        if db.execute(query, (request.form.get("id", ""),)).rowcount == 0:
            raise not_found("session")
    return _back("revoked", "sessions")


@blueprint.post("/deliveries")
def send_delivery_again() -> Response:
    """Send a webhook again."""
    with context().store.transaction() as db:
        send_again(db, request.form.get("id", ""))
    return _back("sent-again", "webhooks")


@blueprint.post("/endpoints")
def test_endpoint() -> Response:
    """Send a test to an endpoint."""
    query = "SELECT * FROM endpoints WHERE id = ?"
    with context().store.transaction() as db:
        endpoint = db.execute(query, (request.form.get("id", ""),)).fetchone()
        if endpoint is None:
            raise not_found("webhook endpoint")
        send_test(db, endpoint)
    return _back("test-sent", "webhooks")


def _exhaust(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    limit = standing(row).limit
    if limit is None:
        raise invalid("id", "this customer has no plan, and so no quota to spend")
    set_used(db, row, max(limit, row["used"]))


def _set(db: sqlite3.Connection, row: sqlite3.Row, column: str, value: object) -> None:
    query = f"UPDATE customers SET {column} = ?, updated_at = ? WHERE id = ?"  # noqa: S608 - ours
    db.execute(query, (value, context().clock(), row["id"]))


def _whole(name: str, low: int, high: int) -> int:
    value = request.form.get(name, "")
    plain = value.isascii() and value.isdigit() and len(value) < 12
    if not plain or not low <= int(value) <= high:
        raise invalid(name, f"must be a whole number from {low} to {high}")
    return int(value)


def _back(done: str, section: str) -> Response:
    """Show the page again; a reload then presses no button twice."""
    return redirect(f"/?done={done}#{section}", 303)
