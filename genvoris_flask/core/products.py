"""A product as a page describes it, and the shop's rule about which may be tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

CATEGORIES = ("apparel", "home", "object", "other")


@dataclass(frozen=True)
class Product:
    """A product, as the page that shows it describes it.

    It comes from the browser, so it is good for finding the way back, and for nothing that money
    hangs on.

    Attributes:
        image: The picture's whole URL (http or https), or None.
        title: Its title.
        id: The shop's own id.
        category: apparel, home, object or other.
        page_url: The page it is on, a whole URL within this shop, or None.
        images: All of its pictures; the first is ``image``.
    """

    image: str | None = None
    title: str | None = None
    id: str | None = None
    category: str = "apparel"
    page_url: str | None = None
    images: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.image and not self.images:
            object.__setattr__(self, "images", (self.image,))

    @property
    def page_path(self) -> str | None:
        """The path and query of the page, ready for a ``next`` parameter."""
        if not self.page_url:
            return None
        parts = urlsplit(self.page_url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


ProductFilter = Callable[[Product], object]
