"""``/api/tryon/track``: try-ons that a shop makes with an engine of its own."""

from __future__ import annotations

from flask import Blueprint

from .context import admit, context
from .ledger import ledgers, spend
from .refusal import RefusalError
from .request_validation import body
from .sessions import customer_of_token
from .settings import require_domain
from .tryon_log import log_tryon
from .wire import Json

blueprint = Blueprint("track", __name__, url_prefix="/api/tryon")


@blueprint.post("/track")
def track() -> Json:
    """Charge try-ons that were made elsewhere. Servers alone may call this."""
    came = body()
    if "api_key" in came:  # beside the one in the header, which was checked
        admit(came["api_key"], RefusalError(401, "invalid_api_key", "api_key is not good."))
    count, success, token = came["variation_count"], came["success"], came.get("end_customer_token")
    about = {
        "product_title": came.get("product_title"),
        "page_url": came.get("page_url"),
        "generation_ms": came["generation_time_ms"],
    }
    with context().store.transaction() as db:
        require_domain(db, came.get("origin"), came.get("page_url"))
        customer = customer_of_token(db, token) if token else None
        if success:
            spend(db, customer)
        log_tryon(db, customer, source="track", variations=count, success=success, **about)
        return {"success": True, "variation_count": count, **ledgers(db, customer)}
