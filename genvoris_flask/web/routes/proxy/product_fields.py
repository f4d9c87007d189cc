"""Collects what a request of the hosted widget says about its product, for the shop's own rules.

The names of Genvoris's fields are not public, so each is recognised in several spellings. Fields
are only read here: what is forwarded is what the widget sent.
"""

from __future__ import annotations

import re

from ....core.products import Product, read_product

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
_FIELDS = {spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings}
_MAX_VALUES = 50
_MAX_NAME = 100


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
        return _field(name) is not None

    def add(self, name: str, value: str) -> None:
        """Record a field, unless it is about something else."""
        field = _field(name)
        if field and len(value) <= self.MAX_VALUE and self._count < _MAX_VALUES:
            self._count += 1
            self._values.setdefault(field, []).append(value)

    def product(self, shop_url: str) -> Product | None:
        """Return the product that the fields describe, or None if they describe none."""
        fields = {name: values[0] for name, values in self._values.items()}
        return read_product(fields, self._values.get("product_image", ()), shop_url)


def _field(name: str) -> str | None:
    if len(name) > _MAX_NAME:
        return None
    return _FIELDS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
