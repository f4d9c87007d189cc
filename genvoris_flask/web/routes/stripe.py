"""``POST stripe``: events from Stripe."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from ...errors import (
    GenvorisError,
    LockTimeoutError,
    RateLimitedError,
    ServerError,
    SignatureError,
    StoreUnavailableError,
    UnreachableError,
)
from ..blueprints import server_blueprint
from ..errors import HttpError, answer_error
from ..rate_limits.requests import count_address
from ..state import get_state
from ..uploads import read_message

log = logging.getLogger("genvoris_flask.billing")

MAX_BODY_BYTES = 1024 * 1024
TOLERANCE = 300  # seconds; the library's own default
RETRY_AFTER = 10.0
MAX_HEADER_LENGTH = 2048

blueprint = server_blueprint("genvoris_stripe", __name__)


@blueprint.post("/stripe")
def receive() -> Response:
    """Verify an event and apply it once. Any answer but 2xx makes Stripe deliver it again."""
    try:
        count_address("webhook", factor=1)
        event = _read_genuine()
        return jsonify(received=True, outcome=_apply(event))
    except HttpError as error:  # said here, since a view of the shop's own may call this
        return answer_error(error)


def verify(body: bytes, header: str | None, secrets: tuple[str, ...]) -> Mapping[str, Any]:
    """Check an event with Stripe's own library, and give it.

    Args:
        body: The raw body.
        header: ``Stripe-Signature``.
        secrets: The endpoint's signing secrets; several while one is being replaced.

    Raises:
        SignatureError: It is not Stripe's, or over 300 s old.
    """
    import stripe

    header = check_header(header)
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), header, secret, TOLERANCE)
            event = json.loads(body)
        except stripe.SignatureVerificationError as error:
            reason = str(error)
        except ValueError:
            raise SignatureError("The event is no JSON in UTF-8.") from None
        else:
            return _checked(event)
    raise SignatureError(f"The Stripe-Signature is not right: {reason}")


def check_header(header: str | None) -> str:
    """Return a Stripe-Signature header that is worth verifying, judged by length and form.

    Raises:
        SignatureError: It is missing, longer than any that Stripe sends, or malformed.
    """
    if not header:
        raise SignatureError("The Stripe-Signature header is missing.")
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureError(f"The Stripe-Signature has over {MAX_HEADER_LENGTH} characters.")
    names = {part.partition("=")[0] for part in header.split(",")}
    if not header.isascii() or not names >= {"t", "v1"}:
        raise SignatureError("The Stripe-Signature is not of the form t=…,v1=….")
    return header


def _checked(event: Any) -> Mapping[str, Any]:
    """See that a genuine event has what all snapshot events have."""
    data = event.get("data") if isinstance(event, dict) else None
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict) or not isinstance(event.get("created"), int):
        raise SignatureError("The event is no snapshot event: choose that payload style.")
    if not all(isinstance(event.get(name), str) for name in ("id", "type")):
        raise SignatureError("The event has no id or no type.")
    return {**event, "data": {"object": {"id": event["id"], **thing}}}


def _read_genuine() -> Mapping[str, Any]:
    secrets = get_state().settings.stripe_webhook_secret
    if not secrets:
        log.error("An event of Stripe's came, but GENVORIS_STRIPE_WEBHOOK_SECRET is not set.")
        raise HttpError("not_configured", detail="This shop has no Stripe secret yet.")
    try:
        # Before the body is read: whoever has no signature is not waited for.
        header = check_header(request.headers.get("Stripe-Signature"))
        body = read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
        return verify(body, header, secrets)
    except RequestEntityTooLarge:
        detail = f"An event may have {MAX_BODY_BYTES} bytes."
        raise HttpError("body_too_large", detail=detail) from None
    except SignatureError as error:
        log.warning("An event of Stripe's was refused: %s", error)
        raise HttpError("invalid_signature", detail=str(error)) from None


def _apply(event: Mapping[str, Any]) -> str:
    try:
        return get_state().stripe.apply(event)
    except LockTimeoutError:
        detail = "Another event of this customer is being handled at this moment."
        raise HttpError("in_progress", retry_after=RETRY_AFTER, detail=detail) from None
    except (RateLimitedError, ServerError, StoreUnavailableError, UnreachableError) as error:
        log.warning("Stripe's event %s could not be applied now: %s", event["id"], error)
        detail = "Please deliver this later."
        raise HttpError("busy", retry_after=RETRY_AFTER, detail=detail) from None
    except GenvorisError as error:
        log.error("Stripe's event %s could not be applied: %s", event["id"], error)  # noqa: TRY400
        raise HttpError("handler_failed", detail=str(error)) from None
