"""The API keys that are good now. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from functools import partial
from urllib.parse import urlsplit

from flask import request

from ..context import context
from ..domain.settings import read_settings, require_active
from ..serializers import Json, iso
from .errors import RefusalError
from .openapi import Operation
from .rate_limits import CUSTOMER_CREATES, MINTS, TRYONS_BY_ADDRESS, TRYONS_BY_CUSTOMER


def admit(key: str | None, refusal: RefusalError) -> None:
    """Refuse a key that is not good, or whose account is suspended.

    Args:
        key: What came.
        refusal: What to say when it is not good.
    """
    with context().store.transaction() as db:
        if not is_good(db, key, context().clock()):
            raise refusal
        require_active(db)


def require_key(schemes: tuple[str, ...]) -> None:
    """Raise a refusal if no good key comes in any of these ways.

    Args:
        schemes: Security schemes of the document. What is missing is told by the first; where
            several keys come, the last decides.
    """
    came = [(scheme, key) for scheme in schemes if (key := _key_of(scheme)) is not None]
    if not came:
        raise _KEY_MISSING[schemes[0]]()
    scheme, key = came[-1]
    code = "invalid_key" if scheme == "serverKey" else "invalid_api_key"
    admit(key, RefusalError(401, code, "This API key is not the sandbox's."))


def _key_of(scheme: str) -> str | None:
    if scheme == "tryonKey":
        return request.headers.get("X-API-Key")
    if scheme == "queryKey":
        return request.args.get("api_key")
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer":
        return None
    return credentials.token or None


_KEY_MISSING = {
    "serverKey": partial(
        RefusalError, 401, "unauthorized", "Send Authorization: Bearer and your API key."
    ),
    "tryonKey": partial(RefusalError, 401, "invalid_api_key", "Send the API key as X-API-Key."),
    "queryKey": partial(RefusalError, 401, "invalid_api_key", "Send the API key as api_key."),
}


def require_local() -> None:
    """Refuse what is neither a program nor a page of this machine.

    The sandbox's own switches need no key. A page from elsewhere could still make a browser on this
    machine call them. ``Front`` has refused those that used a name of their own for it.
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")  # of browsers that say nothing of the site
    own = origin is None or urlsplit(origin).netloc == request.host
    if site not in ("none", "same-origin") or not own:
        raise RefusalError(403, "cross_origin", "Call this from the machine that it runs on.")


LIMITS = {
    "sessions.mint": (MINTS,),
    "customers.upsert": (CUSTOMER_CREATES,),
    "tryon.create": TRYONS_BY_ADDRESS,
}
START = "key_start"
GOOD = "(ends_at IS NULL OR ends_at > ?)"


def keep_start_key(db: sqlite3.Connection, key: str, now: float) -> None:
    """Make the key good that the sandbox was started with, in place of an earlier start's."""
    db.execute(
        "INSERT OR REPLACE INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (START, _hash(key), key[-4:], now),
    )


def is_good(db: sqlite3.Connection, key: str | None, now: float) -> bool:
    """Say whether a key is good now."""
    query = f"SELECT 1 FROM api_keys WHERE hash = ? AND {GOOD}"  # noqa: S608
    return db.execute(query, (_hash(key or ""), now)).fetchone() is not None


def rotate(db: sqlite3.Connection, now: float, grace: float) -> str:
    """Make a new key, and end all others after a while, in seconds; give the new one."""
    key = f"gvk_test_{secrets.token_urlsafe(24)}"
    query = f"UPDATE api_keys SET ends_at = ? WHERE {GOOD}"  # noqa: S608
    db.execute(query, (now + grace, now))
    db.execute(
        "INSERT INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (f"key_{secrets.token_hex(6)}", _hash(key), key[-4:], now),
    )
    return key


def good_keys(db: sqlite3.Connection, now: float) -> list[Json]:
    """List the keys that are good now, without themselves."""
    query = f"SELECT * FROM api_keys WHERE {GOOD} ORDER BY number"  # noqa: S608
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
    """Refuse calls that exceed the rate limits, if the settings enable these."""
    limits = LIMITS.get(operation.id)
    if limits is None:
        return
    with context().store.transaction() as db:
        in_force = read_settings(db)["rateLimits"]
    if in_force:
        who = request.remote_addr or "" if limits is TRYONS_BY_ADDRESS else "shop"
        context().limiter.take(who, limits, context().clock())


def limit_customer(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Refuse a customer's try-ons that come too fast, where rate limits are in force."""
    if customer is not None and read_settings(db)["rateLimits"]:
        context().limiter.take(customer["id"], (TRYONS_BY_CUSTOMER,), context().clock())
