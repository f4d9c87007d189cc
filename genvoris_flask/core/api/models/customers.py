"""Plans, customers, their session tokens, and what they have used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from ....errors import MalformedAnswerError
from ..parsing import Json, as_int, as_text, as_time, need_text, pick

T = TypeVar("T")

Status = Literal["ACTIVE", "PAUSED", "CANCELLED"]

LONGEST_SESSION = 24 * 3600.0  # seconds; what ends later is an error of the server's


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list. ``next_cursor`` is None on the last one."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Plan:
    """What a shop sells: a number of try-ons a month."""

    id: str
    name: str
    monthly_try_ons: int | None
    external_price_id: str | None
    active: bool
    created_at: dt.datetime | None
    updated_at: dt.datetime | None

    @classmethod
    def read(cls, payload: Json) -> Plan:
        """Parse a plan."""
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
    """A customer's plan, as responses about customers and usage hold it.

    Attributes:
        id: Genvoris's id.
        name: What the shop calls it.
        monthly_try_ons: Its quota. A change applies from the customer's next period.
    """

    id: str | None
    name: str | None
    monthly_try_ons: int | None

    @classmethod
    def read(cls, value: Any) -> PlanSummary | None:
        """Parse a nested plan; None for anything but an object."""
        if not isinstance(value, dict):
            return None
        return cls(
            id=as_text(value.get("id")),
            name=as_text(value.get("name")),
            monthly_try_ons=as_int(pick(value, "monthly_try_ons")),
        )


@dataclass(frozen=True)
class Period:
    """The try-ons of a past period."""

    start: dt.datetime | None
    end: dt.datetime | None
    used: int | None
    limit: int | None


@dataclass(frozen=True)
class Customer:
    """A shopper as Genvoris knows them.

    Attributes:
        plan: The plan. Only ``customers.get`` returns it.
        usage: The latest past periods, newest first. Only ``customers.get`` returns them.
    """

    id: str
    external_id: str | None
    email: str | None = field(repr=False)
    plan_id: str | None
    status: Status
    metadata: Mapping[str, Any] = field(repr=False)
    period_start: dt.datetime | None
    period_end: dt.datetime | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    # Not compared: a customer is the same one, however much a response says of them.
    plan: PlanSummary | None = field(default=None, compare=False)
    usage: tuple[Period, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, payload: Json) -> Customer:
        """Parse a customer."""
        metadata = payload.get("metadata")
        return cls(
            id=need_text(payload, "id", "a call for a customer"),
            external_id=as_text(pick(payload, "external_id")),
            email=as_text(payload.get("email")),
            plan_id=as_text(pick(payload, "plan_id")),
            status=read_status(payload.get("status")),
            metadata=metadata if isinstance(metadata, dict) else {},
            period_start=as_time(pick(payload, "period_start")),
            period_end=as_time(pick(payload, "period_end")),
            created_at=as_time(pick(payload, "created_at")),
            updated_at=as_time(pick(payload, "updated_at")),
            plan=PlanSummary.read(payload.get("plan")),
            usage=tuple(_periods(payload.get("usage"))),
        )


@dataclass(frozen=True)
class Usage:
    """What a shopper has used of the current period.

    Attributes:
        limit: Try-ons in this period, as the plan said when it began; None without a plan.
        history: The latest past periods, newest first.
        plan: The plan as it is now.
    """

    customer_id: str
    external_id: str | None
    plan_name: str | None
    status: Status
    period_start: dt.datetime | None
    period_end: dt.datetime | None
    used: int
    limit: int | None
    remaining: int
    ok: bool
    history: tuple[Period, ...]
    plan: PlanSummary | None = None

    @classmethod
    def read(cls, payload: Json) -> Usage:
        """Parse a response about usage."""
        current = payload.get("current")
        if not isinstance(current, dict):
            raise MalformedAnswerError("The answer to a call for usage has no 'current'.")
        used = as_int(current.get("used")) or 0
        limit = as_int(current.get("limit"))
        remaining = as_int(current.get("remaining"))
        return cls(
            customer_id=need_text(payload, "customer_id", "a call for usage"),
            external_id=as_text(pick(payload, "external_id")),
            plan_name=_plan_name(payload),
            status=read_status(payload.get("status")),
            period_start=as_time(pick(payload, "period_start")),
            period_end=as_time(pick(payload, "period_end")),
            used=used,
            limit=limit,
            remaining=max(0, (limit or 0) - used) if remaining is None else remaining,
            ok=current.get("ok") is True,
            history=tuple(_periods(payload.get("history"))),
            plan=PlanSummary.read(payload.get("plan")),
        )


def read_status(value: Any) -> Status:
    """Parse a customer's status in any case; an unknown one counts as paused."""
    match str(value or "ACTIVE").upper():
        case "ACTIVE":
            return "ACTIVE"
        case "CANCELLED" | "CANCELED":
            return "CANCELLED"
        case _:
            return "PAUSED"


