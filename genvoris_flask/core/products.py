"""A product as a page describes it, and how it is read from a browser's fields.

The fields come from the browser, so nothing here may be trusted with money, and no address among
them may lead a server into a private network or a shopper to another site.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from .addresses import is_inside, plain_host
from .api.parsing import cut_text, plain_text

CATEGORIES = ("apparel", "home", "object", "other")
DEFAULT_CATEGORY = "apparel"  # of products whose page says none that is known
MAX_TEXT = 300
MAX_URL = 2000
MAX_IMAGES = 8


@dataclass(frozen=True)
class Product:
    """A product, as the page that shows it describes it.

    The description comes from the browser: use it to find the way back to the page, never to
    decide a price.

    Attributes:
        image: The absolute URL (http or https) of its picture, or None.
        title: Its title.
        id: The shop's own id.
        category: ``apparel``, ``home``, ``object`` or ``other``.
        page_url: The absolute URL of its page within this shop, or None.
        images: The URLs of all its pictures; the first is ``image``.
    """

    image: str | None = None
    title: str | None = None
    id: str | None = None
    category: str = DEFAULT_CATEGORY
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


def read_product(
    fields: Mapping[str, str], images: Iterable[str], shop_url: str, *, host_is_own: bool = False
) -> Product | None:
    """Return the product that a form or query describes, or None if it describes none.

    Args:
        fields: ``product_title``, ``product_id``, ``product_category`` and ``page_url``.
        images: The addresses of its pictures; those that are refused are skipped.
        shop_url: The shop's own address, which paths are resolved against.
        host_is_own: Whether ``shop_url`` is known to be the shop's, so that pictures may be there
            even if it is in a private network. Any client can write any Host header.
    """
    category = fields.get("product_category", "")
    urls = (_picture_url(value, shop_url, host_is_own) for value in images)
    allowed = tuple(dict.fromkeys(url for url in urls if url))[:MAX_IMAGES]
    product = Product(
        image=allowed[0] if allowed else None,
        images=allowed,
        title=_text(fields.get("product_title", "")),
        id=_text(fields.get("product_id", "")),
        category=category if category in CATEGORIES else DEFAULT_CATEGORY,
        page_url=own_page(fields.get("page_url", ""), shop_url),
    )
    return None if product == Product(category=product.category) else product


def _text(value: str) -> str | None:
    return plain_text(cut_text(plain_text(value), MAX_TEXT)) or None


def _picture_url(value: str, shop_url: str, host_is_own: bool) -> str | None:
    """Return a picture's absolute URL, or None if servers must not fetch it.

    It must be on the shop's own host or on the public internet. The host is written in its plain
    form, so that whoever fetches the picture reads the host that was checked here.
    """
    url = _web_url(value, shop_url)
    if not url or not url.isprintable() or "\\" in url:
        return None
    parts = urlsplit(url)
    origin = _host_and_port(parts)
    if origin is None or "@" in parts.netloc:
        return None
    host, port = origin
    if is_inside(host) and not (host_is_own and origin == _host_and_port(urlsplit(shop_url))):
        return None
    bracketed = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=bracketed if port is None else f"{bracketed}:{port}").geturl()


def _host_and_port(parts: SplitResult) -> tuple[str, int | None] | None:
    """Return a URL's plain host and its port, which is None if it is the scheme's default."""
    try:
        port = parts.port
    except ValueError:
        return None
    host = plain_host(parts.hostname or "")
    default = {"http": 80, "https": 443}[parts.scheme]
    return None if not host or port == 0 else (host, None if port == default else port)


def _web_url(value: str, shop_url: str) -> str | None:
    value = value.strip()
    if not value or len(value) > MAX_URL:
        return None
    try:
        url = urljoin(shop_url, value)
        parts = urlsplit(url)
    except ValueError:
        return None
    # A resolved URL may be longer than the path it came from.
    is_usable = parts.scheme in ("http", "https") and parts.hostname and len(url) <= MAX_URL
    return url if is_usable else None


def own_page(value: str, shop_url: str) -> str | None:
    """Return the URL of a page of this shop, or None: another site's would be an open redirect."""
    url = _web_url(value, shop_url)
    if not url:
        return None
    shop, page = urlsplit(shop_url), urlsplit(url)
    # Browsers drop tabs and line ends, and read a backslash, or a second slash, as the start of
    # another host.
    is_safe = url.isprintable() and "\\" not in url and _has_plain_start(page.path)
    return url if is_safe and shop.netloc == page.netloc else None


def _has_plain_start(path: str) -> bool:
    """Return whether a path cannot be read as one that starts with two slashes, even decoded."""
    first = unquote(path)[1:2]
    return first not in ("/", "\\", "%") and not first.isspace() and (first or " ").isprintable()
