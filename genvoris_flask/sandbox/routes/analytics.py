"""``/api/v1/events``, ``/api/v1/conversions`` and ``/api/v1/returns``."""

from __future__ import annotations

import json
import secrets
import sqlite3

from flask import Blueprint

from ..context import context
from ..http.request_validation import body
from ..responses import Json

events_blueprint: Blueprint = Blueprint("events", __name__, url_prefix="/api/v1/events")

OPTIONAL_EVENT_FIELDS = ("productId", "productTitle", "pageUrl")


@events_blueprint.post("")
def create() -> tuple[Json, int]:
    """Record one event, or up to fifty at once; either all or none are recorded."""
    events = body().get("events") or [body()]
    now = context().clock()
    query = (
        "INSERT INTO events (id, session_id, event_type, product_id, product_title, page_url, "
        "metadata, created_at) VALUES (:id, :sessionId, :eventType, :productId, :productTitle, "
        ":pageUrl, :metadata, :now)"
    )
    with context().store.transaction() as db:
        for event in events:
            row = {**dict.fromkeys(OPTIONAL_EVENT_FIELDS), **event, "now": now}
            row |= {
                "id": f"wev_{secrets.token_hex(8)}",
                "metadata": json.dumps(event.get("metadata") or {}),
            }
            db.execute(query, row)
    return {"accepted": len(events)}, 202


conversions_blueprint: Blueprint = Blueprint("conversions", __name__, url_prefix="/api/v1")

DEFAULT_CURRENCY = "USD"
OPTIONAL_ORDER_FIELDS = ("productId", "productTitle", "sessionId", "customerEmail")


@conversions_blueprint.post("/conversions")
def convert() -> tuple[Json, int]:
    """Record an order. Repeating it returns the first response."""
    order = {**dict.fromkeys(OPTIONAL_ORDER_FIELDS), **body(), "currency": _currency()}
    with context().store.transaction() as db:
        known = _find(db, order["platform"], order["orderId"])
        if known:
            return {**_conversion_fields(known), "deduped": True}, 200
        _insert(db, order, _attributed(db, order))
        row = _find(db, order["platform"], order["orderId"])
        assert row is not None  # noqa: S101 - it was inserted in this transaction
        return _conversion_fields(row), 201


@conversions_blueprint.post("/returns")
def give_back() -> tuple[Json, int]:
    """Record a refund, which may be of an unknown order."""
    fields = body()
    with context().store.transaction() as db:
        order = _find(db, fields["platform"], fields["orderId"])
        row = {
            **fields,
            "id": f"ret_{secrets.token_hex(8)}",
            "currency": _currency(),
            "reason": fields.get("reason"),
            "conversion": order["id"] if order else None,
            "now": context().clock(),
        }
        db.execute(
            "INSERT INTO returns (id, platform, order_id, conversion_id, refunded_amount_cents, "
            "currency, reason, created_at) VALUES (:id, :platform, :orderId, :conversion, "
            ":refundedAmountCents, :currency, :reason, :now)",
            row,
        )
        return {"id": row["id"], "conversionEventId": row["conversion"]}, 201


def _currency() -> str:
    currency: str | None = body().get("currency")
    return (currency or DEFAULT_CURRENCY).upper()


def _find(db: sqlite3.Connection, platform: str, order_id: str) -> sqlite3.Row | None:
    query = "SELECT * FROM conversions WHERE platform = ? AND order_id = ?"
    row: sqlite3.Row | None = db.execute(query, (platform, order_id)).fetchone()
    return row


def _attributed(db: sqlite3.Connection, order: Json) -> bool:
    """Return whether a try-on preceded the order, in its widget session or by its customer."""
    since = context().clock() - order["attributionWindowMinutes"] * 60
    in_session = (
        "SELECT 1 FROM events WHERE session_id = ? AND event_type LIKE 'TRYON_%' "
        "AND created_at >= ?"
    )
    by_shopper = (
        "SELECT 1 FROM tryons JOIN customers ON customers.id = tryons.customer_id "
        "WHERE customers.email = ? COLLATE NOCASE AND success AND tryons.created_at >= ?"
    )
    return bool(
        db.execute(in_session, (order["sessionId"], since)).fetchone()
        or db.execute(by_shopper, (order["customerEmail"], since)).fetchone()
    )


def _insert(db: sqlite3.Connection, order: Json, attributed: bool) -> None:
    db.execute(
        "INSERT INTO conversions (id, order_id, platform, amount_cents, currency, quantity, "
        "product_id, product_title, session_id, customer_email, attributed, created_at) VALUES "
        "(:id, :orderId, :platform, :amountCents, :currency, :quantity, :productId, "
        ":productTitle, :sessionId, :customerEmail, :attributed, :now)",
        {
            **order,
            "id": f"cnv_{secrets.token_hex(8)}",
            "attributed": attributed,
            "now": context().clock(),
        },
    )


def _conversion_fields(row: sqlite3.Row) -> Json:
    return {"id": row["id"], "attributedFromTryOn": bool(row["attributed"])}
