"""The theme: the page's colours, the shop's settings, and accessibility."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import (
    choose,
    dialog,
    expect_accessible,
    expect_heading,
    open_first_trigger,
    press,
    until,
)
from tests.support.scripted_shop import TRIGGER, ScriptedShop

# The slider is as large as the picture and unseen: its handle has the ring.
RING = """() => {
  const stop = document.querySelector('genvoris-dialog').shadowRoot.activeElement;
  if (!stop) return null;
  const handle = stop.type === 'range' && stop.parentNode.querySelector('.handle');
  const shown = handle ? [handle, '::after'] : [stop];
  const {outlineStyle, outlineWidth} = getComputedStyle(...shown);
  return [stop.outerHTML.slice(0, 90), outlineStyle === 'solid' && outlineWidth === '3px'];
}"""


def test_theme_of_page(shop: ScriptedShop) -> None:
    """Colours, font and corners come from the page."""
    shop.css = (
        "body { background: #102030; color: #f0f0f0; font-family: Georgia, serif; }"
        ".genvoris-tryon-btn { background: #ffcc00; color: #000; border-radius: 6px; border: 0; }"
    )
    page = open_first_trigger(shop.open())
    style = styles(page)
    assert style["background"] == "rgb(16, 32, 48)"
    assert style["color"] == "rgb(240, 240, 240)"
    assert style["font"].startswith("Georgia")
    assert style["radius"] == "6px"
    assert style["primary"] == "rgb(255, 204, 0)"
    assert style["onPrimary"] == "rgb(0, 0, 0)"
    expect_accessible(page, "genvoris-dialog")


def test_style_sheets_after_dialog(shop: ScriptedShop) -> None:
    """A dialog that is open before the page has its style sheets looks like the page later."""
    held = shop.hold("/late.css")
    shop.body = f"""{TRIGGER}<script nonce="n">
      document.head.append(Object.assign(document.createElement('link'),
        {{rel: 'stylesheet', href: '/late.css'}}));</script>"""
    page = open_first_trigger(shop.open(wait_until="commit"))
    assert styles(page)["background"] == "rgb(255, 255, 255)"
    until(page, lambda: held)
    held[0].fulfill(content_type="text/css", body="body { background: #102030; color: #fff; }")
    expect(dialog(page)).to_have_css("background-color", "rgb(16, 32, 48)")


NOISE = """
const read = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...args) {
  const image = read.apply(this, args);
  image.data.forEach((_, at) => { image.data[at] = 200 + (at % 4) * 18; });
  return image;
};"""


def test_unreliable_canvas(shop: ScriptedShop) -> None:
    """Firefox's privacy.resistFingerprinting returns noise from every canvas."""
    shop.first_scripts.append(NOISE)
    shop.tag |= {"data-primary-color": "gold", "data-background-color": "#102030"}
    shop.css = "body { color: oklch(90% 0.1 150); }"
    page = open_first_trigger(shop.open())
    style = styles(page)
    assert (style["primary"], style["background"]) == ("rgb(255, 215, 0)", "rgb(16, 32, 48)")
    assert style["color"] != "rgb(200, 218, 236)"
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


OUTLINE = """
.genvoris-tryon-btn { background: transparent; border: 2px solid #b00050; color: #b00050;
  transition: background 2s; border-radius: 9px; }
.genvoris-tryon-btn:hover, .genvoris-tryon-btn:focus { background: #7a0038; color: #fff; }
.genvoris-tryon-btn[aria-busy] { background: #ccc; border-color: #ccc; }"""


@pytest.mark.parametrize("reach", ["mouse", "keyboard", "script"])
def test_outline_button(shop: ScriptedShop, reach: str) -> None:
    """The main colour is the border's without hover and focus."""
    shop.css = OUTLINE
    page = shop.open()
    if reach == "mouse":
        open_first_trigger(page)
    elif reach == "keyboard":
        page.locator(".genvoris-tryon-btn").focus()
        page.keyboard.press("Enter")
    else:
        page.evaluate("Genvoris.openTryOn()")
    expect_heading(page, "Try it on")
    style = styles(page)
    assert (style["primary"], style["radius"]) == ("rgb(176, 0, 80)", "9px")
    assert page.locator(".genvoris-tryon-btn").count() == 1
    expect_accessible(page, "genvoris-dialog")


