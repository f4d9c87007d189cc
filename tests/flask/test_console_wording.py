"""The console's page "Texts": what it shows, what it changes, and what it refuses."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.texts import known_texts
from genvoris_flask.settings.export import export_settings
from genvoris_flask.web.console.setup_wording import SECTIONS
from tests.flask.test_console_setup import Console
from tests.support.flask_shop import read_tag
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

KEY = "GENVORIS_TEXTS"
PAGE = "/wording"


@pytest.fixture
def console(genvoris: LocalGenvoris, tmp_path: Path) -> Console:
    configured = {"fr": {"title": "Essayez"}, "de": {"seconds": "{count} Sek."}}
    return Console(ledger_shop(genvoris, tmp_path, GENVORIS_TEXTS=configured))


def fields(text: str) -> dict[str, tuple[str, str]]:
    """Return value and placeholder of each text on a page."""
    found = {}
    pattern = r'<(?:input|textarea) id="(text\.[\w.]+)"([^>]*)>([^<]*)'
    for name, tag, content in re.findall(pattern, text):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        value = html.unescape(attributes.get("value", content))
        found[name] = (value, html.unescape(attributes["placeholder"]))
    return found


def save(console: Console, language: str, **texts: str) -> Any:
    named = {name.replace("__", "."): text for name, text in texts.items()}
    return console.post(PAGE, language=language, **{f"text.{k}": v for k, v in named.items()})


def test_known_keys() -> None:
    """The page has only texts that there are, and each of them once."""
    keys = [key for section in SECTIONS.values() for key in section]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= known_texts("en").keys()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_shown(console: Console, language: str) -> None:
    """Each language is shown in its own direction, with the usual wording as placeholder."""
    page = console.get(PAGE, language=language)
    shown = fields(page)
    assert shown["text.choose"] == ("", known_texts(language)["choose"])
    assert shown["text.title"][0] == ("Essayez" if language == "fr" else "")
    direction = "rtl" if language in ("ar", "ur") else "ltr"
    assert f'id="text.title" name="text.title" lang="{language}" dir="{direction}"' in page
    forms = known_texts(language)["balance"]
    assert isinstance(forms, dict)
    assert {name for name in shown if name.startswith("text.balance")} == {
        f"text.balance.{form}" for form in forms
    }


def test_saved(console: Console) -> None:
    """A text is changed for its language alone; those that the form does not have stay."""
    saved = save(console, "de", title=" Am \r\n Körper ", choose="", consent__text="")
    assert saved.status_code == 303
    assert "language=de" in saved.location
    assert console.stored()[KEY] == {
        "fr": {"title": "Essayez"},
        "de": {"seconds": "{count} Sek.", "title": "Am Körper"},
    }
    tag = read_tag(console.shop.browser.get("/product").text)
    assert '"title":"Am Körper"' in str(tag["data-strings"])
    assert fields(console.get(PAGE, language="de"))["text.title"][0] == "Am Körper"
    assert fields(console.get(PAGE, language="en"))["text.title"][0] == ""
    save(console, "de", title="Anprobieren")
    assert "title" not in console.stored()[KEY]["de"], "the usual wording is no change"


def test_unchanged(console: Console) -> None:
    """A form in which nothing was typed changes nothing."""
    for language in ("fr", "es"):
        shown = fields(console.get(PAGE, language=language))
        typed = {name: value for name, (value, _) in shown.items()}
        assert console.post(PAGE, language=language, **typed).status_code == 303
    assert console.stored() == {}


def test_unchanged_from_config(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Texts of ``app.config`` stay as they are until they are typed anew, whatever their form."""
    configured = {
        "en": {
            "title": "See it\non you",
            "balance": {"other": "{count} looks"},
            "uses": "{count} of them",
        }
    }
    console = Console(ledger_shop(genvoris, tmp_path, GENVORIS_TEXTS=configured))
    shown = fields(console.get(PAGE, language="en"))
    assert shown["text.balance.one"][0] == "{count} looks", "which shoppers read"
    typed = {name: value for name, (value, _) in shown.items()}
    assert console.post(PAGE, language="en", **typed).status_code == 303
    assert console.stored() == {}
    console.post(PAGE, language="en", **typed | {"text.balance.one": "One look"})
    assert console.stored()[KEY]["en"] == {
        **configured["en"],
        "balance": {"one": "One look", "other": "{count} looks"},
    }


def test_too_long(console: Console) -> None:
    """More than every database can store is refused in words, and what was typed stays."""
    known = known_texts("ar")
    keys = [key for section in SECTIONS.values() for key in section if "{" not in str(known[key])]
    console_texts = {f"text.{key}": "\N{ARABIC LETTER BEH}" * 2000 for key in keys[:18]}
    answer = console.post(PAGE, language="ar", **console_texts)
    assert answer.status_code == 422
    assert "Together, these texts are too long" in answer.text
    assert fields(answer.text)["text.title"][0] == console_texts["text.title"]
    assert console.stored() == {}


def test_spaces(console: Console) -> None:
    """No-break spaces, which French needs, stay."""
    save(console, "fr", opinion="Alors\u202f?")
    assert console.stored()[KEY]["fr"]["opinion"] == "Alors\u202f?"


