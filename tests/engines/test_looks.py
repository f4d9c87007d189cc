"""The dialog's looks: phones, languages from right to left, dark systems."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageStat

from tests.support.browser_window import DESKTOP, PHONE, BrowserWindow, open_dialog
from tests.support.dialog_screens import CSS
from tests.support.dialog_steps import sentences
from tests.support.engines import running
from tests.support.served_shop import ServedShop, served_shop

BODY = "const body = document.querySelector('genvoris-dialog').shadowRoot.querySelector('.body');"


@pytest.mark.parametrize("language", ["de", "ar"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_sizes_and_directions(
    window: BrowserWindow, shop: ServedShop, photo: Path, size: tuple[int, int], language: str
) -> None:
    """Nothing is cut off, and Arabic runs from right to left."""
    words = sentences(language)
    shop.lang = language
    window.resize(size)
    window.open(f"{shop.url}/product")
    window.click(".genvoris-tryon-btn")
    window.expect_heading(words["title"])
    expect_layout(window, language)
    window.upload(photo)
    window.press(words["title"])
    window.expect_heading(words["result"])
    expect_layout(window, language)


def expect_layout(window: BrowserWindow, language: str) -> None:
    """Nothing scrolls sideways, and the close button is where the line ends."""
    assert window.run(f"{BODY} return body.scrollWidth - body.clientWidth;") <= 0
    close, heading = (window.box(part)[0] for part in ("[part=close]", "h2 bdi"))
    assert (close < heading) == (language == "ar")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_system_colours(engine: BrowserWindow, dark: bool) -> None:
    """The dialog is light or dark as the page is, which follows the system."""
    if dark:
        with running(engine.name, dark=True) as window:
            expect_colours(window, dark)
    else:
        expect_colours(engine, dark)


def expect_colours(window: BrowserWindow, dark: bool) -> None:
    with served_shop() as shop:
        shop.css = CSS
        window.resize(PHONE)
        open_dialog(window, shop.url)
        (level,) = ImageStat.Stat(window.pixels_of("[part=dialog]").convert("L")).median
        assert (level < 80) == dark
        assert window.run("return [window.violations, window.faults]") == [[], []]
