"""Which URLs the widget may link to."""

from __future__ import annotations

import re

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# Browsers drop these before they look for a scheme: "java\nscript:" is "javascript:" to them.
_DROPPED = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def is_link(url: str) -> bool:
    """Return whether a URL only leads somewhere, and runs no code.

    Paths and other relative URLs do, and so do http, https, mailto and tel URLs. ``javascript:``
    and ``data:`` URLs could run code in a page of the shop.
    """
    scheme = _SCHEME.match(_DROPPED.sub("", url))
    return scheme is None or scheme[1].lower() in SCHEMES
