"""The widget on pages of many kinds: queued calls, resets, routers, other colours, no storage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import VIEWPORTS
from tests.browser.steps import choose, dialog, expect_accessible, expect_heading, press, until
from tests.support.scripted_shop import TRIGGER, ScriptedShop

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


def opened(page: Page) -> Page:
    page.locator(".genvoris-tryon-btn").first.click()
    expect_heading(page, "Try it on")
    return page


def test_calls_that_were_made_before_it_loaded_are_queued(shop: ScriptedShop) -> None:
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


def test_included_twice_it_is_there_once(shop: ScriptedShop) -> None:
    second = '<script defer nonce="n" src="/genvoris/widget.js"></script>'
    shop.body = TRIGGER + second + second
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    assert page.locator("genvoris-dialog").count() == 1
    assert len(shop.requests("GET", "/genvoris/status")) == 1


def test_a_later_copy_of_the_tag_brings_what_it_says_anew(shop: ScriptedShop) -> None:
    page = opened(shop.open())
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          Object.assign(script, {src: '/genvoris/widget.js?again', nonce: 'n'});
          script.dataset.language = 'de';
          document.body.append(script);
        }"""
    )
    expect_heading(page, "Anprobieren")


def test_the_other_stages_come_with_integrity_and_nonce(shop: ScriptedShop, photo: Path) -> None:
    page = opened(shop.open())
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    scripts = page.evaluate(
        "[...document.head.querySelectorAll('script')].map(s => [s.src, s.integrity, s.nonce])"
    )
    assert len(scripts) == 3
    for src, integrity, nonce in scripts:
        assert re.search(r"/(dialog|tools|locale-en)-[0-9a-f]{12}\.js$", src)
        assert re.fullmatch(r"sha256-[\w+/]{43}=", integrity)
        assert nonce == "n"


def test_a_dialog_that_cannot_be_loaded_comes_with_the_next_click(shop: ScriptedShop) -> None:
    page = shop.open()
    page.route("**/dialog*.js", lambda route: route.abort())
    button = page.locator(".genvoris-tryon-btn")
    button.click()
    expect(button).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("genvoris-dialog")).to_have_count(0)
    page.unroute("**/dialog*.js")
    opened(page)


def test_it_survives_a_page_that_resets_everything(shop: ScriptedShop, photo: Path) -> None:
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


def test_with_a_router_a_running_job_goes_on_and_new_triggers_show_it(
    shop: ScriptedShop, photo: Path
) -> None:
    shop.states = [{"state": "running"}]
    page = opened(shop.open())
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


def test_a_page_that_the_browser_restores_carries_on(shop: ScriptedShop, photo: Path) -> None:
    page = opened(shop.open())
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


def test_it_can_be_taken_off_the_page_and_put_on_again(shop: ScriptedShop) -> None:
    page = opened(shop.open())
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
    opened(page)


def test_its_colours_font_and_corners_are_the_page_s(shop: ScriptedShop) -> None:
    shop.css = (
        "body { background: #102030; color: #f0f0f0; font-family: Georgia, serif; }"
        ".genvoris-tryon-btn { background: #ffcc00; color: #000; border-radius: 6px; border: 0; }"
    )
    page = opened(shop.open())
    style = styles(page)
    assert style["background"] == "rgb(16, 32, 48)"
    assert style["color"] == "rgb(240, 240, 240)"
    assert style["font"].startswith("Georgia")
    assert style["radius"] == "6px"
    assert style["primary"] == "rgb(255, 204, 0)"
    assert style["onPrimary"] == "rgb(0, 0, 0)"
    expect_accessible(page, "genvoris-dialog")


def styles(page: Page) -> dict[str, str]:
    found: dict[str, str] = dialog(page).evaluate(
        """d => {
          const own = getComputedStyle(d);
          const [button] = d.querySelectorAll('.primary');
          button.disabled = false;
          const main = getComputedStyle(button);
          return {background: own.backgroundColor, color: own.color, font: own.fontFamily,
            radius: own.borderTopLeftRadius, primary: main.backgroundColor,
            onPrimary: main.color};
        }"""
    )
    return found


