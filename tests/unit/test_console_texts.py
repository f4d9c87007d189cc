"""The console's texts in all languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.locales.console import groups, read_group, translate
from tests.unit.test_languages import MISWRITTEN, braces

PACKAGE = Path(__file__).parent.parent.parent / "genvoris_flask"
OTHERS = sorted(set(LANGUAGES) - {"en"})


# Rates, addresses and numbers, which are written alike in all languages.
VALUES = re.compile(r"\d+/\w+(; \d+/\w+)?|(https?://|mailto:)\S*|\d,\d{3}")


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("group", groups())
def test_complete(group: str, language: str) -> None:
    """Each text is there in each language, with its placeholders."""
    english, theirs = read_group(group, "en"), read_group(group, language)
    assert list(theirs) == list(english)
    for key, text in english.items():
        assert theirs[key].strip(), key
        assert braces(theirs[key]) == braces(text), key


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("group", groups())
def test_typography(group: str, language: str) -> None:
    """Texts have the marks, spaces and form of address of their language."""
    for key, text in read_group(group, language).items():
        for rule in ("every language", language):
            sentence = VALUES.sub("1", text)
            assert not re.search(MISWRITTEN.get(rule, "$^"), sentence), (key, text)


# What has another name on the other pages.
OTHER_WORDS = {"de": "Schaltfläche", "ar": "قياس|متسوق", "ur": "گاہک"}


@pytest.mark.parametrize("language", OTHER_WORDS)
@pytest.mark.parametrize("group", groups())
def test_one_word(group: str, language: str) -> None:
    """Things have the same name on all pages."""
    for key, text in read_group(group, language).items():
        assert not re.search(OTHER_WORDS[language], text), (key, text)


@pytest.mark.parametrize("language", ["ar", "ur"])
@pytest.mark.parametrize("group", groups())
def test_script(group: str, language: str) -> None:
    """Texts in Arabic and Urdu are in their own script."""
    for key, text in read_group(group, language).items():
        assert re.search("[؀-ۿ]", text), key


def used_keys() -> set[str]:
    """Return the keys that templates and modules name in full."""
    templates = PACKAGE / "web" / "templates" / "genvoris" / "console"
    found: set[str] = set()
    for path in templates.glob("*.html"):
        found |= set(re.findall(r"""\bt\(["']([\w.]+)["'][,)]""", path.read_text()))
    for path in (PACKAGE / "web" / "console").glob("*.py"):
        found |= set(re.findall(r'render\(\s*"[\w.]+",\s*"([\w.]+)"', path.read_text()))
    return found


def test_used_keys_exist() -> None:
    """Every text that a page names is there."""
    keys = {f"{group}.{key}" for group in groups() for key in read_group(group, "en")}
    used = used_keys()
    assert len(used) > 50
    assert used <= keys


def test_unknown_language() -> None:
    """An unknown language gets English, and an unknown text is an error."""
    assert translate("common.nav.today", "tlh") == "Today"
    for key in ("common.nothing", "nothing.today", "../en.today"):
        with pytest.raises(KeyError):
            translate(key)
