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
