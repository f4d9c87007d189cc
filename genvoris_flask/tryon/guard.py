"""Lets only the shop's own pages change anything.

The rule is that of Go 1.25's cross-origin protection: what the browser says of the request's
origin cannot be forged by a page.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request


def is_same_origin(request: Request) -> bool:
    """Say whether a page of this shop, or the shopper's own address bar, sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        # Even browsers older than Sec-Fetch-Site send Origin with every POST and DELETE.
        return False
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False
