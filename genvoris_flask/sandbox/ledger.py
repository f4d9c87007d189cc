"""The two ledgers: the shop's credits, and each shopper's quota in rolling 30-day periods."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .context import context
from .credits import credits_left, take_credits
from .refusal import RefusalError, not_found
from .validation import Json, iso

PERIOD = 30 * 24 * 3600.0
HISTORY = 12


@dataclass(frozen=True)
class Standing:
    """Where a shopper stands. ``limit`` is None without a plan."""

    used: int
    limit: int | None
    status: str

    @property
    def remaining(self) -> int:
        """Try-ons that are left."""
        return max(0, (self.limit or 0) - self.used)

    def fields(self) -> Json:
        """Write it as the contract's ``current``."""
        ok = self.status == "ACTIVE" and self.remaining > 0
        return {"used": self.used, "limit": self.limit, "remaining": self.remaining, "ok": ok}

    def refuse_beyond(self, wanted: int) -> None:
        """Refuse when so many try-ons are not allowed now."""
        reason = self._reason_against(wanted)
        if reason:
            raise RefusalError(
                402,
                "end_customer_quota",
                f"This customer may not try on now: {reason}.",
                reason=reason,
                used=self.used,
                limit=self.limit,
            )

    def _reason_against(self, wanted: int) -> str | None:
        if self.status != "ACTIVE":
            return self.status.lower()
        if self.limit is None:
            return "no_plan"
        return "quota_exhausted" if self.used + wanted > self.limit else None


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
    """End the customer's period and start a new one with a full quota."""
    db.execute(
        "INSERT INTO periods VALUES (?, ?, ?, ?, ?)",
        (
            row["id"],
            row["period_start"],
            min(row["period_end"], max(start, row["period_start"])),
            row["used"],
            standing(db, row).limit,
        ),
    )
    db.execute(
        "UPDATE customers SET period_start = ?, period_end = ?, used = 0 WHERE id = ?",
        (start, start + PERIOD, row["id"]),
    )


def standing(db: sqlite3.Connection, row: sqlite3.Row) -> Standing:
    """Give where a customer stands."""
    plan = db.execute("SELECT * FROM plans WHERE id = ?", (row["plan_id"],)).fetchone()
    return Standing(row["used"], plan["monthly_try_ons"] if plan else None, row["status"])


def history(db: sqlite3.Connection, row: sqlite3.Row) -> list[Json]:
    """Give the customer's latest periods that are over, newest first."""
    query = "SELECT * FROM periods WHERE customer_id = ? ORDER BY rowid DESC LIMIT ?"
    return [
        {
            "period_start": iso(each["period_start"]),
            "period_end": iso(each["period_end"]),
            "used": each["used"],
            "limit": each["quota"],
        }
        for each in db.execute(query, (row["id"], HISTORY))
    ]


def check(db: sqlite3.Connection, customer: sqlite3.Row | None, wanted: int) -> None:
    """Refuse when the quota or the credits do not allow so many try-ons."""
    if customer is not None:
        standing(db, customer).refuse_beyond(wanted)
    if credits_left(db, context().clock()) < wanted:
        raise RefusalError(402, "credit_limit_reached", "The shop's credit pool is empty.")


def spend(db: sqlite3.Connection, customer: sqlite3.Row | None, count: int) -> None:
    """Take try-ons off both ledgers, or refuse and take nothing."""
    check(db, customer, count)
    take_credits(db, count, context().clock())
    if customer is not None:
        db.execute("UPDATE customers SET used = used + ? WHERE id = ?", (count, customer["id"]))


def ledgers(db: sqlite3.Connection, customer: sqlite3.Row | None) -> Json:
    """Give what is left on both ledgers."""
    fields: Json = {"remaining_credits": credits_left(db, context().clock())}
    if customer is not None:
        now = standing(db, find_customer(db, customer["id"]))
        fields["end_customer_quota"] = {
            "used": now.used,
            "limit": now.limit,
            "remaining": now.remaining,
        }
    return fields


def _roll(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    """Move to the period that is now; whole ones that passed unseen leave no trace."""
    passed = int((context().clock() - row["period_end"]) // PERIOD)
    start_period(db, row, row["period_end"] + passed * PERIOD)
    query = "SELECT * FROM customers WHERE id = ?"
    rolled: sqlite3.Row = db.execute(query, (row["id"],)).fetchone()
    return rolled
