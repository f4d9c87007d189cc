"""``/api/v1/plans``."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from flask import Blueprint

from ..context import context
from ..domain.notifications import emit
from ..http.request_validation import body, query
from ..responses import Json, not_found, plan_fields

blueprint: Blueprint = Blueprint("plans", __name__, url_prefix="/api/v1/plans")

COLUMNS = {
    "name": "name",
    "monthlyTryOns": "monthly_try_ons",
    "externalPriceId": "external_price_id",
    "active": "active",
}


def find_plan(db: sqlite3.Connection, plan_id: str) -> sqlite3.Row:
    """Return a plan, or raise HttpError with 404."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM plans WHERE id = ?", (plan_id,)).fetchone()
    if row is None:
        raise not_found("plan")
    return row


@blueprint.post("")
def create() -> tuple[Json, int]:
    """Create a plan."""
    values = _sent_columns()
    now = context().clock()
    row = {
        "id": f"pln_{secrets.token_urlsafe(9)}",
        "external_price_id": None,
        "active": True,
        **values,
        "created_at": now,
        "updated_at": now,
    }
    with context().store.transaction() as db:
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        db.execute(f"INSERT INTO plans ({names}) VALUES ({marks})", row)  # noqa: S608
        return _notify(db, "plan.created", str(row["id"])), 201


@blueprint.get("")
def read_all() -> Json:
    """Return the plans."""
    everything = query()["include_inactive"]
    with context().store.transaction() as db:
        rows = db.execute("SELECT * FROM plans WHERE active OR ? ORDER BY number", (everything,))
        return {"data": [plan_fields(row) for row in rows]}


@blueprint.get("/<plan_id>")
def read_one(plan_id: str) -> Json:
    """Return a plan."""
    with context().store.transaction() as db:
        return plan_fields(find_plan(db, plan_id))


@blueprint.patch("/<plan_id>")
def update(plan_id: str) -> Json:
    """Change a plan."""
    with context().store.transaction() as db:
        find_plan(db, plan_id)
        _set(db, plan_id, _sent_columns())
        return _notify(db, "plan.updated", plan_id)


@blueprint.delete("/<plan_id>")
def disable(plan_id: str) -> Json:
    """Disable a plan; customers who have it keep it."""
    with context().store.transaction() as db:
        find_plan(db, plan_id)
        _set(db, plan_id, {"active": False})
        return _notify(db, "plan.disabled", plan_id)


def _notify(db: sqlite3.Connection, type_: str, plan_id: str) -> Json:
    """Return the plan, and notify the webhook endpoints."""
    plan = plan_fields(find_plan(db, plan_id))
    emit(db, type_, {"plan": plan})
    return plan


def _sent_columns() -> dict[str, Any]:
    """Return the fields that were sent, by column."""
    return {COLUMNS[name]: value for name, value in body().items() if name in COLUMNS}


def _set(db: sqlite3.Connection, plan_id: str, values: dict[str, Any]) -> None:
    row = {**values, "updated_at": context().clock()}
    changes = ", ".join(f"{name} = :{name}" for name in row)
    db.execute(f"UPDATE plans SET {changes} WHERE id = :id", {**row, "id": plan_id})  # noqa: S608
