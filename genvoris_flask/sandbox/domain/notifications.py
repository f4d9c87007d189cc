"""The events that the shop's webhook endpoints are notified of."""

from __future__ import annotations

import sqlite3

from ..context import context
from ..serializers import Json, customer_fields
from .balances import credits_left, quota_status
from .outbox import emit
from .settings import read_settings
from .store import get_value, set_value

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
