"""Who may call, and how often: API keys, this machine alone, and rate limits.

Only the hashes of API keys are stored.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from functools import partial
from urllib.parse import urlsplit

from flask import request

from ..context import context
from ..domain.safety import FAILED_IN_A_ROW, suspend
from ..domain.settings import read_settings, require_active
from ..responses import HttpError, Json, iso
from .openapi import Operation
from .rate_limits import (
    CUSTOMER_CREATES,
    MINTS,
    TRYONS_BY_ADDRESS,
    TRYONS_BY_CUSTOMER,
    RateLimit,
)


def require_valid_key(key: str | None, error: HttpError) -> None:
    """Raise HttpError if a key is not valid, or if the account is suspended.

    Args:
        key: The key that was sent.
        error: Raised if the key is not valid.
    """
    now, failures = context().clock(), context().failures
    address = request.remote_addr or ""
    with context().store.transaction() as db:
        in_force = read_settings(db)["safetySwitches"]
        if in_force:
            failures.require_few(address, now)
        if not is_valid_key(db, key, now):
            if in_force and failures.note(address, now) == FAILED_IN_A_ROW:
                error.after_rollback = partial(suspend, reason="Too many wrong keys in a row.")
            raise error
        failures.succeeded()
        require_active(db)


def require_key(schemes: tuple[str, ...]) -> None:
    """Raise HttpError if the request has no valid API key.

    Args:
        schemes: The security schemes that are allowed. The error for a missing key is that of the
            first one. If several keys are sent, the last decides.
    """
    sent = [(scheme, key) for scheme in schemes if (key := _sent_key(scheme)) is not None]
    if not sent:
        raise _MISSING_KEY[schemes[0]]()
    scheme, key = sent[-1]
    code = "invalid_key" if scheme == "serverKey" else "invalid_api_key"
    require_valid_key(key, HttpError(401, code, "This API key is not the sandbox's."))


def _sent_key(scheme: str) -> str | None:
    if scheme == "tryonKey":
        return request.headers.get("X-API-Key")
    if scheme == "queryKey":
        return request.args.get("api_key")
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer":
        return None
    return credentials.token or None


_MISSING_KEY = {
    "serverKey": partial(
        HttpError, 401, "unauthorized", "Send Authorization: Bearer and your API key."
    ),
    "tryonKey": partial(HttpError, 401, "invalid_api_key", "Send the API key as X-API-Key."),
    "queryKey": partial(HttpError, 401, "invalid_api_key", "Send the API key as api_key."),
}


def require_local() -> None:
    """Raise HttpError unless a program calls, or a page of the sandbox itself.

    The control API needs no key, so another site could make a browser on this machine call it.
    Requests to other host names have been refused by ``FaultMiddleware``.
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")  # for browsers without Sec-Fetch-Site
    own = origin is None or urlsplit(origin).netloc == request.host
    if site not in ("none", "same-origin") or not own:
        raise HttpError(403, "cross_origin", "Call this from the machine that it runs on.")


LIMITS: dict[str, tuple[RateLimit, ...]] = {
    "sessions.mint": (MINTS,),
    "customers.upsert": (CUSTOMER_CREATES,),
    "tryon.create": TRYONS_BY_ADDRESS,
}
START = "key_start"
VALID = "(ends_at IS NULL OR ends_at > ?)"


def set_start_key(db: sqlite3.Connection, key: str, now: float) -> None:
    """Make a key the start key, replacing that of an earlier start."""
    db.execute(
        "INSERT OR REPLACE INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (START, _hash(key), key[-4:], now),
    )


def is_valid_key(db: sqlite3.Connection, key: str | None, now: float) -> bool:
    """Return whether a key is valid."""
    query = f"SELECT 1 FROM api_keys WHERE hash = ? AND {VALID}"  # noqa: S608
    return db.execute(query, (_hash(key or ""), now)).fetchone() is not None


def rotate(db: sqlite3.Connection, now: float, grace: float) -> str:
    """Create and return a new key. All others expire after a grace period in seconds."""
    key = f"gvk_test_{secrets.token_urlsafe(24)}"
    query = f"UPDATE api_keys SET ends_at = ? WHERE {VALID}"  # noqa: S608
    db.execute(query, (now + grace, now))
    db.execute(
        "INSERT INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (f"key_{secrets.token_hex(6)}", _hash(key), key[-4:], now),
    )
    return key


def valid_keys(db: sqlite3.Connection, now: float) -> list[Json]:
    """Return what is known of the valid keys, which is not the keys themselves."""
    query = f"SELECT * FROM api_keys WHERE {VALID} ORDER BY number"  # noqa: S608
    return [
        {
            "id": row["id"],
            "hint": row["hint"],
            "createdAt": iso(row["created_at"]),
            "endsAt": None if row["ends_at"] is None else iso(row["ends_at"]),
        }
        for row in db.execute(query, (now,))
    ]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def enforce_rate_limit(operation: Operation) -> None:
    """Raise HttpError if a request exceeds the rate limits and the settings enforce them."""
    limits = LIMITS.get(operation.id)
    if limits is None:
        return
    with context().store.transaction() as db:
        in_force = read_settings(db)["rateLimits"]
    if in_force:
        who = request.remote_addr or "" if limits is TRYONS_BY_ADDRESS else "shop"
        context().limiter.take(who, limits, context().clock())


def limit_customer(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Raise HttpError if a customer exceeds their rate limit and the settings enforce it."""
    if customer is not None and read_settings(db)["rateLimits"]:
        context().limiter.take(customer["id"], (TRYONS_BY_CUSTOMER,), context().clock())
