"""The whole story: product, log-in, try-on, paywall, plan, the same photo again; the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browser_window import DESKTOP, PHONE, BrowserWindow, open_dialog
from tests.support.demo import Demo, running_demo
from tests.support.served_shop import ServedShop

PRODUCT = "/product/harbour-shirt"
# The link that the QR code has.
KEEP_LINK = """const ask = window.fetch;
window.fetch = async (...request) => {
  const response = await ask(...request);
  if (response.url.endsWith('/handovers')) {
    window.phoneLink = (await response.clone().json()).url;
  }
  return response;
};"""
SHOWS = "return document.querySelector(arguments[0])?.textContent === arguments[1]"


@pytest.fixture(scope="module")
def demo(engine: BrowserWindow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo, with fresh data for each engine."""
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_from_log_in_to_new_plan(window: BrowserWindow, demo: Demo, photo: Path) -> None:
    """A shopper tries on, runs out, takes a plan, and continues with the same photo."""
    window.resize(PHONE)
    window.open(f"{demo.url}{PRODUCT}")
    window.click("[data-genvoris-trigger]")
    window.expect_heading("Log in to try it on")
    window.press("Log in")
    window.click_text("Ben")

    window.expect_heading("Try it on")
    window.expect_text("1 of 5 try-ons left")
    window.watch_policy()
    window.upload(photo)
    window.agree()
    window.press("Try it on")
    window.expect_heading("Here you are")
    window.expect_text("0 of 5 try-ons left")
    window.press("Make it again")
    window.wait_for(lambda: "See plans" in window.text(), "the paywall does not appear")
    # The choice is in view above the button, which stays at the lower edge.
    assert window.box("[part=keep]")[3] <= window.box("[part~=primary]")[1]
    window.press("Keep my photo in this tab until I come back")
    assert window.run("return window.violations") == []
    window.press("See plans")
    window.click_text("Wardrobe")
    window.click_text("Pretend")
    window.expect_text("Your photo is still here")
    window.expect_text("30 of 30 try-ons left")
    window.watch_policy()
    window.press("Try it on")
    window.expect_heading("Here you are")
    window.expect_text("29 of 30 try-ons left")
    assert window.run("return window.violations") == []

    # On a computer, the phone can take the photo.
    window.resize(DESKTOP)
    window.open(f"{demo.url}/product/breton-top")
    window.click("[data-genvoris-trigger]")
    window.run(KEEP_LINK)
    window.press("Take it with your phone")
    window.part("[part=qr]")
    link = window.wait_until("return window.phoneLink")
    with window.other_tab(link):
        window.resize(PHONE)
        window.wait_until(SHOWS, "h1", "Take your photo")
        window.driver.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(photo))
        window.wait_until(SHOWS, "h1", "Use this photo?")
        window.click_text("Send to my computer")
        window.wait_until(SHOWS, "h1", "Photo sent")
    window.expect_text("Choose another photo")
    window.part("[part~=primary]:enabled")


def test_keyboard(window: BrowserWindow, shop: ServedShop, photo: Path) -> None:
    """Keys open the dialog, reach its controls and close it; the focus returns to the button."""
    window.open(f"{shop.url}/product")
    window.focus(".genvoris-tryon-btn")
    window.keys(Keys.ENTER)
    window.expect_heading("Try it on")
    window.expect_focused("dialog", "Try it on")
    window.tab_to("Choose a photo")
    window.upload(photo)
    window.part("canvas")
    window.tab_to("Try it on")
    window.keys(Keys.ENTER)
    window.expect_heading("Here you are")
    window.keys(Keys.ESCAPE)
    window.expect_closed()
    window.wait_until(
        "return document.activeElement === document.querySelector('.genvoris-tryon-btn')"
    )


def test_reopen_after_close(window: BrowserWindow, shop: ServedShop) -> None:
    """Closed by its button, the dialog opens again."""
    open_dialog(window, shop.url)
    window.press("Close")
    window.expect_closed()
    window.click(".genvoris-tryon-btn")
    window.expect_heading("Try it on")
