"""``/api/v1/plans``."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from flask import Blueprint, request

from .context import context, server_only
from .outbox import emit
from .refusal import not_found
from .shapes import plan_fields
from .validation import Json, flag, read_body, text, whole_number

blueprint = Blueprint("plans", __name__, url_prefix="/api/v1/plans")

MAX_NAME = 80
MAX_TRY_ONS = 1_000_000
COLUMNS = {
    "name": "name",
    "monthlyTryOns": "monthly_try_ons",
    "externalPriceId": "external_price_id",
    "active": "active",
}


def find_plan(db: sqlite3.Connection, plan_id: str) -> sqlite3.Row:
    """Give a plan, or refuse with 404."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM plans WHERE id = ?", (plan_id,)).fetchone()
    if row is None:
        raise not_found("plan")
    return row


@blueprint.post("")
@server_only
def create() -> tuple[Json, int]:
    """Create a plan; doing it twice makes two."""
    body = read_body(request)
    values = _checked({**dict.fromkeys(("name", "monthlyTryOns")), **body})
    now = context().clock()
    row = {
        "id": f"pln_{secrets.token_urlsafe(9)}",
        "external_price_id": None,
        "active": True,
        **{COLUMNS[name]: value for name, value in values.items()},
        "created_at": now,
        "updated_at": now,
    }
    with context().store.transaction() as db:
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        db.execute(f"INSERT INTO plans ({names}) VALUES ({marks})", row)  # noqa: S608
        return _tell(db, "plan.created", str(row["id"])), 201


@blueprint.get("")
@server_only
def read_all() -> Json:
    """List plans."""
    everything = request.args.get("include_inactive", "").lower() in ("true", "1")
    query = "SELECT * FROM plans WHERE active OR ? ORDER BY number"
    with context().store.transaction() as db:
        return {"data": [plan_fields(row) for row in db.execute(query, (everything,))]}


@blueprint.get("/<plan_id>")
@server_only
def read_one(plan_id: str) -> Json:
    """Give a plan."""
    with context().store.transaction() as db:
        return plan_fields(find_plan(db, plan_id))


@blueprint.patch("/<plan_id>")
@server_only
def update(plan_id: str) -> Json:
    """Change a plan."""
    values = _checked(read_body(request))
    with context().store.transaction() as db:
        find_plan(db, plan_id)
        _set(db, plan_id, {COLUMNS[name]: value for name, value in values.items()})
        return _tell(db, "plan.updated", plan_id)


@blueprint.delete("/<plan_id>")
@server_only
def disable(plan_id: str) -> Json:
    """Stop selling a plan; those who have it keep it."""
    with context().store.transaction() as db:
        find_plan(db, plan_id)
        _set(db, plan_id, {"active": False})
        return _tell(db, "plan.disabled", plan_id)


def _tell(db: sqlite3.Connection, type_: str, plan_id: str) -> Json:
    """Give the plan, and tell the endpoints what became of it."""
    plan = plan_fields(find_plan(db, plan_id))
    emit(db, type_, {"plan": plan})
    return plan


def _checked(body: Json) -> dict[str, Any]:
    """Check the fields that are there."""
    values: dict[str, Any] = {}
    if "name" in body:
        values["name"] = text(body, "name", longest=MAX_NAME, required=True)
    if "monthlyTryOns" in body:
        values["monthlyTryOns"] = whole_number(body, "monthlyTryOns", 1, MAX_TRY_ONS)
    if "externalPriceId" in body:
        values["externalPriceId"] = text(body, "externalPriceId")
    if "active" in body:
        values["active"] = flag(body, "active", default=True)
    return values


def _set(db: sqlite3.Connection, plan_id: str, values: dict[str, Any]) -> None:
    row = {**values, "updated_at": context().clock()}
    changes = ", ".join(f"{name} = :{name}" for name in row)
    db.execute(f"UPDATE plans SET {changes} WHERE id = :id", {**row, "id": plan_id})  # noqa: S608