def test_plural(console: Console) -> None:
    """Of a text with plural forms, those that are empty are the usual ones."""
    one, other = "text.balance.one", "text.balance.other"
    assert console.post(PAGE, language="en", **{one: "One look", other: ""}).status_code == 303
    assert console.stored()[KEY]["en"] == {
        "balance": {"one": "One look", "other": "{count} try-ons left"}
    }
    shown = fields(console.get(PAGE, language="en"))
    assert (shown[one][0], shown[other][0]) == ("One look", "")
    assert console.post(PAGE, language="en", **{one: "", other: ""}).status_code == 303
    assert "en" not in console.stored()[KEY]


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("expiring.other", "Some of them", "This is missing: {date}."),
        ("choose", "Choose {photo}", "{photo} is no placeholder of this text."),
        ("choose", "Choose {", "Braces are only for what is replaced by a value."),
        ("choose", "x" * 2001, "Enter at most 2000 characters."),
    ],
)
def test_wrong(console: Console, key: str, text: str, problem: str) -> None:
    """What is wrong is said beside the field, what was typed stays, and nothing is saved."""
    other = {"text.expiring.one": ""}
    typed = {"text.title": "Good", f"text.{key}": text, **other}
    answer = console.post(PAGE, language="en", **typed)
    assert answer.status_code == 422
    assert problem in html.unescape(answer.text)
    shown = fields(answer.text)
    assert shown["text.title"][0] == "Good"
    assert shown[f"text.{key}"][0] == text
    described = rf'id="text.{key}"[^>]* aria-describedby="[^"]*text.{key}-problem" aria-invalid'
    assert re.search(described, answer.text)
    assert console.stored() == {}


def test_reset(console: Console) -> None:
    """A language, or all of them, can be returned to what ``app.config`` says."""
    save(console, "de", title="Am Körper")
    save(console, "fr", title="Sur vous", choose="Une photo")
    assert 'name="reset_language"' in console.get(PAGE, language="fr")
    console.post(PAGE, language="fr", reset_language="yes")
    assert console.stored()[KEY]["fr"] == {"title": "Essayez"}
    assert console.stored()[KEY]["de"]["title"] == "Am Körper"
    assert 'name="reset_language"' not in console.get(PAGE, language="fr")
    console.post(PAGE, language="fr", reset=KEY)
    assert console.stored() == {}
    save(console, "fr", title="")
    assert "fr" not in console.shop.state.settings.texts, "emptied, though app.config has it"


def test_somebody_else(console: Console) -> None:
    """A form opened before somebody else's change is refused; it keeps what was typed."""
    version = console.form(PAGE)["version"]
    save(console, "de", title="Am Körper", choose="Foto")
    typed = {"text.title": "Anders", "text.choose": "Foto"}
    answer = console.post(PAGE, language="de", version=version, **typed)
    assert answer.status_code == 409
    assert "What you entered is still here" in answer.text
    shown = fields(answer.text)
    assert (shown["text.title"][0], shown["text.choose"][0]) == ("Anders", "Foto")
    now = re.findall(r'id="(text.\w+)-now">Applies now: <span[^>]*>([^<]*)', answer.text)
    assert now == [("text.title", "Am Körper")]
    assert console.stored()[KEY]["de"] == {
        "seconds": "{count} Sek.",
        "title": "Am Körper",
        "choose": "Foto",
    }


def test_wrong_and_outdated(console: Console) -> None:
    """An outdated form with a wrong text is still outdated when the text is mended."""
    form = {"language": "de", "version": console.form(PAGE)["version"]}
    save(console, "de", title="Am Körper")
    answer = console.post(PAGE, **form, **{"text.choose": "x" * 10_000})
    assert answer.status_code == 422
    shown = {**form, "version": console.read(answer.text)["version"]}
    assert console.post(PAGE, **shown, **{"text.title": "Anders"}).status_code == 409
    assert console.stored()[KEY]["de"]["title"] == "Am Körper"


def test_undone_too_late(console: Console) -> None:
    """A form without texts that is refused shows those that apply now."""
    version = console.form(PAGE)["version"]
    save(console, "de", title="Am Körper")
    answer = console.post(PAGE, language="de", version=version, reset=KEY)
    assert answer.status_code == 409
    assert fields(answer.text)["text.title"][0] == "Am Körper"


def test_history(console: Console) -> None:
    """The audit log has the texts that were changed, and no others."""
    save(console, "de", title="Am Körper", choose="Foto")
    save(console, "de", title="", choose="Bild")
    page = console.shop.browser.get("/genvoris/console/history").text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)
    words = [" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in cells]
    assert words[2:4] == ["de title Am Körper de choose Foto", "de choose Bild"]
    assert KEY in words[1]


def test_overview(console: Console) -> None:
    """The overview says how many texts each language has, and the export has all of them."""
    save(console, "de", title="Am Körper")
    apart = console.get().replace("\u2068", "<").replace("\u2069", ">")
    assert "<Français: 1>, <Deutsch: 2>" in apart
    exported = html.unescape(console.get("/export"))
    assert export_settings(console.stored(), "python") in exported


def test_unknown_language(console: Console) -> None:
    """A language that the widget does not speak is no page."""
    address = "/genvoris/console/setup/wording"
    assert console.shop.browser.get(address, query_string={"language": "nl"}).status_code == 404
    assert save(console, "nl", title="x").status_code == 404
    assert console.stored() == {}


@pytest.mark.parametrize("on_record", [True, False])
def test_consent(genvoris: LocalGenvoris, tmp_path: Path, on_record: bool) -> None:
    """The page has that wording of the consent which shoppers read."""
    config = {"GENVORIS_REQUIRE_CONSENT": on_record}
    shown = fields(Console(ledger_shop(genvoris, tmp_path, **config)).get(PAGE))
    assert ("text.consent.text" in shown) is on_record
    assert ("text.consent" in shown) is not on_record
    assert "text.consent.age" not in shown
