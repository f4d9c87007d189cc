"""Charging try-ons to both ledgers: the shop's credits, and the customer's quota.

A quota is for a period of 30 days. A period that has ended is rolled when its customer is next
read.
"""

from __future__ import annotations

import secrets
import sqlite3
from functools import partial

from ..context import context
from ..responses import HttpError, Json, iso, not_found, plan_summary
from .balances import credits_left, quota_status, take_credit
from .notifications import (
    notify_balance,
    notify_customer,
    notify_quota_exhausted,
    notify_quota_warning,
    notify_tryon,
)
from .safety import note_credit, note_shopper

PERIOD = 30 * 24 * 3600.0
USAGE_BUCKETS = 24


def find_customer(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    """Return a customer in the current period.

    Args:
        db: The transaction.
        name: The sandbox's id of the customer, or the shop's.

    Raises:
        HttpError: 404, if there is no such customer.
    """
    query = "SELECT * FROM customers WHERE id = ?1 OR external_id = ?1 ORDER BY id = ?1 DESC"
    row: sqlite3.Row | None = db.execute(query, (name,)).fetchone()
    if row is None:
        raise _unknown_customer(name)
    if row["status"] == "ACTIVE" and context().clock() >= row["period_end"]:
        return _roll(db, row)
    return row


def _unknown_customer(name: str) -> HttpError:
    error = not_found("customer")
    if not name.startswith("ec_"):
        error.after_rollback = partial(note_shopper, external_id=name)
    return error


def start_period(db: sqlite3.Connection, row: sqlite3.Row, start: float) -> None:
    """End the customer's period and start a new one with the plan's full quota.

    Later changes of the plan take effect in the period after it.
    """
    db.execute(
        "INSERT INTO periods VALUES (?, ?, ?, ?, ?)",
        (
            row["id"],
            row["period_start"],
            min(row["period_end"], max(start, row["period_start"])),
            row["used"],
            quota_status(row).limit,
        ),
    )
    db.execute(
        "UPDATE customers SET period_start = ?, period_end = ?, used = 0, quota = "
        "(SELECT monthly_try_ons FROM plans WHERE plans.id = plan_id) WHERE id = ?",
        (start, start + PERIOD, row["id"]),
    )
    notify_customer(db, "period_rolled", _by_id(db, row["id"]))


def usage_fields(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    """Return a customer's usage, as ``GET /customers/{id}/usage`` does."""
    return {
        "data": {
            "customer_id": row["id"],
            "external_id": row["external_id"],
            "plan": plan_summary(db, row["plan_id"]),
            "status": row["status"],
            "period_start": iso(row["period_start"]),
            "period_end": iso(row["period_end"]),
            "current": quota_status(row).fields(),
            "history": [
                {
                    "period_start": iso(each["period_start"]),
                    "period_end": iso(each["period_end"]),
                    "used": each["used"],
                    "limit": each["quota"],
                }
                for each in past_periods(db, row, USAGE_BUCKETS)
            ],
        }
    }


def past_periods(db: sqlite3.Connection, row: sqlite3.Row, limit: int) -> list[sqlite3.Row]:
    """Return the customer's latest past periods, newest first."""
    query = "SELECT * FROM periods WHERE customer_id = ? ORDER BY rowid DESC LIMIT ?"
    return db.execute(query, (row["id"], limit)).fetchall()


def set_used(db: sqlite3.Connection, customer: sqlite3.Row, used: int) -> None:
    """Set the number of try-ons used in the current period."""
    db.execute("UPDATE customers SET used = ? WHERE id = ?", (used, customer["id"]))
    notify_quota_warning(db, find_customer(db, customer["id"]), customer["used"])


def roll_due_periods(db: sqlite3.Connection) -> None:
    """Roll every period that has ended."""
    query = "SELECT id FROM customers WHERE status = 'ACTIVE' AND period_end <= ?"
    for row in db.execute(query, (context().clock(),)).fetchall():
        find_customer(db, row["id"])


def _roll(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    """Start the current period; whole periods that were skipped are not recorded."""
    passed = int((context().clock() - row["period_end"]) // PERIOD)
    start_period(db, row, row["period_end"] + passed * PERIOD)
    return _by_id(db, row["id"])


def _by_id(db: sqlite3.Connection, customer_id: str) -> sqlite3.Row:
    query = "SELECT * FROM customers WHERE id = ?"
    row: sqlite3.Row = db.execute(query, (customer_id,)).fetchone()
    return row


def require_try_on(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Raise HttpError if the quota or the credits do not allow a try-on."""
    if customer is not None and (error := quota_status(customer).error()):
        if quota_status(customer).reason == "quota_exhausted":
            error.after_rollback = partial(notify_quota_exhausted, row=customer)
        raise error
    if credits_left(db, context().clock()) < 1:
        raise HttpError(402, "credit_limit_reached", "The shop's credit pool is empty.")


def charge(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Charge one try-on to both ledgers, or raise HttpError and charge nothing.

    A try-on counts once, however many variations it has. Genvoris does not publish what several
    variations cost the shop, so its credits are counted in the same way.
    """
    require_try_on(db, customer)
    take_credit(db, context().clock())
    notify_balance(db)
    if customer is not None:
        set_used(db, customer, customer["used"] + 1)


def remaining_fields(db: sqlite3.Connection, customer: sqlite3.Row | None) -> Json:
    """Return the fields that say what is left on both ledgers."""
    fields: Json = {"remaining_credits": credits_left(db, context().clock())}
    if customer is not None:
        now = quota_status(find_customer(db, customer["id"]))
        fields["end_customer_quota"] = {
            "used": now.used,
            "limit": now.limit,
            "remaining": now.remaining,
        }
    return fields


def log_tryon(
    db: sqlite3.Connection, customer: sqlite3.Row | None, *, source: str, **about: object
) -> None:
    """Record a try-on that was charged or failed.

    Args:
        db: The transaction in which it is charged.
        customer: The customer, or None for a guest.
        source: ``host`` if the sandbox made it, ``track`` if the shop did.
        about: Known values of variations, success, product_title, page_url, generation_ms and
            reason.
    """
    row: Json = {
        "variations": 1,
        "success": True,
        "product_title": None,
        "page_url": None,
        "generation_ms": None,
        "reason": None,
        **about,
        "id": f"try_{secrets.token_hex(8)}",
        "customer": customer["id"] if customer else None,
        "source": source,
        "now": context().clock(),
    }
    db.execute(
        "INSERT INTO tryons (id, customer_id, variations, success, source, product_title, "
        "page_url, generation_ms, created_at) VALUES (:id, :customer, :variations, :success, "
        ":source, :product_title, :page_url, :generation_ms, :now)",
        row,
    )
    notify_tryon(db, customer, row)
    if row["success"]:
        note_credit(db)
