"""The widget on pages of many kinds: queued calls, resets, routers, other colours, no storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.dialog_steps import (
    choose,
    dialog,
    expect_heading,
    open_first_trigger,
    press,
    sentences,
    until,
)
from tests.support.scripted_shop import PAYWALL, TRIGGER, ScriptedShop

HOSTILE = """
* { all: revert !important; }
html { font-size: 62.5% !important; }
dialog, button, input, canvas { display: none !important; color: red !important; }
genvoris-dialog { display: none !important; opacity: 0 !important; transform: scale(0) !important; }
header { position: fixed !important; inset: 0 0 auto !important; height: 90vh !important;
  z-index: 2147483647 !important; background: orange !important; display: block !important; }
.genvoris-tryon-btn { display: block !important; }
"""
TURBO = """() => {
  const event = name => document.dispatchEvent(new CustomEvent(name, {bubbles: true}));
  event('turbo:before-cache');
  event('turbo:before-render');
  const body = document.createElement('body');
  body.innerHTML = window.nextBody;
  document.body.replaceWith(body);
  event('turbo:load');
}"""


def test_queued_calls(shop: ScriptedShop) -> None:
    """Calls from before the widget has loaded are carried out."""
    shop.head = (
        '<script nonce="n">(window.Genvoris = window.Genvoris || []).push('
        '["on", "open", event => window.seen = event.detail.product.title],'
        '["open", {productImages: ["/a.png"], productTitle: "Queued"}])</script>'
    )
    page = shop.open()
    expect(dialog(page)).to_contain_text("Queued")
    assert page.evaluate("window.seen") == "Queued"
    page.evaluate("Genvoris.push(['close'])")
    expect(dialog(page)).to_be_hidden()


def test_included_twice(shop: ScriptedShop) -> None:
    """Repeated tags create one dialog, which asks for the status once."""
    second = '<script defer nonce="n" src="/genvoris/widget.js"></script>'
    shop.body = TRIGGER + second + second
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    assert page.locator("genvoris-dialog").count() == 1
    until(page, lambda: shop.requests("GET", "/genvoris/status"))
    page.evaluate("fetch('/genvoris/widget.js')")  # earlier requests have arrived by then
    assert len(shop.requests("GET", "/genvoris/status")) == 1


def test_later_tag_updates_settings(shop: ScriptedShop) -> None:
    """A later copy of the tag updates the settings."""
    page = open_first_trigger(shop.open())
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          Object.assign(script, {src: '/genvoris/widget.js?again', nonce: 'n'});
          script.dataset.language = 'de';
          document.body.append(script);
        }"""
    )
    expect_heading(page, "Anprobieren")


def test_integrity_and_nonce(shop: ScriptedShop, photo: Path) -> None:
    """The other files are loaded with integrity and nonce."""
    page = open_first_trigger(shop.open())
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    scripts = page.evaluate(
        "[...document.head.querySelectorAll('script')].map(s => [s.src, s.integrity, s.nonce])"
    )
    assert len(scripts) >= 4
    for src, integrity, nonce in scripts:
        assert re.search(r"/(dialog|tools|locale-en|later-en|fitting-room)-[0-9a-f]{12}\.js$", src)
        assert re.fullmatch(r"sha256-[\w+/]{43}=", integrity)
        assert nonce == "n"


def test_failed_load_is_repeated(shop: ScriptedShop) -> None:
    """The next click loads what the previous one could not."""
    page = shop.open()
    page.route("**/dialog*.js", lambda route: route.abort())
    button = page.locator(".genvoris-tryon-btn")
    button.click()
    expect(button).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("genvoris-dialog")).to_have_count(0)
    page.unroute("**/dialog*.js")
    open_first_trigger(page)


