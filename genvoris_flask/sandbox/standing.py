"""Where a shopper stands in the current period."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .refusal import RefusalError
from .wire import Json


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

    def refuse_if_not_allowed(self) -> None:
        """Raise a refusal if another try-on is not allowed now."""
        reason = self._reason()
        if reason:
            raise RefusalError(
                402,
                "end_customer_quota",
                f"This customer may not try on now: {reason}.",
                reason=reason,
                used=self.used,
                limit=self.limit,
            )

    def _reason(self) -> str | None:
        if self.status != "ACTIVE":
            return self.status.lower()
        if self.limit is None:
            return "no_plan"
        return None if self.remaining else "quota_exhausted"


def standing(db: sqlite3.Connection, row: sqlite3.Row) -> Standing:
    """Give where a customer stands."""
    plan = db.execute("SELECT * FROM plans WHERE id = ?", (row["plan_id"],)).fetchone()
    return Standing(row["used"], plan["monthly_try_ons"] if plan else None, row["status"])
