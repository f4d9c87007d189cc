"""The dialog opened from within another one: focus traps, outside clicks, popovers, inert pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import POLICY, TRIGGER, WIDGET, ScriptedShop

LIBRARIES = WIDGET / "node_modules"


def script(code: str) -> str:
    return f'<script nonce="n">{code}</script>'


def lib(path: str) -> str:
    return f'<script nonce="n" src="/lib/{path}"></script>'


def with_focus_trap(shop: ScriptedShop) -> Page:
    """Show a panel with focus-trap that is not marked up as a dialog."""
    shop.head = lib("tabbable/dist/index.umd.js") + lib("focus-trap/dist/focus-trap.umd.js")
    shop.body = (
        f'<div id="panel"><button id="first">First</button>{TRIGGER}<a href="#x">Last</a></div>'
        '<button id="outside">Outside</button>'
        + script("const trap = focusTrap.createFocusTrap('#panel'); trap.activate();")
    )
    return shop.open()


def with_alpine(shop: ScriptedShop) -> Page:
    """Show a quick view that traps the focus with Alpine and closes on outside clicks."""
    shop.policy = POLICY.replace("'strict-dynamic'", "'strict-dynamic' 'unsafe-eval'").replace(
        "style-src 'self'", "style-src 'self' 'unsafe-inline'"
    )
    shop.head = lib("@alpinejs/focus/dist/cdn.js").replace("<script", "<script defer")
    shop.head += lib("alpinejs/dist/cdn.js").replace("<script", "<script defer")
    shop.body = (
        '<div x-data="{open: false}"><button id="view" @click="open = true">Quick view</button>'
        '<div id="panel" x-show="open" x-trap.inert.noscroll="open" @click.outside="open = false"'
        f' @keydown.escape.window="open = false"><button>First</button>{TRIGGER}</div></div>'
    )
    page = shop.open()
    page.locator("#view").click()
    return page


def with_bootstrap(shop: ScriptedShop) -> Page:
    """Show Bootstrap's modal."""
    shop.policy = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    shop.head = lib("bootstrap/dist/js/bootstrap.bundle.js")
    shop.css = (LIBRARIES / "bootstrap/dist/css/bootstrap.css").read_text()
    shop.body = (
        '<button id="view" data-bs-toggle="modal" data-bs-target="#panel">Quick view</button>'
        '<div class="modal" id="panel" tabindex="-1"><div class="modal-dialog">'
        '<div class="modal-content"><button>First</button>'
        f"{TRIGGER}</div></div></div>"
    )
    page = shop.open()
    page.locator("#view").click()
    return page


def with_own_dialog(shop: ScriptedShop) -> Page:
    """Show a native modal dialog."""
    shop.body = f'<dialog id="panel"><button>First</button>{TRIGGER}</dialog>' + script(
        "document.querySelector('#panel').showModal()"
    )
    return shop.open()


def with_popover(shop: ScriptedShop) -> Page:
    """Show a popover, which closes when a dialog opens outside of it."""
    shop.body = (
        '<button id="view" popovertarget="panel">Quick view</button>'
        f'<div id="panel" popover><button>First</button>{TRIGGER}</div>'
    )
    page = shop.open()
    page.locator("#view").click()
    return page


PANELS = [with_focus_trap, with_alpine, with_bootstrap, with_own_dialog, with_popover]
FOCUSED = """() => {
  const {activeElement} = document;
  return activeElement.shadowRoot?.activeElement?.textContent ?? `outside: ${activeElement.id}`;
}"""


@pytest.mark.parametrize("show", PANELS)
def test_within_another_dialog(
    shop: ScriptedShop, photo: Path, show: Callable[[ScriptedShop], Page]
) -> None:
    """Focus, keys and clicks work, and Escape closes our dialog only."""
    page = show(shop)
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
    page = with_focus_trap(shop)
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
    page = with_focus_trap(shop)
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    page.locator("genvoris-dialog [part=pill]").click()
    expect(dialog(page)).to_be_visible()


def test_closed_popover(shop: ScriptedShop) -> None:
    """A hidden dialog does not block the page."""
    page = with_popover(shop)
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
    shop.head = script(
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
