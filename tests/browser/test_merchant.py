"""What the demo shop makes of the widget's features, as a merchant would."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.dialog_steps import dialog, expect_heading, heading, log_in, open_dialog, press


def test_demo_shop(demo: Demo, desktop_page: Page) -> None:
    """Another colour is tried on and put into the cart, and the dialog speaks Arabic."""
    page = desktop_page
    log_in(page, demo.url, "Ada", "plain-tee")
    page.locator(".sizes label", has_text="M").click()
    open_dialog(page)
    dialog(page).get_by_role("button", name="Sample photo: Mei").click()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    press(page, "Moss")
    expect(dialog(page)).to_contain_text("Plain tee \N{EN DASH} Moss")
    expect_heading(page, "Here you are")
    press(page, "Add to cart")
    expect(page).to_have_url(f"{demo.url}/cart")
    expect(page.get_by_text("Moss, M")).to_be_visible()

    page.goto(f"{demo.url}/product/plain-tee-ink")
    page.get_by_role("button", name="العربية").click()
    expect(page).to_have_url(f"{demo.url}/product/plain-tee-ink")
    open_dialog(page)
    expect(heading(page)).to_have_text("جرّبه عليك")
    expect(page.locator("genvoris-dialog dialog")).to_have_attribute("dir", "rtl")
    button = page.locator("button[data-genvoris-trigger]")
    expect(button).to_have_text("See it on you")
    expect(button.locator("svg")).to_have_count(1)
