"""Which addresses from outside are safe: hosts to send requests to, and URLs to link to.

A name that anybody can register may point into the shop's own network. So may one of several
addresses of a name, and an IPv6 address that embeds an IPv4 address. A link may run code.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from urllib.parse import unquote

from ..errors import MalformedAnswerError, UnreachableError
from .api.parsing import IGNORABLE

Resolve = Callable[[str, int], list[str]]

_PLAIN_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.?")
# Of RFC 6762, RFC 8375 and RFC 9476, and what clouds, clusters and offices use besides.
_LOCAL_NAMES = (
    *(".localhost", ".local", ".internal", ".lan", ".home.arpa", ".localdomain"),
    *(".svc", ".intranet", ".corp", ".home", ".private", ".alt"),
)

# RFC 6052 (NAT64) and RFC 4291, 2.5.5.1 (IPv4-compatible): an IPv4 address in the last 32 bits.
_CLOSED = (
    # RFC 6890; Oracle's clouds keep secrets at 192.0.0.192. Python 3.11 calls it public.
    ipaddress.IPv4Network("192.0.0.0/24"),
    # Azure's: public by number, but each machine's own host answers there.
    ipaddress.IPv4Network("168.63.129.16/32"),
)
_CARRIERS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))

_WEB_SCHEMES = frozenset({"http", "https"})
_LINK_SCHEMES = _WEB_SCHEMES | {"mailto", "tel"}
# Browsers drop these before they look for a scheme: "java\nscript:" is "javascript:" to them.
_DROPPED = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def resolve(host: str, port: int) -> list[str]:
    """Return a host's addresses, from the system's resolver.

    Raises:
        UnreachableError: It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(f"The host {host!r} has no address.") from None
    return [str(entry[4][0]) for entry in found]


def public_address(host: str, port: int, resolver: Resolve = resolve) -> str:
    """Return the address to connect to.

    Raises:
        MalformedAnswerError: One of the host's addresses is not on the public internet.
        UnreachableError: It has no address.
    """
    addresses = resolver(host, port)
    if not addresses:
        raise UnreachableError(f"The host {host!r} has no address.")
    for address in addresses:
        if not is_public(address):
            raise MalformedAnswerError(f"The host {host!r} has an address in a private network.")
    return addresses[0]


def plain_host(host: str) -> str | None:
    """Return the host of a URL as a resolver would read it, or None if parsers may disagree.

    Some parsers decode percent signs, map full-width digits to digits and drop invisible
    characters. All that is done here, and the result must be a plain name or address.
    """
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host).compressed if "%" not in host else None
        except ValueError:
            return None
    try:
        name = unquote(host, errors="strict")
        plain = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    if IGNORABLE.search(name) or not _PLAIN_HOST.fullmatch(plain):
        return None
    return plain.rstrip(".")


def is_inside(host: str) -> bool:
    """Return whether a plain host is a private address, in any spelling, or a local name."""
    if ":" in host or host.rsplit(".", 1)[-1][:1].isdigit():
        return not is_public(host)
    return "." not in host or host.endswith(_LOCAL_NAMES)


def is_public(text: str) -> bool:
    """Return whether an address is on the public internet."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if (inner := embedded_ipv4(address)) is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    if any(address in network for network in _CLOSED):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address embeds, or None."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address.is_loopback or address.is_unspecified:  # ::1 and ::, among the IPv4-compatible
        return None
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_link(url: str) -> bool:
    """Return whether a URL only leads somewhere, and runs no code.

    Paths and other relative URLs do, and so do http, https, mailto and tel URLs. ``javascript:``
    and ``data:`` URLs could run code in a page of the shop.
    """
    scheme = _scheme_of(url)
    return scheme is None or scheme in _LINK_SCHEMES


def is_web_link(url: str) -> bool:
    """Return whether a URL leads to a page: a relative, http or https one."""
    scheme = _scheme_of(url)
    return scheme is None or scheme in _WEB_SCHEMES


def _scheme_of(url: str) -> str | None:
    scheme = _SCHEME.match(_DROPPED.sub("", url))
    return scheme[1].lower() if scheme else None
