"""Session tokens."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from ....errors import MalformedAnswerError
from ..parsing import Json, as_int, as_text, as_time, need_text, pick


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
    return min(ends)