@pytest.mark.parametrize(
    ("css", "primary"),
    [
        ("background: none; border: 1px solid #ddd; color: #0a5c36", "rgb(10, 92, 54)"),
        ("background: none; border: 0; color: #0a5c36", "rgb(10, 92, 54)"),
        ("background: rgb(0 0 0 / 5%); border: 0; color: #0a5c36", "rgb(10, 92, 54)"),
        ("background: #f5f5f5; border: 1px solid #0a5c36; color: #000", "rgb(10, 92, 54)"),
        ("background: none; border: 1px solid #000; color: #000", "rgb(0, 0, 0)"),
        ("", "rgb(34, 34, 34)"),
    ],
    ids=["pale border", "text alone", "tint", "pale ground", "black", "a browser's own"],
)
def test_button_without_background(shop: ScriptedShop, css: str, primary: str) -> None:
    """Neither a pale grey nor a browser's default button counts as a main colour."""
    shop.css = f"body {{ background: #fff; color: #222; }} .genvoris-tryon-btn {{ {css} }}"
    page = open_first_trigger(shop.open())
    assert styles(page)["primary"] == primary


@pytest.mark.parametrize(
    ("css", "tag"),
    [
        ("background: #007bff; color: #fff; border: 0", {}),
        ("background: #222; color: #fff; border: 0", {"data-primary-color": "#007bff"}),
    ],
    ids=["page", "tag"],
)
def test_text_colour_of_button(shop: ScriptedShop, css: str, tag: dict[str, str]) -> None:
    """The blue changes just enough for white to be readable on it."""
    shop.css = f".genvoris-tryon-btn {{ {css} }}"
    shop.tag |= tag
    page = open_first_trigger(shop.open())
    style = styles(page)
    assert style["onPrimary"] == "rgb(255, 255, 255)"
    assert style["primary"] == "rgb(0, 114, 237)"
    expect_accessible(page, "genvoris-dialog")


def test_precedence_of_settings(
    shop: ScriptedShop,
) -> None:
    """The style sheet overrides the tag, and the tag the page."""
    shop.css = "body { background: #fff; } genvoris-dialog { --genvoris-text: #123456; }"
    shop.tag |= {
        "data-primary-color": "#0000ff",
        "data-background-color": "#fafafa",
        "data-text-color": "#333",
        "data-font-family": "Verdana",
        "data-border-radius": "3",
    }
    page = open_first_trigger(shop.open())
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
def test_unreadable_colours(new_context: Any, scheme: str) -> None:
    """Unreadable colours are adjusted."""
    shop = ScriptedShop(new_context(color_scheme=scheme))
    shop.css = "body { background: #777; color: #808080; }"
    shop.tag = {"data-primary-color": "#7a7a7a", "data-accent-color": "#757575"}
    page = open_first_trigger(shop.open())
    expect_accessible(page, "genvoris-dialog")


def test_no_auto_style(new_context: Any) -> None:
    """Without auto-style, the dialog follows the system's colour scheme."""
    shop = ScriptedShop(new_context(color_scheme="dark"))
    shop.css = "body { background: pink; font-family: Georgia; }"
    shop.tag = {"data-auto-style": "false"}
    page = open_first_trigger(shop.open())
    style = styles(page)
    assert style["background"] == "rgb(27, 26, 24)"
    assert "system-ui" in style["font"]
    expect_accessible(page, "genvoris-dialog")
    page.emulate_media(color_scheme="light")
    expect(dialog(page)).to_have_css("background-color", "rgb(255, 255, 255)")


def test_parts_and_properties(shop: ScriptedShop) -> None:
    """The shop can style parts and custom properties."""
    shop.css = "genvoris-dialog::part(heading) { text-transform: uppercase; }"
    page = open_first_trigger(shop.open())
    heading = dialog(page).get_by_role("heading", level=2)
    assert heading.evaluate("h => getComputedStyle(h).textTransform") == "uppercase"