def test_hostile_style_sheet(shop: ScriptedShop, photo: Path) -> None:
    """A page that resets all styles cannot break the dialog."""
    shop.css = HOSTILE
    shop.body = "<header>Sticky</header>" + TRIGGER
    page = shop.open()
    page.locator(".genvoris-tryon-btn").dispatch_event("click")
    expect_heading(page, "Try it on")
    size = dialog(page).evaluate("d => getComputedStyle(d).fontSize")
    assert size == "16px"
    assert (
        page.evaluate("document.elementFromPoint(innerWidth / 2, innerHeight / 2).localName")
        == "genvoris-dialog"
    )
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


def test_hostile_style_sheet_rtl(shop: ScriptedShop, photo: Path) -> None:
    """The same holds for a page that runs from right to left."""
    shop.css = HOSTILE + "html { direction: ltr !important; } * { text-align: right !important; }"
    shop.lang = "ar"
    shop.body = "<header>Sticky</header>" + TRIGGER
    words = sentences("ar")
    page = shop.open()
    page.locator(".genvoris-tryon-btn").dispatch_event("click")
    expect_heading(page, words["title"])
    choose(page, photo)
    dialog(page).locator("button.primary").click()
    expect_heading(page, words["result"])
    title, close = dialog(page).locator("h2 bdi"), dialog(page).locator("[part=close]")
    assert left(close) < left(title)
    assert left(dialog(page).locator(".side")) < left(dialog(page).locator(".visual"))
    assert title.evaluate("h => getComputedStyle(h.parentNode).textAlign") == "start"
    # The photo lies over the picture from the left, as the slider's ends do.
    assert dialog(page).locator("[part=compare]").get_attribute("dir") == "ltr"
    close.click()
    expect(dialog(page)).to_be_hidden()


