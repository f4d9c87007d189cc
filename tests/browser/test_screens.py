"""Every screen of the dialog, in two languages and looks and on two sizes, asked about by axe.

With SCREENS=FOLDER in the environment each is also kept there as a picture.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

from tests.browser.conftest import VIEWPORTS
from tests.browser.test_languages import sentences
from tests.browser.walk import Walk, prepare
from tests.support.scripted_shop import ScriptedShop

AXE = Path(AXE_FILE_PATH).read_text()
SCREENS = os.environ.get("SCREENS")
FAULTS = """async () => {
  const found = await axe.run('genvoris-dialog', {resultTypes: ['violations']});
  return found.violations.map(({id, nodes}) => [id, ...nodes.map(node => node.html)].join(' '));
}"""
OVERFLOW = """() => {
  const side = document.querySelector('genvoris-dialog').shadowRoot.querySelector('.body');
  return side.scrollWidth - side.clientWidth;
}"""


@pytest.mark.parametrize("size", VIEWPORTS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_on_any_screen(
    new_context: Any, photo: Path, language: str, scheme: str, size: str
) -> None:
    # Without motion a screen is what it will be at once.
    options = {**VIEWPORTS[size], "color_scheme": scheme, "reduced_motion": "reduce"}
    shop = ScriptedShop(new_context(**options))
    prepare(shop, language)
    page = shop.open()
    page.evaluate(AXE)
    seen = {}
    for screen in Walk(shop, page, sentences(language), photo).screens():
        seen[screen] = page.evaluate(FAULTS)
        assert page.evaluate(OVERFLOW) <= 0, screen
        picture(page, f"{screen}-{language}-{scheme}-{size}")
    assert len(seen) == 13
    assert {screen: faults for screen, faults in seen.items() if faults} == {}
    assert page.evaluate("window.violations") == []
    direction = page.locator("genvoris-dialog dialog").get_attribute("dir")
    assert direction == ("rtl" if language == "ar" else "ltr")


def test_axe_sees_into_the_dialog(shop: ScriptedShop) -> None:
    prepare(shop, "en")
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    page.evaluate(AXE)
    page.locator("genvoris-dialog .side").evaluate(
        "side => side.append(document.createElement('button'))"
    )
    assert any("button-name" in fault for fault in page.evaluate(FAULTS))


def picture(page: Page, name: str) -> None:
    if SCREENS:
        page.screenshot(path=Path(SCREENS) / f"{name}.png")
