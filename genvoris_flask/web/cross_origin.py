"""Lets only the shop's own pages, and origins that it trusts, change anything.

The rule is that of Go 1.25's cross-origin protection: what the browser says of the request's
origin cannot be forged by a page.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request, Response, request

from .errors import HttpError
from .state import get_state

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PREFLIGHT_SECONDS = 600
ALLOWED_METHODS = "GET, POST, DELETE"
ALLOWED_HEADERS = "Accept-Language, Authorization, Content-Type, Idempotency-Key"
READABLE_HEADERS = "Location, Retry-After, X-Request-Id"


def may_change(request: Request, trusted_origins: Collection[str]) -> bool:
    """Say whether a page that the shop trusts, or the shopper's address bar, sent the request.

    Args:
        request: With ``host`` as the browser knows it; behind a proxy by ProxyFix.
        trusted_origins: Other origins that may.
    """
    origin = request.headers.get("Origin")
    if origin in trusted_origins:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        # Even browsers older than Sec-Fetch-Site send Origin with every POST and DELETE.
        return False
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False


def refuse_other_sites() -> Response | None:
    """Refuse what another site's page sends, before anything is read or counted.

    A preflight of a trusted origin is answered here (Fetch standard, "CORS protocol").
    """
    trusted = get_state().settings.trusted_origins
    asked_for = "Access-Control-Request-Method" in request.headers
    if request.method == "OPTIONS" and asked_for and request.headers.get("Origin") in trusted:
        return _preflight()
    if request.method not in SAFE_METHODS and not may_change(request, trusted):
        raise HttpError("cross_origin")
    return None


def share_with_trusted(response: Response) -> Response:
    """Let pages of trusted origins read the answer; without any, nothing is added."""
    trusted = get_state().settings.trusted_origins
    if not trusted:
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in trusted:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
    return response


def _preflight() -> Response:
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
