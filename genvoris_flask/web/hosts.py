"""Addresses of the shop, and whether the host of a request is one of them.

Anybody can write a Host header.
"""

from __future__ import annotations

import socket

from flask import Request, current_app, request
from werkzeug.sansio.utils import host_is_trusted

from .client_address import is_from_inside
from .state import get_state
from .transfers import connection_of

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def shop_url(request: Request) -> str:
    """Return the shop's own address as a request names it, such as ``https://shop.example/``.

    The host is returned as it was sent: browsers send it in ASCII. Werkzeug's ``host_url`` decodes
    it for display, which fails for ``xn--`` and is not how a browser writes the page's address.
    """
    return f"{request.scheme}://{request.host}/"


def own_path(path: str) -> str:
    """Return the path of a route of this extension on the host of this request.

    Args:
        path: The path below the prefix, such as ``/tryons/ID``.
    """
    return f"{request.script_root}{get_state().settings.url_prefix}{path}"


def is_own_host(request: Request) -> bool:
    """Return whether a request surely names the shop's own host.

    It does if TRUSTED_HOSTS has that host. Without TRUSTED_HOSTS it does for a developer only: the
    request was not forwarded from outside, and it names this server or the app is in debug mode.
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

    A proxy that passes Host on without X-Forwarded-For listens on another port than this server.
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
