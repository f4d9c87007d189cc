"""Checks the names of fields, and reads and writes URL-encoded forms and queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from ....core.reserved_fields import is_reserved

TOKEN_FIELD = "end_customer_token"  # noqa: S105  (the name of a field)
MAX_FIELDS = 200
MAX_NAME = 1024  # characters

# Control characters, line ends, halves of a surrogate pair, and the backslash, which some readers
# of forms take for the start of an escape.
_AMBIGUOUS = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = "=?"  # RFC 2047: decoded by readers that were made for mail


def check_name(name: str) -> None:
    """Raise if servers may read the name of a field, or of a file, in different ways.

    Raises:
        ValueError: It has a backslash or a control character, or is too long.
    """
    if len(name) > MAX_NAME or _AMBIGUOUS.search(name):
        raise ValueError("A name is too long or has a character that servers read differently.")


def check_field_name(name: str) -> None:
    """Raise if the name of a field is empty, or can be read in different ways.

    Raises:
        ValueError: It is empty, or ambiguous.
    """
    if not name or _ENCODED_WORD in name:
        raise ValueError("A field has no name, or an encoded one.")
    check_name(name)


def clean_query(query: str) -> str:
    """Return a query without reserved fields.

    Raises:
        ValueError: It is not URL-encoded text, has too many fields, or an ambiguous name.
    """
    return write_urlencoded({}, read_urlencoded(query))


def read_urlencoded(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query or form.

    Raises:
        ValueError: It is not URL-encoded text, or has too many fields.
    """
    return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")


def write_urlencoded(fields: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> str:
    """Return the given fields, followed by the browser's without the reserved ones.

    Raises:
        ValueError: A name is ambiguous.
    """
    kept = []
    for name, value in pairs:
        check_field_name(name)
        if not is_reserved(name):
            kept.append((name, value))
    return urlencode([*fields.items(), *kept])
