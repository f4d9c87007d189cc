"""The try-on host: ``/api/analyze``, ``/api/tryon``, ``/api/status`` and ``/api/config``.

Genvoris does not document the fields of ``/api/tryon``; these are the ones that genvoris_flask
sends.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable

from flask import Blueprint, request

from ..context import context
from ..domain.ledger import charge, log_tryon, remaining_fields, require_try_on
from ..domain.settings import require_domain
from ..http.auth import limit_customer, require_valid_key
from ..http.request_validation import body
from ..product_image import ImageError
from ..responses import HttpError, Json, invalid
from .public import config, status
from .sessions import customer_of_token

blueprint: Blueprint = Blueprint("tryon", __name__, url_prefix="/api")

MAX_KEY = 200
ANSWER_SECONDS = 24 * 3600.0
MAX_ANSWERS = 500


blueprint.get("/status")(status)
blueprint.get("/config")(config)


@blueprint.post("/tryon")
def create() -> Json:
    """Create a try-on, or variations of one, and charge it once."""
    started = time.monotonic()
    count = body()["variation_count"]
    with context().store.transaction() as db:
        customer = _customer(db)
        require_domain(db, request.headers.get("Origin"), body().get("page_url"))
        key = _idempotency_key(customer)
        if known := _stored_answer(db, key):
            return known
        limit_customer(db, customer)
        require_try_on(db, customer)
    pictures = _make(count)
    context().sleep(max(0.0, context().delay - (time.monotonic() - started)))
    answer = {
        "success": True,
        "images": [
            "data:image/jpeg;base64," + base64.b64encode(picture).decode() for picture in pictures
        ],
        "generation_time_ms": int((time.monotonic() - started) * 1000),
    }
    return _charge(key, answer, count)


@blueprint.post("/analyze")
def analyze() -> Json:
    """Return the category of a product."""
    return {"success": True, "product_category": body().get("product_category", "apparel")}


def _customer(db: sqlite3.Connection) -> sqlite3.Row | None:
    token = body().get("end_customer_token")
    return customer_of_token(db, token) if token else None


def _make(count: int) -> list[bytes]:
    from ..pictures import PictureError, make_pictures  # imported late: optional and slow

    photo = request.files.get("photo")
    if photo is None:
        raise invalid("photo", "must be a file")
    try:
        product = context().fetch_image(body()["product_image_url"])
    except ImageError as error:
        raise invalid("product_image_url", str(error)) from None
    category = body()["product_category"]
    title = body().get("product_title", "")
    try:
        return make_pictures(photo.stream.read(), product, category, title, count)
    except PictureError as error:
        with context().store.transaction() as db:
            about = {"reason": f"{error.field}: {error}", **_details()}
            log_tryon(db, _customer(db), source="host", success=False, **about)
        raise invalid(error.field, str(error)) from None


def _details() -> Json:
    return {"product_title": body().get("product_title"), "page_url": body().get("page_url")}


def _charge(key: str, answer: Json, count: int) -> Json:
    """Charge a try-on and store its response, in one transaction.

    A repeated request finds the response and is not charged.
    """
    with context().store.transaction() as db:
        if known := _stored_answer(db, key):
            return known
        customer = _customer(db)
        charge(db, customer)
        took = answer["generation_time_ms"]
        about = {"variations": count, "generation_ms": took, **_details()}
        log_tryon(db, customer, source="host", **about)
        whole = {**answer, **remaining_fields(db, customer)}
        if key:
            now = context().clock()
            db.execute("INSERT INTO answers VALUES (?, ?, ?)", (key, now, json.dumps(whole)))
            db.execute("DELETE FROM answers WHERE created_at < ?", (now - ANSWER_SECONDS,))
            db.execute(
                "DELETE FROM answers WHERE key NOT IN "
                "(SELECT key FROM answers ORDER BY created_at DESC LIMIT ?)",
                (MAX_ANSWERS,),
            )
        return whole


def _idempotency_key(customer: sqlite3.Row | None) -> str:
    """Return the request's Idempotency-Key, made unique to its customer."""
    key = request.headers.get("Idempotency-Key", "")[:MAX_KEY]
    owner = customer["id"] if customer else "guest"
    return hashlib.sha256(f"{owner} {key}".encode()).hexdigest() if key else ""


def _stored_answer(db: sqlite3.Connection, key: str) -> Json | None:
    if not key:
        return None
    row = db.execute("SELECT body FROM answers WHERE key = ?", (key,)).fetchone()
    load: Callable[[str], Json] = json.loads
    return load(row["body"]) if row else None


track_blueprint: Blueprint = Blueprint("track", __name__, url_prefix="/api/tryon")


@track_blueprint.post("/track")
def track() -> Json:
    """Charge a try-on that the shop's own engine made."""
    fields = body()
    if "api_key" in fields:  # besides the one in the header, which was checked
        require_valid_key(
            fields["api_key"], HttpError(401, "invalid_api_key", "api_key is not good.")
        )
    count, success, token = (
        fields["variation_count"],
        fields["success"],
        fields.get("end_customer_token"),
    )
    about = {
        "product_title": fields.get("product_title"),
        "page_url": fields.get("page_url"),
        "generation_ms": fields["generation_time_ms"],
    }
    with context().store.transaction() as db:
        require_domain(db, fields.get("origin"), fields.get("page_url"))
        customer = customer_of_token(db, token) if token else None
        if success:
            charge(db, customer)
        log_tryon(db, customer, source="track", variations=count, success=success, **about)
        return {"success": True, "variation_count": count, **remaining_fields(db, customer)}
