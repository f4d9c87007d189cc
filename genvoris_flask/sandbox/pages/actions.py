"""The buttons of the overview, which are forms without JavaScript."""

from __future__ import annotations

import sqlite3
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug import Response

from ..context import context
from ..domain.balances import YEAR, add_pack, empty_packs, quota_status
from ..domain.ledger import find_customer, set_used, start_period
from ..domain.notifications import (
    notify_balance,
    notify_credits_added,
    notify_customer_change,
    send_again,
    send_test,
)
from ..domain.safety import lift_suspension
from ..http.auth import require_local
from ..responses import HttpError, invalid, not_found
from ..routes.control_api import advance, catch_up

blueprint: Blueprint = Blueprint("actions", __name__, url_prefix="/actions")

MAX_CREDITS = 1_000_000_000
MAX_CLOCK_MOVE = 366 * 86_400
CHANGES = {"pause": ("PAUSED", "paused"), "resume": ("ACTIVE", "resumed")}


@blueprint.before_request
def refuse_other_sites() -> None:
    """Raise HttpError for forms of other sites, by Sec-Fetch-Site and Origin.

    Browsers that send no ``Sec-Fetch-Site`` send an ``Origin`` with every form.
    """
    require_local()
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise HttpError(403, "cross_origin", "Press the button on the sandbox's own page.")


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock, or reset it to the machine's time."""
    if request.form.get("do") == "reset":
        context().clock.reset()
        return _redirect("reset", "clock")
    advance(_whole_number("seconds", 1, MAX_CLOCK_MOVE), "seconds")
    catch_up()
    return _redirect("moved", "clock")


@blueprint.post("/credits")
def change_credits() -> Response:
    """Add or remove credits."""
    now = context().clock()
    with context().store.transaction() as db:
        if request.form.get("do") == "empty":
            empty_packs(db)
            notify_balance(db)
            return _redirect("emptied", "credits")
        count = _whole_number("credits", 1, MAX_CREDITS)
        add_pack(db, count, now, now + YEAR)
        notify_credits_added(db, count)
    return _redirect("topped-up", "credits")


@blueprint.post("/customers")
def change_customer() -> Response:
    """Exhaust a customer's quota, pause or resume them, or start their next period."""
    do = request.form.get("do", "")
    with context().store.transaction() as db:
        row = find_customer(db, request.form.get("id", ""))
        if do == "exhaust":
            _exhaust(db, row)
            return _redirect("exhausted", "customers")
        if do == "roll":
            start_period(db, row, context().clock())
            return _redirect("rolled", "customers")
        if do not in CHANGES:
            raise invalid("do", "must be exhaust, pause, resume or roll")
        status, done = CHANGES[do]
        _set(db, row, "status", status)
        notify_customer_change(db, row, find_customer(db, row["id"]))
    return _redirect(done, "customers")


@blueprint.post("/suspension")
def lift() -> Response:
    """Lift a suspension."""
    with context().store.transaction() as db:
        lift_suspension(db)
    return _redirect("lifted", "clock")


@blueprint.post("/sessions")
def revoke_session() -> Response:
    """Revoke a session."""
    query = "UPDATE sessions SET revoked = 1 WHERE jti = ?"
    with context().store.transaction() as db:
        if db.execute(query, (request.form.get("id", ""),)).rowcount == 0:
            raise not_found("session")
    return _redirect("revoked", "sessions")


@blueprint.post("/deliveries")
def send_delivery_again() -> Response:
    """Send a webhook again."""
    with context().store.transaction() as db:
        send_again(db, request.form.get("id", ""))
    return _redirect("sent-again", "webhooks")


@blueprint.post("/endpoints")
def test_endpoint() -> Response:
    """Send a ``webhook.test`` to an endpoint."""
    query = "SELECT * FROM endpoints WHERE id = ?"
    with context().store.transaction() as db:
        endpoint = db.execute(query, (request.form.get("id", ""),)).fetchone()
        if endpoint is None:
            raise not_found("webhook endpoint")
        send_test(db, endpoint)
    return _redirect("test-sent", "webhooks")


def _exhaust(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    limit = quota_status(row).limit
    if limit is None:
        raise invalid("id", "this customer has no plan, and so no quota to spend")
    set_used(db, row, max(limit, row["used"]))


def _set(db: sqlite3.Connection, row: sqlite3.Row, column: str, value: object) -> None:
    query = f"UPDATE customers SET {column} = ?, updated_at = ? WHERE id = ?"  # noqa: S608 - a constant of this module
    db.execute(query, (value, context().clock(), row["id"]))


def _whole_number(name: str, low: int, high: int) -> int:
    value = request.form.get(name, "")
    plain = value.isascii() and value.isdigit() and len(value) < 12
    if not plain or not low <= int(value) <= high:
        raise invalid(name, f"must be a whole number from {low} to {high}")
    return int(value)


def _redirect(done: str, section: str) -> Response:
    """Redirect to the overview, so that reloading it does not submit the form again."""
    return redirect(f"/?done={done}#{section}", 303)