def test_the_tag_s_colours_go_before_the_page_s_and_its_style_sheet_before_both(
    shop: ScriptedShop,
) -> None:
    shop.css = "body { background: #fff; } genvoris-dialog { --genvoris-text: #123456; }"
    shop.tag |= {
        "data-primary-color": "#0000ff",
        "data-background-color": "#fafafa",
        "data-text-color": "#333",
        "data-font-family": "Verdana",
        "data-border-radius": "3",
    }
    page = opened(shop.open())
    style = styles(page)
    assert style == {
        "background": "rgb(250, 250, 250)",
        "color": "rgb(18, 52, 86)",
        "font": "Verdana",
        "radius": "3px",
        "primary": "rgb(0, 0, 255)",
        "onPrimary": "rgb(255, 255, 255)",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_that_nobody_could_read_are_moved_until_one_can(
    new_context: Any, scheme: str
) -> None:
    shop = ScriptedShop(new_context(color_scheme=scheme))
    shop.css = "body { background: #777; color: #808080; }"
    shop.tag = {"data-primary-color": "#7a7a7a", "data-accent-color": "#757575"}
    page = opened(shop.open())
    expect_accessible(page, "genvoris-dialog")


def test_without_auto_style_it_follows_the_system(new_context: Any) -> None:
    shop = ScriptedShop(new_context(color_scheme="dark"))
    shop.css = "body { background: pink; font-family: Georgia; }"
    shop.tag = {"data-auto-style": "false"}
    page = opened(shop.open())
    style = styles(page)
    assert style["background"] == "rgb(27, 26, 24)"
    assert "system-ui" in style["font"]
    expect_accessible(page, "genvoris-dialog")


def test_parts_and_properties_are_open_to_the_shop_s_style_sheet(shop: ScriptedShop) -> None:
    shop.css = "genvoris-dialog::part(heading) { text-transform: uppercase; }"
    page = opened(shop.open())
    heading = dialog(page).get_by_role("heading", level=2)
    assert heading.evaluate("h => getComputedStyle(h).textTransform") == "uppercase"


def test_at_320_px_and_with_text_of_twice_the_size_nothing_is_cut_off(
    new_context: Any, photo: Path
) -> None:
    shop = ScriptedShop(new_context(viewport={"width": 320, "height": 560}))
    page = shop.open()
    session = page.context.new_cdp_session(page)
    for size in (16, 32):
        session.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        page.reload()
        opened(page)
        assert styles(page)["font"]
        assert dialog(page).evaluate("d => getComputedStyle(d).fontSize") == f"{size}px"
        choose(page, photo)
        press(page, "Try it on")
        expect_heading(page, "Here you are")
        wide = dialog(page).locator(".body").evaluate("b => b.scrollWidth > b.clientWidth")
        assert not wide
        press(page, "Close")


def test_every_target_is_at_least_44_px(new_context: Any, photo: Path) -> None:
    shop = ScriptedShop(new_context(**VIEWPORTS["phone"]))
    shop.tag = {"data-privacy-url": "/p", "data-sample-photos": '[{"src":"/a.jpg"}]'}
    page = opened(shop.open())
    assert small_targets(page) == []
    choose(page, photo)
    expect(dialog(page).get_by_role("checkbox")).to_be_visible()
    assert small_targets(page) == []
    dialog(page).get_by_role("checkbox").check()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    assert small_targets(page) == []


def small_targets(page: Page) -> list[str]:
    found: list[str] = dialog(page).evaluate(
        """d => [...d.querySelectorAll('button, a, label, input[type=range]')].filter(e => {
          const box = e.getBoundingClientRect();
          return box.width && Math.min(box.width, box.height) < 43.9;
        }).map(e => e.outerHTML)"""
    )
    return found


def test_without_motion_and_in_forced_colours_it_stays_usable(
    new_context: Any, photo: Path
) -> None:
    context = new_context(reduced_motion="reduce", forced_colors="active")
    shop = ScriptedShop(context)
    shop.states = [{"state": "running"}]
    page = opened(shop.open())
    running = "d => d.getRootNode().getAnimations().length"
    assert dialog(page).evaluate(running) == 0
    border = "d => getComputedStyle(d.querySelector('.primary')).borderTopStyle"
    assert dialog(page).evaluate(border) == "solid"
    choose(page, photo)
    press(page, "Try it on")
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    assert dialog(page).evaluate(running) == 0


def test_the_button_is_designed_by_the_tag(shop: ScriptedShop) -> None:
    shop.body = TRIGGER.replace("<button", "<button data-genvoris-card") + TRIGGER + "<main></main>"
    shop.tag |= {
        "data-button-border-radius": "12",
        "data-button-padding-x": "30",
        "data-button-font-size": "20",
        "data-button-icon": "sparkles",
        "data-button-position": "floating-left",
    }
    page = shop.open()
    page.evaluate("html => { document.querySelector('main').innerHTML = html; }", TRIGGER)
    for button in page.locator(".genvoris-tryon-btn").all():
        expect(button.locator("svg")).to_have_count(1)
        expect(button).to_have_css("border-radius", "12px")
        expect(button).to_have_css("padding-left", "30px")
        expect(button).to_have_css("font-size", "20px")
    floating = page.locator("[data-genvoris-floating]")
    expect(floating).to_have_count(1)
    expect(floating).to_have_css("position", "fixed")
    box = floating.bounding_box()
    assert box is not None
    assert box["x"] == 20
    assert box["y"] + box["height"] == 780
    floating.click()
    expect_heading(page, "Try it on")


def test_no_fab_keeps_the_button_where_the_shop_put_it(shop: ScriptedShop) -> None:
    shop.tag |= {"data-button-position": "floating-right", "data-no-fab": ""}
    page = shop.open()
    expect(page.locator(".genvoris-tryon-btn")).to_have_css("position", "static")


def test_a_browser_without_storage_still_tries_on(shop: ScriptedShop, photo: Path) -> None:
    shop.head = (
        '<script nonce="n">for (const name of ["localStorage", "sessionStorage"])'
        " Object.defineProperty(window, name, {get() { throw new Error('off'); }})</script>"
    )
    shop.tag["data-privacy-url"] = "/p"
    page = opened(shop.open())
    choose(page, photo)
    dialog(page).get_by_role("checkbox", name=re.compile("I agree")).check()
    press(page, "Try it on")
    expect_heading(page, "Here you are")


def test_a_token_is_renewed_when_the_shopper_comes_back_to_a_hidden_page(
    shop: ScriptedShop,
) -> None:
    page = opened(shop.open())
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


def test_a_shop_s_own_function_gives_the_token(shop: ScriptedShop, photo: Path) -> None:
    page = shop.open()
    page.evaluate("() => Genvoris.update({getToken: () => Promise.resolve('own.token.x')})")
    opened(page)
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    sent = shop.requests("POST", "/genvoris/tryons")[0]
    assert sent.headers["authorization"] == "Bearer own.token.x"
    assert shop.requests("POST", "/genvoris/session") == []


def test_offline_in_the_middle_the_photo_stays_and_the_same_wish_is_sent_again(
    shop: ScriptedShop, photo: Path
) -> None:
    page = opened(shop.open())
    choose(page, photo)
    shop.failing = {"/genvoris/tryons"}
    press(page, "Try it on")
    expect_heading(page, "That did not work")
    shop.failing = set()
    press(page, "Try again")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    keys = {each.headers["idempotency-key"] for each in shop.requests("POST", "/genvoris/tryons")}
    assert len(keys) == 1
