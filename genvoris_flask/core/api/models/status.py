"""Whether a shopper may try on, as the try-on host says it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from ..parsing import Json, as_int, as_text, as_time, pick

Access = Literal["ALLOWED", "LOCKED", "EXHAUSTED", "ERROR"]
_KNOWN: dict[str, Access] = {each: each for each in get_args(Access)}


@dataclass(frozen=True)
class TryOnStatus:
    """Whether a shopper may try on.

    Attributes:
        access: Any value that is not known counts as ``ERROR``: then show no button.
        message: A sentence for the shopper, where Genvoris has one.
        used: Try-ons of this period; None where Genvoris tells no quota, as for guests.
        limit: The quota of this period.
        resets_at: When the period ends.
        plan: The merchant's own plan at Genvoris, not the shopper's.
        monetization_model: How the merchant pays: ``per_tryon``, ``per_order``, ``subscription``.
        overage_enabled: Whether try-ons beyond the merchant's plan are possible.
        external_id: The shop's id of the shopper.
    """

    access: Access
    message: str | None
    used: int | None
    limit: int | None
    resets_at: dt.datetime | None
    plan: str | None
    monetization_model: str | None
    overage_enabled: bool
    external_id: str | None

    @classmethod
    def read(cls, payload: Json) -> TryOnStatus:
        """Read the answer to a call for the status."""
        quota = payload.get("quota")
        quota = quota if isinstance(quota, dict) else {}
        return cls(
            access=_KNOWN.get(as_text(payload.get("access")) or "", "ERROR"),
            message=as_text(payload.get("message")),
            used=as_int(quota.get("used")),
            limit=as_int(quota.get("limit")),
            resets_at=as_time(pick(quota, "resets_at")),
            plan=as_text(payload.get("plan")),
            monetization_model=as_text(pick(payload, "monetization_model")),
            overage_enabled=pick(payload, "overage_enabled") is True,
            external_id=as_text(pick(payload, "external_id")),
        )
