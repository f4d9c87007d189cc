"""The fields that a browser has no say in: the shop's key and the shopper's token.

Servers read one name in different ways. PHP reads ``a.b`` as ``a_b``, and ends a name at its first
``[`` or NUL; Express reads ``a[b]`` and ``a.b`` as members of ``a``. So a field is ours when any of
these readers could find one of our names in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, urlencode

TOKEN_FIELD = "end_customer_token"  # noqa: S105  (a field's name; quickstart, step 5)
MAX_FIELDS = 200
MAX_NAME = 1024  # characters

_NAMES = ("apikey", "xapikey", "endcustomertoken")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
# One of our names as a whole segment, or as several: PHP reads "end.customer.token" as ours too.
_SPELLED = "|".join(r"\.?".join(name) for name in _NAMES)
_OURS = re.compile(rf"(?:^|\.)(?:{_SPELLED})(?:\.|$)")
# Control characters, line ends, halves of a surrogate pair, and the backslash, which some readers
# of a form take for the start of an escape and others do not.
_UNREADABLE = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = "=?"  # RFC 2047: decoded by readers that were made for mail


def is_ours(name: str) -> bool:
    """Return whether a field is for us to set, however its name is spelled or nested."""
    return any(bool(_OURS.search(_segments(spelled))) for spelled in {name, unquote(name)})


def check_name(name: str) -> None:
    """Raise if servers may read a field's name, or the name of a file, in different ways.

    Raises:
        ValueError: It holds a backslash or a control character, or is too long.
    """
    if len(name) > MAX_NAME or _UNREADABLE.search(name):
        raise ValueError("A name holds a character that servers read differently.")


def check_field_name(name: str) -> None:
    """Raise if a field's name is empty, or can be read in different ways.

    Raises:
        ValueError: It is.
    """
    if not name or _ENCODED_WORD in name:
        raise ValueError("A field has no name, or an encoded one.")
    check_name(name)


def clean_query(query: str) -> str:
    """Return a query without the fields that are ours.

    Raises:
        ValueError: It is not URL-encoded text, has too many fields, or an unreadable name.
    """
    return write_urlencoded({}, read_urlencoded(query))


def read_urlencoded(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query or form.

    Raises:
        ValueError: It is not URL-encoded text, or has too many fields.
    """
    return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")


def write_urlencoded(fields: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> str:
    """Return the given fields and a browser's, less those of the browser that are ours.

    Raises:
        ValueError: A name is unreadable.
    """
    kept = []
    for name, value in pairs:
        check_field_name(name)
        if not is_ours(name):
            kept.append((name, value))
    return urlencode([*fields.items(), *kept])


def _segments(name: str) -> str:
    """Return a name's letters and digits, with a dot for whatever else stands between them.

    ``-`` and ``_`` are nothing: ``apiKey``, ``API-Key`` and ``api_key`` are one name.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATORS.sub(".", plain.replace("_", "").replace("-", ""))
