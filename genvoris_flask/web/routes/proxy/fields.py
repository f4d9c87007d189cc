"""The fields of a request: which names are safe, which are the shop's, and which tell the product.

URL-encoded forms and queries are read and written here. What a request says about its product is
collected for the shop's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from ....core.products import Product, read_product
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
