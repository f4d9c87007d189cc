"""Writes plans and customers as the contract does."""

from __future__ import annotations

import json
import sqlite3

from .wire import Json, iso


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
