"""The two ledgers: the shop's credits, and each shopper's quota in rolling 30-day periods."""

from __future__ import annotations

import secrets
import sqlite3
from functools import partial

from ..context import context
from ..http.errors import RefusalError, not_found
from ..serializers import Json, iso, plan_summary
from .balances import credits_left, standing, take_credit
from .notifications import (
    tell_of_balance,
    tell_of_customer,
    tell_of_exhaustion,
    tell_of_quota,
    tell_of_tryon,
)

PERIOD = 30 * 24 * 3600.0
USAGE_BUCKETS = 24


def find_customer(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    """Give a customer by the sandbox's id or the shop's, in the period that is now.

    Refuses with 404.
    """
    query = "SELECT * FROM customers WHERE id = ?1 OR external_id = ?1 ORDER BY id = ?1 DESC"
    row: sqlite3.Row | None = db.execute(query, (name,)).fetchone()
    if row is None:
        raise not_found("customer")
    if row["status"] == "ACTIVE" and context().clock() >= row["period_end"]:
        return _roll(db, row)
    return row


def start_period(db: sqlite3.Connection, row: sqlite3.Row, start: float) -> None:
    """End the customer's period and start a new one with the full quota of the plan as it is now.

    A plan that is changed later does so for the next period.
    """
    db.execute(
        "INSERT INTO periods VALUES (?, ?, ?, ?, ?)",
        (
            row["id"],
            row["period_start"],
            min(row["period_end"], max(start, row["period_start"])),
            row["used"],
            standing(row).limit,
        ),
    )
    db.execute(
        "UPDATE customers SET period_start = ?, period_end = ?, used = 0, quota = "
        "(SELECT monthly_try_ons FROM plans WHERE plans.id = plan_id) WHERE id = ?",
        (start, start + PERIOD, row["id"]),
    )
    tell_of_customer(db, "period_rolled", _by_id(db, row["id"]))


def usage_fields(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    """Return a customer's usage as ``GET /customers/{id}/usage`` answers it."""
    return {
        "data": {
            "customer_id": row["id"],
            "external_id": row["external_id"],
            "plan": plan_summary(db, row["plan_id"]),
            "status": row["status"],
            "period_start": iso(row["period_start"]),
            "period_end": iso(row["period_end"]),
            "current": standing(row).fields(),
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


def past_periods(db: sqlite3.Connection, row: sqlite3.Row, most: int) -> list[sqlite3.Row]:
    """Return the customer's latest periods that are over, newest first."""
    query = "SELECT * FROM periods WHERE customer_id = ? ORDER BY rowid DESC LIMIT ?"
    return db.execute(query, (row["id"], most)).fetchall()


def set_used(db: sqlite3.Connection, customer: sqlite3.Row, used: int) -> None:
    """Set how many try-ons of the current period are used."""
    db.execute("UPDATE customers SET used = ? WHERE id = ?", (used, customer["id"]))
    tell_of_quota(db, find_customer(db, customer["id"]), customer["used"])


def roll_all(db: sqlite3.Connection) -> None:
    """Roll every period that has ended, as it would be when next asked for."""
    query = "SELECT id FROM customers WHERE status = 'ACTIVE' AND period_end <= ?"
    for row in db.execute(query, (context().clock(),)).fetchall():
        find_customer(db, row["id"])


def _roll(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    """Move to the period that is now; whole ones that passed unseen leave no trace."""
    passed = int((context().clock() - row["period_end"]) // PERIOD)
    start_period(db, row, row["period_end"] + passed * PERIOD)
    return _by_id(db, row["id"])


def _by_id(db: sqlite3.Connection, customer_id: str) -> sqlite3.Row:
    query = "SELECT * FROM customers WHERE id = ?"
    row: sqlite3.Row = db.execute(query, (customer_id,)).fetchone()
    return row


def check(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Raise a refusal if the quota or the credits do not allow a try-on."""
    if customer is not None and (refusal := standing(customer).refusal()):
        if standing(customer).reason == "quota_exhausted":
            refusal.then = partial(tell_of_exhaustion, row=customer)
        raise refusal
    if credits_left(db, context().clock()) < 1:
        raise RefusalError(402, "credit_limit_reached", "The shop's credit pool is empty.")


def spend(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Take one try-on off both ledgers, or raise a refusal and take nothing.

    A try-on counts once, however many variations it has. What several variations cost the shop is
    not published, so the pool counts them the same way.
    """
    check(db, customer)
    take_credit(db, context().clock())
    tell_of_balance(db)
    if customer is not None:
        set_used(db, customer, customer["used"] + 1)


def ledgers(db: sqlite3.Connection, customer: sqlite3.Row | None) -> Json:
    """Give what is left on both ledgers."""
    fields: Json = {"remaining_credits": credits_left(db, context().clock())}
    if customer is not None:
        now = standing(find_customer(db, customer["id"]))
        fields["end_customer_quota"] = {
            "used": now.used,
            "limit": now.limit,
            "remaining": now.remaining,
        }
    return fields


def log_tryon(
    db: sqlite3.Connection, customer: sqlite3.Row | None, *, source: str, **about: object
) -> None:
    """Keep one.

    Args:
        db: The transaction in which it is paid for.
        customer: Whose it is; None is a guest's.
        source: ``host`` when the sandbox made it, ``track`` when the shop did.
        about: variations, success, product_title, page_url, generation_ms, reason, where known.
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
    tell_of_tryon(db, customer, row)
