"""``POST webhook``: deliveries from Genvoris."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..errors import (
    LockTimeoutError,
    MalformedAnswerError,
    QueueFullError,
    SignatureError,
    StoreAwayError,
)
from ..state import get_state
from ..tryon.answers import AnswerError, answer_error, harden
from .events import WebhookEvent, read_event
from .handlers import HandlerError, handle
from .shoppers import refresh
from .signature import HEADER, verify

log = logging.getLogger("genvoris_flask.webhooks")

MAX_BODY_BYTES = 1024 * 1024
RETRY_AFTER = {"Retry-After": "10"}  # seconds; Genvoris's own first pause

blueprint = Blueprint("genvoris_webhooks", __name__)
blueprint.register_error_handler(AnswerError, answer_error)
blueprint.after_request(harden)


@blueprint.post("/webhook")
def receive() -> dict[str, Any]:
    """Verify a delivery and handle it once. Any answer but 2xx makes Genvoris deliver it again."""
    event = _read_genuine()
    try:
        fresh = get_state().deliveries.once(event.id, lambda: _handle(event))
    except HandlerError as error:
        raise AnswerError(500, "handler_failed", f"{event.type}: {error} failed.") from None
    except LockTimeoutError:
        detail = "This event is being handled at this moment."
        raise AnswerError(409, "in_progress", detail, RETRY_AFTER) from None
    except (QueueFullError, StoreAwayError) as error:
        log.warning("Event %s could not be handled now: %s", event.id, error)
        raise AnswerError(503, "busy", "Please deliver this later.", RETRY_AFTER) from None
    return {"received": True, "duplicate": not fresh}


def _read_genuine() -> WebhookEvent:
    state = get_state()
    body = _raw_body()
    if not state.settings.webhook_secret:
        log.error("A webhook delivery came, but GENVORIS_WEBHOOK_SECRET is not set.")
        raise AnswerError(503, "not_configured", "This shop has no webhook secret yet.")
    try:
        verify(request.headers.get(HEADER), body, state.settings.webhook_secret, state.clock())
        return read_event(body)
    except SignatureError as error:
        log.warning("A webhook delivery was refused: %s", error)
        raise AnswerError(400, "invalid_signature", str(error)) from None
    except MalformedAnswerError as error:
        log.warning("A webhook delivery was genuine, but cannot be read: %s", error)
        raise AnswerError(400, "invalid_body", str(error)) from None


def _raw_body() -> bytes:
    """Give the bytes as they came: the signature covers them, not what they say."""
    request.max_content_length = MAX_BODY_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        detail = f"A delivery may have {MAX_BODY_BYTES} bytes."
        raise AnswerError(413, "body_too_large", detail) from None


def _handle(event: WebhookEvent) -> None:
    state = get_state()
    refresh(event, state)
    handle(event, state.hooks.webhook_handlers, state.app, state.background)
