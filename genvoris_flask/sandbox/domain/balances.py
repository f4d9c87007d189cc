"""The shop's credit pool: packs that were bought, spent soonest expiry first."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

from ..http.errors import RefusalError
from ..serializers import Json, iso

LIVE = "remaining > 0 AND (expires_at IS NULL OR expires_at > ?)"
SPENT_FIRST = "expires_at IS NULL, expires_at, number"
YEAR = 365 * 24 * 3600.0


def credits_left(db: sqlite3.Connection, now: float) -> int:
    """Give the credits of all packs that have not ended."""
    query = f"SELECT COALESCE(SUM(remaining), 0) FROM credit_packs WHERE {LIVE}"  # noqa: S608
    (left,) = db.execute(query, (now,)).fetchone()
    return int(left)


def take_credit(db: sqlite3.Connection, now: float) -> None:
    """Take a credit off the pack that is next to be spent. There must be one."""
    query = f"SELECT number FROM credit_packs WHERE {LIVE} ORDER BY {SPENT_FIRST}"  # noqa: S608
    (number,) = db.execute(query, (now,)).fetchone()
    db.execute("UPDATE credit_packs SET remaining = remaining - 1 WHERE number = ?", (number,))


def add_pack(db: sqlite3.Connection, count: int, now: float, expires_at: float | None) -> Json:
    """Add a pack, and give it."""
    pack_id = f"pack_{secrets.token_hex(6)}"
    db.execute(
        "INSERT INTO credit_packs (id, credits, remaining, created_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (pack_id, count, count, now, expires_at),
    )
    row = db.execute("SELECT * FROM credit_packs WHERE id = ?", (pack_id,)).fetchone()
    return pack_fields(row)


def pack_fields(row: sqlite3.Row) -> Json:
    """Write a pack."""
    return {
        "id": row["id"],
        "credits": row["credits"],
        "remaining": row["remaining"],
        "createdAt": iso(row["created_at"]),
        "expiresAt": None if row["expires_at"] is None else iso(row["expires_at"]),
    }


def live_packs(db: sqlite3.Connection, now: float) -> list[Json]:
    """List the packs of which something is left, in the order in which they are spent."""
    query = f"SELECT * FROM credit_packs WHERE {LIVE} ORDER BY {SPENT_FIRST}"  # noqa: S608
    return [pack_fields(row) for row in db.execute(query, (now,))]


def empty_packs(db: sqlite3.Connection) -> None:
    """Leave nothing in any pack."""
    db.execute("UPDATE credit_packs SET remaining = 0")


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

    def refusal(self) -> RefusalError | None:
        """Return the refusal of another try-on, or None if it is allowed now."""
        reason = self.reason
        if reason is None:
            return None
        return RefusalError(
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


def standing(row: sqlite3.Row) -> Standing:
    """Return where a customer stands."""
    return Standing(row["used"], row["quota"], row["status"])