def _plan_name(payload: Json) -> str | None:
    plan = payload.get("plan")
    if isinstance(plan, dict):
        return as_text(plan.get("name"))
    return as_text(plan) or as_text(pick(payload, "plan_name"))


def _periods(history: Any) -> list[Period]:
    if isinstance(history, dict):  # in an object of its own
        history = history.get("history")
    if not isinstance(history, list):
        return []
    return [
        Period(
            start=as_time(pick(each, "period_start")),
            end=as_time(pick(each, "period_end")),
            used=as_int(each.get("used")),
            limit=as_int(each.get("limit")),
        )
        for each in history
        if isinstance(each, dict)
    ]


@dataclass(frozen=True)
class Session:
    """A token for one shopper's browser. ``expires_at`` is in Unix seconds."""

    token: str = field(repr=False)
    expires_at: float
    jti: str | None
    shop_id: str | None
    customer_id: str
    external_id: str | None
    plan_id: str | None
    plan_name: str | None
    monthly_try_ons: int | None
    period_end: dt.datetime | None

    @classmethod
    def read(cls, payload: Json, now: float) -> Session:
        """Parse the response to a mint; the token ends at the earliest time that it names."""
        what = "a call for a session"
        token = need_text(payload, "token", what)
        claims = _claims(token)
        customer = payload.get("customer")
        customer = customer if isinstance(customer, dict) else {}
        customer_id = as_text(customer.get("id")) or as_text(claims.get("sub"))
        if not customer_id:
            raise MalformedAnswerError(f"The answer to {what} does not say whose it is.")
        return cls(
            token=token,
            expires_at=_earliest_end(payload, claims, now),
            jti=as_text(claims.get("jti")),
            shop_id=as_text(claims.get("sid")),
            customer_id=customer_id,
            external_id=as_text(pick(customer, "external_id")),
            plan_id=as_text(pick(customer, "plan_id")),
            plan_name=as_text(pick(customer, "plan_name")),
            monthly_try_ons=as_int(pick(customer, "monthly_try_ons")),
            period_end=as_time(pick(customer, "period_end")),
        )


@dataclass(frozen=True)
class ActiveSession:
    """A valid token. ``expires_at`` is in Unix seconds, or None if Genvoris does not say."""

    token: str = field(repr=False)
    expires_at: float | None

    @classmethod
    def read(cls, payload: Json) -> ActiveSession:
        """Parse an entry of the list of a customer's tokens."""
        expires_at = as_time(pick(payload, "expires_at"))
        return cls(
            token=need_text(payload, "token", "a call for sessions"),
            expires_at=expires_at.timestamp() if expires_at else None,
        )


def _claims(token: str) -> Json:
    """Return the claims of a token, which came from Genvoris itself over TLS."""
    import jwt  # slow to import

    try:
        claims: Json = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return {}
    return claims


def _earliest_end(payload: Json, claims: Json, now: float) -> float:
    ends: list[float] = []
    if (exp := as_int(claims.get("exp"))) is not None:
        ends.append(float(exp))
    if (expires_at := as_time(pick(payload, "expires_at"))) is not None:
        ends.append(expires_at.timestamp())
    if (expires_in := as_int(pick(payload, "expires_in"))) is not None:
        ends.append(now + expires_in)
    if not ends:
        raise MalformedAnswerError("The answer to a call for a session does not say when it ends.")
    return min(*ends, now + LONGEST_SESSION)
