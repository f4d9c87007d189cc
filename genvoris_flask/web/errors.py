"""Answers errors as JSON (docs/http.md), in the page's language, and sets headers of answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ..core import locales
from .caching import NO_STORE, forbid_caching

# The status of each code that a browser may get. ``core.locales`` has a sentence for each.
STATUSES: Mapping[str, int] = {
    "invalid_body": 400,
    "no_photo": 400,
    "not_a_photo": 400,
    "animated_photo": 400,
    "broken_photo": 400,
    "photo_too_many_pixels": 400,
    "no_product": 400,
    "product_unusable": 400,
    "photo_unusable": 400,
    "login_required": 401,
    "invalid_session_token": 401,
    "end_customer_quota": 402,
    "credit_limit_reached": 402,
    "cross_origin": 403,
    "token_store_mismatch": 403,
    "product_unavailable": 403,
    "consent_required": 403,
    "consent_incomplete": 400,
    "consent_changed": 409,
    "not_found": 404,
    "path_not_allowed": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "photo_too_large": 413,
    "body_too_large": 413,
    "tryon_over": 410,
    "handover_over": 410,
    "handover_used": 410,
    "rate_limited": 429,
    "too_many_tryons": 429,
    "guest_limit_reached": 429,
    "daily_limit": 429,
    "shop_budget": 429,
    "internal_error": 500,
    "upstream_unreachable": 502,
    "busy": 503,
    "interrupted": 503,
}
# What each code is about: the service, unless it is here. The widget keeps the shopper's photo
# unless that is at fault.
_CODES_ABOUT = {
    "photo": "no_photo not_a_photo animated_photo broken_photo photo_too_many_pixels "
    "photo_too_large photo_unusable body_too_large",
    "product": "no_product product_unusable product_unavailable",
    "shopper": "consent_required consent_incomplete consent_changed login_required "
    "invalid_session_token end_customer_quota guest_limit_reached "
    "daily_limit rate_limited too_many_tryons body_too_slow",
    "shop": "credit_limit_reached shop_budget internal_error cross_origin token_store_mismatch",
}
SUBJECTS: Mapping[str, str] = {
    code: subject for subject, codes in _CODES_ABOUT.items() for code in codes.split()
}
# Of those that servers get which deliver webhooks. Their sentences are written where raised.
SERVER_STATUSES: Mapping[str, int] = {
    "invalid_signature": 400,
    "unauthorized": 401,
    "in_progress": 409,
    "handler_failed": 500,
    "not_configured": 503,
}
# The codes for what Flask and Werkzeug refuse by themselves.
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
        retry_after: Seconds until the request may be repeated.
        headers: Further headers.
        values: The values of the placeholders in the code's sentence.
        extra: Further fields; ``detail`` replaces the sentence.
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
        self.status: int = STATUSES.get(error) or SERVER_STATUSES[error]
        self.headers: dict[str, str] = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(math.ceil(retry_after))
        self.values: Mapping[str, object] | dict[str, object] = values or {}
        self.extra = extra
        super().__init__(f"{self.status} {error}")


def subject_of(code: str) -> str:
    """Return what an error is about: photo, product, shopper, shop or service."""
    return SUBJECTS.get(code, "service")


def answer_error(error: HttpError) -> Response:
    """Return an error as JSON."""
    fields = {"error": error.error, **error.extra}
    if error.error in STATUSES:
        fields["about"] = subject_of(error.error)
    if "detail" not in fields:
        fields["detail"] = translate(error.error, **error.values)
    response = jsonify(fields)
    response.status_code = error.status
    response.headers.update(error.headers)
    response.headers["Content-Language"] = page_language()
    return response


def answer_http_error(error: HTTPException) -> Response | HTTPException:
    """Return an error of Flask, or of the shop's own code, in the same JSON.

    Its description is not included: it is meant for developers.
    """
    status = error.code or 500
    if error.response is not None or status < 400:  # a complete response already
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
    """Keep a response out of caches, and keep browsers from guessing its type."""
    forbid_caching(NO_STORE)
    response.headers["Cache-Control"] = NO_STORE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def isolate(response: Response) -> Response:
    """Keep a response that is opened as a page of its own from running as one of the shop's."""
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def page_language() -> str:
    """Return the best available language for this request's Accept-Language header."""
    for tag, quality in request.accept_languages:  # best first
        language = tag.partition("-")[0].lower()  # fr-CA is served by fr
        if quality > 0 and language in locales.LANGUAGES:
            return language
    return locales.DEFAULT


def translate(key: str, **values: object) -> str:
    """Return a sentence of ``core.locales`` in the language of the page that asks."""
    return locales.translate(key, page_language(), **values)
