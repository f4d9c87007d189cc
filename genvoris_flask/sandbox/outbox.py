"""What is to be told to webhook endpoints, written in the transaction of what happened."""

from __future__ import annotations

import json
import secrets
import sqlite3

from .context import context
from .validation import Json

TYPES = (
    "tryon.completed",
    "tryon.failed",
    "customer.plan_changed",
    "customer.quota_exhausted",
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
    """Leave an event for every endpoint that asked for its type."""
    envelope = _envelope(type_, data)
    for endpoint in db.execute("SELECT * FROM endpoints WHERE active ORDER BY number").fetchall():
        if type_ in json.loads(endpoint["events"]):
            _leave(db, endpoint, envelope)


def send_test(db: sqlite3.Connection, endpoint: sqlite3.Row) -> Json:
    """Leave a ``webhook.test`` for one endpoint; give the event's id and the delivery's."""
    envelope = _envelope("webhook.test", {"endpoint": endpoint["id"]})
    delivery_id = _leave(db, endpoint, envelope)
    return {"id": envelope["id"], "type": envelope["type"], "delivery": delivery_id}


def _envelope(type_: str, data: Json) -> Json:
    now = int(context().clock())
    return {"id": f"evt_{secrets.token_hex(12)}", "type": type_, "created": now, "data": data}


def _leave(db: sqlite3.Connection, endpoint: sqlite3.Row, envelope: Json) -> str:
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
    return str(row["id"])
