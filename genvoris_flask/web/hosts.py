"""The shop's own hosts, and the origins whose pages may change anything.

Anybody can write a Host header. For origins the rule is that of Go 1.25's cross-origin protection:
a page cannot forge the headers in which the browser names a request's origin.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request, Response, current_app, request
from werkzeug.sansio.utils import host_is_trusted

from .client_address import is_from_inside
from .errors import HttpError
from .state import get_state
from .transfers import connection_of

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PREFLIGHT_SECONDS = 600
ALLOWED_METHODS = "GET, POST, DELETE"
ALLOWED_HEADERS = "Accept-Language, Authorization, Content-Type, Idempotency-Key"
READABLE_HEADERS = "Location, Retry-After, X-Request-Id"


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


def own_url(path: str) -> str:
    """Return the address of a route of this extension; ``path`` is as for ``own_path``."""
    return shop_url(request)[:-1] + own_path(path)


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


def may_change(request: Request, trusted_origins: Collection[str]) -> bool:
    """Return whether a page that the shop trusts, or the address bar, sent a request.

    Args:
        request: The request, with the ``host`` that the browser knows; behind a proxy, by ProxyFix.
        trusted_origins: Other origins whose pages may send it.
    """
    origin = request.headers.get("Origin")
    if origin in trusted_origins:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        # Even browsers older than Sec-Fetch-Site send Origin with every POST and DELETE.
        return False
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False


def refuse_other_sites() -> Response | None:
    """Refuse a request of another site's page before anything is read or counted.

    Preflight requests of trusted origins are answered here (Fetch standard, "CORS protocol").

    Raises:
        HttpError: 403 ``cross_origin``.
    """
    trusted = get_state().settings.trusted_origins
    asked_for = "Access-Control-Request-Method" in request.headers
    if request.method == "OPTIONS" and asked_for and request.headers.get("Origin") in trusted:
        return _preflight()
    if request.method not in SAFE_METHODS and not may_change(request, trusted):
        raise HttpError("cross_origin")
    return None


def share_with_trusted(response: Response) -> Response:
    """Allow pages of trusted origins to read a response; without any, add nothing."""
    trusted = get_state().settings.trusted_origins
    if not trusted:
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in trusted:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
    return response


def _preflight() -> Response:
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
