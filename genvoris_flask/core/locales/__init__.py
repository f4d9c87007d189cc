"""Every sentence that the backend says to a shopper, in each language of the widget."""

from __future__ import annotations

from collections.abc import Mapping

from . import ar, de, en, es, fr, ur

DEFAULT = "en"
# In the order in which a tie of Accept-Language is decided.
LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": en.SENTENCES,
    "ar": ar.SENTENCES,
    "fr": fr.SENTENCES,
    "de": de.SENTENCES,
    "es": es.SENTENCES,
    "ur": ur.SENTENCES,
}


def say(key: str, language: str = DEFAULT, **values: object) -> str:
    """Give a sentence.

    Args:
        key: Its name in the modules beside this one, such as an error's code.
        language: One of ``LANGUAGES``; any other gets the English sentence.
        values: What stands in its braces.

    Raises:
        KeyError: There is no such sentence.
    """
    return LANGUAGES.get(language, en.SENTENCES)[key].format(**values)
