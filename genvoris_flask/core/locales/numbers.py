"""Numbers as people write them in each language."""

from __future__ import annotations

# What separates thousands, and decimals. Arabic and Urdu are written with English separators
# here, since their pages have European digits.
_SEPARATORS = {"de": (".", ","), "es": (".", ","), "fr": ("\N{NARROW NO-BREAK SPACE}", ",")}


def localize(number: str, language: str) -> str:
    """Return a number with the separators of a language.

    Args:
        number: The number as Python's ``format`` writes it, such as ``1,234.50``.
        language: One of ``LANGUAGES``.
    """
    if language not in _SEPARATORS:
        return number
    thousands, decimals = _SEPARATORS[language]
    return number.translate({ord(","): thousands, ord("."): decimals})
