"""This extension's own cookies, and the shop's session, which its routes do not write.

A session is read when a request begins and written as a whole when it ends. A slow request, such as
an upload, would undo what the shop stored meanwhile, such as a cart.
"""

from __future__ import annotations

import re
from typing import Any, cast

from flask import Flask, Response, after_this_request, current_app, request
from flask.sessions import SessionInterface, SessionMixin

from .compat import get_request

# In the request's environment.
_LEAVES = "genvoris.leaves_session"
_ALWAYS = "always"
_UNLESS_CHANGED = "unless changed"
LIFETIME = 24 * 3600  # seconds: as long as Genvoris links an order to a try-on
_VALUE = re.compile(r"[A-Za-z0-9_.-]{8,128}")


def is_cookie_value(value: str) -> bool:
    """Return whether ``keep_cookie`` may keep a value."""
    return _VALUE.fullmatch(value) is not None


def read_cookie(name: str) -> str | None:
    """Return the value of a cookie that ``keep_cookie`` set, or None."""
    value = request.cookies.get(name)
    return value if value and is_cookie_value(value) else None


def keep_cookie(name: str, value: str, *, seconds: int = LIFETIME) -> None:
    """Set a cookie with the answer to this request, with the scope of the shop's session cookie.

    Args:
        name: Its name.
        value: 8 to 128 letters, digits, dots, hyphens and underscores.
        seconds: For how long.
    """
    sessions, app = current_app.session_interface, current_app
    options: dict[str, Any] = {
        "max_age": seconds,
        "path": sessions.get_cookie_path(app),
        "domain": sessions.get_cookie_domain(app),
        "secure": request.is_secure or sessions.get_cookie_secure(app),
        "httponly": True,
        "samesite": sessions.get_cookie_samesite(app) or "Lax",
    }
    if app.config.get("SESSION_COOKIE_PARTITIONED"):  # since Flask 3.1
        options["partitioned"] = True

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(name, value, **options)
        return response


class SparingSessions:
    """A session interface that does not save the session of a request that leaves it unchanged.

    Args:
        inner: The shop's own interface, which does everything else.
    """

    def __init__(self, inner: SessionInterface) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the shop's own interface."""
        return getattr(self._inner, name)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session, unless this request leaves it unchanged."""
        leaves = get_request().environ.get(_LEAVES)
        if leaves is None or (leaves == _UNLESS_CHANGED and session.modified):
            self._inner.save_session(app, session, response)


def leave_session(app: Flask, *, even_changed: bool = False) -> None:
    """Keep this request from rewriting the shop's session, as Flask does if it is permanent.

    Args:
        app: The shop.
        even_changed: Whether changes that the shop's own functions make to it are dropped, since
            shared caches may keep the answer, which must never carry a session.
    """
    get_request().environ[_LEAVES] = _ALWAYS if even_changed else _UNLESS_CHANGED
    # Here rather than at start-up, since the shop may set its interface later.
    if not isinstance(app.session_interface, SparingSessions):
        app.session_interface = cast("SessionInterface", SparingSessions(app.session_interface))
