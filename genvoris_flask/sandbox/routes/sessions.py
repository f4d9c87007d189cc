"""``/api/v1/customers/{id}/sessions`` and the JWKS: session tokens for browsers."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

import jwt
from flask import Blueprint, Response, jsonify

from ..context import context
from ..domain.ledger import find_customer
from ..http.request_validation import body
from ..responses import HttpError, Json, iso, not_found

blueprint: Blueprint = Blueprint("sessions", __name__)

AUDIENCE = "genvoris-widget"
MAX_LIFETIME = 3600
MAX_LISTED = 200
LEEWAY = 5.0


@blueprint.post("/api/v1/customers/<name>/sessions")
def mint(name: str) -> Json:
    """Mint a token."""
    with context().store.transaction() as db:
        customer = find_customer(db, name)
        if customer["status"] != "ACTIVE":
            raise HttpError(
                403, "customer_inactive", f"This customer is {customer['status'].lower()}."
            )
        return _mint(db, customer, body()["expires_in"])


@blueprint.get("/api/v1/customers/<name>/sessions")
def read_all(name: str) -> Json:
    """Return the customer's valid tokens, newest first."""
    query = (
        "SELECT token, expires_at FROM sessions WHERE customer_id = ? AND NOT revoked "
        "AND expires_at > ? AND token IS NOT NULL ORDER BY rowid DESC LIMIT ?"
    )
    with context().store.transaction() as db:
        customer = find_customer(db, name)
        rows = db.execute(query, (customer["id"], context().clock(), MAX_LISTED)).fetchall()
    return {"data": [{"token": row["token"], "expires_at": iso(row["expires_at"])} for row in rows]}


@blueprint.delete("/api/v1/customers/<name>/sessions/<jti>")
def revoke(name: str, jti: str) -> Json:
    """Revoke a token; doing it again changes nothing."""
    with context().store.transaction() as db:
        customer = find_customer(db, name)
        query = "UPDATE sessions SET revoked = 1 WHERE jti = ? AND customer_id = ?"
        if db.execute(query, (jti, customer["id"])).rowcount == 0:
            raise not_found("session")
    return {"data": {"jti": jti, "revoked": True}}


@blueprint.get("/.well-known/jwks.json")
def keys() -> Response:
    """Return the public keys, to be cached for an hour."""
    with context().store.transaction() as db:
        response = jsonify(context().keys.jwks(db, context().clock()))
    response.cache_control.public = True
    response.cache_control.max_age = 3600
    return response


def customer_of_token(db: sqlite3.Connection, token: str) -> sqlite3.Row:
    """Return the customer of a session token, or raise HttpError with 401 or 403."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = context().keys.verifier(db, kid, context().clock())
        if key is None:
            raise _invalid_token("It was not minted here.")
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=context().issuer,
            options={"require": ["exp", "sub", "jti"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        raise _invalid_token("It was not minted here.") from None
    if claims.get("sid") != _shop_id(db):
        raise HttpError(403, "token_store_mismatch", "This token is of another shop.")
    row = db.execute("SELECT * FROM sessions WHERE jti = ?", (claims["jti"],)).fetchone()
    if row is None:
        raise _invalid_token("It was not minted here.")
    if row["revoked"]:
        raise _invalid_token("It was revoked.")
    if row["expires_at"] + LEEWAY < context().clock():
        raise _invalid_token("It has expired.")
    return find_customer(db, row["customer_id"])


def _shop_id(db: sqlite3.Connection) -> str:
    (shop_id,) = db.execute("SELECT id FROM shop").fetchone()
    return str(shop_id)


def _invalid_token(why: str) -> HttpError:
    return HttpError(401, "invalid_session_token", f"The session token is not valid. {why}")


def _mint(db: sqlite3.Connection, customer: sqlite3.Row, seconds: int) -> Json:
    now = int(context().clock())
    jti = f"{customer['id']}.{secrets.token_hex(8)}"
    plan = db.execute("SELECT * FROM plans WHERE id = ?", (customer["plan_id"],)).fetchone()
    claims: dict[str, Any] = {
        "sub": customer["id"],
        "sid": _shop_id(db),
        "pid": customer["plan_id"],
        "iss": context().issuer,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + seconds,
        "jti": jti,
    }
    db.execute("DELETE FROM sessions WHERE expires_at < ?", (now - MAX_LIFETIME,))
    key = context().keys.current()
    token = jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})
    db.execute(
        "INSERT INTO sessions (jti, customer_id, expires_at, token) VALUES (?, ?, ?, ?)",
        (jti, customer["id"], now + seconds, token),
    )
    return {
        "token": token,
        "token_type": "Bearer",
        "expires_in": seconds,
        "expires_at": iso(now + seconds),
        "customer": {
            "id": customer["id"],
            "external_id": customer["external_id"],
            "plan_id": customer["plan_id"],
            "plan_name": plan["name"] if plan else None,
            "monthly_try_ons": plan["monthly_try_ons"] if plan else None,
            "period_start": iso(customer["period_start"]),
            "period_end": iso(customer["period_end"]),
        },
    }
