"""Reads what a browser says of a product."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from werkzeug.datastructures import MultiDict

from ..api.addresses import is_inside, plain_host
from ..api.parsing import cut_text, plain_text
from ..products import CATEGORIES, Product

__all__ = ["CATEGORIES", "Product", "read_product"]

MAX_TEXT = 300
MAX_URL = 2000
MAX_IMAGES = 8


def read_product(
    fields: Mapping[str, str], host_url: str, *, host_is_own: bool = False
) -> Product | None:
    """Return the product that a form or query names; None when it names none at all.

    Args:
        fields: ``product_image`` (a form may have several; those that are refused are left out),
            ``product_title``, ``product_id``, ``product_category``, ``page_url``.
        host_url: The shop's own address: paths are resolved against it.
        host_is_own: Whether ``host_url`` is surely the shop's, so that pictures may be there even
            if it is in a private network. Anybody can write an address into a Host header.
    """
    category = fields.get("product_category", "")
    given = fields.getlist if isinstance(fields, MultiDict) else lambda name: [fields.get(name, "")]
    urls = (_picture_url(value, host_url, host_is_own) for value in given("product_image"))
    images = tuple(dict.fromkeys(url for url in urls if url))[:MAX_IMAGES]
    product = Product(
        image=images[0] if images else None,
        images=images,
        title=_text(fields.get("product_title", "")),
        id=_text(fields.get("product_id", "")),
        category=category if category in CATEGORIES else "apparel",
        page_url=_own_url(fields.get("page_url", ""), host_url),
    )
    return None if product == Product(category=product.category) else product


def _text(value: str) -> str | None:
    return plain_text(cut_text(plain_text(value), MAX_TEXT)) or None


def _picture_url(value: str, host_url: str, host_is_own: bool) -> str | None:
    """Return a product picture's whole URL: on the shop's own host, or on the public internet.

    It comes from the browser and others will fetch it, so it must not lead into a network that is
    closed to the browser. Its host is written anew, so that they read what was judged here.
    """
    url = _web_url(value, host_url)
    if not url or not url.isprintable() or "\\" in url:
        return None
    parts = urlsplit(url)
    place = _place(parts)
    if place is None or "@" in parts.netloc:
        return None
    host, port = place
    if is_inside(host) and not (host_is_own and place == _place(urlsplit(host_url))):
        return None
    bracketed = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=bracketed if port is None else f"{bracketed}:{port}").geturl()


def _place(parts: SplitResult) -> tuple[str, int | None] | None:
    """Return a URL's plain host and its port; no port where it is the scheme's own."""
    try:
        port = parts.port
    except ValueError:
        return None
    host = plain_host(parts.hostname or "")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return None if not host or port == 0 else (host, None if port == usual else port)


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
    """Return a page of this shop; another site's would make the way back a way out."""
    url = _web_url(value, host_url)
    if not url:
        return None
    ours, theirs = urlsplit(host_url), urlsplit(url)
    # Browsers drop tabs and line ends, and read a backslash, or a second slash, as the start of
    # another host.
    safe = url.isprintable() and "\\" not in url and _starts_visibly(theirs.path)
    return url if safe and ours.netloc == theirs.netloc else None


def _starts_visibly(path: str) -> bool:
    """Return whether no second slash is near a path's start, also once it is decoded again."""
    first = unquote(path)[1:2]
    return first not in ("/", "\\", "%") and not first.isspace() and (first or " ").isprintable()
