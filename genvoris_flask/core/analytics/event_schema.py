"""Validates events that a browser reports."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from ..api.models import EVENT_TYPES, Event
from ..api.parsing import plain_text, text_length
from ..reserved_fields import is_reserved

MAX_EVENTS = 50  # in one batch
MAX_SESSION_ID = 200
MAX_TEXT = 300
MAX_URL = 2048
MAX_METADATA_KEYS = 20
MAX_METADATA_BYTES = 4096


class SchemaError(ValueError):
    """A batch is invalid.

    Attributes:
        field: The path of the invalid field, such as ``events.3.eventType``.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field} {problem}")


def read_events(body: bytes) -> list[Event]:
    """Return the event, or the batch of 1 to 50 events, in a JSON body. Drop unknown fields.

    Raises:
        SchemaError: One of the events is invalid.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise SchemaError("body", "is not JSON") from None
    if not isinstance(payload, dict):
        raise SchemaError("body", "is not an object")
    if "events" not in payload:
        return [_read(payload, "")]
    events = payload["events"]
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise SchemaError("events", f"must be a list of 1 to {MAX_EVENTS}")
    return [_read(event, f"events.{number}.") for number, event in enumerate(events)]


def _read(event: Any, at: str) -> Event:
    if not isinstance(event, dict):
        raise SchemaError(at.rstrip("."), "must be an object")
    kind = event.get("eventType")
    if kind not in EVENT_TYPES:
        raise SchemaError(f"{at}eventType", f"must be one of {', '.join(EVENT_TYPES)}")
    session_id = _text(event, "sessionId", MAX_SESSION_ID, at)
    if not session_id:
        raise SchemaError(f"{at}sessionId", "is missing")
    return Event(
        session_id=session_id,
        event_type=kind,
        product_id=_text(event, "productId", MAX_TEXT, at),
        product_title=_text(event, "productTitle", MAX_TEXT, at),
        page_url=_page(event, at),
        metadata=_metadata(event, at),
    )


def _text(event: dict[str, Any], name: str, longest: int, at: str) -> str | None:
    value = event.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or text_length(value) > longest:
        raise SchemaError(f"{at}{name}", f"must be a string of at most {longest} characters")
    return plain_text(value) or None


def _page(event: dict[str, Any], at: str) -> str | None:
    """Return the page without its query, which may contain names, searches and tokens."""
    url = _text(event, "pageUrl", MAX_URL, at)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise SchemaError(f"{at}pageUrl", "must be a whole http or https URL")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _metadata(event: dict[str, Any], at: str) -> dict[str, Any] | None:
    metadata = event.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > MAX_METADATA_KEYS:
        raise SchemaError(f"{at}metadata", f"must be an object of at most {MAX_METADATA_KEYS} keys")
    if not all(_is_scalar(value) for value in metadata.values()):
        raise SchemaError(f"{at}metadata", "must hold only strings, numbers, true, false and null")
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise SchemaError(f"{at}metadata", f"must be at most {MAX_METADATA_BYTES} bytes")
    return {
        plain_text(name): plain_text(value) if isinstance(value, str) else value
        for name, value in metadata.items()
        if not is_reserved(name)
    }


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN, which JSON does not have
    return value is None or isinstance(value, str | int)
