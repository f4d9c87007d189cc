"""What the shop's webhook endpoints are notified of, and the queue of deliveries.

A delivery is queued in the transaction of the change that causes it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3

from ..context import context
from ..responses import Json, customer_fields, iso, not_found
from .balances import credits_left, quota_status
from .settings import read_settings
from .store import get_value, set_value

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
LOW_BALANCE_NOTIFIED = "low_balance_told"
WARNING_PERCENT = 80


def notify_customer(db: sqlite3.Connection, what: str, row: sqlite3.Row) -> None:
    """Notify of a customer, under both names of the event: current and older."""
    _emit_both(db, what, _customer_data(row))


def notify_customer_change(db: sqlite3.Connection, before: sqlite3.Row, now: sqlite3.Row) -> None:
    """Notify of a changed customer: whether they were updated, cancelled or got another plan."""
    cancelled = now["status"] == "CANCELLED" != before["status"]
    notify_customer(db, "cancelled" if cancelled else "updated", now)
    if before["plan_id"] != now["plan_id"]:
        emit(
            db,
            "customer.plan_changed",
            {**_customer_data(now), "previousPlanId": before["plan_id"]},
        )


def notify_quota_warning(db: sqlite3.Connection, row: sqlite3.Row, used_before: int) -> None:
    """Notify when 80 % of the quota are used."""
    limit = quota_status(row).limit or 0
    if used_before * 100 < limit * WARNING_PERCENT <= row["used"] * 100:
        _emit_both(db, "quota_warning", {**_quota_data(row), "threshold": WARNING_PERCENT})


def notify_quota_exhausted(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Notify that a try-on was refused because the quota is exhausted."""
    _emit_both(db, "quota_exhausted", _quota_data(row))


def notify_balance(db: sqlite3.Connection) -> None:
    """Notify once when credits run low, and again only after they were topped up."""
    left = credits_left(db, context().clock())
    low = left <= read_settings(db)["lowBalance"]
    if low == get_value(db, LOW_BALANCE_NOTIFIED, False):
        return
    set_value(db, LOW_BALANCE_NOTIFIED, low)
    if low:
        emit(db, "credit.low_balance", {"balance": left})


def notify_credits_added(db: sqlite3.Connection, added: int) -> None:
    """Notify that a credit pack was bought."""
    left = credits_left(db, context().clock())
    emit(db, "credit.balance_added", {"added": added, "balance": left})
    notify_balance(db)


def notify_tryon(db: sqlite3.Connection, customer: sqlite3.Row | None, tryon: Json) -> None:
    """Notify that a try-on was completed or failed."""
    data = {
        "id": tryon["id"],
        "customer_id": customer["id"] if customer else None,
        "external_id": customer["external_id"] if customer else None,
        "variation_count": tryon["variations"],
        "product_title": tryon["product_title"],
        "page_url": tryon["page_url"],
        "generation_time_ms": tryon["generation_ms"],
    }
    if tryon["success"]:
        emit(db, "tryon.completed", data)
    else:
        emit(db, "tryon.failed", {**data, "reason": tryon["reason"]})


def _emit_both(db: sqlite3.Connection, what: str, data: Json) -> None:
    for prefix in ("end_customer", "customer"):
        emit(db, f"{prefix}.{what}", data)


def _customer_data(row: sqlite3.Row) -> Json:
    return {"customer": customer_fields(row), "quota": quota_status(row).fields()}


def _quota_data(row: sqlite3.Row) -> Json:
    now = quota_status(row)
    return {
        "customer_id": row["id"],
        "external_id": row["external_id"],
        "plan_id": row["plan_id"],
        "used": now.used,
        "limit": now.limit,
        "remaining": now.remaining,
    }


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
