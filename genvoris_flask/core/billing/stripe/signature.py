"""Verifies that an event comes from Stripe, with Stripe's own library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....errors import SignatureError

TOLERANCE = 300  # seconds; the library's own default
MAX_HEADER_LENGTH = 2048


def check_header(header: str | None) -> str:
    """Return a Stripe-Signature header whose length and form are plausible.

    This needs no body, so requests without a signature can be refused before theirs is read.

    Raises:
        SignatureError: The header is missing, longer than any that Stripe sends, or malformed.
    """
    if not header:
        raise SignatureError("The Stripe-Signature header is missing.")
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureError(
            f"The Stripe-Signature header has more than {MAX_HEADER_LENGTH} characters."
        )
    names = {part.partition("=")[0] for part in header.split(",")}
    if not header.isascii() or not names >= {"t", "v1"}:
        raise SignatureError("The Stripe-Signature header is not of the form t=…,v1=….")
    return header


def verify(body: bytes, header: str | None, secrets: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the event in a request body after verifying its signature.

    Args:
        body: The raw body.
        header: The ``Stripe-Signature`` header.
        secrets: The endpoint's signing secrets; there are several while one is being replaced.

    Raises:
        SignatureError: The event does not come from Stripe, or was signed over 300 s ago.
    """
    import stripe  # an extra, and slow to import

    header = check_header(header)
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), header, secret, TOLERANCE)
            event = json.loads(body)
        except stripe.SignatureVerificationError as error:
            reason = str(error)
        except ValueError:
            raise SignatureError("The event is not JSON in UTF-8.") from None
        else:
            return _checked(event)
    raise SignatureError(f"The Stripe-Signature is wrong: {reason}")


def _checked(event: Any) -> Mapping[str, Any]:
    """Return a genuine event if it has what all snapshot events have."""
    data = event.get("data") if isinstance(event, dict) else None
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict) or not isinstance(event.get("created"), int):
        raise SignatureError("The event is not a snapshot event: choose that payload style.")
    if not all(isinstance(event.get(name), str) for name in ("id", "type")):
        raise SignatureError("The event has no id or no type.")
    return {**event, "data": {"object": {"id": event["id"], **thing}}}
