"""How times, plans and customers are written as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from typing import Any

Json = dict[str, Any]


def iso(time: float) -> str:
    """Format Unix seconds as Genvoris does, such as 2026-01-31T12:00:00.000Z."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plan_fields(row: sqlite3.Row) -> Json:
    """Return a plan's fields."""
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
    """Return a plan's fields as they are nested in other responses."""
    query = "SELECT id, name, monthly_try_ons FROM plans WHERE id = ?"
    row = db.execute(query, (plan_id,)).fetchone()
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "monthlyTryOns": row["monthly_try_ons"]}


def customer_fields(row: sqlite3.Row) -> Json:
    """Return a customer's fields."""
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
