"""The shop's own words, GENVORIS_TEXTS: in messages to shoppers, and in the widget's tag."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..core.locales import Translate
from ..core.texts import Texts, for_dialog, translator
from .errors import page_language
from .html import plain_text
from .state import get_state


def shop_translate() -> Translate:
    """Return what returns messages, in this app's own words where there are any."""
    return translator(get_state().settings.texts)


def say(key: str, **values: object) -> str:
    """Return a message in the language of the page that asks, in this app's own words if any."""
    return shop_translate()(key, page_language(), **values)


def as_attribute(strings: Mapping[str, object]) -> str | None:
    """Return texts as ``data-strings`` has them; None if there are none.

    They are on every page, so no character is wasted.
    """
    if not strings:
        return None
    return json.dumps(strings, ensure_ascii=False, separators=(",", ":"))


def with_own_texts(given: object, texts: Texts) -> object:
    """Return a template's ``strings=``, with those of GENVORIS_TEXTS that it does not replace.

    Args:
        given: A mapping, or its JSON. Anything else is returned as it is.
        texts: The setting.
    """
    strings = _parsed(given) if isinstance(given, str) and texts else given
    if not isinstance(strings, Mapping):
        return given
    merged: dict[str, object] = dict(for_dialog(texts))
    for key, value in strings.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = {**known, **value}
        merged[key] = value
    return merged


def _parsed(text: str) -> object:
    """Return the value of a JSON text; None if it is none, which the widget then reports."""
    try:
        return json.loads(plain_text(text))
    except ValueError:
        return None
