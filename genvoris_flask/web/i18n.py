"""The language of the page that asks."""

from __future__ import annotations

from flask import request

from ..core.locales import DEFAULT, LANGUAGES, say


def page_language() -> str:
    """Give the best of our languages for this request's Accept-Language; the widget sends one."""
    for tag, quality in request.accept_languages:  # best first
        language = tag.partition("-")[0].lower()  # fr-CA is served by fr
        if quality > 0 and language in LANGUAGES:
            return language
    return DEFAULT


def said(key: str, **values: object) -> str:
    """Give a sentence in the language of the page that asks."""
    return say(key, page_language(), **values)
