"""A plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ..parsing import Json, as_int, as_text, as_time, need_text, pick


@dataclass(frozen=True)
class Plan:
    """What a shop sells: so many try-ons a month."""

    id: str
    name: str
    monthly_try_ons: int | None
    external_price_id: str | None
    active: bool
    created_at: dt.datetime | None
    updated_at: dt.datetime | None

    @classmethod
    def read(cls, payload: Json) -> Plan:
        """Read the contract's plan."""
        return cls(
            id=need_text(payload, "id", "a call for a plan"),
            name=as_text(payload.get("name")) or "",
            monthly_try_ons=as_int(pick(payload, "monthly_try_ons")),
            external_price_id=as_text(pick(payload, "external_price_id")),
            active=payload.get("active") is not False,
            created_at=as_time(pick(payload, "created_at")),
            updated_at=as_time(pick(payload, "updated_at")),
        )


@dataclass(frozen=True)
class PlanSummary:
    """A customer's plan, as customers and usage name it.

    Attributes:
        id: Genvoris's id of it.
        name: What the shop calls it.
        monthly_try_ons: Its quota. A change acts from the customer's next period on.
    """

    id: str | None
    name: str | None
    monthly_try_ons: int | None

    @classmethod
    def read(cls, value: Any) -> PlanSummary | None:
        """Read a nested plan; anything but an object is none."""
        if not isinstance(value, dict):
            return None
        return cls(
            id=as_text(value.get("id")),
            name=as_text(value.get("name")),
            monthly_try_ons=as_int(pick(value, "monthly_try_ons")),
        )
