"""``POST api/v1/events``: the widget reports what shoppers do with it."""

from __future__ import annotations

from flask import request

from ...core.analytics import SchemaError, read_events
from ..attribution import keep_widget_session
from ..errors import HttpError
from ..rate_limits.requests import count_address, count_shopper
from ..shopper import current_shopper_or_nobody
from ..state import get_state
from ..transfers import read_message

MAX_BODY_BYTES = 512 * 1024


def report() -> tuple[dict[str, int], int]:
    """Accept a batch of events from any visitor, without waiting for Genvoris."""
    count_address("events")
    if shopper := current_shopper_or_nobody():
        count_shopper("events", f"shopper:{shopper.external_id}")
    # Any Content-Type will do: navigator.sendBeacon can only send plain text without a preflight.
    body = read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
    try:
        events = read_events(body)
    except SchemaError as error:
        raise HttpError("invalid_body", field=error.field, problem=str(error)) from None
    keep_widget_session(events[-1].session_id)
    return {"accepted": get_state().events.add(events)}, 202
