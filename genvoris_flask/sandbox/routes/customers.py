"""``/api/v1/customers``."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from flask import Blueprint

from ..context import context
from ..domain.ledger import PERIOD, find_customer, past_periods, start_period, usage_fields
from ..domain.notifications import notify_customer, notify_customer_change
from ..domain.safety import note_shopper
from ..http.request_validation import body, query
from ..responses import HttpError, Json, customer_fields, iso, plan_summary

blueprint: Blueprint = Blueprint("customers", __name__, url_prefix="/api/v1/customers")

CUSTOMER_BUCKETS = 12


@blueprint.post("")
def upsert() -> Json:
    """Register a customer, or start a new period with a full quota for an existing one."""
    external_id = body()["externalId"]
    with context().store.transaction() as db:
        row = db.execute("SELECT * FROM customers WHERE external_id = ?", (external_id,)).fetchone()
        values = _sent_columns(db, row, ("email", "planId", "metadata"))
        if row is None:
            _insert(db, external_id)
            note_shopper(db, external_id)
        else:
            start_period(db, row, context().clock())
        _set(db, external_id, {**values, "status": "ACTIVE"})
        now = _by_external_id(db, external_id)
        if row is None:
            notify_customer(db, "created", now)
        else:
            notify_customer_change(db, row, now)
        return customer_fields(now)


@blueprint.get("")
def read_all() -> Json:
    """Return a page of customers."""
    asked = query()
    limit, after = asked["limit"], int(asked["cursor"] or 0)
    status = asked["status"].upper() if asked["status"] else None
    select = (
        "SELECT * FROM customers WHERE number > ? AND (? IS NULL OR status = ?) "
        "ORDER BY number LIMIT ?"
    )
    with context().store.transaction() as db:
        rows = db.execute(select, (after, status, status, limit + 1)).fetchall()
        rows = [find_customer(db, row["id"]) for row in rows]
    more = len(rows) > limit
    next_cursor = str(rows[limit - 1]["number"]) if more else None
    return {"data": [customer_fields(row) for row in rows[:limit]], "next_cursor": next_cursor}


@blueprint.get("/<name>")
def read_one(name: str) -> Json:
    """Return a customer with the plan and the latest periods."""
    with context().store.transaction() as db:
        row = find_customer(db, name)
        return {
            **customer_fields(row),
            "plan": plan_summary(db, row["plan_id"]),
            "usage": [
                {
                    "periodStart": iso(each["period_start"]),
                    "periodEnd": iso(each["period_end"]),
                    "used": each["used"],
                    "limit": each["quota"],
                }
                for each in past_periods(db, row, CUSTOMER_BUCKETS)
            ],
        }


@blueprint.patch("/<name>")
def update(name: str) -> Json:
    """Change a customer. Only ``resetPeriod`` refills the quota."""
    with context().store.transaction() as db:
        row = find_customer(db, name)
        values = _sent_columns(db, row, ("email", "planId", "metadata", "status"))
        if body()["resetPeriod"]:
            start_period(db, row, context().clock())
        return _change(db, row, values)


@blueprint.delete("/<name>")
def cancel(name: str) -> Json:
    """Cancel a customer; the record stays."""
    with context().store.transaction() as db:
        row = find_customer(db, name)
        return _change(db, row, {"status": "CANCELLED"})


@blueprint.get("/<name>/usage")
def usage(name: str) -> Json:
    """Return a customer's usage."""
    with context().store.transaction() as db:
        return usage_fields(db, find_customer(db, name))


def _change(db: sqlite3.Connection, row: sqlite3.Row, values: dict[str, Any]) -> Json:
    _set(db, row["external_id"], values)
    now = _by_external_id(db, row["external_id"])
    notify_customer_change(db, row, now)
    return customer_fields(now)


def _sent_columns(
    db: sqlite3.Connection, row: sqlite3.Row | None, names: tuple[str, ...]
) -> dict[str, Any]:
    """Return the values of the columns to change.

    Another plan sets the quota at once. The same plan does not, even if it has changed.
    """
    sent = {name: body()[name] for name in names if name in body()}
    values = {name: sent[name] for name in ("email",) if name in sent}
    if "planId" in sent:
        plan = _plan(db, sent["planId"])
        values["plan_id"] = plan and plan["id"]
        if row is None or row["plan_id"] != values["plan_id"]:
            values["quota"] = plan and plan["monthly_try_ons"]
    if "metadata" in sent:
        values["metadata"] = json.dumps(sent["metadata"] or {})
    if "status" in sent:
        values["status"] = sent["status"].upper()
    return values


def _plan(db: sqlite3.Connection, plan_id: str | None) -> sqlite3.Row | None:
    if plan_id is None:
        return None
    query = "SELECT * FROM plans WHERE id = ? AND active"
    plan: sqlite3.Row | None = db.execute(query, (plan_id,)).fetchone()
    if plan is None:
        raise HttpError(403, "plan_not_found", "planId: there is no such active plan.")
    return plan


def _insert(db: sqlite3.Connection, external_id: str) -> None:
    now = context().clock()
    db.execute(
        "INSERT INTO customers (id, external_id, status, metadata, period_start, period_end, used, "
        "created_at, updated_at) VALUES (?, ?, 'ACTIVE', '{}', ?, ?, 0, ?, ?)",
        (f"ec_{secrets.token_hex(8)}", external_id, now, now + PERIOD, now, now),
    )


def _set(db: sqlite3.Connection, external_id: str, values: dict[str, Any]) -> None:
    row = {**values, "updated_at": context().clock()}
    changes = ", ".join(f"{name} = :{name}" for name in row)
    query = f"UPDATE customers SET {changes} WHERE external_id = :key"  # noqa: S608
    db.execute(query, {**row, "key": external_id})


def _by_external_id(db: sqlite3.Connection, external_id: str) -> sqlite3.Row:
    query = "SELECT * FROM customers WHERE external_id = ?"
    row: sqlite3.Row = db.execute(query, (external_id,)).fetchone()
    return row
