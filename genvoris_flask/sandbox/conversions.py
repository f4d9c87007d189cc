"""``/api/v1/conversions`` and ``/api/v1/returns``: orders, and what came back of them."""

from __future__ import annotations

import secrets
import sqlite3

from flask import Blueprint, request

from .context import context, server_only
from .refusal import not_found
from .validation import Json, one_of, read_body, text, whole_number

blueprint = Blueprint("conversions", __name__, url_prefix="/api/v1")

PLATFORMS = ("shopify", "woocommerce", "custom")
MOST_CENTS = 10**12
LONGEST_WINDOW = 43_200
DEFAULT_WINDOW = 10_080


@blueprint.post("/conversions")
@server_only
def convert() -> tuple[Json, int]:
    """Take an order. The same order again is answered as the first time."""
    order = _order(read_body(request))
    with context().store.transaction() as db:
        known = _find(db, order["platform"], order["orderId"])
        if known:
            return {**_conversion_fields(known), "deduped": True}, 200
        _insert(db, order, _attributed(db, order))
        row = _find(db, order["platform"], order["orderId"])
        assert row is not None  # noqa: S101 - it was inserted in this transaction
        return _conversion_fields(row), 201


@blueprint.post("/returns")
@server_only
def give_back() -> tuple[Json, int]:
    """Take a refund of an order that is known."""
    body = read_body(request)
    platform = one_of(body, "platform", PLATFORMS)
    order_id = text(body, "orderId", required=True)
    cents = whole_number(body, "refundedAmountCents", 0, MOST_CENTS)
    row = (f"ret_{secrets.token_hex(8)}", cents, _currency(body), text(body, "reason"))
    with context().store.transaction() as db:
        order = _find(db, platform, str(order_id))
        if order is None:
            raise not_found("conversion: report the order to /conversions first")
        db.execute(
            "INSERT INTO returns (id, refunded_amount_cents, currency, reason, conversion_id, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (*row, order["id"], context().clock()),
        )
        return {"id": row[0], "conversionEventId": order["id"]}, 201


def _order(body: Json) -> Json:
    return {
        "orderId": text(body, "orderId", required=True),
        "platform": one_of(body, "platform", PLATFORMS),
        "amountCents": whole_number(body, "amountCents", 0, MOST_CENTS),
        "currency": _currency(body),
        "quantity": whole_number({"quantity": 1, **body}, "quantity", 1, 100_000),
        "productId": text(body, "productId"),
        "productTitle": text(body, "productTitle"),
        "sessionId": text(body, "sessionId", longest=200),
        "customerEmail": text(body, "customerEmail"),
        "window": whole_number(
            {"attributionWindowMinutes": DEFAULT_WINDOW, **body},
            "attributionWindowMinutes",
            1,
            LONGEST_WINDOW,
        ),
    }


def _currency(body: Json) -> str | None:
    currency = text(body, "currency", longest=3)
    return currency.upper() if currency else None


def _find(db: sqlite3.Connection, platform: str, order_id: str) -> sqlite3.Row | None:
    query = "SELECT * FROM conversions WHERE platform = ? AND order_id = ?"
    row: sqlite3.Row | None = db.execute(query, (platform, order_id)).fetchone()
    return row


def _attributed(db: sqlite3.Connection, order: Json) -> bool:
    """Say whether a try-on came before: in the widget's session, or of the shopper who paid."""
    since = context().clock() - order["window"] * 60
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
