"""Try-ons that a shop made with an engine of its own."""

from __future__ import annotations

from dataclasses import dataclass

from ..parsing import Json, as_int, pick


@dataclass(frozen=True)
class QuotaLeft:
    """Where the shopper stands after it. ``limit`` is None without a plan."""

    used: int
    limit: int | None
    remaining: int


@dataclass(frozen=True)
class Tracked:
    """What was charged.

    Attributes:
        variation_count: Try-ons that were charged.
        remaining_credits: What the shop's pool has left, where Genvoris says so.
        quota: Where the shopper stands, when the call named one.
    """

    variation_count: int
    remaining_credits: int | None
    quota: QuotaLeft | None

    @classmethod
    def read(cls, payload: Json) -> Tracked:
        """Read the contract's answer to a tracked try-on."""
        return cls(
            variation_count=as_int(pick(payload, "variation_count")) or 0,
            remaining_credits=as_int(pick(payload, "remaining_credits")),
            quota=_quota(pick(payload, "end_customer_quota")),
        )


def _quota(payload: object) -> QuotaLeft | None:
    if not isinstance(payload, dict):
        return None
    used = as_int(payload.get("used")) or 0
    limit = as_int(payload.get("limit"))
    remaining = as_int(payload.get("remaining"))
    return QuotaLeft(used, limit, max(0, (limit or 0) - used) if remaining is None else remaining)
