"""The shop's own wording, GENVORIS_TEXTS: what is refused, and whom it reaches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genvoris_flask.core import locales
from genvoris_flask.core.texts import (
    LONGEST,
    Texts,
    find_fault,
    for_dialog,
    for_phone,
    known_texts,
    read_texts,
    translator,
)
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings.changeable import with_good_changes
from tests.support.widget_build import WIDGET
from tests.unit.test_changeable_settings import base

KEY = "GENVORIS_TEXTS"
OWN: Texts = {
    "de": {
        "title": "Jetzt anprobieren",
        "paywall.no_plan.title": "Erst anprobieren",
        "left": {"one": "Noch eine von {limit}", "other": "Noch {count} von {limit}"},
        "tipWhole": "Ganz ins Bild",
    },
    "ar": {"action.offer": "الخطط"},
}


def test_own() -> None:
    """Texts are read by language and key, also from JSON, and empty ones are left out."""
    given = {**OWN, "fr": {"title": " ", "choose": None}, "es": {}}
    assert read_texts(KEY, given) == OWN
    assert base(GENVORIS_TEXTS=json.dumps(given)).texts == OWN
    assert base().texts == {}


@pytest.mark.parametrize("language", sorted(locales.LANGUAGES))
def test_defaults_are_valid(language: str) -> None:
    """This package's own wording of every text would be accepted as a shop's."""
    known = known_texts(language)
    assert {key: find_fault(language, key, text) for key, text in known.items()} == dict.fromkeys(
        known
    )
    assert known.keys() == known_texts("en").keys()
    assert read_texts(KEY, {language: known}) == {language: known}


def test_known() -> None:
    """Every sentence of the dialog and of the phone's page can be replaced."""
    folder = WIDGET / "src/locales"
    for part in (folder, folder / "phone"):
        for path in part.glob("*.json"):
            known = known_texts(path.stem)
            for key, text in json.loads(path.read_text()).items():
                assert known[key] == text, path


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("title", "must be a dict of languages"),
        (["de"], "must be a dict of languages"),
        ({"nl": {}}, "has 'nl', which is no language of the widget: use one of en, ar, fr"),
        ({"de": "Anprobieren"}, "de must be a dict of texts, not 'Anprobieren'"),
        ({"de": {"titel": "x"}}, "de has 'titel', which is no text: did you mean title?"),
        ({"de": {"paywall.free.x": "x"}}, "which is no text"),
        ({"de": {"internal_error": "x"}}, "which is no text"),
        ({"de": {"title": 5}}, "title in de must be a string."),
        ({"de": {"title": {"other": "x"}}}, "title in de must be a string."),
        ({"de": {"resets": "Bald"}}, "resets in de lacks {date}"),
        (
            {"de": {"title": "Für {name}"}},
            "title in de has {name}, which is no placeholder of this text",
        ),
        ({"de": {"title": "Für {}"}}, "title in de has braces"),
        ({"de": {"title": "x" * (LONGEST + 1)}}, f"at most {LONGEST} characters"),
        ({"de": {"left": "Noch {count}"}}, "left in de lacks {limit}"),
        ({"de": {"left": {"one": "{limit}"}}}, "a dict of plural forms with other: one, other"),
        ({"de": {"left": {"few": "{limit}", "other": "{limit}"}}}, "plural forms"),
        ({"de": {"left": {"other": 1}}}, "plural forms"),
        ({"de": {"uses": {"one": " ", "other": "{count}"}}}, "plural forms"),
        ({"de": {"paywall.quota_exhausted.counted": "Alle sind weg"}}, "lacks {limit}"),
        ({"de": {"consent.text": "{shop!r}"}}, "lacks {shop}"),
    ],
)
def test_wrong(value: Any, problem: str) -> None:
    """What is wrong stops the start, with the name of the setting and what to do."""
    with pytest.raises(ConfigurationError) as caught:
        base(GENVORIS_TEXTS=value)
    assert str(caught.value).startswith(KEY)
    assert problem in str(caught.value)


def test_upgrade() -> None:
    """Of changed texts, those that a new version does not know are ignored, and no others."""
    stored = {"de": {"title": "Am Körper", "gone": "Weg"}, "nl": {"title": "Passen"}, "fr": "?"}
    settings, problems = with_good_changes(base(), {KEY: stored})
    assert settings.texts == {"de": {"title": "Am Körper"}}
    assert "'gone', which is no text" in problems[KEY]
    assert with_good_changes(base(), {KEY: "?"})[0].texts == {}


def test_number_may_be_spelled_out() -> None:
    """A text with a number may be one string for all, and a form need not have the number."""
    assert find_fault("ar", "left", {"one": "واحدة من {limit}", "other": "{count} {limit}"}) is None
    assert find_fault("ar", "left", "{count} / {limit}") is None


def test_where() -> None:
    """Dialog and phone get what they show, and no more."""
    assert for_dialog(OWN) == {"de": {key: OWN["de"][key] for key in ("title", "left")}}
    phone = for_phone(OWN, "de")
    assert phone["tipWhole"] == "Ganz ins Bild"
    assert "paywall.no_plan.title" not in phone
    assert for_phone(OWN, "fr") == {}


def test_messages() -> None:
    """The backend's messages are the shop's own where there are any, with their values."""
    own = {"de": {"paywall.quota_exhausted.counted": "Alle {limit} verbraucht"}}
    say = translator(own)
    counted = "paywall.quota_exhausted.counted"
    assert say(counted, "de", limit=3) == "Alle 3 verbraucht"
    assert say(counted, "fr", limit=3) == locales.translate(counted, "fr", limit=3)
    assert say("action.offer", "de") == locales.translate("action.offer", "de")
