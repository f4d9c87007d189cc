"""The overview page: what the sandbox contains, with buttons that change it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from ..context import context
from ..domain.balances import LIVE, credits_left, quota_status
from ..domain.ledger import find_customer
from ..domain.notifications import latest_deliveries
from ..domain.safety import safety_fields
from .charts import DAY, DAYS, draw_chart, read_days, read_funnel

blueprint: Blueprint = Blueprint("page", __name__)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# What a button has done, by a key in the URL. Text of the URL is never shown.
DONE = {
    "moved": "The clock was moved.",
    "reset": "The clock is the machine's again.",
    "topped-up": "The credit pool was topped up.",
    "emptied": "The credit pool is empty: try-ons are refused with credit_limit_reached.",
    "exhausted": "The quota is spent: the next try-on is refused with quota_exhausted.",
    "paused": "The customer is paused.",
    "resumed": "The customer is active again.",
    "rolled": "A new period has begun, with a full quota.",
    "lifted": "The suspension is lifted, and the safety switches count from zero.",
    "revoked": "The session was revoked.",
    "sent-again": "The webhook is sent again, with the same event's id.",
    "test-sent": "A webhook.test is on its way.",
}


@blueprint.get("/")
def overview() -> Response:
    """Render the overview."""
    done = DONE.get(request.args.get("done", ""))
    page = render_template(
        "overview.html",
        done=done,
        format_time=format_time,
        format_short_time=format_short_time,
        format_duration=format_duration,
        **read_overview(),
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/page.css")
def style() -> Response:
    """Return the page's style sheet."""
    return Response(render_template("page.css"), mimetype="text/css")


MAX_CUSTOMERS = 200
MAX_PLANS = 200
MAX_SESSIONS = 25
MAX_CALLS = 20
MAX_DELIVERIES = 12

Rows = list[dict[str, Any]]


def read_overview() -> dict[str, Any]:
    """Return the context of the page's template."""
    now = context().clock()
    with context().store.transaction() as db:
        return {
            "now": now,
            "offset": context().clock.offset,
            "safety": safety_fields(db),
            "credits": credits_left(db, now),
            "packs": _packs(db, now),
            "plans": _all(db, "SELECT * FROM plans ORDER BY number LIMIT ?", MAX_PLANS),
            "customers": _customers(db),
            "customer_count": _count(db, "SELECT COUNT(*) FROM customers"),
            "sessions": _sessions(db, now),
            "session_count": _count(
                db, "SELECT COUNT(*) FROM sessions WHERE NOT revoked AND expires_at > ?", now
            ),
            "chart": draw_chart(read_days(db, now)),
            "funnel": read_funnel(db, now - DAYS * DAY),
            "endpoints": _endpoints(db),
            "deliveries": [dict(row) for row in latest_deliveries(db, None, MAX_DELIVERIES)],
            "calls": context().calls.find(limit=MAX_CALLS)[::-1],
        }


def _customers(db: sqlite3.Connection) -> Rows:
    ids = db.execute(
        "SELECT id FROM customers ORDER BY number DESC LIMIT ?", (MAX_CUSTOMERS,)
    ).fetchall()
    names = {row["id"]: row["name"] for row in db.execute("SELECT id, name FROM plans")}
    customers = []
    for row in [find_customer(db, row["id"]) for row in ids]:
        now = quota_status(row)
        customers.append({**dict(row), "quota_status": now, "plan_name": names.get(row["plan_id"])})
    return customers


def _packs(db: sqlite3.Connection, now: float) -> Rows:
    query = f"SELECT * FROM credit_packs WHERE {LIVE} ORDER BY number LIMIT 20"  # noqa: S608
    return _all(db, query, now)


def _sessions(db: sqlite3.Connection, now: float) -> Rows:
    query = (
        "SELECT sessions.jti, sessions.expires_at, customers.external_id FROM sessions "
        "JOIN customers ON customers.id = sessions.customer_id "
        "WHERE NOT revoked AND expires_at > ? ORDER BY expires_at DESC LIMIT ?"
    )
    return _all(db, query, now, MAX_SESSIONS)


def _endpoints(db: sqlite3.Connection) -> Rows:
    endpoints = _all(db, "SELECT * FROM endpoints ORDER BY number")
    return [{**each, "secret": None, "events": json.loads(each["events"])} for each in endpoints]


def _all(db: sqlite3.Connection, query: str, *values: Any) -> Rows:
    return [dict(row) for row in db.execute(query, values)]


def _count(db: sqlite3.Connection, query: str, *values: Any) -> int:
    return int(db.execute(query, values).fetchone()[0])


def format_time(seconds: float) -> str:
    """Format a time in UTC."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%d %b %Y, %H:%M:%S}"


def format_short_time(seconds: float) -> str:
    """Format a time in UTC without seconds."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%d %b, %H:%M}"


def format_duration(seconds: float) -> str:
    """Format a duration in its two largest units."""
    left = int(abs(seconds))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size} {unit}")
        left %= size
    return " ".join(parts) or "0 s"
