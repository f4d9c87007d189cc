"""Finds out whether a cache in the shop will keep what is rendered now.

A page with a shopper's token that such a cache keeps would be shown to others. What may be kept is
everything that is rendered while a function of the cache is running, however deep below it: a
view, a function of the shop's, or a block of a template.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys

from flask import current_app, request

log = logging.getLogger("genvoris_flask.storefront")

# Packages of caches that call what they keep.
PACKAGES = {
    "flask_caching": "Flask-Caching",
    "flask_cache": "Flask-Cache",
    "dogpile.cache": "dogpile.cache",
    "beaker": "Beaker",
}


def is_kept_by_cache() -> bool:
    """Return whether a known cache keeps the page, or the part of it, that is rendered now."""
    if not any(package in sys.modules for package in PACKAGES):
        return False
    package = _caller_that_caches()
    if package is None:
        view = current_app.view_functions.get(request.endpoint or "")
        if not _is_marked(view, request.method):
            return False
        package = "flask_caching"
    _tell(PACKAGES[package], str(request.endpoint))
    return True


def _caller_that_caches() -> str | None:
    """Return the package of a cache that is among the callers."""
    frame = inspect.currentframe()
    while frame is not None:
        package = frame.f_globals.get("__package__")
        if package in PACKAGES:
            return str(package)
        frame = frame.f_back
    return None


@functools.lru_cache(maxsize=1000)
def _is_marked(view: object, method: str) -> bool:
    """Return whether a view has the attributes that Flask-Caching's decorators give it.

    A view that is a coroutine runs on a thread of its own, where the cache is no caller.
    """
    handler = getattr(getattr(view, "view_class", None), method.lower(), None)
    return any(hasattr(each, "uncached") for each in (view, handler))


@functools.lru_cache(maxsize=1000)  # once for each view
def _tell(cache: str, endpoint: str) -> None:
    log.info(
        "%s keeps what %s renders, so it carries no shopper's session: the widget asks for one "
        "when it is clicked.",
        cache,
        endpoint,
    )
