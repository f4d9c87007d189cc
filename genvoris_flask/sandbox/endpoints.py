"""``/api/v1/webhooks``: where the shop wants to be told of things."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request

from .context import context, server_only
from .defaults import LOOPBACK
from .outbox import TYPES, send_test
from .refusal import invalid, not_found
from .validation import Json, iso, read_body, text

blueprint = Blueprint("endpoints", __name__, url_prefix="/api/v1/webhooks")

LONGEST_URL = 2048


def endpoint_fields(row: sqlite3.Row) -> Json:
    """Write an endpoint as the contract does; its secret is never told again."""
    return {
        "id": row["id"],
        "url": row["url"],
        "events": json.loads(row["events"]),
        "description": row["description"],
        "active": bool(row["active"]),
        "createdAt": iso(row["created_at"]),
    }


@blueprint.get("")
@server_only
def read_all() -> Json:
    """List the endpoints."""
    with context().store.transaction() as db:
        rows = db.execute("SELECT * FROM endpoints ORDER BY number").fetchall()
    return {"data": [endpoint_fields(row) for row in rows]}


@blueprint.post("")
@server_only
def create() -> tuple[Json, int]:
    """Register an endpoint."""
    body = read_body(request)
    row = {
        "id": f"whe_{secrets.token_hex(8)}",
        "url": _url(body),
        "secret": text(body, "secret", required=True),
        "events": json.dumps(_events(body.get("events"))),
        "description": text(body, "description"),
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
@server_only
def test(endpoint_id: str) -> tuple[Json, int]:
    """Send a ``webhook.test`` to an endpoint, whatever it asked for."""
    with context().store.transaction() as db:
        endpoint = _find(db, endpoint_id)
        return {"data": send_test(db, endpoint)}, 202


@blueprint.delete("/<endpoint_id>")
@server_only
def remove(endpoint_id: str) -> Json:
    """Forget an endpoint, and what was still to be sent there."""
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


def _url(body: Json) -> str:
    url = str(text(body, "url", longest=LONGEST_URL, required=True))
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname in LOOPBACK
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise invalid("url", "must be http(s)://127.0.0.1 or localhost: the sandbox sends there")
    return url


def _events(value: Any) -> list[str]:
    known = isinstance(value, list) and all(each in TYPES for each in value)
    if not known or not value or len(set(value)) < len(value):
        raise invalid("events", f"must be a list of different types, of {', '.join(TYPES)}")
    return [str(each) for each in value]
