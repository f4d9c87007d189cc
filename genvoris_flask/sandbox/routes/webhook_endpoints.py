"""``/api/v1/webhooks``: the shop's webhook endpoints."""

from __future__ import annotations

import json
import secrets
import sqlite3

from flask import Blueprint

from ..context import context
from ..domain.notifications import send_test
from ..http.request_validation import body
from ..responses import Json, iso, not_found

blueprint: Blueprint = Blueprint("endpoints", __name__, url_prefix="/api/v1/webhooks")


def endpoint_fields(row: sqlite3.Row) -> Json:
    """Return an endpoint's fields, without its secret."""
    return {
        "id": row["id"],
        "url": row["url"],
        "events": json.loads(row["events"]),
        "description": row["description"],
        "active": bool(row["active"]),
        "createdAt": iso(row["created_at"]),
    }


@blueprint.get("")
def read_all() -> Json:
    """Return the endpoints."""
    with context().store.transaction() as db:
        rows = db.execute("SELECT * FROM endpoints ORDER BY number").fetchall()
    return {"data": [endpoint_fields(row) for row in rows]}


@blueprint.post("")
def create() -> tuple[Json, int]:
    """Register an endpoint."""
    fields = body()
    row = {
        "id": f"whe_{secrets.token_hex(8)}",
        "url": fields["url"],
        "secret": fields["secret"],
        "events": json.dumps(fields["events"]),
        "description": fields.get("description"),
        "now": context().clock(),
    }
    with context().store.transaction() as db:
        db.execute(
            "INSERT INTO endpoints (id, url, secret, events, description, active, created_at) "
            "VALUES (:id, :url, :secret, :events, :description, 1, :now)",
            row,
        )
        return endpoint_fields(_find(db, str(row["id"]))), 201


@blueprint.post("/<endpoint_id>/test")
def test(endpoint_id: str) -> tuple[Json, int]:
    """Send a ``webhook.test`` to an endpoint, even if it did not subscribe to it."""
    with context().store.transaction() as db:
        endpoint = _find(db, endpoint_id)
        return {"data": send_test(db, endpoint)}, 202


@blueprint.delete("/<endpoint_id>")
def remove(endpoint_id: str) -> Json:
    """Delete an endpoint and its deliveries."""
    with context().store.transaction() as db:
        _find(db, endpoint_id)
        db.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))
    return {"data": {"id": endpoint_id, "deleted": True}}


def _find(db: sqlite3.Connection, endpoint_id: str) -> sqlite3.Row:
    query = "SELECT * FROM endpoints WHERE id = ?"
    row: sqlite3.Row | None = db.execute(query, (endpoint_id,)).fetchone()
    if row is None:
        raise not_found("webhook endpoint")
    return row
