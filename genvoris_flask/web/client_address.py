"""Who sent a request, as far as its connection and the shop's own proxy tell."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from flask import Request

from ..core.api.addresses import embedded_ipv4, is_public

# What a proxy adds; a private address that sends one of them speaks for somebody else.
_PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+):\d+")


@dataclass(frozen=True)
class Sender:
    """Where a request came from.

    Attributes:
        network: Its address, or for IPv6 the /64 network, which is one home's or one server's.
        is_proxy: Whether that is a proxy of the shop's, and nothing is known of who is behind it.
    """

    network: str
    is_proxy: bool = False


def sender_of(request: Request) -> Sender:
    """Return who sent a request."""
    remote = request.remote_addr or ""
    try:
        address = ipaddress.ip_address(_without_port(remote))
    except ValueError:  # such as a socket's file, which only a proxy uses
        return Sender("unknown", is_proxy=True)
    if isinstance(address, ipaddress.IPv6Address):
        # All IPv4 visitors of a server that listens on [::] are in one network otherwise.
        address = embedded_ipv4(address) or address
    if isinstance(address, ipaddress.IPv6Address):
        # One home or server has a whole /64 to choose from (RFC 6177).
        network = str(ipaddress.ip_network((address, 64), strict=False))
    else:
        network = str(address)
    return Sender(network, not is_public(str(address)) and is_passed_on(request))


def is_from_inside(request: Request) -> bool:
    """Return whether the sender is surely in a private network, such as a developer's."""
    return not is_passed_on(request) and not is_public(request.remote_addr or "")


def is_passed_on(request: Request) -> bool:
    """Return whether a proxy sent a request for somebody of whom the app knows nothing."""
    if "werkzeug.proxy_fix.orig" not in request.environ:
        return any(name in request.headers for name in _PASSED_ON)
    # ProxyFix trusts fewer proxies than there are when others are named before the sender.
    first = request.headers.get("X-Forwarded-For", "").partition(",")[0].strip()
    return first not in ("", request.remote_addr)


def _without_port(remote: str) -> str:
    """Return an address without the port that some gateways write into X-Forwarded-For."""
    found = _WITH_PORT.fullmatch(remote)
    return (found["v6"] or found["v4"]) if found else remote
