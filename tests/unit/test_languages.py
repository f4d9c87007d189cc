"""The backend's sentences in all languages."""

from __future__ import annotations

import json
import re
import string

import pytest

from genvoris_flask.core.locales import LANGUAGES, translate
from genvoris_flask.web.errors import STATUSES
from tests.support.widget_build import WIDGET

URDU_STOP = "\u06d4"
KEYS = sorted(LANGUAGES["en"])

# What docs/languages.md rules out.
MISWRITTEN = {
    "every language": r"\.\.\.|  ",
    "ar": "[,;?]|\u0627\u064b",
    "de": r"\w…|\b[Dd]u\b|\b[Dd]ein",
    "es": r"\b[Uu]sted\b|^[^¿]*\?|^[^¡]*!|\b(Escriba|Indique|Marque|Puede (ret|ped)ir|Debe tener)"
    r"|(Guárd|Intént|Quít)el[oa]|\b[Ss]us? (tienda|cuenta|datos|páginas)",
    "fr": r"[^\u202f][?!;]|[^\u00a0]:|\b[Tt]u\b|'",
    "ur": r"[,;?]|براہ کرم|لاگ ان|\.$",
}


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
        is_same = key.startswith("minutes.") or key == "account.lot.allowance"  # fr, es
        assert theirs != english or is_same, key
        assert braces(theirs) == braces(english), key


@pytest.mark.parametrize(("language", "script"), [("ar", r"[؀-ۿ]"), ("ur", r"[؀-ۿ]")])
def test_right_to_left_script(language: str, script: str) -> None:
    """Messages in Arabic and Urdu are in their own script."""
    for key, sentence in LANGUAGES[language].items():
        assert re.search(script, sentence), key
        assert re.match(script, sentence) or key.startswith(("hours.", "minutes.")), key


def test_codes_have_messages() -> None:
    """Each code that a browser may get has a message."""
    by_reason = {"end_customer_quota", "credit_limit_reached"}
    assert set(STATUSES) - by_reason <= set(KEYS)
    assert {"reason.quota_exhausted", "reason.credit_limit_reached"} <= set(KEYS)


LABELS = (
    *(
        "account.",
        "action.",
        "hours.",
        "minutes.",
        "option.",
        "consent.shop",
        "notice.shop",
        "own_data.item.",
    ),
    *(f"own_data.{key}" for key in ("download", "erase", "deleted", "kept", "receipt")),
)


def test_sentences_end_as_sentences_do() -> None:
    for language, sentences in LANGUAGES.items():
        for key, sentence in sentences.items():
            is_label = key.startswith(LABELS) and key != "account.unavailable"
            if not is_label and not key.endswith(".title"):
                assert sentence.endswith(URDU_STOP if language == "ur" else "."), (language, key)


def sentences_of(language: str) -> list[str]:
    """Return the sentences of the backend, the dialog and the phone's page."""
    found = list(LANGUAGES[language].values())
    for folder in ("locales", "locales/phone"):
        texts = json.loads((WIDGET / "src" / folder / f"{language}.json").read_text("utf-8"))
        for text in texts.values():
            found += [text] if isinstance(text, str) else text.values()
    return found


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_typography(language: str) -> None:
    """Sentences have the marks, spaces and form of address of their language."""
    for sentence in sentences_of(language):
        for rule in ("every language", language):
            assert not re.search(MISWRITTEN.get(rule, "$^"), sentence), sentence


def test_an_unknown_language_gets_english() -> None:
    assert translate("no_photo", "tlh") == "Please choose a photo first."
