"""``/api/v1/events``: what shoppers did with the widget."""

from __future__ import annotations

import json
import secrets

from flask import Blueprint

from .context import context
from .request_validation import body
from .wire import Json

blueprint = Blueprint("events", __name__, url_prefix="/api/v1/events")

OPTIONAL = ("productId", "productTitle", "pageUrl")


@blueprint.post("")
def create() -> tuple[Json, int]:
    """Take one event, or up to fifty; all are kept, or none."""
    events = body().get("events") or [body()]
    now = context().clock()
    query = (
        "INSERT INTO events (id, session_id, event_type, product_id, product_title, page_url, "
        "metadata, created_at) VALUES (:id, :sessionId, :eventType, :productId, :productTitle, "
        ":pageUrl, :metadata, :now)"
    )
    with context().store.transaction() as db:
        for event in events:
            row = {**dict.fromkeys(OPTIONAL), **event, "now": now}
            row |= {
                "id": f"wev_{secrets.token_hex(8)}",
                "metadata": json.dumps(event.get("metadata") or {}),
            }
            db.execute(query, row)
    return {"accepted": len(events)}, 202
