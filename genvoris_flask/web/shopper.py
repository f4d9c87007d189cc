"""Who is shopping, and where they log in."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, url_for
from werkzeug.routing import BuildError

from ..core.links import is_link
from ..core.sessions.shopper import Shopper
from .hooks import log_once
from .state import get_state
from .user_ids import user_id

log = logging.getLogger("genvoris_flask.storefront")


def current_shopper() -> Shopper | None:
    """Ask the shop's ``@genvoris.shopper_loader``, else Flask-Login, else say nobody.

    Raises:
        TypeError: The shop's loader gave something that is no Shopper.
    """
    loader = get_state().hooks.shopper_loader
    if loader is None:
        return _from_flask_login()
    shopper: object = loader()
    if shopper is not None and not isinstance(shopper, Shopper):
        raise TypeError(
            "The function registered with @genvoris.shopper_loader must give a "
            f"genvoris_flask.Shopper or None, not {type(shopper).__name__}."
        )
    return shopper


def current_shopper_or_nobody() -> Shopper | None:
    """Return who is shopping, or None when the shop's function fails; that is logged once."""
    try:
        return current_shopper()
    except Exception as error:  # noqa: BLE001  (the shop's own fault must not take a page down)
        log_loader_failure(error)
        return None


def log_loader_failure(error: Exception) -> None:
    """Log that the shop's function failed, once for each class of error."""
    loader = get_state().hooks.shopper_loader
    log_once(loader, error, "The function that says who is shopping failed")


def login_url() -> str | None:
    """Give GENVORIS_LOGIN_URL, else where Flask-Login sends people, if anywhere."""
    if url := get_state().settings.login_url:
        return url
    view = getattr(_login_manager(), "login_view", None)
    if not isinstance(view, str):
        return None
    if view.startswith("/") or (urlsplit(view).scheme and is_link(view)):
        return view
    try:
        return url_for(view)
    except BuildError:  # it is elsewhere, or needs to know more, such as a language
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
    """Drop the shopper's token when Flask-Login says that they have logged out."""
    if importlib.util.find_spec("flask_login") is None:
        return
    signal = importlib.import_module("flask_login").user_logged_out
    signal.connect(_forget_current_shopper, app)


def _forget_current_shopper(app: Flask, user: Any = None, **_: object) -> None:
    # Flask-Login sends this while current_user is still the one who leaves, but with their id
    # taken out of the cookie session already, which a shop's own function may look at.
    try:
        shopper = current_shopper() or _of_user(user)
    except Exception:  # the shop's own loader: its fault must not keep anybody logged in
        log.exception("The function that says who is shopping failed at the log-out")
        return
    if shopper:
        get_state(app).broker.forget(shopper)


def _login_manager() -> Any:
    return getattr(current_app, "login_manager", None)


def _from_flask_login() -> Shopper | None:
    """Read Flask-Login's current user by its documented attributes; it is not a dependency."""
    if _login_manager() is None:
        return None
    # The user itself: each look through the proxy costs as much as the whole rest of this.
    return _of_user(importlib.import_module("flask_login").current_user._get_current_object())  # noqa: SLF001


def _of_user(user: Any) -> Shopper | None:
    if user is None or not user.is_authenticated:
        return None
    external_id = user_id(user, get_state().settings.user_id_attribute)
    if external_id is None:
        return None
    return Shopper(
        external_id=external_id,
        email=getattr(user, "email", None),
        customer_id=getattr(user, "genvoris_customer_id", None),
    )
