"""``POST stripe``: events from Stripe."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from ...core.billing.stripe.signature import check_header, verify
from ...errors import (
    GenvorisError,
    LockTimeoutError,
    RateLimitedError,
    ServerError,
    SignatureError,
    StoreUnavailableError,
    UnreachableError,
)
from ..errors import HttpError, answer_error
from ..rate_limits import count_address
from ..state import get_state
from ..transfers import read_message

log: logging.Logger = logging.getLogger("genvoris_flask.billing")

MAX_BODY_BYTES = 1024 * 1024
RETRY_AFTER = 10.0  # seconds


def receive() -> Response:
    """Verify an event and apply it once. Any answer but 2xx makes Stripe deliver it again."""
    try:
        count_address("webhook", factor=1)
        event = _read_genuine()
        return jsonify(received=True, outcome=_apply(event))
    except HttpError as error:  # not left to the blueprint: a view of the shop's may call this
        return answer_error(error)


def _read_genuine() -> Mapping[str, Any]:
    secrets = get_state().settings.stripe_webhook_secret
    if not secrets:
        log.error("An event from Stripe came, but GENVORIS_STRIPE_WEBHOOK_SECRET is not set.")
        raise HttpError("not_configured", detail="This shop has no Stripe secret yet.")
    try:
        # First, so that the body of a request without a signature is not waited for.
        header = check_header(request.headers.get("Stripe-Signature"))
        body = read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
        return verify(body, header, secrets)
    except RequestEntityTooLarge:
        detail = f"An event may have at most {MAX_BODY_BYTES} bytes."
        raise HttpError("body_too_large", detail=detail) from None
    except SignatureError as error:
        log.warning("An event from Stripe was refused: %s", error)
        raise HttpError("invalid_signature", detail=str(error)) from None


def _apply(event: Mapping[str, Any]) -> str:
    try:
        return get_state().apply_stripe_event(event)
    except LockTimeoutError:
        detail = "Another event of this customer is being handled."
        raise HttpError("in_progress", retry_after=RETRY_AFTER, detail=detail) from None
    except (RateLimitedError, ServerError, StoreUnavailableError, UnreachableError) as error:
        log.warning("Stripe's event %s could not be applied now: %s", event["id"], error)
        detail = "Please deliver this later."
        raise HttpError("busy", retry_after=RETRY_AFTER, detail=detail) from None
    except GenvorisError as error:
        log.error("Stripe's event %s could not be applied: %s", event["id"], error)  # noqa: TRY400
        raise HttpError("handler_failed", detail=str(error)) from None
