"""The backend's messages to shoppers: a JSON file for each language of the widget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

DEFAULT = "en"
RIGHT_TO_LEFT = ("ar", "ur")
# What those who speak them call them. The order decides between languages that Accept-Language
# ranks equally.
NAMES = {
    "en": "English",
    "ar": "العربية",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "ur": "اردو",
}


def _read(language: str) -> Mapping[str, str]:
    sentences: Mapping[str, str] = json.loads(
        Path(__file__).with_name(f"{language}.json").read_text(encoding="utf-8")
    )
    return sentences


LANGUAGES = {language: _read(language) for language in NAMES}


def direction(language: str) -> str:
    """Return ``rtl`` for languages that are written from right to left, else ``ltr``."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


class Translate(Protocol):
    """What returns messages, as ``translate`` does."""

    def __call__(self, key: str, language: str = ..., **values: object) -> str:
        """Return a message."""


def translate(key: str, language: str = DEFAULT, **values: object) -> str:
    """Return a message.

    Args:
        key: Its key in the languages' files, such as an error's code.
        language: One of ``LANGUAGES``; any other returns the English message.
        values: Replace its placeholders.

    Raises:
        KeyError: There is no such message.
    """
    return LANGUAGES.get(language, LANGUAGES[DEFAULT])[key].format(**values)
