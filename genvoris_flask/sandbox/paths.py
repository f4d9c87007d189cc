"""Ids in paths may hold anything, slashes too: a slash that was encoded separates nothing."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import UnicodeConverter

KEPT = re.compile(r"%(2f|25)", re.IGNORECASE)


def keep_encoded_slashes(environ: dict[str, Any]) -> None:
    """Leave ``%2F``, and so ``%25``, as they came in the path that is routed.

    WSGI gives paths decoded, in which an id's slash looks like any other. Servers that also give
    the path as it came (Werkzeug's does) let us tell them apart.
    """
    raw = str(environ.get("RAW_URI", ""))
    if raw.startswith("/"):
        path = KEPT.sub(lambda found: "%25" + found[1].upper(), raw.partition("?")[0])
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


class IdConverter(UnicodeConverter):
    """One segment of a path, decoded whole."""

    def to_python(self, value: str) -> str:
        """Decode what ``keep_encoded_slashes`` left."""
        return value.replace("%2F", "/").replace("%25", "%")
