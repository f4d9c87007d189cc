"""What the health checks find, in all languages of the console."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.locales.checks import AND, read_sentences
from genvoris_flask.core.locales.console import read_group
from genvoris_flask.web.console.findings import finding_text
from genvoris_flask.web.console.today import slug
from genvoris_flask.web.health_checks import Finding
from genvoris_flask.web.health_checks import genvoris as genvoris_checks
from genvoris_flask.web.health_checks.finding import good, warn, wrong
from tests.unit.test_console_texts import OTHER_WORDS
from tests.unit.test_languages import MISWRITTEN, braces

FOLDER = Path(genvoris_checks.__file__).parent
MAKERS = ("good", "warn", "wrong")
OTHERS = sorted(set(LANGUAGES) - {"en"})


def calls() -> Iterator[ast.Call]:
    """Yield each call that makes a finding."""
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
                yield node


def sentences() -> set[str]:
    """Return the English sentences of all checks."""
    waiting = set(genvoris_checks.WAITING.values())
    written = {
        each.args[1].value
        for each in calls()
        if isinstance(each.args[1], ast.Constant) and isinstance(each.args[1].value, str)
    }
    assert len(written) > 70
    return waiting | written


def test_written_out() -> None:
    """A check names its sentence itself, so that it can be translated."""
    for each in calls():
        is_listed = isinstance(each.args[1], ast.Subscript)
        assert is_listed or isinstance(each.args[1], ast.Constant), ast.unparse(each)


@pytest.mark.parametrize("language", OTHERS)
def test_complete(language: str) -> None:
    """Each sentence is there in each language, with its placeholders, and no others are."""
    found = read_sentences(language)
    assert set(found) == sentences() | {AND}
    for english, theirs in found.items():
        assert theirs.strip(), english
        assert braces(theirs) == braces(english), english


@pytest.mark.parametrize("language", OTHERS)
def test_typography(language: str) -> None:
    """Sentences have the marks, spaces and form of address of their language."""
    for text in read_sentences(language).values():
        sentence = re.sub("`[^`]*`", "x", text)
        for rule in ("every language", language):
            assert not re.search(MISWRITTEN[rule], sentence), text
        assert not re.search(OTHER_WORDS.get(language, "$^"), sentence), text
        if language in ("ar", "ur"):
            assert re.search("[؀-ۿ]", sentence), text


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_names(language: str) -> None:
    """Each check has a title in each language."""
    titles = read_group("today", language)
    for each in calls():
        assert isinstance(each.args[0], ast.Constant)
        assert f"check.{slug(str(each.args[0].value))}" in titles


def test_english() -> None:
    """The command says in English what the console says in the language of the page."""
    found = wrong("key", "{url} does not answer. ({error})", url="https://x.test", error="<b>")
    assert found.text == "https://x.test does not answer. (<b>)"
    assert finding_text(found, "en") == (
        '<bdi>https://x.test</bdi> does not answer. (<bdi lang="en">&lt;b&gt;</bdi>)'
    )


def test_translated() -> None:
    """Values are apart from the direction of the sentence, and lists have the language's “and”."""
    found = good("charging", "Shoppers get try-ons by {ways}.", ways=("free", "credits"))
    assert found.text == "Shoppers get try-ons by free and credits."
    assert (
        finding_text(found, "de") == "Kunden erhalten Anproben durch <bdi>free und credits</bdi>."
    )
    tables = wrong(
        "ledger", "Its tables are missing or of an older version: run `flask genvoris db upgrade`."
    )
    assert '<code dir="ltr">flask genvoris db upgrade</code>' in finding_text(tables, "ar")


@pytest.mark.parametrize(
    "found", [warn("key", "Of a later version: {x}."), Finding("key", True, "<i> {x}", values={})]
)
def test_unknown(found: Finding) -> None:
    """A sentence that is not known, as one of another version's process, stays in English."""
    shown = finding_text(found, "fr")
    assert shown.startswith('<span lang="en" dir="ltr">')
    assert "<i>" not in shown
    assert finding_text(found, "en")
