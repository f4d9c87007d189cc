"""Errors as JSON, in the one shape of docs/http.md, and the headers of every answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException

from .cache_headers import NO_STORE, forbid_caching
from .i18n import page_language, said

# Each code that a browser may get, and its status. Its sentence is in ``languages`` by this name.
STATUSES: Mapping[str, int] = {
    "invalid_body": 400,
    "no_photo": 400,
    "not_a_photo": 400,
    "animated_photo": 400,
    "broken_photo": 400,
    "photo_too_many_pixels": 400,
    "no_product": 400,
    "product_unusable": 400,
    "login_required": 401,
    "invalid_session_token": 401,
    "end_customer_quota": 402,
    "credit_limit_reached": 402,
    "cross_origin": 403,
    "token_store_mismatch": 403,
    "product_unavailable": 403,
    "not_found": 404,
    "path_not_allowed": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "photo_too_large": 413,
    "body_too_large": 413,
    "tryon_over": 410,
    "rate_limited": 429,
    "too_many_tryons": 429,
    "guest_limit_reached": 429,
    "internal_error": 500,
    "upstream_unreachable": 502,
    "busy": 503,
    "interrupted": 503,
}
# What a server gets that delivers webhooks; its sentences are written where they are raised.
SERVER_STATUSES: Mapping[str, int] = {
    "invalid_signature": 400,
    "in_progress": 409,
    "handler_failed": 500,
    "not_configured": 503,
}
# What Flask and Werkzeug refuse by themselves, in our codes.
_CODES = {
    404: "path_not_allowed",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    429: "rate_limited",
    503: "busy",
}


class HttpError(Exception):
    """Ends a request with an error of docs/http.md.

    Args:
        error: One of ``STATUSES`` or ``SERVER_STATUSES``.
        retry_after: Seconds until it may be tried again.
        headers: More headers.
        values: What stands in the braces of the code's sentence.
        extra: More fields; ``detail`` replaces the sentence.
    """

    def __init__(
        self,
        error: str,
        *,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, object] | None = None,
        **extra: Any,
    ) -> None:
        self.error = error
        self.status = STATUSES.get(error) or SERVER_STATUSES[error]
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(math.ceil(retry_after))
        self.values = values or {}
        self.extra = extra
        super().__init__(f"{self.status} {error}")


def answer_error(error: HttpError) -> Response:
    """Write an error as JSON."""
    fields = {"error": error.error, **error.extra}
    if "detail" not in fields:
        fields["detail"] = said(error.error, **error.values)
    response = jsonify(fields)
    response.status_code = error.status
    response.headers.update(error.headers)
    response.headers["Content-Language"] = page_language()
    return response


def answer_http_error(error: HTTPException) -> Response | HTTPException:
    """Write what Flask or the shop's own code refused in the same shape.

    Its description stays inside: it is meant for developers.
    """
    status = error.code or 500
    if error.response is not None or status < 400:  # an answer that is whole already
        return error
    fallback = "internal_error" if status >= 500 else "invalid_body"
    code = _CODES.get(status, fallback)
    response = answer_error(HttpError(code))
    response.status_code = status
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def harden(response: Response) -> Response:
    """Keep answers out of caches, and keep browsers from guessing their type."""
    forbid_caching(NO_STORE)
    response.headers["Cache-Control"] = NO_STORE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def isolate(response: Response) -> Response:
    """Keep what is opened by itself from acting as a page of the shop."""
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
