"""Pages of many kinds: other dialogs, routers, tag managers, Trusted Types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browser_window import BrowserWindow, try_on
from tests.support.served_shop import ServedShop
from tests.support.shop_pages import PANELS, htmx_2, react, tag_manager, trusted_types, turbo
from tests.support.shop_script import ShopScript

# Modal quick views take the focus a moment after they open. Alpine's does so 15 ms later, and never
# if the panel isn't painted by then; a shopper would close it and open it again.
HAS_FOCUS = """
  const panel = document.querySelector('#panel');
  return panel.matches('[popover]') || panel.contains(document.activeElement);
"""


@pytest.mark.parametrize("setup", PANELS)
def test_within_another_dialog(
    window: BrowserWindow, shop: ServedShop, photo: Path, setup: Callable[[ShopScript], None]
) -> None:
    """A try-on works inside a quick view, and Escape closes our dialog only."""
    setup(shop)
    window.open(f"{shop.url}/product")
    if window.run("return Boolean(document.querySelector('#view'))"):
        window.click_until("#view", HAS_FOCUS)
    window.focus(".genvoris-tryon-btn")
    window.keys(Keys.ENTER)
    window.expect_heading("Try it on")
    window.expect_focused("dialog", "Try it on")
    window.keys(Keys.TAB, Keys.TAB)
    assert window.focused()[0] == "dialog"
    window.upload(photo)
    window.press("Try it on")
    window.expect_heading("Here you are")
    window.keys(Keys.ESCAPE)
    window.expect_closed()
    assert window.run("return document.querySelector('#panel').checkVisibility()")
    window.wait_until(
        "return document.activeElement === document.querySelector('.genvoris-tryon-btn')"
    )


@pytest.mark.parametrize("setup", [turbo, htmx_2, react])
def test_back_on_router(
    window: BrowserWindow, shop: ServedShop, photo: Path, setup: Callable[[ShopScript], None]
) -> None:
    """Back closes the dialog while its job continues, and the picture can be opened there."""
    setup(shop)
    shop.states = [{"state": "running"}]
    window.open(f"{shop.url}/product")
    window.run("window.sameDocument = true")
    window.click_text("Second")
    window.wait_until("return document.querySelector('h2').textContent === 'Second'")
    window.click(".genvoris-tryon-btn")
    window.expect_heading("Try it on")
    window.upload(photo)
    window.press("Try it on")
    window.expect_heading("One moment")
    window.wait_for(lambda: shop.jobs, "the try-on is not sent")
    window.run("history.back()")
    window.wait_until("return document.querySelector('h2').textContent === 'First'")
    window.expect_closed()
    shop.states = [{"state": "done"}]
    window.wait_until(
        "return document.querySelector('.genvoris-tryon-btn').textContent === arguments[0]",
        "Your picture is ready",
    )
    window.click(".genvoris-tryon-btn")
    window.expect_heading("Here you are")
    assert window.run("return window.sameDocument")
    assert shop.requests("DELETE", ".*") == []


@pytest.mark.parametrize("setup", [tag_manager, trusted_types])
def test_loaded_otherwise(
    window: BrowserWindow, shop: ServedShop, photo: Path, setup: Callable[[ShopScript], None]
) -> None:
    """A try-on works when a tag manager adds the script, and under Trusted Types."""
    setup(shop)
    try_on(window, shop.url, photo)
