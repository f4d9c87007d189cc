"""What the try-on host answers without a secret: status, button design and widget hash.

``/status`` is the short form of ``/api/status``, which is a route of ``tryons``.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from ..context import context
from ..domain.balances import credits_left, quota_status
from ..domain.settings import DEFAULT_DESIGN, read_settings
from ..http.auth import is_valid_key
from ..http.request_validation import query
from ..responses import Json, iso
from .sessions import customer_of_token

blueprint: Blueprint = Blueprint("public", __name__)

DESIGN_SECONDS = 60
PACKAGE = Path(__file__).resolve().parents[2]
# In a wheel the file is inside the package; in a checkout it is beside the package.
WIDGETS = tuple(each / "static/widget/widget.js" for each in (PACKAGE, PACKAGE.parent))


@blueprint.get("/status")
def status() -> Json:
    """Return whether a shopper may try on."""
    credentials = request.authorization
    token = credentials.token if credentials and credentials.type == "bearer" else None
    token = token or query()["end_customer_token"]
    with context().store.transaction() as db:
        customer = customer_of_token(db, token) if token else None
        if customer is None:
            return _status("ALLOWED" if credits_left(db, context().clock()) else "ERROR", None)
        now = quota_status(customer)
        access = _access(db, now.status, now.limit, now.remaining)
        quota = {
            "used": now.used,
            "limit": now.limit or 0,
            "resetsAt": iso(customer["period_end"]),
        }
        return {**_status(access, customer["external_id"]), "quota": quota}


def config() -> Json:
    """Return the button's design."""
    with context().store.transaction() as db:
        design: Json = read_settings(db)["buttonDesign"]
    return design


def _access(db: sqlite3.Connection, state: str, limit: int | None, remaining: int) -> str:
    if credits_left(db, context().clock()) == 0:
        return "ERROR"
    if state != "ACTIVE" or limit is None:
        return "LOCKED"
    return "ALLOWED" if remaining else "EXHAUSTED"


def _status(access: str, external_id: str | None) -> Json:
    return {
        "access": access,
        # The plan of the merchant, not of the shopper.
        "plan": "Sandbox",
        "monetizationModel": "per_tryon",
        "overageEnabled": False,
        "externalId": external_id,
    }


@blueprint.get("/api/widget/button-design")
def button_design() -> Response:
    """Return the shop's button design, or the default without a valid key."""
    key = query()["key"] or request.headers.get("X-API-Key")
    with context().store.transaction() as db:
        good = is_valid_key(db, key, context().clock())
        design = read_settings(db)["buttonDesign"] if good else DEFAULT_DESIGN
    response = jsonify(design)
    response.cache_control.public = True
    response.cache_control.max_age = DESIGN_SECONDS
    return response


@blueprint.get("/widget-hash")
def widget_hash() -> Json:
    """Return the version and the digest of the widget that this package ships."""
    return _widget_hash()


@cache
def _widget_hash() -> Json:
    script = next(path for path in WIDGETS if path.is_file()).read_bytes()
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    return {"version": hashlib.sha256(script).hexdigest()[:12], "sha384": f"sha384-{digest}"}
