"""Writes HTML elements with attributes that templates give, and the nonce of a page.

Plain strings with each value escaped: Markup's own formatting takes four times as long, and every
page pays for it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from flask.json import dumps
from jinja2 import Undefined
from markupsafe import Markup, escape

from .hooks import log_once
from .state import AppState


def element(tag: str, attributes: str, text: str = "") -> Markup:
    """Return an element.

    Args:
        tag: Its name.
        attributes: What ``write_attributes`` returned.
        text: Its content, which is escaped.
    """
    content = escape(text) if text else ""
    return Markup(f"<{tag}{attributes}>{content}</{tag}>")  # noqa: S704  (all of it is escaped)


def write_attributes(attributes: Mapping[str, object]) -> str:
    """Return attributes as HTML, each with a space before it.

    Args:
        attributes: Values by escaped name. True is written without a value; None, False and
            undefined template variables are omitted.
    """
    written = []
    for name, value in attributes.items():
        if type(value) is str:
            written.append(f' {name}="{escape(value)}"')
        elif value is True:
            written.append(f" {name}")
        # Undefined's strict subclasses raise by themselves when they are written.
        elif not (value is None or value is False or type(value) is Undefined):
            written.append(f' {name}="{escape(plain_text(value))}"')
    return "".join(written)


def plain_text(value: object) -> str:
    """Return a value's text. Markup is safe between tags, but its quotes would end an attribute."""
    if hasattr(value, "__html__"):
        return Markup(value).unescape()  # noqa: S704  (the result is escaped)
    return str(value)


@functools.lru_cache(maxsize=1000)  # a template's keywords are few, and the same on each page
def attribute_name(keyword: str) -> str:
    """Return the escaped name of the attribute that a template's keyword names.

    Raises:
        ValueError: It would not be one attribute.
    """
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f\"'<>/=]+", keyword):
        raise ValueError(f"{keyword!r} cannot be the name of an attribute.")
    return str(escape(keyword.rstrip("_").replace("_", "-")))


def attribute_value(value: object) -> object:
    """Return the value to write into an attribute.

    Strings, booleans, None and undefined variables stay as they are. Everything else becomes JSON
    by the app's provider, so that the shop's own types look in an attribute as they do in its JSON
    responses. A value that the provider turns into a string is written without JSON's quotes.

    Args:
        value: Any value of a template. A lazy string is evaluated now, in the page's language.
    """
    if value is None or isinstance(value, str | bool | Undefined):
        return value
    written = _as_json(value)
    return json.loads(written) if written.startswith('"') else written


def _as_json(value: object) -> str:
    try:
        return dumps(value)
    except TypeError:  # it holds what the provider cannot serialize
        return dumps(_simplified(value))


def _simplified(value: object) -> Any:
    """Return a value with strings in place of what the app's JSON provider cannot serialize."""
    if isinstance(value, Mapping):
        return {str(name): _simplified(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_simplified(each) for each in value]
    if type(value) is Undefined:  # its strict subclasses raise by themselves
        return None
    try:
        dumps(value)
    except TypeError:
        return str(value)  # as a template would write it
    return value


def page_nonce(state: AppState) -> str | None:
    """Return GENVORIS_CSP_NONCE's nonce for this request; None if it fails or has none."""
    function = state.settings.csp_nonce
    if function is None:
        return None
    try:
        return function() or None
    except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
        message = "The GENVORIS_CSP_NONCE function failed: the widget goes without a nonce"
        log_once(function, error, message)
        return None
