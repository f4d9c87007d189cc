"""What is being tried on."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ..api.addresses import is_public
from ..api.wire import cut_text, plain_text

_LOCAL_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
CATEGORIES = ("apparel", "home", "object", "other")
MAX_TEXT = 300
MAX_URL = 2000


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
    """

    image: str | None = None
    title: str | None = None
    id: str | None = None
    category: str = "apparel"
    page_url: str | None = None

    @property
    def page_path(self) -> str | None:
        """The path and query of the page, ready for a ``next`` parameter."""
        if not self.page_url:
            return None
        parts = urlsplit(self.page_url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


def read_product(
    fields: Mapping[str, str], host_url: str, *, from_inside: bool = False
) -> Product | None:
    """Read the form's or query's fields; None when they name no product at all.

    Args:
        fields: ``product_image``, ``product_title``, ``product_id``, ``product_category``,
            ``page_url``.
        host_url: The shop's own address: paths are resolved against it.
        from_inside: Whether who asks is in a private network, and so may the shop be. Anybody can
            write a private address into a Host header.
    """
    category = fields.get("product_category", "")
    product = Product(
        image=_picture_url(fields.get("product_image", ""), host_url, from_inside),
        title=_text(fields.get("product_title", "")),
        id=_text(fields.get("product_id", "")),
        category=category if category in CATEGORIES else "apparel",
        page_url=_own_url(fields.get("page_url", ""), host_url),
    )
    return None if product == Product(category=product.category) else product


def _text(value: str) -> str | None:
    return plain_text(cut_text(plain_text(value), MAX_TEXT)) or None


def _picture_url(value: str, host_url: str, from_inside: bool) -> str | None:
    """Give a product picture's whole URL: on the shop's own host, or on the public internet.

    It comes from the browser and others will fetch it, so it must not lead into a network that is
    closed to the browser. Paths belong to the shop's own host alone.
    """
    url = _web_url(value, host_url)
    if not url or not url.isprintable() or "\\" in url:
        return None
    ours, theirs = urlsplit(host_url), urlsplit(url)
    may_be_inside = from_inside and _is_inside(ours.hostname or "")
    if _is_inside(theirs.hostname or "") and not may_be_inside:
        return None
    return None if "@" in theirs.netloc and theirs.netloc != ours.netloc else url


def _is_inside(host: str) -> bool:
    """Say whether a host is named by a private address, in any spelling, or by a local name."""
    # As those read it who will look it up (UTS 46): "①⓪。0.0.1" is 10.0.0.1 to them.
    host = unicodedata.normalize("NFKC", host).replace("。", ".").rstrip(".").lower()
    if ":" in host or host.rsplit(".", 1)[-1][:1].isdigit():
        return not is_public(host)
    return "." not in host or host.endswith(_LOCAL_NAMES)


def _web_url(value: str, host_url: str) -> str | None:
    value = value.strip()
    if not value or len(value) > MAX_URL:
        return None
    try:
        url = urljoin(host_url, value)
        parts = urlsplit(url)
    except ValueError:
        return None
    # Resolved, it may be longer than what was given.
    whole = parts.scheme in ("http", "https") and parts.hostname and len(url) <= MAX_URL
    return url if whole else None


def _own_url(value: str, host_url: str) -> str | None:
    """Give a page of this shop; another site's would make the way back a way out."""
    url = _web_url(value, host_url)
    if not url:
        return None
    ours, theirs = urlsplit(host_url), urlsplit(url)
    # Browsers drop tabs and line ends, and read a backslash, or a second slash, as the start of
    # another host.
    safe = url.isprintable() and "\\" not in url and not theirs.path.startswith("//")
    return url if safe and ours.netloc == theirs.netloc else None
