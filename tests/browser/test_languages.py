"""The widget in each of its languages, on a shop's page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.dialog_steps import choose, dialog, expect_heading, heading, sentences
from tests.support.scripted_shop import ScriptedShop

LANGUAGES = ("ar", "de", "en", "es", "fr", "ur")


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_of_page(shop: ScriptedShop, language: str) -> None:
    """The dialog uses the page's language and loads no other."""
    shop.lang = f"{language}-XX"
    page = shop.open()
    page.get_by_role("button").click()
    expect(heading(page)).to_have_text(sentences(language)["title"])
    element = page.locator("genvoris-dialog dialog")
    expect(element).to_have_attribute("lang", language)
    expect(element).to_have_attribute("dir", "rtl" if language in ("ar", "ur") else "ltr")
    page.wait_for_load_state("networkidle")
    loaded = {request.url.split("/")[-1] for request in shop.asked if ".js" in request.url}
    assert {re.sub(r"-[0-9a-f]{12}", "", name) for name in loaded} == {
        "widget.js",
        "dialog.js",
        f"locale-{language}.js",
    }
    status = shop.requests("GET", "/genvoris/status")[0]
    assert status.headers["accept-language"] == language


def test_language_of_tag(
    shop: ScriptedShop,
) -> None:
    """The tag's language takes precedence; unknown ones fall back to English."""
    shop.lang = "nl"
    page = shop.open()
    page.get_by_role("button").click()
    expect_heading(page, "Try it on")
    page.evaluate("Genvoris.update({language: 'fr', strings: {close: 'Au revoir'}})")
    expect_heading(page, "Essayer")
    expect(dialog(page).get_by_role("button", name="Au revoir")).to_be_visible()


def test_own_sentences(shop: ScriptedShop, photo: Path) -> None:
    """The shop can replace every sentence."""
    keys = sentences("en").keys()
    shop.tag["data-strings"] = json.dumps({key: f"<{key}>" for key in keys})
    page = shop.open()
    page.get_by_role("button").click()
    choose(page, photo)
    expect(dialog(page).get_by_role("button", name="<change>")).to_be_visible()
    dialog(page).get_by_role("button", name="<title>").click()
    expect_heading(page, "<result>")
    words = dialog(page).inner_text() + str(
        dialog(page).evaluate("d => [...d.querySelectorAll('[aria-label]')].map(e => e.ariaLabel)")
    )
    for said in re.findall(r"[A-Za-z]{4,}", re.sub(r"<\w+>", "", words.replace("Shirt", ""))):
        raise AssertionError(f"{said!r} is no sentence that a shop can change")


def test_own_sentences_by_language(shop: ScriptedShop) -> None:
    """The shop's sentences of a language are for that one, and its others come first."""
    own = {"de": {"title": "Am Körper", "close": "Zu"}, "close": "X"}
    shop.lang, shop.tag["data-strings"] = "de", json.dumps(own)
    page = shop.open()
    page.get_by_role("button").click()
    expect_heading(page, "Am Körper")
    expect(dialog(page).get_by_role("button", name="X")).to_be_visible()
    page.evaluate("Genvoris.update({language: 'fr'})")
    expect_heading(page, "Essayer")
