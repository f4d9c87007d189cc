"""Who is shopping, and where they log in."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request_started, url_for
from werkzeug.routing import BuildError

from ..core.links import is_link
from ..core.sessions.shopper import Shopper
from .hooks import log_once
from .state import AppState, get_state
from .user_ids import user_id

log = logging.getLogger("genvoris_flask.storefront")


def current_shopper(state: AppState | None = None) -> Shopper | None:
    """Return who is shopping, by ``@genvoris.shopper_loader`` or else Flask-Login.

    Args:
        state: The state of the current app, if the caller has it already.

    Raises:
        TypeError: The shop's loader returned something that is not a Shopper.
    """
    state = state or get_state()
    loader = state.hooks.shopper_loader
    if loader is None:
        return _from_flask_login(state)
    shopper: object = loader()
    if shopper is not None and not isinstance(shopper, Shopper):
        raise TypeError(
            "The function registered with @genvoris.shopper_loader must return a "
            f"genvoris_flask.Shopper or None, not {type(shopper).__name__}."
        )
    return shopper


def current_shopper_or_nobody(state: AppState | None = None) -> Shopper | None:
    """Return who is shopping, or None if the shop's function fails, which is logged once.

    Args:
        state: The state of the current app, if the caller has it already.
    """
    try:
        return current_shopper(state)
    except Exception as error:  # noqa: BLE001  (the shop's own fault must not take a page down)
        log_loader_failure(error)
        return None


def log_loader_failure(error: Exception) -> None:
    """Log that the shop's function failed, once for each class of error."""
    loader = get_state().hooks.shopper_loader
    log_once(loader, error, "The function that says who is shopping failed")


def login_url(state: AppState | None = None) -> str | None:
    """Return GENVORIS_LOGIN_URL, or else the address of Flask-Login's ``login_view``, if any.

    Args:
        state: The state of the current app, if the caller has it already.
    """
    state = state or get_state()
    if url := state.settings.login_url:
        return url
    view = getattr(getattr(state.app, "login_manager", None), "login_view", None)
    if not isinstance(view, str):
        return None
    if view.startswith("/") or (urlsplit(view).scheme and is_link(view)):
        return view
    try:
        return url_for(view)
    except BuildError:  # it does not exist here, or needs arguments, such as a language
        _warn_of_login_view(view)
        return None


@functools.lru_cache(maxsize=100)  # once for each
def _warn_of_login_view(view: str) -> None:
    log.warning(
        "Flask-Login's login_view %s has no address here, so the widget cannot lead to it: set "
        "GENVORIS_LOGIN_URL.",
        view,
    )


def forget_on_logout(app: Flask) -> None:
    """Drop a shopper's token when they log out by Flask-Login."""
    # By the first request the shop has imported Flask-Login, if it uses it.
    request_started.connect(_listen_for_logout, app)


def _listen_for_logout(app: Flask, **_: object) -> None:
    request_started.disconnect(_listen_for_logout, app)
    if flask_login := sys.modules.get("flask_login"):
        flask_login.user_logged_out.connect(_forget_current_shopper, app)


def _forget_current_shopper(app: Flask, user: Any = None, **_: object) -> None:
    state = get_state(app)
    # Flask-Login sends this while current_user is still set, but after it removed their id from
    # the cookie session, which the shop's own function may read.
    try:
        shopper = current_shopper(state) or _of_user(user, state)
    except Exception:  # the shop's own loader: its fault must not keep anyone logged in
        log.exception("The function that says who is shopping failed at log-out")
        return
    if shopper:
        state.broker.forget(shopper)


def _from_flask_login(state: AppState) -> Shopper | None:
    """Return Flask-Login's current user by its documented attributes; it is not a dependency."""
    if not hasattr(state.app, "login_manager"):
        return None
    # The user itself, by werkzeug's documented method: each access through the proxy costs as much
    # as all the rest.
    user = sys.modules["flask_login"].current_user._get_current_object()  # noqa: SLF001
    return _of_user(user, state)


def _of_user(user: Any, state: AppState) -> Shopper | None:
    if user is None or not user.is_authenticated:
        return None
    external_id = user_id(user, state.settings.user_id_attribute)
    if external_id is None:
        return None
    return Shopper(
        external_id=external_id,
        email=getattr(user, "email", None),
        customer_id=getattr(user, "genvoris_customer_id", None),
    )
