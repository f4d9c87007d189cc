"""Values of HTML attributes: what a template gives, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask.json import dumps
from jinja2 import Undefined


def attribute_value(value: object) -> object:
    """Return the value to write into an attribute.

    Texts, flags, None and what no template set stay as they are. Everything else is what the app's
    JSON provider makes of it, so that a shop's own types look in an attribute as they do in its
    answers; a value of which that is a mere text goes without the quotes of JSON.

    Args:
        value: Anything that a template knows. A lazy text is read now, in the page's language.
    """
    if value is None or isinstance(value, str | bool | Undefined):
        return value
    written = _as_json(value)
    return json.loads(written) if written.startswith('"') else written


def _as_json(value: object) -> str:
    try:
        return dumps(value)
    except TypeError:  # it holds what the provider does not know
        return dumps(_simplified(value))


def _simplified(value: object) -> Any:
    """Return a value with texts in place of what the app's JSON provider does not know."""
    if isinstance(value, Mapping):
        return {str(name): _simplified(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_simplified(each) for each in value]
    if type(value) is Undefined:  # its strict kinds complain by themselves
        return None
    try:
        dumps(value)
    except TypeError:
        return str(value)  # as a template would write it
    return value
