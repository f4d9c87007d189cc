"""Who may use the console: nobody, until the shop says who."""

from __future__ import annotations

import logging
import sys
from typing import Any

from flask import request

from ..errors import HttpError
from ..hooks import log_once
from ..hosts import SAFE_METHODS, may_change
from ..shopper import current_shopper_or_nobody, user_id
from ..state import AppState, get_state

log: logging.Logger = logging.getLogger("genvoris_flask.console")


def refuse_others() -> None:
    """Refuse whoever may not use the console, and requests that another site's page sends.

    Pages of GENVORIS_TRUSTED_ORIGINS may let shoppers try on. They may change nothing here.

    Raises:
        HttpError: 404 as for an address without a page, or 403 ``cross_origin``.
    """
    if not may_use_console(get_state()):
        raise HttpError("path_not_allowed")
    if request.method not in SAFE_METHODS and not may_change(request, ()):
        raise HttpError("cross_origin")


def may_use_console(state: AppState) -> bool:
    """Return whether whoever sends this request may use the console.

    A function or an attribute of the shop that fails, or that returns something else than true or
    false, lets nobody in: a user object, say, is true for everybody.
    """
    asked = state.hooks.console_access
    try:
        if asked is not None:
            return _is_true(asked, asked())
        return _is_allowed_user(state)
    except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
        log_once(asked, error, "Nobody may use the console: what says who may has failed")
        return False


def actor(state: AppState) -> str:
    """Return who sends this request, for the audit log; an empty string if the shop cannot say."""
    user = _current_user(state)
    if user is not None and user.is_authenticated:
        return user_id(user, state.settings.user_id_attribute) or ""
    shopper = current_shopper_or_nobody(state)
    return shopper.external_id if shopper else ""


def _is_allowed_user(state: AppState) -> bool:
    attribute, role = state.settings.console_attribute, state.settings.console_role
    if attribute is None and role is None:
        return False
    user = _current_user(state)
    if user is None or not user.is_authenticated or not getattr(user, "is_active", True):
        return False
    if attribute is not None:
        value = getattr(user, attribute)
        if not _is_true(
            f"GENVORIS_CONSOLE_ATTRIBUTE {attribute}", value() if callable(value) else value
        ):
            return False
    return role is None or _has_role(user, role)


def _current_user(state: AppState) -> Any:
    """Return Flask-Login's current user; None if the shop does not use it."""
    if not hasattr(state.app, "login_manager"):
        return None
    return sys.modules["flask_login"].current_user._get_current_object()  # noqa: SLF001


def _has_role(user: Any, role: str) -> bool:
    """Return whether a user has a role, by Flask-Security's ``has_role``, ``roles`` or ``role``."""
    if callable(ask := getattr(user, "has_role", None)):
        return _is_true("has_role", ask(role))
    if (roles := getattr(user, "roles", None)) is not None:
        return role in [getattr(each, "name", each) for each in roles]
    found = user.role
    return bool(getattr(found, "name", found) == role)


def _is_true(subject: object, value: object) -> bool:
    """Return whether a value is true, or the 1 of a database without booleans."""
    if isinstance(value, int):
        return value == 1
    if value is not None:
        message = "Nobody may use the console: %s returned a %s instead of True or False"
        log_once(subject, type(value).__name__, message, subject, type(value).__name__)
    return False
