"""What is forwarded: the paths that browsers may call, headers in both directions, and fields.

All other headers are dropped. Of the fields, `check_name` refuses names that readers understand in
different ways, and `ProductFields` collects what describes the product, for the shop's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from ....core.products import Product, read_product
from ....core.reserved_fields import is_reserved

_TO_GENVORIS = {
    "accept",
    "accept-language",
    "origin",
    "user-agent",
    "x-correlation-id",
    "x-request-id",
}
_TO_BROWSER = {
    "cf-ray",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "request-id",
    "retry-after",
    "x-correlation-id",
    "x-request-id",
}
# By pattern, as they differ between versions.
_TO_GENVORIS_PATTERN = re.compile(r"x-genvoris-[a-z0-9-]+")
_TO_BROWSER_PATTERN = re.compile(r"(x-genvoris|x-ratelimit|ratelimit)(-[a-z0-9-]+)?")
_CARRIES_SECRETS = re.compile(
    r"key|token|secret|auth|signature|cookie|jwt|bearer|customer|credential"
)
_VALID_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
MAX_VALUE = 4096
TOKEN_FIELD = "end_customer_token"  # noqa: S105  (the name of a field)
MAX_FIELDS = 200
MAX_NAME = 1024  # characters
# Control characters, line ends, halves of a surrogate pair, and the backslash, which some readers
# of forms take for the start of an escape.
_AMBIGUOUS = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = "=?"  # RFC 2047: decoded by readers that were made for mail
# In lower case and without punctuation, so that ``productId``, ``product_id``, ``product[id]`` and
# ``{"product": {"id": …}}`` are the same name.
_SPELLINGS = {
    "product_id": ("productid", "productsku", "sku"),
    "product_title": ("producttitle", "productname"),
    "product_image": (
        *("productimage", "productimages", "productimageurl", "productimageurls"),
        *("productimagesurl", "productimagessrc", "productimagesrc", "producturl"),
    ),
    "product_category": ("productcategory", "producttype"),
    "page_url": ("pageurl", "productpageurl"),
}
_PRODUCT_FIELDS = {name: field for field, names in _SPELLINGS.items() for name in names}
_MAX_PRODUCT_VALUES = 50
_MAX_PRODUCT_NAME = 100


class Route(NamedTuple):
    """A path that is forwarded.

    Attributes:
        path: The path at Genvoris, and below the shop's prefix.
        method: The one method that is forwarded.
        limit: The name of the rate limit that counts its requests.
        takes_shopper: Whether it acts for a shopper, whose token is added to its body.
        timeout: Seconds to wait for the response; None for as long as a try-on may take.
    """

    path: str
    method: str
    limit: str
    takes_shopper: bool
    timeout: float | None


ANALYZE = Route("/api/analyze", "POST", "tryons", True, None)
TRYON = Route("/api/tryon", "POST", "tryons", True, None)
CONFIG = Route("/api/config", "GET", "session", False, 10.0)


def to_genvoris(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return the headers to send to Genvoris, except for Content-Type."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _named_by_connection(headers)
    forwarded = [
        (name.encode(), value.encode("latin-1", "replace"))
        for name, value in headers
        if name not in dropped and _is_forwarded(name, _TO_GENVORIS, _TO_GENVORIS_PATTERN)
    ]
    gzip = any(name == "accept-encoding" and _accepts_gzip(value) for name, value in headers)
    # Only what the API client can decode, as it reads error responses.
    forwarded.append((b"accept-encoding", b"gzip" if gzip else b"identity"))
    return [(name, value) for name, value in forwarded if _is_valid(value)]


def to_browser(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers to send to the browser."""
    pairs = [(name.lower(), value) for name, value in headers.items()]
    dropped = _named_by_connection(pairs)
    return [
        (name, value)
        for name, value in pairs
        if name not in dropped
        and _is_forwarded(name, _TO_BROWSER, _TO_BROWSER_PATTERN)
        and _is_valid(value.encode("latin-1", "replace"))
    ]


def _is_forwarded(name: str, names: set[str], pattern: re.Pattern[str]) -> bool:
    return name in names or bool(pattern.fullmatch(name) and not _CARRIES_SECRETS.search(name))


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    named = (value for name, value in headers if name == "connection")
    return {each.strip().lower() for value in named for each in value.split(",")}


def _accepts_gzip(value: str) -> bool:
    """Return whether Accept-Encoding (RFC 9110, 12.5.3) allows gzip."""
    for each in value.lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";")
        if coding in ("gzip", "*"):
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False


def _is_valid(value: bytes) -> bool:
    return len(value) <= MAX_VALUE and bool(_VALID_VALUE.fullmatch(value))


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


class ProductFields:
    """The fields of one request that are about a product."""

    MAX_VALUE = 4096  # bytes; a longer value is neither a name nor an address

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}
        self._count = 0

    def knows(self, name: str) -> bool:
        """Return whether a field is about a product.

        Args:
            name: Its name, after the names of all that it is nested in.
        """
        return _product_field(name) is not None

    def add(self, name: str, value: str) -> None:
        """Record a field, unless it is about something else."""
        field = _product_field(name)
        if field and len(value) <= self.MAX_VALUE and self._count < _MAX_PRODUCT_VALUES:
            self._count += 1
            self._values.setdefault(field, []).append(value)

    def product(self, shop_url: str) -> Product | None:
        """Return the product that the fields describe, or None if they describe none."""
        fields = {name: values[0] for name, values in self._values.items()}
        return read_product(fields, self._values.get("product_image", ()), shop_url)


def _product_field(name: str) -> str | None:
    if len(name) > _MAX_PRODUCT_NAME:
        return None
    return _PRODUCT_FIELDS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
