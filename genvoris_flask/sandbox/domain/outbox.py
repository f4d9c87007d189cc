"""The queue of webhook deliveries, written in the transaction of the change that causes them."""

from __future__ import annotations

import json
import secrets
import sqlite3

from ..context import context
from ..http.errors import not_found
from ..serializers import Json, iso

# Genvoris documents only the older name of some customer events, and only the current name of
# one. Here an endpoint may subscribe to either.
TYPES = (
    "tryon.completed",
    "tryon.failed",
    "customer.created",
    "customer.updated",
    "customer.cancelled",
    "customer.plan_changed",
    "customer.quota_warning",
    "customer.quota_exhausted",
    "customer.period_rolled",
    "credit.low_balance",
    "credit.balance_added",
    "webhook.test",
    "end_customer.created",
    "end_customer.updated",
    "end_customer.cancelled",
    "end_customer.quota_warning",
    "end_customer.quota_exhausted",
    "end_customer.period_rolled",
    "plan.created",
    "plan.updated",
    "plan.disabled",
)


def emit(db: sqlite3.Connection, type_: str, data: Json) -> None:
    """Enqueue an event for every endpoint that subscribes to its type."""
    envelope = _envelope(type_, data)
    for endpoint in db.execute("SELECT * FROM endpoints WHERE active ORDER BY number").fetchall():
        if type_ in json.loads(endpoint["events"]):
            _enqueue(db, endpoint, envelope)


def send_test(db: sqlite3.Connection, endpoint: sqlite3.Row) -> Json:
    """Enqueue a ``webhook.test`` for one endpoint; return the ids of the event and the delivery."""
    envelope = _envelope("webhook.test", {"message": "This is a test from the sandbox."})
    delivery_id = _enqueue(db, endpoint, envelope)
    return {"id": envelope["id"], "type": envelope["type"], "delivery": delivery_id}


def _envelope(type_: str, data: Json) -> Json:
    now = int(context().clock())
    return {"id": f"evt_{secrets.token_hex(12)}", "type": type_, "created": now, "data": data}


def _enqueue(db: sqlite3.Connection, endpoint: sqlite3.Row, envelope: Json) -> str:
    row = {
        "id": f"whd_{secrets.token_hex(8)}",
        "endpoint": endpoint["id"],
        "event": envelope["id"],
        "type": envelope["type"],
        "body": json.dumps(envelope, ensure_ascii=False),
        "now": context().clock(),
    }
    db.execute(
        "INSERT INTO deliveries (id, endpoint_id, event_id, type, body, state, attempts, due_at, "
        "created_at, updated_at) VALUES (:id, :endpoint, :event, :type, :body, 'pending', 0, :now, "
        ":now, :now)",
        row,
    )
    # Its threads wait for the end of this transaction.
    context().dispatcher.wake()
    return str(row["id"])


def delivery_fields(row: sqlite3.Row) -> Json:
    """Return a delivery's fields."""
    return {
        "id": row["id"],
        "endpointId": row["endpoint_id"],
        "eventId": row["event_id"],
        "type": row["type"],
        "state": row["state"],
        "attempts": row["attempts"],
        "status": row["status"],
        "problem": row["problem"],
        "nextAttemptAt": None if row["due_at"] is None else iso(row["due_at"]),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "body": json.loads(row["body"]),
    }


def latest_deliveries(db: sqlite3.Connection, state: str | None, limit: int) -> list[sqlite3.Row]:
    """Return the latest deliveries, newest first."""
    query = "SELECT * FROM deliveries WHERE ?1 IS NULL OR state = ?1 ORDER BY number DESC LIMIT ?2"
    return db.execute(query, (state, limit)).fetchall()


def send_again(db: sqlite3.Connection, delivery_id: str) -> sqlite3.Row:
    """Send a delivery again, with the same event id and with retries.

    Raises:
        HttpError: 404, if there is no such delivery.
    """
    query = "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ? WHERE id = ?"
    if db.execute(query, (context().clock(), delivery_id)).rowcount == 0:
        raise not_found("delivery")
    context().dispatcher.wake()
    query = "SELECT * FROM deliveries WHERE id = ?"
    row: sqlite3.Row = db.execute(query, (delivery_id,)).fetchone()
    return row
