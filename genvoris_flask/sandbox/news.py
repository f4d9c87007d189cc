"""What is worth telling the shop's webhook endpoints."""

from __future__ import annotations

import sqlite3

from .context import context
from .credits import credits_left
from .outbox import emit
from .settings import read_settings
from .shapes import customer_fields
from .shelf import recall, remember
from .standing import standing
from .wire import Json

TOLD = "low_balance_told"


def tell_of_customer(db: sqlite3.Connection, what: str, row: sqlite3.Row) -> None:
    """Tell ``end_customer.<what>``."""
    emit(db, f"end_customer.{what}", _customer(db, row))


def tell_of_change(db: sqlite3.Connection, before: sqlite3.Row, now: sqlite3.Row) -> None:
    """Tell what a change of a customer means."""
    cancelled = now["status"] == "CANCELLED" != before["status"]
    tell_of_customer(db, "cancelled" if cancelled else "updated", now)
    if before["plan_id"] != now["plan_id"]:
        emit(
            db,
            "customer.plan_changed",
            {**_customer(db, now), "previousPlanId": before["plan_id"]},
        )


def tell_of_quota(db: sqlite3.Connection, row: sqlite3.Row, used_before: int) -> None:
    """Tell when four fifths of the quota are spent, and when all of it is."""
    limit = standing(db, row).limit or 0
    if used_before * 5 < limit * 4 <= row["used"] * 5:
        tell_of_customer(db, "quota_warning", row)
    if used_before < limit <= row["used"]:
        emit(db, "customer.quota_exhausted", _customer(db, row))
        tell_of_customer(db, "quota_exhausted", row)


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


def _customer(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    return {"customer": customer_fields(row), "quota": standing(db, row).fields()}
