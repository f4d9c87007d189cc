"""Who sent a request, as far as its connection and the shop's own proxy tell."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from flask import Request

from ..core.addresses import embedded_ipv4, is_public
from ..core.storage.interface import Store
from ..errors import StoreUnavailableError

log: logging.Logger = logging.getLogger("genvoris_flask.web")

# What a proxy adds; a private address that sends one of them forwards for somebody else.
_FORWARDING_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+):\d+")


@dataclass(frozen=True)
class Sender:
    """Where a request came from.

    Attributes:
        network: Its address, or for IPv6 the /64 network, which is one home's or one server's.
        is_proxy: Whether that is a proxy of the shop, and the client behind it is unknown.
    """

    network: str
    is_proxy: bool = False


def sender_of(request: Request) -> Sender:
    """Return who sent a request."""
    remote = request.remote_addr or ""
    try:
        address = ipaddress.ip_address(_without_port(remote))
    except ValueError:  # such as the path of a Unix socket, which only a proxy uses
        return Sender("unknown", is_proxy=True)
    if isinstance(address, ipaddress.IPv6Address):
        # Otherwise all IPv4 visitors of a server that listens on [::] share one network.
        address = embedded_ipv4(address) or address
    if isinstance(address, ipaddress.IPv6Address):
        # One home or server can choose from a whole /64 (RFC 6177).
        network = str(ipaddress.ip_network((address, 64), strict=False))
    else:
        network = str(address)
    return Sender(network, not is_public(str(address)) and is_forwarded(request))


def is_from_inside(request: Request) -> bool:
    """Return whether the sender is surely in a private network, such as a developer's."""
    return not is_forwarded(request) and not is_public(request.remote_addr or "")


def is_forwarded(request: Request) -> bool:
    """Return whether a proxy forwarded a request for a client that the app does not know."""
    if "werkzeug.proxy_fix.orig" not in request.environ:
        return any(name in request.headers for name in _FORWARDING_HEADERS)
    # ProxyFix trusts fewer proxies than there are when others are named before the sender.
    first = request.headers.get("X-Forwarded-For", "").partition(",")[0].strip()
    return first not in ("", request.remote_addr)


def _without_port(remote: str) -> str:
    """Return an address without the port that some gateways write into X-Forwarded-For."""
    found = _WITH_PORT.fullmatch(remote)
    return (found["v6"] or found["v4"]) if found else remote


class ProxyWatch:
    """Records that a proxy hides who its visitors are, for the log and ``flask genvoris check``.

    Args:
        store: Where ``check``, which is another process, finds the record.
        clock: A monotonic clock, in seconds.
    """

    RECORD_SECONDS = 3600.0
    _KEY = "proxy-not-trusted"

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._noted_at: float | None = None

    def note(self) -> None:
        """Record a request from such a proxy; most calls cost nothing."""
        now = self._clock()
        if self._noted_at is None:
            log.warning(
                "A proxy forwards requests, but its X-Forwarded-For is not trusted, so all "
                "visitors share one limit by address. Use werkzeug.middleware.proxy_fix.ProxyFix, "
                "and configure how many proxies there are."
            )
        elif now - self._noted_at < self.RECORD_SECONDS / 2:
            return
        self._noted_at = now
        with suppress(StoreUnavailableError):
            self._store.set(self._KEY, b"1", self.RECORD_SECONDS)

    def was_noted(self) -> bool:
        """Return whether any process recorded such a request within the last hour."""
        try:
            return self._store.get(self._KEY) is not None
        except StoreUnavailableError:
            return False