def left(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["x"]


def test_job_survives_router(shop: ScriptedShop, photo: Path) -> None:
    """A job continues while a router replaces the body, and new triggers show it."""
    shop.states = [{"state": "running"}]
    page = open_first_trigger(shop.open())
    choose(page, photo)
    press(page, "Try it on")
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    page.evaluate("html => { window.nextBody = html; }", "<main>" + TRIGGER + "</main>")
    page.evaluate(TURBO)
    expect(page.locator("main .genvoris-tryon-btn")).to_have_text("Making your picture")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate("document.documentElement.style.overflow") == ""
    shop.states = [{"state": "done"}]
    expect(page.locator("main .genvoris-tryon-btn")).to_have_text("Your picture is ready")
    page.locator("main .genvoris-tryon-btn").click()
    expect_heading(page, "Here you are")
    assert shop.requests("DELETE", ".*") == []


def test_restored_page_resumes(shop: ScriptedShop, photo: Path) -> None:
    """A page from the back/forward cache resumes."""
    page = open_first_trigger(shop.open())
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    page.evaluate(
        """() => {
          Genvoris.close();
          const product = {image: '/shirt.png', title: 'Kept', id: 's1', category: '', page: '',
            variant: '', variants: []};
          const kept = {at: Date.now(), path: location.pathname, product, photo: null};
          sessionStorage.setItem('genvoris:kept', JSON.stringify(kept));
          dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));
        }"""
    )
    expect(dialog(page)).to_contain_text("Kept")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()


@pytest.fixture
def cached_shop(whole_browser: Browser) -> Iterator[ScriptedShop]:
    """Return a shop in a browser with a back/forward cache."""
    context = whole_browser.new_context()
    yield ScriptedShop(context)
    context.close()


def test_back_from_plans(cached_shop: ScriptedShop, photo: Path) -> None:
    """Back from the plans, the cached page continues with the photo."""
    shop = cached_shop
    page = open_first_trigger(shop.open())
    choose(page, photo)
    page.evaluate("() => { window.sameDocument = true; }")
    refusal = {"reason": "quota_exhausted", "used": 5, "limit": 5, "paywall": PAYWALL}
    shop.refusal = (402, {"error": "end_customer_quota", "detail": "Spent.", **refusal})
    press(page, "Try it on")
    dialog(page).get_by_role("link", name="See plans").click()
    page.wait_for_url("**/plans**")
    shop.refusal = None
    back(page)
    expect_heading(page, "Try it on")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    assert page.evaluate("window.violations") == []


def back(page: Page) -> None:
    """Go back to the cached page; Playwright's `go_back` would wait for it to be loaded."""
    page.evaluate("() => setTimeout(() => history.back())")
    page.wait_for_url("**/product", wait_until="commit")
    until(page, lambda: page.evaluate("location.pathname") == "/product")
    assert page.evaluate("window.sameDocument")


def test_job_continues_in_cached_page(cached_shop: ScriptedShop, photo: Path) -> None:
    """A job continues in a page from the back/forward cache."""
    shop = cached_shop
    shop.states = [{"state": "running"}]
    page = open_first_trigger(shop.open())
    page.evaluate("() => { window.sameDocument = true; }")
    choose(page, photo)
    press(page, "Try it on")
    press(page, "Carry on shopping")
    page.goto("http://localhost:9/other")
    shop.states = [{"state": "done"}]
    back(page)
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Your picture is ready")
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(page.locator(".genvoris-tryon-btn")).to_have_text("Try it on")


def test_destroy(shop: ScriptedShop) -> None:
    """The widget can be removed and added again."""
    page = open_first_trigger(shop.open())
    page.evaluate("Genvoris.destroy()")
    expect(page.locator("genvoris-dialog")).to_have_count(0)
    assert page.evaluate("[window.Genvoris, window.VTOWidget]") == [None, None]
    page.locator(".genvoris-tryon-btn").click()
    expect(page.locator("genvoris-dialog")).to_have_count(0)
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.src = '/genvoris/widget.js';
          script.nonce = 'n';
          document.head.append(script);
        }"""
    )
    until(page, lambda: page.evaluate("Boolean(window.Genvoris)"))
    open_first_trigger(page)


def test_no_storage(shop: ScriptedShop, photo: Path) -> None:
    """A browser without storage is enough."""
    shop.head = (
        '<script nonce="n">for (const name of ["localStorage", "sessionStorage"])'
        " Object.defineProperty(window, name, {get() { throw new Error('off'); }})</script>"
    )
    shop.tag["data-privacy-url"] = "/p"
    page = open_first_trigger(shop.open())
    choose(page, photo)
    dialog(page).get_by_role("checkbox", name=re.compile("I agree")).check()
    press(page, "Try it on")
    expect_heading(page, "Here you are")


def test_token_is_refreshed_on_return(
    shop: ScriptedShop,
) -> None:
    """A shopper who returns to the page gets a new token and status."""
    page = open_first_trigger(shop.open())
    before = len(shop.requests("POST", "/genvoris/session"))
    hide = """hidden => {
      Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.clock.install()
    page.evaluate(hide, True)
    page.clock.fast_forward("06:00")
    page.evaluate(hide, False)
    until(page, lambda: len(shop.requests("POST", "/genvoris/session")) > before)
    until(page, lambda: len(shop.requests("GET", "/genvoris/status")) == 2)


def test_get_token(shop: ScriptedShop, photo: Path) -> None:
    """The shop's own function provides the token."""
    page = shop.open()
    page.evaluate("() => Genvoris.update({getToken: () => Promise.resolve('own.token.x')})")
    open_first_trigger(page)
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    sent = shop.requests("POST", "/genvoris/tryons")[0]
    assert sent.headers["authorization"] == "Bearer own.token.x"
    assert shop.requests("POST", "/genvoris/session") == []


def test_offline(shop: ScriptedShop, photo: Path) -> None:
    """Without a connection the photo stays, and the next attempt has the same key."""
    page = open_first_trigger(shop.open())
    choose(page, photo)
    shop.failing = {"/genvoris/tryons"}
    press(page, "Try it on")
    expect_heading(page, "That did not work")
    shop.failing = set()
    press(page, "Try again")
    expect_heading(page, "Here you are")
    keys = {each.headers["idempotency-key"] for each in shop.requests("POST", "/genvoris/tryons")}
    assert len(keys) == 1
