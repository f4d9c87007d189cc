"""What is left to spend: the shop's credits, and a customer's quota.

Credits come in packs. The pack that expires first is spent first.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

from ..responses import HttpError, Json, iso

LIVE = "remaining > 0 AND (expires_at IS NULL OR expires_at > ?)"
SPENT_FIRST = "expires_at IS NULL, expires_at, number"
YEAR = 365 * 24 * 3600.0


def credits_left(db: sqlite3.Connection, now: float) -> int:
    """Return the number of credits in all packs that have not expired."""
    query = f"SELECT COALESCE(SUM(remaining), 0) FROM credit_packs WHERE {LIVE}"  # noqa: S608
    (left,) = db.execute(query, (now,)).fetchone()
    return int(left)


def take_credit(db: sqlite3.Connection, now: float) -> None:
    """Take one credit from the pack that expires first. There must be one."""
    query = f"SELECT number FROM credit_packs WHERE {LIVE} ORDER BY {SPENT_FIRST}"  # noqa: S608
    (number,) = db.execute(query, (now,)).fetchone()
    db.execute("UPDATE credit_packs SET remaining = remaining - 1 WHERE number = ?", (number,))


def add_pack(db: sqlite3.Connection, count: int, now: float, expires_at: float | None) -> Json:
    """Add a pack and return its fields."""
    pack_id = f"pack_{secrets.token_hex(6)}"
    db.execute(
        "INSERT INTO credit_packs (id, credits, remaining, created_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (pack_id, count, count, now, expires_at),
    )
    row = db.execute("SELECT * FROM credit_packs WHERE id = ?", (pack_id,)).fetchone()
    return pack_fields(row)


def pack_fields(row: sqlite3.Row) -> Json:
    """Return a pack's fields."""
    return {
        "id": row["id"],
        "credits": row["credits"],
        "remaining": row["remaining"],
        "createdAt": iso(row["created_at"]),
        "expiresAt": None if row["expires_at"] is None else iso(row["expires_at"]),
    }


def live_packs(db: sqlite3.Connection, now: float) -> list[Json]:
    """Return the packs with credits left, in the order in which they are spent."""
    query = f"SELECT * FROM credit_packs WHERE {LIVE} ORDER BY {SPENT_FIRST}"  # noqa: S608
    return [pack_fields(row) for row in db.execute(query, (now,))]


def empty_packs(db: sqlite3.Connection) -> None:
    """Remove all credits."""
    db.execute("UPDATE credit_packs SET remaining = 0")


@dataclass(frozen=True)
class QuotaStatus:
    """A customer's quota in the current period. ``limit`` is None without a plan."""

    used: int
    limit: int | None
    status: str

    @property
    def remaining(self) -> int:
        """The number of try-ons that are left."""
        return max(0, (self.limit or 0) - self.used)

    def fields(self) -> Json:
        """Return the fields of ``current`` in the API's usage."""
        ok = self.status == "ACTIVE" and self.remaining > 0
        return {"used": self.used, "limit": self.limit, "remaining": self.remaining, "ok": ok}

    def error(self) -> HttpError | None:
        """Return the error that refuses another try-on, or None if one is allowed."""
        reason = self.reason
        if reason is None:
            return None
        return HttpError(
            402,
            "end_customer_quota",
            f"This customer may not try on now: {reason}.",
            reason=reason,
            used=self.used,
            limit=self.limit,
        )

    @property
    def reason(self) -> str | None:
        """Why another try-on is not allowed now, or None."""
        if self.status != "ACTIVE":
            return self.status.lower()
        if self.limit is None:
            return "no_plan"
        return None if self.remaining else "quota_exhausted"


def quota_status(row: sqlite3.Row) -> QuotaStatus:
    """Return the quota of a customer's current period."""
    return QuotaStatus(row["used"], row["quota"], row["status"])
