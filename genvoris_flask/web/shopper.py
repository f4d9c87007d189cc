"""Who is shopping, by the shop's own function or Flask-Login, and where they log in."""

from __future__ import annotations

import functools
import logging
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request_started, url_for
from werkzeug.routing import BuildError

from ..core.addresses import is_link
from ..core.sessions import Shopper
from ..errors import ConfigurationError
from .hooks import log_once
from .state import AppState, get_state

log: logging.Logger = logging.getLogger("genvoris_flask.storefront")
SETTING = "GENVORIS_USER_ID_ATTRIBUTE"
_LIBRARIES = ("flask_login", "flask_security")


def current_shopper(state: AppState | None = None) -> Shopper | None:
    """Return who is shopping, by ``@genvoris.shopper_loader`` or else Flask-Login.

    Args:
        state: The state of the current app, if the caller has it already.

    Raises:
        TypeError: The shop's loader returned something that is not a Shopper.
    """
    if state is None:
        state = get_state()
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
    """Return GENVORIS_LOGIN_URL, or else the log-in of Flask-Login or Flask-Security, if any.

    Args:
        state: The state of the current app, if the caller has it already.
    """
    state = state or get_state()
    if url := state.settings.login_url:
        return url
    view = _login_view(state.app)
    if view is None:
        return None
    if view.startswith("/") or (urlsplit(view).scheme and is_link(view)):
        return view
    try:
        return url_for(view)
    except BuildError:  # it does not exist here, or needs arguments, such as a language
        _warn_of_login_view(view)
        return None


def _login_view(app: Flask) -> str | None:
    """Return Flask-Login's ``login_view``; Flask-Security sets none, but has an endpoint."""
    view = getattr(getattr(app, "login_manager", None), "login_view", None)
    if isinstance(view, str):
        return view
    endpoint = f"{app.config.get('SECURITY_BLUEPRINT_NAME', 'security')}.login"
    return endpoint if "security" in app.extensions and endpoint in app.view_functions else None


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
        email_verified=_has_verified_email(user, state.settings.email_verified_attribute),
    )


def user_id(user: Any, attribute: str | None = None) -> str | None:
    """Return the id by which the shop knows a user, or None if they have none yet.

    It is the primary key if the user object has one. An id from ``get_id()`` that is a kind of
    user followed by the primary key (``customer:7``) is used instead, since it distinguishes the
    users of several tables. Any other ``get_id()`` is used only if there is no primary key.

    Args:
        user: What Flask-Login's ``user_loader`` returned.
        attribute: The name of an attribute or method of the user that returns the id instead.

    Raises:
        ConfigurationError: The user has no such attribute.
    """
    found = _read_attribute(user, attribute) if attribute else _default_id(user)
    if found is None or str(found) in ("", "None"):
        message = "A logged-in %s has no id yet, so nobody is shopping."
        log_once(type(user), "no id", message, _class_name(user), level=logging.WARNING)
        return None
    return str(found)


def _has_verified_email(user: Any, attribute: str | None) -> bool:
    if attribute is None:
        return False
    return bool(_read_attribute(user, attribute, "GENVORIS_EMAIL_VERIFIED_ATTRIBUTE"))


def _read_attribute(user: Any, name: str, setting: str = SETTING) -> Any:
    try:
        value = getattr(user, name)
    except AttributeError:
        raise ConfigurationError(
            f"{setting} is {name!r}, but {_class_name(user)} has no such attribute."
        ) from None
    return value() if callable(value) else value


def _default_id(user: Any) -> Any:
    mapper = getattr(type(user), "__mapper__", None)
    key = _plain_key(user) if mapper is None else _mapped_key(user, mapper)
    if key is None:
        # A row that is not stored yet has no key; other objects may have none at all.
        return None if mapper is not None and len(mapper.primary_key) == 1 else user.get_id()
    login_id = str(user.get_id())
    if login_id == str(key) or _names_kind_and_key(user, login_id, str(key)):
        return login_id
    log_once(
        type(user),
        "get_id",
        "Shoppers are known to Genvoris by the primary key of %s, not by its get_id(). %s names "
        "another attribute.",
        _class_name(user),
        SETTING,
        level=logging.INFO,
    )
    return key


def _mapped_key(user: Any, mapper: Any) -> Any:
    """Return the primary key of an object mapped by SQLAlchemy; None if it has several columns."""
    state = import_module("sqlalchemy").inspect(user)
    values = state.identity or mapper.primary_key_from_instance(user)
    return values[0] if len(values) == 1 else None


def _plain_key(user: Any) -> Any:
    """Return the key of any other object: MongoEngine's is ``pk``, most others' is ``id``."""
    for name in ("pk", "id"):
        key = getattr(user, name, None)
        if key is not None and not callable(key):
            return key
    return None


def _names_kind_and_key(user: Any, login_id: str, key: str) -> bool:
    if not re.fullmatch(rf"[A-Za-z_]{{1,32}}[:|/.-]?{re.escape(key)}", login_id):
        return False
    # A token that is stored with the user was not made from the key, however similar they look.
    return login_id not in map(str, getattr(user, "__dict__", {}).values())


def classes_with_own_get_id() -> Iterator[type]:
    """Yield the shop's user classes whose ``get_id()`` may return something else than their key."""
    flask_login = sys.modules.get("flask_login")
    if flask_login is None:
        return
    usual = flask_login.UserMixin.get_id
    for each in _below(flask_login.UserMixin):
        is_shops_own = not each.__module__.startswith(_LIBRARIES) and not each.__subclasses__()
        if is_shops_own and getattr(each, "get_id", usual) is not usual:
            yield each


def _below(base: type) -> Iterator[type]:
    subclasses: list[type] = base.__subclasses__()
    for each in subclasses:
        yield each
        yield from _below(each)


def _class_name(user: Any) -> str:
    return type(user).__name__
