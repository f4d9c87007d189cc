"""Deliveries from Genvoris, parsed into frozen objects.

Genvoris documents the envelope and the types, but not the fields of ``data``. They are looked up in
every known spelling, and each may be None. ``data`` itself is kept unchanged.

==============================================================  =================
type                                                            object
==============================================================  =================
tryon.completed, tryon.failed                                   TryonEvent
customer.created, .updated, .cancelled, .plan_changed,          CustomerEvent
.quota_warning (80 %), .quota_exhausted, .period_rolled
credit.low_balance, credit.balance_added                        CreditEvent
plan.created, plan.updated, plan.disabled                       PlanEvent
webhook.test, and all unknown types                             WebhookEvent
==============================================================  =================

The older names ``end_customer.…`` are mapped to ``customer.…``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import MalformedAnswerError
from ..api.models import Status, read_status
from ..api.parsing import Json, as_int, as_text, as_time, pick, read_json

KNOWN_TYPES = frozenset(
    {
        *("tryon.completed", "tryon.failed"),
        *("customer.created", "customer.updated", "customer.cancelled", "customer.plan_changed"),
        *("customer.quota_warning", "customer.quota_exhausted", "customer.period_rolled"),
        *("credit.low_balance", "credit.balance_added"),
        *("plan.created", "plan.updated", "plan.disabled"),
        "webhook.test",
    }
)
_OLDER_PREFIX = "end_customer."


@dataclass(frozen=True)
class WebhookEvent:
    """Something that happened at Genvoris.

    Attributes:
        id: The signed id; deliveries with the same id are the same event.
        type: The event's type, under its current name.
        sent_type: The type as it was delivered.
        created: When it happened, if known.
        data: The event's data, unchanged.
    """

    id: str
    type: str
    sent_type: str
    created: dt.datetime | None
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class TryonEvent(WebhookEvent):
    """A try-on succeeded or failed."""

    tryon_id: str | None
    customer_id: str | None
    external_id: str | None
    product_id: str | None
    product_title: str | None
    reason: str | None
    page_url: str | None = None


@dataclass(frozen=True)
class CustomerEvent(WebhookEvent):
    """A shopper changed at Genvoris, or approached the end of their quota."""

    customer_id: str | None
    external_id: str | None
    status: Status | None
    plan_id: str | None
    used: int | None
    limit: int | None
    period_end: dt.datetime | None
    remaining: int | None = None


@dataclass(frozen=True)
class CreditEvent(WebhookEvent):
    """The shop's credit pool is running low, or was filled. Both fields count credits."""

    balance: int | None
    added: int | None


@dataclass(frozen=True)
class PlanEvent(WebhookEvent):
    """A plan was created, changed or disabled."""

    plan_id: str | None
    name: str | None
    monthly_try_ons: int | None
    external_price_id: str | None
    active: bool | None


def current_type(name: str) -> str:
    """Return a type under its current name: ``customer.…`` for the older ``end_customer.…``."""
    if name.startswith(_OLDER_PREFIX):
        return "customer." + name.removeprefix(_OLDER_PREFIX)
    return name


def read_event(body: bytes) -> WebhookEvent:
    """Parse the body of a verified delivery.

    Raises:
        MalformedAnswerError: It is not the documented envelope.
    """
    payload = read_json(body, "a webhook delivery")
    event_id, sent_type = as_text(payload.get("id")), as_text(payload.get("type"))
    if event_id is None or sent_type is None:
        raise MalformedAnswerError("The webhook delivery has no id or no type.")
    data = payload.get("data")
    envelope = {
        "id": event_id,
        "type": current_type(sent_type),
        "sent_type": sent_type,
        "created": as_time(payload.get("created")),
        "data": data if isinstance(data, dict) else {},
    }
    return _typed(envelope)


def _typed(envelope: dict[str, Any]) -> WebhookEvent:
    data: Json = envelope["data"]
    match envelope["type"].partition(".")[0]:
        case "tryon":
            return TryonEvent(**envelope, **_tryon(data))
        case "customer":
            return CustomerEvent(**envelope, **_customer(data))
        case "credit":
            return CreditEvent(**envelope, **_credit(data))
        case "plan":
            return PlanEvent(**envelope, **_plan(data))
        case _:
            return WebhookEvent(**envelope)


def _tryon(data: Json) -> dict[str, Any]:
    return {
        "tryon_id": _first_text(data, "tryon_id", "id"),
        **_shopper(data),
        "product_id": _first_text(data, "product_id"),
        "product_title": _first_text(data, "product_title"),
        "reason": _first_text(data, "reason", "error", "code"),
        "page_url": _first_text(data, "page_url"),
    }


def _customer(data: Json) -> dict[str, Any]:
    inner = _inner(data, "customer", "end_customer")
    status = pick(inner, "status")
    quota, plan = _inner(data, "quota", "current"), pick(inner, "plan")
    return {
        **_shopper(data),
        "status": None if status is None else read_status(status),
        "plan_id": _first_text(inner, "plan_id")
        or (_first_text(plan, "id") if isinstance(plan, dict) else None),
        "used": as_int(quota.get("used")),
        "limit": as_int(quota.get("limit")),
        "remaining": as_int(quota.get("remaining")),
        "period_end": as_time(pick(inner, "period_end")),
    }


def _shopper(data: Json) -> dict[str, Any]:
    """Return the shopper's ids; ``id`` is a customer's only where the data is the customer."""
    inner = _inner(data, "customer", "end_customer")
    customer_id = _first_text(inner, "customer_id", "end_customer_id")
    named = _first_text(inner, "id")
    if customer_id is None and named and (inner is not data or named.startswith("ec_")):
        customer_id = named
    return {"customer_id": customer_id, "external_id": _first_text(inner, "external_id")}


def _credit(data: Json) -> dict[str, Any]:
    balance = (as_int(pick(data, name)) for name in ("balance", "remaining_credits", "remaining"))
    added = (as_int(pick(data, name)) for name in ("added", "amount", "credits"))
    return {
        "balance": next((number for number in balance if number is not None), None),
        "added": next((number for number in added if number is not None), None),
    }


def _plan(data: Json) -> dict[str, Any]:
    inner = _inner(data, "plan")
    active = inner.get("active")
    return {
        "plan_id": _first_text(inner, "plan_id", "id"),
        "name": _first_text(inner, "name"),
        "monthly_try_ons": as_int(pick(inner, "monthly_try_ons")),
        "external_price_id": _first_text(inner, "external_price_id"),
        "active": active if isinstance(active, bool) else None,
    }


def _inner(data: Json, *names: str) -> Json:
    """Return the nested object with one of these names, or the data itself."""
    inner = (pick(data, name) for name in names)
    return next((each for each in inner if isinstance(each, dict)), data)


def _first_text(data: Json, *names: str) -> str | None:
    return next((text for name in names if (text := as_text(pick(data, name)))), None)
