"""Allows only pages of the shop, and of origins that it trusts, to change anything.

The rule is that of Go 1.25's cross-origin protection: a page cannot forge the headers in which the
browser names a request's origin.
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
    """Return whether a page that the shop trusts, or the address bar, sent a request.

    Args:
        request: The request, with the ``host`` that the browser knows; behind a proxy, by ProxyFix.
        trusted_origins: Other origins whose pages may send it.
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
    """Refuse a request of another site's page before anything is read or counted.

    Preflight requests of trusted origins are answered here (Fetch standard, "CORS protocol").

    Raises:
        HttpError: 403 ``cross_origin``.
    """
    trusted = get_state().settings.trusted_origins
    asked_for = "Access-Control-Request-Method" in request.headers
    if request.method == "OPTIONS" and asked_for and request.headers.get("Origin") in trusted:
        return _preflight()
    if request.method not in SAFE_METHODS and not may_change(request, trusted):
        raise HttpError("cross_origin")
    return None


def share_with_trusted(response: Response) -> Response:
    """Allow pages of trusted origins to read a response; without any, add nothing."""
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
