"""What a shopper can do with a picture, and what they are told of their quota."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import ALLOWED, SPENT, TRIGGER, ScriptedShop

RUNNING: list[dict[str, Any]] = [{"state": "running"}]
DONE: list[dict[str, Any]] = [{"state": "done"}]
VARIANTS = [{"label": "Red", "id": "s1-red", "image": "/red.png"}, {"label": "XL"}]


def start(shop: ScriptedShop, photo: Path) -> Page:
    page = shop.open()
    page.get_by_role("button").click()
    choose(page, photo)
    press(page, "Try it on")
    return page


def finish(shop: ScriptedShop, photo: Path) -> Page:
    page = start(shop, photo)
    expect_heading(page, "Here you are")
    return page


def test_before_and_after_are_compared_by_keyboard(shop: ScriptedShop, photo: Path) -> None:
    page = finish(shop, photo)
    slider = dialog(page).get_by_role("slider", name="Before and after")
    slider.focus()
    page.keyboard.press("End")
    shown = "d => getComputedStyle(d.querySelector('.picture canvas')).clipPath"
    assert dialog(page).evaluate(shown).startswith("inset(0px 0% 0px 0px")
    page.keyboard.press("Home")
    assert "100%" in dialog(page).evaluate(shown)
    page.keyboard.press("ArrowRight")
    assert "99%" in dialog(page).evaluate(shown)


def test_the_picture_can_be_zoomed_and_moved_by_keyboard(shop: ScriptedShop, photo: Path) -> None:
    page = finish(shop, photo)
    press(page, "Zoom in")
    area = dialog(page).locator(".zoomable")
    assert area.evaluate("e => e.scrollWidth > 1.8 * e.clientWidth")
    top = area.evaluate("e => e.scrollTop")
    area.focus()
    page.keyboard.press("ArrowDown")
    until(page, lambda: area.evaluate("e => e.scrollTop") > top)
    press(page, "Zoom out")
    assert area.evaluate("e => e.scrollWidth === e.clientWidth")


def test_the_picture_is_shared_where_the_browser_can(shop: ScriptedShop, photo: Path) -> None:
    page = finish(shop, photo)
    page.evaluate(
        """() => {
          navigator.canShare = () => true;
          navigator.share = async data => { window.shared = [data.files[0].size, data.title]; };
        }"""
    )
    press(page, "Share")
    until(page, lambda: page.evaluate("window.shared"))
    size, title = page.evaluate("window.shared")
    assert size > 1000
    assert title == "Shirt"


def test_elsewhere_the_picture_is_copied_and_else_the_page_s_address(
    shop: ScriptedShop, photo: Path
) -> None:
    shop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = finish(shop, photo)
    page.evaluate("navigator.canShare = () => false")
    press(page, "Share")
    expect(dialog(page).get_by_role("button", name="Copied")).to_be_visible()
    types = page.evaluate("navigator.clipboard.read().then(items => items[0].types)")
    assert types == ["image/png"]
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error('no')); }")
    press(page, "Copied")
    until(page, lambda: page.evaluate("navigator.clipboard.readText()") == page.url)


def test_add_to_cart_asks_the_page_and_else_presses_the_shop_s_own_button(
    shop: ScriptedShop, photo: Path
) -> None:
    shop.body += '<button id="buy">Buy</button>'
    shop.tag["data-add-to-cart"] = "#buy"
    page = shop.open()
    page.get_by_role("button", name="Try it on").click()
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.evaluate(
        """() => {
          window.log = [];
          document.querySelector('#buy').onclick = () => log.push('bought');
          Genvoris.on('add-to-cart', event => {
            log.push(event.detail.product.id, !!document.querySelector('genvoris-dialog')
              .shadowRoot.querySelector('dialog').open);
            if (window.mine) event.preventDefault();
          });
        }"""
    )
    press(page, "Add to cart")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate("log") == ["s1", False, "bought"]
    expect(page.locator("#buy")).to_be_focused()


def test_a_page_that_takes_the_cart_over_keeps_the_shop_s_button_unpressed(
    shop: ScriptedShop, photo: Path
) -> None:
    shop.body += '<button id="buy">Buy</button>'
    shop.tag["data-add-to-cart"] = "#buy"
    page = shop.open()
    page.get_by_role("button", name="Try it on").click()
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.evaluate(
        """() => {
          document.querySelector('#buy').onclick = () => window.bought = true;
          addEventListener('genvoris:add-to-cart', event => event.preventDefault());
        }"""
    )
    press(page, "Add to cart")
    assert page.evaluate("window.bought") is None


def test_another_colour_is_tried_on_with_the_same_photo(shop: ScriptedShop, photo: Path) -> None:
    variants = json.dumps(VARIANTS).replace('"', "&quot;")
    shop.body = TRIGGER.replace(
        "data-product-id", f'data-product-variants="{variants}" data-product-id'
    )
    page = finish(shop, photo)
    press(page, "Red")
    expect(dialog(page)).to_contain_text("Shirt \N{EN DASH} Red")
    expect_heading(page, "Here you are")
    first, second = (
        each.post_data_buffer or b"" for each in shop.requests("POST", "/genvoris/tryons")
    )
    assert b"s1-red" in second
    assert b"/red.png" in second
    assert photo_of(first) == photo_of(second)
    expect(dialog(page).get_by_role("button", name="Red", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(dialog(page).get_by_role("button", name="You, with Shirt")).to_be_visible()


def photo_of(form: bytes) -> tuple[int, int]:
    start = form.index(b"\xff\xd8\xff")
    return Image.open(io.BytesIO(form[start:])).size


def test_the_result_says_that_it_is_a_preview_of_style(shop: ScriptedShop, photo: Path) -> None:
    page = finish(shop, photo)
    expect(dialog(page)).to_contain_text("An AI preview of style, not of fit.")


def test_a_shop_without_credit_never_asks_a_shopper_for_money(shop: ScriptedShop) -> None:
    wall = SPENT["paywall"] | {"kind": "unavailable", "title": "Unavailable for now"}
    shop.status = SPENT | {"paywall": wall}
    page = shop.open()
    page.evaluate("() => { Genvoris.on('quota', () => { window.told = true; }); }")
    page.get_by_role("button").click()
    expect_heading(page, "Unavailable for now")
    expect(dialog(page).get_by_role("link")).to_have_count(0)
    assert page.evaluate("window.told") is None


def test_the_status_is_read_again_after_a_try_on(shop: ScriptedShop, photo: Path) -> None:
    page = finish(shop, photo)
    shop.status = ALLOWED
    until(page, lambda: len(shop.requests("GET", "/genvoris/status")) == 2)
    expect(dialog(page)).to_contain_text("28 of 30 try-ons left")


def test_few_that_are_left_stand_out(shop: ScriptedShop) -> None:
    shop.status |= {"remaining": 3, "quota": {"used": 27, "limit": 30, "resetsAt": None}}
    page = shop.open()
    page.get_by_role("button").click()
    meter = dialog(page).locator("[part=meter]")
    expect(meter).to_have_text("3 of 30 try-ons left this month")
    expect(meter).to_have_class("meter few")


def test_a_page_that_shows_its_own_paywall_gets_the_shopper_back_where_they_were(
    shop: ScriptedShop, photo: Path
) -> None:
    shop.status = SPENT
    page = shop.open()
    page.evaluate("() => { Genvoris.on('quota', event => event.preventDefault()); }")
    page.get_by_role("button").click()
    until(page, lambda: shop.requests("GET", "/genvoris/status"))
    expect(dialog(page)).to_be_hidden()
    shop.status = SPENT | {
        "access": "ALLOWED",
        "ctaType": "tryon",
        "paywall": None,
        "remaining": 30,
    }
    page.evaluate("Genvoris.resume()")
    expect_heading(page, "Try it on")
    expect(dialog(page)).to_contain_text("Shirt")
    choose(page, photo)
    # The plan ends in the middle; the photo is still there afterwards.
    shop.refusal = (402, {"error": "end_customer_quota", "detail": "Spent.", **paywall()})
    press(page, "Try it on")
    expect(dialog(page)).to_be_hidden()
    shop.refusal = None
    page.evaluate("Genvoris.resume()")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    press(page, "Try it on")
    expect_heading(page, "Here you are")


def paywall() -> dict[str, Any]:
    return {"paywall": SPENT["paywall"], "reason": "quota_exhausted", "used": 5, "limit": 5}


def test_a_page_with_its_own_log_in_gets_the_shopper_back_with_their_photo(
    shop: ScriptedShop, photo: Path
) -> None:
    page = shop.open()
    page.evaluate(
        "() => { Genvoris.on('login', event => { event.preventDefault();"
        " window.asked = event.detail.login_url; }); }"
    )
    page.get_by_role("button").click()
    choose(page, photo)
    shop.refusal = (401, {"error": "login_required", "detail": "Log in.", "login_url": "/in"})
    press(page, "Try it on")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate("window.asked") == "/in"
    shop.refusal = None
    page.evaluate("Genvoris.resume()")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.includes('kept'))") == []
