"""``POST webhook``: deliveries from Genvoris."""

from __future__ import annotations

import logging
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from ...core.webhooks.events import CreditEvent, WebhookEvent, read_event
from ...core.webhooks.handling import HandlerError, invalidate_session, run_handlers
from ...core.webhooks.signature import HEADER, read_signature, verify
from ...errors import (
    LedgerUnavailableError,
    LockTimeoutError,
    MalformedAnswerError,
    QueueFullError,
    SignatureError,
    StoreUnavailableError,
)
from ..errors import HttpError
from ..rate_limits import count_address
from ..state import get_state
from ..transfers import read_message

log: logging.Logger = logging.getLogger("genvoris_flask.webhooks")

MAX_BODY_BYTES = 1024 * 1024
FRESH = 60.0  # seconds
RETRY_AFTER = 10.0  # seconds, as Genvoris's own first pause


def receive() -> dict[str, Any]:
    """Verify a delivery and handle it once. Any answer but 2xx makes Genvoris deliver it again."""
    count_address("webhook", factor=1)
    event = _read_genuine()
    try:
        fresh = get_state().deliveries.once(event.id, lambda: _handle(event))
    except HandlerError as error:
        detail = f"{event.type}: {error} failed."
        raise HttpError("handler_failed", detail=detail) from None
    except LockTimeoutError:
        detail = "This event is being handled already."
        raise HttpError("in_progress", retry_after=RETRY_AFTER, detail=detail) from None
    except (QueueFullError, StoreUnavailableError, LedgerUnavailableError) as error:
        log.warning("Event %s could not be handled now: %s", event.id, error)
        detail = "Please deliver this later."
        raise HttpError("busy", retry_after=RETRY_AFTER, detail=detail) from None
    return {"received": True, "duplicate": not fresh}


def _read_genuine() -> WebhookEvent:
    state = get_state()
    if not state.settings.webhook_secret:
        log.error("A webhook delivery came, but GENVORIS_WEBHOOK_SECRET is not set.")
        detail = "This shop has no webhook secret yet."
        raise HttpError("not_configured", detail=detail)
    try:
        # First, so that the body of a request without a signature is not waited for.
        signature = read_signature(request.headers.get(HEADER))
        body = _raw_body()
        verify(signature, body, state.settings.webhook_secret, state.clock())
        return read_event(body)
    except SignatureError as error:
        log.warning("A webhook delivery was refused: %s", error)
        raise HttpError("invalid_signature", detail=str(error)) from None
    except MalformedAnswerError as error:
        log.warning("A webhook delivery was genuine, but cannot be parsed: %s", error)
        raise HttpError("invalid_body", detail=str(error)) from None


def _raw_body() -> bytes:
    """Return the undecoded bytes, which the signature covers."""
    try:
        return read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
    except RequestEntityTooLarge:
        detail = f"A delivery may have at most {MAX_BODY_BYTES} bytes."
        raise HttpError("body_too_large", detail=detail) from None


def _handle(event: WebhookEvent) -> None:
    state = get_state()
    invalidate_session(event, state.client, state.broker, state.settings.external_id_prefix)
    if isinstance(event, CreditEvent) and event.balance is not None and _is_fresh(event):
        state.burn_guard.report(event.balance)
    handlers = state.hooks.webhook_handlers
    run_handlers(event, handlers, state.app.app_context, state.outbox)


def _is_fresh(event: WebhookEvent) -> bool:
    """Return whether an event is no late repetition, whose numbers are no longer right."""
    return event.created is not None and get_state().clock() - event.created.timestamp() < FRESH
