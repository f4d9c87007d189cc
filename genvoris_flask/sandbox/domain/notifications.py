"""What is worth telling the shop's webhook endpoints."""

from __future__ import annotations

import sqlite3

from ..context import context
from ..serializers import Json, customer_fields
from .balances import credits_left, standing
from .outbox import emit
from .settings import read_settings
from .store import recall, remember

TOLD = "low_balance_told"
WARNING_PERCENT = 80


def tell_of_customer(db: sqlite3.Connection, what: str, row: sqlite3.Row) -> None:
    """Tell of a customer, under the older name (``end_customer.created``) and that of today."""
    _tell(db, what, _customer(row))


def tell_of_change(db: sqlite3.Connection, before: sqlite3.Row, now: sqlite3.Row) -> None:
    """Tell what a change of a customer means."""
    cancelled = now["status"] == "CANCELLED" != before["status"]
    tell_of_customer(db, "cancelled" if cancelled else "updated", now)
    if before["plan_id"] != now["plan_id"]:
        emit(
            db,
            "customer.plan_changed",
            {**_customer(now), "previousPlanId": before["plan_id"]},
        )


def tell_of_quota(db: sqlite3.Connection, row: sqlite3.Row, used_before: int) -> None:
    """Tell when four fifths of the quota are spent."""
    limit = standing(row).limit or 0
    if used_before * 100 < limit * WARNING_PERCENT <= row["used"] * 100:
        _tell(db, "quota_warning", {**_quota(row), "threshold": WARNING_PERCENT})


def tell_of_exhaustion(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Tell that a try-on was refused because the quota is spent."""
    _tell(db, "quota_exhausted", _quota(row))


def tell_of_balance(db: sqlite3.Connection) -> None:
    """Tell once when the pool runs low; again only after it was filled."""
    left = credits_left(db, context().clock())
    low = left <= read_settings(db)["lowBalance"]
    if low == recall(db, TOLD, False):
        return
    remember(db, TOLD, low)
    if low:
        emit(db, "credit.low_balance", {"balance": left})


def tell_of_pack(db: sqlite3.Connection, added: int) -> None:
    """Tell that a pack was bought."""
    left = credits_left(db, context().clock())
    emit(db, "credit.balance_added", {"added": added, "balance": left})
    tell_of_balance(db)


def tell_of_tryon(db: sqlite3.Connection, customer: sqlite3.Row | None, tryon: Json) -> None:
    """Tell that a try-on was made, or was not."""
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


def _tell(db: sqlite3.Connection, what: str, data: Json) -> None:
    for prefix in ("end_customer", "customer"):
        emit(db, f"{prefix}.{what}", data)


def _customer(row: sqlite3.Row) -> Json:
    return {"customer": customer_fields(row), "quota": standing(row).fields()}


def _quota(row: sqlite3.Row) -> Json:
    now = standing(row)
    return {
        "customer_id": row["id"],
        "external_id": row["external_id"],
        "plan_id": row["plan_id"],
        "used": now.used,
        "limit": now.limit,
        "remaining": now.remaining,
    }
