"""The fields that a browser has no say in: the shop's key and the shopper's token.

``core/reserved_fields.py`` tells which these are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from ....core.reserved_fields import is_reserved

TOKEN_FIELD = "end_customer_token"  # noqa: S105  (a field's name; quickstart, step 5)
MAX_FIELDS = 200
MAX_NAME = 1024  # characters

# Control characters, line ends, halves of a surrogate pair, and the backslash, which some readers
# of a form take for the start of an escape and others do not.
_UNREADABLE = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = "=?"  # RFC 2047: decoded by readers that were made for mail


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
        if not is_reserved(name):
            kept.append((name, value))
    return urlencode([*fields.items(), *kept])
