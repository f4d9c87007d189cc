"""The backend's sentences in all languages."""

from __future__ import annotations

import re
import string

import pytest

from genvoris_flask.core.locales import LANGUAGES, translate
from genvoris_flask.web.errors import STATUSES

URDU_STOP = "\u06d4"
KEYS = sorted(LANGUAGES["en"])


def braces(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_sentence_is_missing_or_left_over(language: str) -> None:
    assert sorted(LANGUAGES[language]) == KEYS


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_translations_are_complete(language: str) -> None:
    """Every message is translated, with its placeholders."""
    for key, english in LANGUAGES["en"].items():
        theirs = LANGUAGES[language][key]
        assert theirs != english, key
        assert braces(theirs) == braces(english), key


@pytest.mark.parametrize(("language", "script"), [("ar", r"[؀-ۿ]"), ("ur", r"[؀-ۿ]")])
def test_right_to_left_script(language: str, script: str) -> None:
    """Messages in Arabic and Urdu are in their own script."""
    for key, sentence in LANGUAGES[language].items():
        assert re.search(script, sentence), key
        assert re.match(script, sentence) or key.startswith("hours."), key


def test_codes_have_messages() -> None:
    """Each code that a browser may get has a message."""
    by_reason = {"end_customer_quota", "credit_limit_reached"}
    assert set(STATUSES) - by_reason <= set(KEYS)
    assert {"reason.quota_exhausted", "reason.credit_limit_reached"} <= set(KEYS)


def test_sentences_end_as_sentences_do() -> None:
    for language, sentences in LANGUAGES.items():
        for key, sentence in sentences.items():
            if not key.startswith(("action.", "hours.")) and not key.endswith(".title"):
                assert sentence.endswith(URDU_STOP if language == "ur" else "."), (language, key)


def test_an_unknown_language_gets_english() -> None:
    assert translate("no_photo", "tlh") == "Please choose a photo first."
