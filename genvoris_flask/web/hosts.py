"""Whether the host that a request names is the shop's own. Anybody can write a Host header."""

from __future__ import annotations

import socket

from flask import Request, current_app
from werkzeug.sansio.utils import host_is_trusted

from .client_address import is_from_inside
from .connections import connection_of

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def shop_url(request: Request) -> str:
    """Return the shop's own address as a request names it, such as ``https://shop.example/``.

    The host is as it was sent, in ASCII where browsers send it. Werkzeug's ``host_url`` decodes it
    for people to read, which fails for ``xn--``, and which no page's own address looks like.
    """
    return f"{request.scheme}://{request.host}/"


def is_own_host(request: Request) -> bool:
    """Return whether a request surely names the shop's own host.

    It does if TRUSTED_HOSTS has that host. Without TRUSTED_HOSTS it does for a developer: nobody
    passed the request on from outside, and it names this very server, or the app is in debug mode.
    """
    trusted = current_app.config.get("TRUSTED_HOSTS")
    if trusted:
        try:
            return host_is_trusted(request.host, trusted)
        except UnicodeError:  # no host at all
            return False
    if not is_from_inside(request):
        return False
    return current_app.debug or _is_this_server(request)


def _is_this_server(request: Request) -> bool:
    """Return whether the host is this server's own address, and the port the one it listens on.

    A proxy that passes Host on without saying so stands before this server on another port.
    """
    connection = connection_of(request.environ)
    if connection is None:
        address, own_port = request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]
    elif connection.family == socket.AF_UNIX:  # which only a proxy uses
        return False
    else:
        address, own_port = connection.getsockname()[:2]
    host, port = _host_and_port(request)
    return host in (*_LOOPBACK, address, f"[{address}]") and port == str(own_port)


def _host_and_port(request: Request) -> tuple[str, str]:
    host, _, port = request.host.lower().rpartition(":")
    if host and port.isdigit():
        return host, port
    return request.host.lower(), "443" if request.scheme == "https" else "80"
