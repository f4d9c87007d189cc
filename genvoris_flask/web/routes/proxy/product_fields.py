"""What a request of the hosted widget says of its product, for the shop's own rules.

The names of Genvoris's fields are not public, so each is understood in several spellings. It is
only read here: what passes on is what the widget sent.
"""

from __future__ import annotations

import re

from ....core.products import Product, read_product

# Without case and signs, so that ``productId``, ``product_id``, ``product[id]`` and
# ``{"product": {"id": …}}`` are one.
_NAMES = {
    "product_id": ("productid", "productsku", "sku"),
    "product_title": ("producttitle", "productname"),
    "product_image": (
        *("productimage", "productimages", "productimageurl", "productimageurls"),
        *("productimagesurl", "productimagessrc", "productimagesrc", "producturl"),
    ),
    "product_category": ("productcategory", "producttype"),
    "page_url": ("pageurl", "productpageurl"),
}
_MEANINGS = {spelled: name for name, all_spelled in _NAMES.items() for spelled in all_spelled}
_MAX_VALUES = 50


class ProductFields:
    """Gathers them."""

    LONGEST = 4096  # bytes of one value; a longer one is no name and no address

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}
        self._count = 0

    def wants(self, name: str) -> bool:
        """Return whether a field, named with all that it is nested in, is about a product."""
        return _meaning(name) is not None

    def note(self, name: str, value: str) -> None:
        """Take a field."""
        meaning = _meaning(name)
        if meaning and len(value) <= self.LONGEST and self._count < _MAX_VALUES:
            self._count += 1
            self._found.setdefault(meaning, []).append(value)

    def product(self, shop_url: str) -> Product | None:
        """Return the product that was named, or None if none was."""
        fields = {name: values[0] for name, values in self._found.items()}
        return read_product(fields, self._found.get("product_image", ()), shop_url)


def _meaning(name: str) -> str | None:
    if len(name) > 100:
        return None
    return _MEANINGS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
