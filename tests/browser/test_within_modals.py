"""The dialog opened from within another one: focus traps, outside clicks, popovers, inert pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import TRIGGER, ScriptedShop
from tests.support.shop_pages import PANELS, focus_trap, inline, popover

# A focus trap begins a moment after its panel is shown.
FOCUS_IS_KEPT = """() => {
  const panel = document.querySelector('#panel');
  return !panel || panel.matches('[popover]') || panel.contains(document.activeElement);
}"""


def show(shop: ScriptedShop, setup: Callable[[ScriptedShop], None]) -> Page:
    """Open a page, and the quick view that it offers."""
    setup(shop)
    page = shop.open()
    view = page.locator("#view")
    if view.count():
        view.click()
        until(page, lambda: page.evaluate(FOCUS_IS_KEPT))
    return page


FOCUSED = """() => {
  const {activeElement} = document;
  return activeElement.shadowRoot?.activeElement?.textContent ?? `outside: ${activeElement.id}`;
}"""


@pytest.mark.parametrize("setup", PANELS)
def test_within_another_dialog(
    shop: ScriptedShop, photo: Path, setup: Callable[[ScriptedShop], None]
) -> None:
    """Focus, keys and clicks work, and Escape closes our dialog only."""
    page = show(shop, setup)
    trigger = page.locator(".genvoris-tryon-btn")
    trigger.focus()
    page.keyboard.press("Enter")
    expect_heading(page, "Try it on")
    expect(dialog(page).get_by_role("heading", level=2)).to_be_focused()
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert any("Choose a photo" in each for each in reached), reached
    assert not any("outside: panel" in each or "First" in each for each in reached), reached
    with page.expect_file_chooser():
        dialog(page).get_by_role("button", name="Choose a photo").click()
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(page.locator("#panel")).to_be_visible()
    expect(trigger).to_be_focused()


def test_other_focus_trap_is_restored(shop: ScriptedShop) -> None:
    """Isolating our dialog does not disable the page's own focus trap."""
    page = show(shop, focus_trap)
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    press(page, "Close")
    expect(dialog(page)).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#first")).to_be_focused()
    page.locator("#outside").click()
    expect(page.locator("#outside")).not_to_be_focused()


def test_pill_within_focus_trap(shop: ScriptedShop, photo: Path) -> None:
    """A minimised try-on can be reopened while a focus trap is active."""
    shop.states = [{"state": "running"}]
    page = show(shop, focus_trap)
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    page.locator("genvoris-dialog [part=pill]").click()
    expect(dialog(page)).to_be_visible()


def test_closed_popover(shop: ScriptedShop) -> None:
    """A hidden dialog does not block the page."""
    page = show(shop, popover)
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    page.evaluate("document.querySelector('#panel').hidePopover()")
    expect(page.locator("#panel")).to_be_hidden()
    expect(dialog(page)).to_be_visible()
    press(page, "Close")
    expect(dialog(page)).to_be_hidden()
    page.locator("#view").click()
    expect(page.locator("#panel")).to_be_visible()


def test_trigger_closes_popover(shop: ScriptedShop) -> None:
    """If the trigger is hidden, the dialog is shown elsewhere."""
    hides = '<button popovertarget="panel" popovertargetaction="hide"'
    shop.body = (
        '<button id="view" popovertarget="panel">Quick view</button>'
        f'<div id="panel" popover>{TRIGGER.replace("<button", hides)}</div>'
    )
    shop.head = inline(
        """addEventListener('click', event => event.target.closest('[popover]')?.hidePopover(),
          {capture: true})"""
    )
    page = shop.open()
    page.locator("#view").click()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    expect(page.locator("#panel")).to_be_hidden()
    press(page, "Close")
    expect(dialog(page)).to_be_hidden()


@pytest.mark.parametrize("hidden", ["aria-hidden='true'", "inert"])
def test_hidden_by_another_dialog(shop: ScriptedShop, hidden: str) -> None:
    """The dialog appears even if a library has hidden its element with the rest of the page."""
    page = shop.open()
    page.locator(".genvoris-tryon-btn").hover()
    until(page, lambda: page.locator("genvoris-dialog").count())
    name, _, value = hidden.partition("=")
    page.evaluate(
        "([name, value]) => document.querySelector('genvoris-dialog').setAttribute(name, value)",
        [name, value.strip("'")],
    )
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    press(page, "Close")
    expect(dialog(page)).to_be_hidden()