def test_small_screen_and_large_text(new_context: Any, photo: Path) -> None:
    """Nothing is cut off at 320 px and at twice the text size."""
    shop = ScriptedShop(new_context(viewport={"width": 320, "height": 560}))
    page = shop.open()
    session = page.context.new_cdp_session(page)
    for size in (16, 32):
        session.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        page.reload()
        open_first_trigger(page)
        assert styles(page)["font"]
        assert dialog(page).evaluate("d => getComputedStyle(d).fontSize") == f"{size}px"
        choose(page, photo)
        press(page, "Try it on")
        expect_heading(page, "Here you are")
        wide = dialog(page).evaluate(
            "d => [...d.querySelectorAll('.body,.side')]"
            ".some(each => each.scrollWidth > each.clientWidth)"
        )
        assert not wide
        press(page, "Close")


def test_target_size(new_context: Any, photo: Path) -> None:
    """Every target measures at least 44 px."""
    shop = ScriptedShop(new_context(**VIEWPORTS["phone"]))
    shop.tag = {"data-privacy-url": "/p", "data-sample-photos": '[{"src":"/a.jpg"}]'}
    page = open_first_trigger(shop.open())
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


def test_focus_is_visible(shop: ScriptedShop, photo: Path) -> None:
    """Every focusable element shows a focus ring."""
    shop.tag |= {"data-privacy-url": "/p", "data-sample-photos": '[{"src":"/a.jpg"}]'}
    page = open_first_trigger(shop.open())
    reached = [*rings(page)]
    choose(page, photo)
    expect(dialog(page).get_by_role("checkbox")).to_be_visible()
    reached += rings(page)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    press(page, "Zoom in")
    reached += rings(page)
    press(page, "Zoom out")
    reached += rings(page)
    assert len(reached) > 20
    assert [what for what, ring in reached if not ring] == []


def test_focus_ring_of_enlarged_picture(shop: ScriptedShop, photo: Path) -> None:
    """The focus ring of the enlarged picture is drawn over it."""
    shop.css = "body { background: #fff; color: #0000ff; }"
    page = open_first_trigger(shop.open())
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    press(page, "Zoom in")
    page.keyboard.press("Shift+Tab")
    area = dialog(page).locator("[part=zoom-area]")
    expect(area).to_be_focused()
    shown = Image.open(BytesIO(area.screenshot())).convert("RGB")
    assert shown.getpixel((1, shown.height // 2)) == (0, 0, 255)


def rings(page: Page) -> list[tuple[str, bool]]:
    """Tab once through the dialog; return for each stop whether it has a ring of 3 px."""
    found: list[tuple[str, bool]] = []
    while not found or found[0][0] != found[-1][0] or len(found) == 1:
        page.keyboard.press("Tab")
        stop = page.evaluate(RING)
        if stop:
            found.append(tuple(stop))
    return found


def test_reduced_motion_and_forced_colours(new_context: Any, photo: Path) -> None:
    """The dialog stays usable without motion and with forced colours."""
    shop = ScriptedShop(new_context(forced_colors="active"))
    shop.states = [{"state": "running"}]
    page = open_first_trigger(shop.open())
    page.emulate_media(reduced_motion="reduce")
    running = "d => d.getRootNode().getAnimations().length"
    assert dialog(page).evaluate(running) == 0
    border = "d => getComputedStyle(d.querySelector('.primary')).borderTopStyle"
    assert dialog(page).evaluate(border) == "solid"
    choose(page, photo)
    press(page, "Try it on")
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    assert dialog(page).evaluate(running) == 0


def test_button_design(shop: ScriptedShop) -> None:
    """The tag's attributes style the buttons."""
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


def test_floating_button_in_transformed_body(shop: ScriptedShop) -> None:
    """The button floats in the window's corner, even if the shop moves its whole page."""
    shop.css = "body { transform: translate(30px, 30px); height: 3000px }"
    shop.tag["data-button-position"] = "floating-left"
    page = shop.open()
    floating = page.locator("[data-genvoris-floating]")
    expect(floating).to_be_in_viewport(ratio=1)
    box = floating.bounding_box()
    assert box is not None
    assert box["x"] == 20
    assert box["y"] + box["height"] == 780
    floating.click()
    expect_heading(page, "Try it on")


def test_no_fab(shop: ScriptedShop) -> None:
    """A button with data-no-fab does not float."""
    shop.tag |= {"data-button-position": "floating-right", "data-no-fab": ""}
    page = shop.open()
    expect(page.locator(".genvoris-tryon-btn")).to_have_css("position", "static")
