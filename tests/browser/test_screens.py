"""Every screen of the dialog, checked by axe in its languages, colour schemes and sizes.

With SCREENS=FOLDER in the environment each is also kept there as a picture.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_screens import RESTING, DialogScreens, prepare
from tests.support.dialog_steps import choose, dialog, expect_heading, press, sentences
from tests.support.scripted_shop import PAYWALL, ScriptedShop

AXE = Path(AXE_FILE_PATH).read_text()
SCREENS = os.environ.get("SCREENS")
FAULTS = """async () => {
  // What has changed on the page is drawn by then.
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const found = await axe.run('genvoris-dialog', {resultTypes: ['violations']});
  return found.violations.map(({id, nodes}) => [id, ...nodes.map(node => node.html)].join(' '));
}"""
OVERFLOW = """() => {
  const root = document.querySelector('genvoris-dialog').shadowRoot;
  const parts = [...root.querySelectorAll('.body,.side,.top')];
  return Math.max(...parts.map(part => part.scrollWidth - part.clientWidth));
}"""


LANGUAGES = ["en", "de", "ar"]
OTHER_LANGUAGES = ["fr", "es", "ur"]
LOOKS = [(scheme, size) for size in VIEWPORTS for scheme in ("light", "dark")]


def test_screens_are_accessible(new_context: Any, photo: Path) -> None:
    """axe finds no fault on any screen, in any language, size and colour scheme."""
    shop = ScriptedShop(new_context())
    prepare(shop, "en")
    page = shop.open()
    page.evaluate(AXE)
    faults: dict[str, list[str]] = {}
    seen = []
    for screen in DialogScreens(shop, page, sentences("en"), photo).screens():
        seen.append(screen)
        others = OTHER_LANGUAGES if screen == "photo" else []
        # A closed dialog keeps its language.
        for language in [*LANGUAGES, *others] if screen != "minimised" else ["en"]:
            speak(page, language)
            for scheme, size in LOOKS:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.set_viewport_size(VIEWPORTS[size]["viewport"])
                name = f"{screen}-{language}-{scheme}-{size}"
                faults[name] = page.evaluate(FAULTS)
                assert page.evaluate(OVERFLOW) <= 0, name
                picture(page, name)
        speak(page, "en")
    assert len(seen) == 13
    assert {name: found for name, found in faults.items() if found} == {}
    assert page.evaluate("window.violations") == []


def speak(page: Page, language: str) -> None:
    """Switch the dialog to a language."""
    page.evaluate("language => Genvoris.update({language})", language)
    opened = page.locator("genvoris-dialog dialog")
    expect(opened).to_have_attribute("lang", language)
    expect(opened).to_have_attribute("dir", "rtl" if language in ("ar", "ur") else "ltr")


def test_axe_checks_shadow_root(shop: ScriptedShop) -> None:
    """axe would find a fault within the dialog."""
    prepare(shop, "en")
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    page.evaluate(AXE)
    page.locator("genvoris-dialog .side").evaluate(
        "side => side.append(document.createElement('button'))"
    )
    assert any("button-name" in fault for fault in page.evaluate(FAULTS))


def test_direction_of_shop_texts(shop: ScriptedShop) -> None:
    """Texts from the shop keep their own direction."""
    prepare(shop, "ar")
    shop.status = RESTING
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, PAYWALL["title"])
    for words in ("h2 bdi", "[part=paywall-message] bdi"):
        style = (
            "bdi => [getComputedStyle(bdi).direction, getComputedStyle(bdi.parentNode).direction]"
        )
        assert page.locator(f"genvoris-dialog {words}").evaluate(style) == ["ltr", "rtl"]


def test_landscape_phone(new_context: Any, photo: Path) -> None:
    """The next screen starts at its top on a phone held sideways."""
    shop = ScriptedShop(new_context(viewport={"width": 740, "height": 360}))
    prepare(shop, "en")
    shop.states = [{"state": "running"}]
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    shop.states = [{"state": "done"}]
    page.locator("genvoris-dialog .pill", has_text="ready").click()
    expect_heading(page, "Here you are")
    side = dialog(page).locator(".side")
    assert side.evaluate("side => side.scrollTop") == 0
    # The picture stays in view while one scrolls to the buttons.
    side.evaluate("side => side.scrollTo(0, 9999)")
    assert (
        dialog(page).locator(".visual").evaluate("visual => visual.getBoundingClientRect().top")
        >= 0
    )


def test_large_text_in_drop_zone(new_context: Any) -> None:
    """Text of twice the size fits into the drop zone."""
    shop = ScriptedShop(new_context(viewport={"width": 320, "height": 560}))
    prepare(shop, "de")
    page = shop.open()
    sizes = {"fontSizes": {"standard": 32, "fixed": 32}}
    page.context.new_cdp_session(page).send("Page.setFontSizes", sizes)
    page.locator(".genvoris-tryon-btn").click()
    drop = dialog(page).locator("[part=drop]")
    expect(drop).to_be_visible()
    assert drop.evaluate("drop => drop.scrollHeight <= drop.clientHeight")
    assert drop.evaluate(
        "drop => drop.getBoundingClientRect().bottom <= "
        "drop.parentNode.getBoundingClientRect().bottom"
    )


def picture(page: Page, name: str) -> None:
    if SCREENS:
        page.screenshot(path=Path(SCREENS) / f"{name}.png")
