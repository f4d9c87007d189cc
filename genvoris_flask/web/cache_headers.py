"""Keeps answers that are one shopper's out of every shared cache, whatever else sets headers."""

from __future__ import annotations

import functools
import logging
import re

from flask import Flask, Response, request

log = logging.getLogger("genvoris_flask.web")

NO_STORE = "no-store"
PRIVATE = "private, no-store"
# In the request's environment, since `g` may outlive a request.
_POLICY = "genvoris.cache_policy"
_DONE = "genvoris.cache_headers_done"
# What shared caches heed before Cache-Control: RFC 9213's targeted fields (Cloudflare's, Netlify's,
# Vercel's), those of the Edge Architecture and of Akamai, nginx and LiteSpeed, and HTTP/1.0's.
_FOR_SHARED_CACHES = re.compile(
    r"([a-z0-9-]+-)?cdn-cache-control|surrogate-control|edge-control|x-accel-expires"
    r"|x-litespeed-cache-control|expires",
    re.IGNORECASE,
)


def forbid_caching(policy: str) -> None:
    """Give the answer to this request a Cache-Control that nothing changes any more.

    Args:
        policy: ``NO_STORE``, or ``PRIVATE`` for a page, which varies on the cookie as well.
    """
    request.environ[_POLICY] = policy


def headers_are_gone() -> bool:
    """Return whether it is too late to change headers, as while a page is streamed."""
    return _DONE in request.environ


def guard_headers(app: Flask) -> None:
    """Look at the headers of every answer, after all that the shop itself does to them."""
    # Flask runs these from the last to the first; the shop's own may have been there before us.
    app.after_request_funcs.setdefault(None, []).insert(0, _enforce)


def _enforce(response: Response) -> Response:
    request.environ[_DONE] = True
    policy = request.environ.get(_POLICY)
    if policy is None:
        return response
    if policy == PRIVATE and "public" in response.headers.get("Cache-Control", ""):
        _warn_of_public_view(str(request.endpoint))
    for name in {name for name, _ in response.headers if _FOR_SHARED_CACHES.fullmatch(name)}:
        del response.headers[name]
    response.headers["Cache-Control"] = policy
    if policy == PRIVATE and "cookie" not in response.headers.get("Vary", "").lower():
        response.headers.add("Vary", "Cookie")
    return response


@functools.lru_cache(maxsize=1000)  # once for each view
def _warn_of_public_view(endpoint: str) -> None:
    log.warning(
        "The view %s says that its page is public, but the page carries a shopper's session, so it "
        "goes out as private. To cache it, set GENVORIS_INLINE_SESSION = False.",
        endpoint,
    )
