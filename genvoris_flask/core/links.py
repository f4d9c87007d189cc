"""Which URLs the widget may link to."""

from __future__ import annotations

import re

WEB_SCHEMES = frozenset({"http", "https"})
SCHEMES = WEB_SCHEMES | {"mailto", "tel"}
# Browsers drop these before they look for a scheme: "java\nscript:" is "javascript:" to them.
_DROPPED = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def is_link(url: str) -> bool:
    """Return whether a URL only leads somewhere, and runs no code.

    Paths and other relative URLs do, and so do http, https, mailto and tel URLs. ``javascript:``
    and ``data:`` URLs could run code in a page of the shop.
    """
    scheme = _scheme_of(url)
    return scheme is None or scheme in SCHEMES


def is_web_link(url: str) -> bool:
    """Return whether a URL leads to a page: a relative, http or https one."""
    scheme = _scheme_of(url)
    return scheme is None or scheme in WEB_SCHEMES


def _scheme_of(url: str) -> str | None:
    scheme = _SCHEME.match(_DROPPED.sub("", url))
    return scheme[1].lower() if scheme else None
