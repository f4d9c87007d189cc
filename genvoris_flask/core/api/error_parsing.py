"""Turns an error response into an exception."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

from ...errors import ApiError, Problem, QuotaReason, error_for
from .parsing import as_int, as_text, pick

REASONS = ("quota_exhausted", "no_plan", "paused", "cancelled")
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "cf-ray")
MAX_DETAIL = 500
MAX_FIELDS = 20
_CODES = {
    400: "invalid_body",
    401: "unauthorized",
    402: "credit_limit_reached",
    403: "forbidden",
    404: "not_found",
    422: "invalid_body",
    429: "rate_limited",
}


def parse_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    secrets: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
) -> ApiError:
    """Return the exception for an error response, whatever fields hold its code and message.

    The code may be in ``code`` or ``error``, the message in ``message`` or ``detail``.

    Args:
        status: The HTTP status.
        headers: The response's headers.
        body: The response's body.
        secrets: Strings to replace wherever the server repeats them.
        ids: Shoppers' ids and email addresses, which are replaced where they are whole words.
    """
    payload = _payload(body)
    code = as_text(payload.get("code")) or as_text(payload.get("error"))
    detail = as_text(payload.get("detail")) or as_text(payload.get("message"))
    code = code or _CODES.get(status, "internal_error")
    field_errors = _field_errors(payload, secrets, ids)
    detail = detail or f"Genvoris answered with status {status}."
    problem = Problem(
        status=status,
        code=_clean(code, secrets),
        detail=_clean(_with_fields(detail, field_errors), secrets, ids),
        request_id=_request_id(headers),
        retry_after=read_retry_after(headers.get("retry-after")),
        reason=_reason(payload),
        used=as_int(pick(payload, "used")),
        limit=as_int(pick(payload, "limit")),
        field_errors=field_errors,
    )
    return error_for(problem)


def read_retry_after(value: str | None, now: dt.datetime | None = None) -> float | None:
    """Parse a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3), into seconds."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        return None
    return max(0.0, (date - (now or dt.datetime.now(dt.UTC))).total_seconds())


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    # Some servers wrap it once more: {"error": {"code": …, "message": …}}.
    inner = parsed.get("error")
    return {**parsed, **inner} if isinstance(inner, dict) else parsed


def _field_errors(
    payload: Mapping[str, Any], secrets: tuple[str, ...], ids: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Parse ``fieldErrors`` or ``errors``: one or more strings for each field."""
    details = payload.get("details")
    places = (payload, details) if isinstance(details, dict) else (payload,)
    named = (pick(place, name) for place in places for name in ("field_errors", "errors"))
    found = next((each for each in named if isinstance(each, dict)), {})
    errors: dict[str, tuple[str, ...]] = {}
    for name, texts in itertools.islice(found.items(), MAX_FIELDS):
        listed = texts if isinstance(texts, list) else [texts]
        kept = tuple(_clean(text, secrets, ids) for each in listed if (text := as_text(each)))
        if kept:
            errors[_clean(as_text(name) or "", secrets, ids)] = kept
    return errors


def _with_fields(detail: str, field_errors: Mapping[str, tuple[str, ...]]) -> str:
    listed = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in field_errors.items())
    return f"{detail} ({listed})" if listed else detail


def _reason(payload: Mapping[str, Any]) -> QuotaReason:
    reason = as_text(payload.get("reason"))
    return cast("QuotaReason", reason) if reason in REASONS else "quota_exhausted"


def _request_id(headers: Mapping[str, str]) -> str | None:
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value[:100]
    return None


def _clean(text: str, secrets: tuple[str, ...], ids: tuple[str, ...] = ()) -> str:
    for secret in secrets:
        text = text.replace(secret, "[key]")
    for each in ids:
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "[id]", text)
    return text[:MAX_DETAIL]
