"""Which addresses the widget may link to."""

from __future__ import annotations

import re

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# Browsers drop these before they look for a scheme: "java\nscript:" is "javascript:" to them.
_DROPPED = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def is_link(url: str) -> bool:
    """Return whether a browser that follows the address only goes to it.

    A path or another relative address is one, and so are http, https, mailto and tel addresses.
    ``javascript:`` and ``data:`` would run as a page of the shop instead.
    """
    scheme = _SCHEME.match(_DROPPED.sub("", url))
    return scheme is None or scheme[1].lower() in SCHEMES
