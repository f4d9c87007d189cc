"""Pages that change without a reload while the dialog is open: routers, htmx, the Back button."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import TRIGGER, ScriptedShop
from tests.support.shop_pages import LONG, ROUTERS, STYLES_ALLOWED, react


@pytest.fixture(params=ROUTERS)
def page(shop: ScriptedShop, request: pytest.FixtureRequest) -> Page:
    """Show the second page of a shop whose links replace the body only."""
    request.param(shop)
    opened = shop.open()
    opened.wait_for_load_state()
    opened.evaluate("window.sameDocument = true")
    opened.get_by_role("link", name="Second").click()
    expect(opened.locator("h2").first).to_have_text("Second")
    assert opened.evaluate("window.sameDocument")
    return opened


def open_dialog(page: Page) -> None:
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")


def expect_usable(page: Page) -> None:
    """The page can be scrolled, clicked, and can open the dialog again."""
    expect(dialog(page)).to_be_hidden()
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 600)
    until(page, lambda: page.evaluate("scrollY") > 100)
    open_dialog(page)
    expect(page.locator("genvoris-dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


def test_back_closes_dialog(page: Page) -> None:
    """The previous page is shown, and can be used."""
    open_dialog(page)
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    page.go_back()
    expect(page.locator("h2").first).to_have_text("First")
    assert page.evaluate("window.sameDocument")
    expect_usable(page)


def test_back_removes_stale_copy(page: Page) -> None:
    """A page that a router has cached as HTML may contain an empty copy of the element."""
    open_dialog(page)
    page.evaluate("document.querySelector('a').click()")
    expect(page.locator("h2").first).to_have_text("First")
    page.go_back()
    expect(page.locator("h2").first).to_have_text("Second")
    expect_usable(page)


def test_back_keeps_job(page: Page, shop: ScriptedShop, photo: Path) -> None:
    """It is minimised, not cancelled, and its picture can be opened on the previous page."""
    shop.states = [{"state": "running"}]
    open_dialog(page)
    choose(page, photo)
    press(page, "Try it on")
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    page.go_back()
    expect(page.locator("h2").first).to_have_text("First")
    expect(dialog(page)).to_be_hidden()
    shop.states = [{"state": "done"}]
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Your picture is ready")
    page.locator("genvoris-dialog [part=pill]").click()
    expect_heading(page, "Here you are")
    assert shop.requests("DELETE", ".*") == []


def test_mark_of_a_finished_job(page: Page, shop: ScriptedShop, photo: Path) -> None:
    """A page that was left with a running job shows its trigger as before once the job is over."""
    shop.states = [{"state": "running"}]
    open_dialog(page)
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Making your picture")
    page.get_by_role("link", name="First").click()
    expect(page.locator("h2").first).to_have_text("First")
    shop.states = [{"state": "done"}]
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Your picture is ready")
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Try it on")
    page.go_back()
    expect(page.locator("h2").first).to_have_text("Second")
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Try it on")
    expect(page.locator("[data-genvoris-state]")).to_have_count(0)


def test_label_that_react_changes(shop: ScriptedShop, photo: Path) -> None:
    """A label that React has written while a job ran is not replaced by an older one."""
    react(shop)
    shop.states = [{"state": "running"}]
    page = shop.open()
    open_dialog(page)
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    trigger = page.locator(".genvoris-tryon-btn")
    expect(trigger).to_have_text("Making your picture")
    page.evaluate("setLabel('See it on you')")
    shop.states = [{"state": "done"}]
    expect(trigger).to_have_text("Your picture is ready")
    trigger.click()
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(trigger).to_have_text("See it on you")
    page.evaluate("setLabel('Try it on')")
    expect(trigger).to_have_text("Try it on")


SWAPS = {
    "its content": "document.body.innerHTML = html",
    "by another": """const body = document.createElement('body');
      body.innerHTML = html;
      document.body.replaceWith(body)""",
    "its children": """document.body.replaceChildren();
      document.body.insertAdjacentHTML('beforeend', html)""",
    "one by one": """while (document.body.firstChild) document.body.firstChild.remove();
      document.body.innerHTML = html""",
    "as a string": "document.body.outerHTML = `<body>${html}</body>`",
    "the element alone": "document.querySelector('genvoris-dialog').remove()",
}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS.keys())
def test_replaced_body(shop: ScriptedShop, swap: str) -> None:
    """The dialog disappears with the body that it was opened in."""
    shop.policy = STYLES_ALLOWED
    shop.body = TRIGGER + LONG
    page = shop.open()
    page.evaluate("window.closings = 0; addEventListener('genvoris:close', () => closings++)")
    open_dialog(page)
    page.evaluate(f"html => {{ {swap}; }}", TRIGGER + LONG)
    until(page, lambda: page.evaluate("window.closings"))
    expect_usable(page)
    assert page.evaluate("window.closings") == 2


def test_own_scroll_lock_stays(shop: ScriptedShop) -> None:
    """A quick view that ends while our dialog is open may scroll again afterwards."""
    shop.policy = STYLES_ALLOWED
    shop.body = TRIGGER + LONG
    page = shop.open()
    page.evaluate("document.documentElement.style.overflow = 'hidden'")
    open_dialog(page)
    page.evaluate("document.documentElement.style.overflow = ''")
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    page.keyboard.press("Escape")
    expect_usable(page)


def test_new_entry_keeps_dialog(
    shop: ScriptedShop,
) -> None:
    """A shop may give the dialog an address of its own; going back from there closes it."""
    page = shop.open()
    page.evaluate("void Genvoris.on('open', () => { location.hash = 'try-on'; })")
    open_dialog(page)
    until(page, lambda: page.url.endswith("#try-on"))
    page.evaluate("history.pushState(null, '', '?step=2')")
    page.evaluate("() => new Promise(done => setTimeout(done))")
    expect(dialog(page)).to_be_visible()
    page.go_back()
    expect(dialog(page)).to_be_hidden()


def test_back_without_navigation_api(shop: ScriptedShop) -> None:
    """Every ``popstate`` closes the dialog there."""
    shop.head = (
        '<script nonce="n">'
        "delete window.navigation; history.pushState(null, '', '?step=2')</script>"
    )
    shop.body = f'<form id="navigation"></form>{TRIGGER}'
    page = shop.open()
    open_dialog(page)
    page.go_back()
    expect(dialog(page)).to_be_hidden()


def test_back_on_own_entry(shop: ScriptedShop) -> None:
    """As in docs/widget.md, Back closes the dialog, and closing it removes the entry."""
    page = shop.open()
    page.evaluate(
        """() => {
          Genvoris.on("open", () => location.hash === "#try-on"
            || history.pushState(history.state, "", "#try-on"));
          Genvoris.on("close", () => location.hash === "#try-on" && history.back());
        }"""
    )
    for leave in (page.go_back, lambda: page.keyboard.press("Escape")):
        open_dialog(page)
        until(page, lambda: page.evaluate("location.hash") == "#try-on")
        leave()
        expect(dialog(page)).to_be_hidden()
        until(page, lambda: page.evaluate("location.hash") == "")
        assert page.evaluate("location.pathname") == "/product"


def test_own_style_sheets_stay(shop: ScriptedShop) -> None:
    """The page may replace all constructed style sheets while the widget is there."""
    shop.tag["data-button-icon"] = "camera"
    page = shop.open()
    open_dialog(page)
    page.evaluate("document.adoptedStyleSheets = [new CSSStyleSheet()]")
    page.evaluate("Genvoris.destroy()")
    assert page.evaluate("document.adoptedStyleSheets.length") == 1
