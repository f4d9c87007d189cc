"""The fields that a browser has no say in: the shop's key and the shopper's token."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

TOKEN_FIELD = "end_customer_token"  # noqa: S105  (a field's name; quickstart, step 5)
_OURS = {"apikey", "xapikey", "endcustomertoken"}
MAX_FIELDS = 200


def is_ours(name: str) -> bool:
    """Say whether a field is for us to set, however its name is spelled.

    ``apiKey``, ``API-Key`` and ``api_key[]`` may all be read as ``api_key`` by some server.
    """
    return re.sub(r"[^a-z0-9]", "", name.lower()) in _OURS


def clean_query(query: str) -> str:
    """Give a query without the fields that are ours.

    Raises:
        ValueError: It is not URL-encoded text, or has too many fields.
    """
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    return urlencode([(name, value) for name, value in pairs if not is_ours(name)])


def rewrite_urlencoded(body: bytes, fields: dict[str, str]) -> bytes:
    """Give a form without the fields that are ours, and with these.

    Raises:
        ValueError: It is not URL-encoded text, or has too many fields.
    """
    kept = clean_query(body.decode("ascii"))
    return "&".join(filter(None, [urlencode(fields), kept])).encode()
