"""``/api/tryon/track``: try-ons that a shop makes with an engine of its own."""

from __future__ import annotations

from flask import Blueprint, request

from .context import context, is_api_key
from .ledger import ledgers, spend
from .refusal import RefusalError
from .sessions import customer_of_token
from .tryon_log import log_tryon
from .validation import Json, flag, read_body, text, whole_number

blueprint = Blueprint("track", __name__, url_prefix="/api/tryon")

LONGEST_URL = 2048
SLOWEST = 3_600_000


@blueprint.post("/track")
def track() -> Json:
    """Charge try-ons that were made elsewhere. Servers alone may call this."""
    body = read_body(request)
    if not is_api_key(text(body, "api_key")):
        raise RefusalError(401, "invalid_api_key", "api_key is not the sandbox's.")
    count = whole_number({"variation_count": 1, **body}, "variation_count", 1, 100)
    success = flag(body, "success", default=True)
    token = text(body, "end_customer_token", longest=8192)
    about = {
        "product_title": text(body, "product_title"),
        "page_url": text(body, "page_url", longest=LONGEST_URL),
        "generation_ms": whole_number(
            {"generation_time_ms": 0, **body}, "generation_time_ms", 0, SLOWEST
        ),
    }
    with context().store.transaction() as db:
        customer = customer_of_token(db, token) if token else None
        if success:
            spend(db, customer, count)
        log_tryon(db, customer, source="track", variations=count, success=success, **about)
        return {"success": True, "variation_count": count, **ledgers(db, customer)}
