"""What all of the sandbox's answers share."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from typing import Any

Json = dict[str, Any]


def iso(time: float) -> str:
    """Write a time as the quickstart does."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plan_fields(row: sqlite3.Row) -> Json:
    """Write a plan."""
    return {
        "id": row["id"],
        "name": row["name"],
        "monthlyTryOns": row["monthly_try_ons"],
        "externalPriceId": row["external_price_id"],
        "active": bool(row["active"]),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


def plan_summary(db: sqlite3.Connection, plan_id: str | None) -> Json | None:
    """Return a plan as it is nested in other answers."""
    query = "SELECT id, name, monthly_try_ons FROM plans WHERE id = ?"
    row = db.execute(query, (plan_id,)).fetchone()
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "monthlyTryOns": row["monthly_try_ons"]}


def customer_fields(row: sqlite3.Row) -> Json:
    """Write a customer."""
    return {
        "id": row["id"],
        "externalId": row["external_id"],
        "email": row["email"],
        "planId": row["plan_id"],
        "status": row["status"],
        "metadata": json.loads(row["metadata"]),
        "periodStart": iso(row["period_start"]),
        "periodEnd": iso(row["period_end"]),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }
