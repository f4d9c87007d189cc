"""The shop's own id of a Flask-Login user.

``get_id()`` identifies a log-in rather than a user: with alternative tokens, and always with
Flask-Security, it is a secret that changes with the password.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ..errors import ConfigurationError
from .hooks import log_once

SETTING = "GENVORIS_USER_ID_ATTRIBUTE"
_LIBRARIES = ("flask_login", "flask_security")


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
    found = _attribute(user, attribute) if attribute else _default_id(user)
    if found is None or str(found) in ("", "None"):
        message = "A logged-in %s has no id yet, so nobody is shopping."
        log_once(type(user), "no id", message, _name(user), level=logging.WARNING)
        return None
    return str(found)


def _attribute(user: Any, name: str) -> Any:
    try:
        value = getattr(user, name)
    except AttributeError:
        raise ConfigurationError(
            f"{SETTING} is {name!r}, but {_name(user)} has no such attribute."
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
        _name(user),
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
    keys = (getattr(user, name, None) for name in ("pk", "id"))
    return next((key for key in keys if key is not None and not callable(key)), None)


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


def _name(user: Any) -> str:
    return type(user).__name__
