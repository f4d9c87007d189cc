"""Keeps pages and answers for one shopper out of every shared cache.

Caches outside of the app read headers, so these are set after all that the shop does to them.
Caches inside the app keep what is rendered while one of their functions is running, however deep
below it: a view, another function of the shop, or a block of a template.
"""

from __future__ import annotations

import functools
import inspect
import logging
import re
import sys

from flask import Flask, Request, Response, current_app, request

from .compat import get_request

log: logging.Logger = logging.getLogger("genvoris_flask.web")
page_log: logging.Logger = logging.getLogger("genvoris_flask.storefront")

NO_STORE = "no-store"
PRIVATE = "private, no-store"
# In the request's environment, since `g` may outlive a request.
_POLICY = "genvoris.cache_policy"
_DONE = "genvoris.cache_headers_done"
# What shared caches obey before Cache-Control: RFC 9213's targeted fields (Cloudflare, Netlify,
# Vercel), those of the Edge Architecture, Akamai, nginx and LiteSpeed, and HTTP/1.0's.
_FOR_SHARED_CACHES = re.compile(
    r"([a-z0-9-]+-)?cdn-cache-control|surrogate-control|edge-control|x-accel-expires"
    r"|x-litespeed-cache-control|expires"
)
# Headers of most pages, none of which is such a field.
_ORDINARY = frozenset({"cache-control", "content-length", "content-type", "set-cookie", "vary"})
# Packages of caches that call what they keep.
CACHE_PACKAGES = {
    "flask_caching": "Flask-Caching",
    "flask_cache": "Flask-Cache",
    "dogpile.cache": "dogpile.cache",
    "beaker": "Beaker",
}


def forbid_caching(policy: str, request: Request = request) -> None:
    """Fix the Cache-Control of the answer to a request; nothing overrides it afterwards.

    Args:
        policy: ``NO_STORE``, or ``PRIVATE`` for a page, which then varies on the cookie as well.
        request: Defaults to the current one.
    """
    request.environ[_POLICY] = policy


def headers_are_sent(request: Request = request) -> bool:
    """Return whether it is too late to change headers, as while a page is streamed."""
    return _DONE in request.environ


def enforce_policies(app: Flask) -> None:
    """Set the headers of each answer after everything else that the shop does to them."""
    # Flask runs these from the last to the first; the shop may have registered some already.
    app.after_request_funcs.setdefault(None, []).insert(0, _enforce)


def _enforce(response: Response) -> Response:
    environ = get_request().environ
    environ[_DONE] = True
    policy = environ.get(_POLICY)
    if policy is None:
        return response
    headers = response.headers
    before = {name.lower(): value for name, value in headers}
    if not _ORDINARY.issuperset(before):
        for name in filter(_is_for_shared_caches, before):
            del headers[name]
    if "cache-control" not in before:
        headers.add("Cache-Control", policy)  # which costs half of setting it
    else:
        if policy == PRIVATE and "public" in before["cache-control"]:
            _warn_of_public_view(str(request.endpoint))
        headers["Cache-Control"] = policy
    if policy == PRIVATE and "cookie" not in before.get("vary", "").lower():
        headers.add("Vary", "Cookie")
    return response


@functools.lru_cache(maxsize=256)  # answers have the same few headers
def _is_for_shared_caches(name: str) -> bool:
    return _FOR_SHARED_CACHES.fullmatch(name) is not None


@functools.lru_cache(maxsize=1000)  # once for each view
def _warn_of_public_view(endpoint: str) -> None:
    log.warning(
        "The view %s declares its page public, but the page carries a shopper's session, so it is "
        "sent as private. To cache it, set GENVORIS_INLINE_SESSION = False.",
        endpoint,
    )


def is_being_cached() -> bool:
    """Return whether a known cache keeps the page, or the part of it, that is rendered now."""
    if sys.modules.keys().isdisjoint(CACHE_PACKAGES):
        return False
    package = _caching_caller()
    if package is None:
        view = current_app.view_functions.get(request.endpoint or "")
        if not _is_marked(view, request.method):
            return False
        package = "flask_caching"
    _report_cached_page(CACHE_PACKAGES[package], str(request.endpoint))
    return True


def _caching_caller() -> str | None:
    """Return the package of a cache that is among the callers."""
    frame = inspect.currentframe()
    while frame is not None:
        package = frame.f_globals.get("__package__")
        if package in CACHE_PACKAGES:
            return str(package)
        frame = frame.f_back
    return None


@functools.lru_cache(maxsize=1000)
def _is_marked(view: object, method: str) -> bool:
    """Return whether a view has the attributes that Flask-Caching's decorators set.

    A view that is a coroutine runs on a thread of its own, where the cache is no caller.
    """
    handler = getattr(getattr(view, "view_class", None), method.lower(), None)
    return any(hasattr(each, "uncached") for each in (view, handler))


@functools.lru_cache(maxsize=1000)  # once for each view
def _report_cached_page(cache: str, endpoint: str) -> None:
    page_log.info(
        "%s keeps what %s renders, so it carries no shopper's session: the widget asks for one "
        "when it is clicked.",
        cache,
        endpoint,
    )
