"""The backend's messages to shoppers, in each language of the widget."""

from __future__ import annotations

from collections.abc import Mapping

from . import ar, de, en, es, fr, ur

DEFAULT = "en"
# The order decides between languages that Accept-Language ranks equally.
LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": en.SENTENCES,
    "ar": ar.SENTENCES,
    "fr": fr.SENTENCES,
    "de": de.SENTENCES,
    "es": es.SENTENCES,
    "ur": ur.SENTENCES,
}

RIGHT_TO_LEFT = ("ar", "ur")


def direction(language: str) -> str:
    """Return ``rtl`` for languages that are written from right to left, else ``ltr``."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def translate(key: str, language: str = DEFAULT, **values: object) -> str:
    """Return a message.

    Args:
        key: Its key in the modules of this package, such as an error's code.
        language: One of ``LANGUAGES``; any other returns the English message.
        values: Replace its placeholders.

    Raises:
        KeyError: There is no such message.
    """
    return LANGUAGES.get(language, en.SENTENCES)[key].format(**values)
