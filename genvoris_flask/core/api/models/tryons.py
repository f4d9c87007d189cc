"""Whether a shopper may try on, what was charged, and the hosted widget."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ....errors import ConfigurationError
from ...button_design import FIELDS, ButtonDesign, read_design
from ..parsing import Json, as_int, as_text, as_time, need_text, pick

Access = Literal["ALLOWED", "LOCKED", "EXHAUSTED", "ERROR"]
_KNOWN: dict[str, Access] = {each: each for each in get_args(Access)}


@dataclass(frozen=True)
class TryOnStatus:
    """Whether a shopper may try on.

    Attributes:
        access: An unknown value counts as ``ERROR``: then show no button.
        message: A sentence for the shopper, where Genvoris has one.
        used: Try-ons of this period; None without a quota, as for guests.
        limit: The quota of this period.
        resets_at: When the period ends.
        plan: The merchant's own plan at Genvoris, not the shopper's.
        monetization_model: How the merchant pays: ``per_tryon``, ``per_order``, ``subscription``.
        overage_enabled: Whether try-ons beyond the merchant's plan are possible.
        external_id: The shop's id for the shopper.
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
        """Parse a response about the status."""
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


@dataclass(frozen=True)
class QuotaLeft:
    """The shopper's quota after a tracked try-on. ``limit`` is None without a plan."""

    used: int
    limit: int | None
    remaining: int


@dataclass(frozen=True)
class Tracked:
    """What was charged.

    Attributes:
        variation_count: Try-ons that were charged.
        remaining_credits: What the shop's pool has left, if Genvoris says so.
        quota: The shopper's quota, if the call named a shopper.
    """

    variation_count: int
    remaining_credits: int | None
    quota: QuotaLeft | None

    @classmethod
    def read(cls, payload: Json) -> Tracked:
        """Parse the response to a tracked try-on."""
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


_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{96}")


@dataclass(frozen=True)
class WidgetHash:
    """Which widget Genvoris hosts now.

    Attributes:
        version: Its version, if Genvoris says it.
        sha384: The digest of the file, as Genvoris writes it.
    """

    version: str | None
    sha384: str

    @classmethod
    def read(cls, payload: Json) -> WidgetHash:
        """Parse a response about the widget's hash."""
        version = payload.get("version")
        return cls(
            version=str(version) if isinstance(version, int | float) else as_text(version),
            sha384=need_text(payload, "sha384", "a call for the widget's hash"),
        )

    @property
    def integrity(self) -> str:
        """The digest as browsers check it: the value of GENVORIS_WIDGET_INTEGRITY."""
        digest = self.sha384.removeprefix("sha384-")
        if _HEX_DIGEST.fullmatch(digest):
            digest = base64.b64encode(bytes.fromhex(digest)).decode()
        return f"sha384-{digest}"


def read_button_design(payload: Mapping[str, Any]) -> ButtonDesign:
    """Parse the button's design; unknown fields and values out of range are left out."""
    good: dict[str, Any] = {}
    for name in FIELDS.keys() & payload.keys():
        try:
            read_design(name, {name: payload[name]})
        except ConfigurationError:
            continue
        good[name] = payload[name]
    return read_design("Genvoris's button design", good)
