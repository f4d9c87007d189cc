"""The fields that a browser must not set: the shop's API key and the shopper's token.

Servers read one name in different ways. PHP reads ``a.b`` as ``a_b``, and ends a name at its first
``[`` or NUL; Express reads ``a[b]`` and ``a.b`` as members of ``a``. So a field is reserved when
any of these readers could find one of the names in it.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_NAMES = ("apikey", "xapikey", "endcustomertoken")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
# A name as a whole segment, or as several: PHP reads "end.customer.token" as one name.
_SPELLED = "|".join(r"\.?".join(name) for name in _NAMES)
_RESERVED = re.compile(rf"(?:^|\.)(?:{_SPELLED})(?:\.|$)")


def is_reserved(name: str) -> bool:
    """Return whether a field's name is reserved, however it is spelled or nested."""
    return any(_RESERVED.search(_segments(spelled)) for spelled in {name, unquote(name)})


def _segments(name: str) -> str:
    """Return a name's letters and digits, with a dot for anything else between them.

    ``-`` and ``_`` are dropped: ``apiKey``, ``API-Key`` and ``api_key`` are one name.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATORS.sub(".", plain.replace("_", "").replace("-", ""))
