"""``/api/v1/events``: what shoppers did with the widget."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Blueprint, request

from .context import context, server_only
from .refusal import invalid
from .validation import Json, metadata, one_of, read_body, text

blueprint = Blueprint("events", __name__, url_prefix="/api/v1/events")

TYPES = (
    "WIDGET_OPENED",
    "PHOTO_UPLOADED",
    "TRYON_GENERATED",
    "TRYON_VIEWED",
    "RESULT_SHARED",
    "ADDED_TO_CART",
    "CHECKOUT_STARTED",
    "CLOSED",
)
MOST = 50
LONGEST_URL = 2048


@blueprint.post("")
@server_only
def create() -> tuple[Json, int]:
    """Take one event, or up to fifty; all are kept, or none."""
    body = read_body(request)
    events = _batch(body["events"]) if "events" in body else [_checked(body)]
    now = context().clock()
    query = (
        "INSERT INTO events (id, session_id, event_type, product_id, product_title, page_url, "
        "metadata, created_at) VALUES (:id, :sessionId, :eventType, :productId, :productTitle, "
        ":pageUrl, :metadata, :now)"
    )
    with context().store.transaction() as db:
        for event in events:
            db.execute(query, {**event, "id": f"wev_{secrets.token_hex(8)}", "now": now})
    return {"accepted": len(events)}, 202


def _batch(events: Any) -> list[Json]:
    if not isinstance(events, list) or not 1 <= len(events) <= MOST:
        raise invalid("events", f"must be a list of 1 to {MOST} events")
    return [_checked(event, f"events.{number}.") for number, event in enumerate(events)]


def _checked(event: Any, path: str = "") -> Json:
    if not isinstance(event, dict):
        raise invalid(path.rstrip("."), "must be an object")
    event = {f"{path}{name}": value for name, value in event.items()}
    return {
        "sessionId": text(event, f"{path}sessionId", longest=200, required=True),
        "eventType": one_of(event, f"{path}eventType", TYPES),
        "productId": text(event, f"{path}productId"),
        "productTitle": text(event, f"{path}productTitle"),
        "pageUrl": text(event, f"{path}pageUrl", longest=LONGEST_URL),
        "metadata": json.dumps(metadata(event, f"{path}metadata")),
    }
