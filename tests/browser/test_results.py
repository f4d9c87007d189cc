"""What a shopper can do with a picture, and what the dialog says about their quota."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.support.dialog_steps import (
    VARIANTS,
    choose,
    dialog,
    expect_heading,
    finish_try_on,
    open_shop,
    press,
    start_try_on,
    until,
)
from tests.support.scripted_shop import ALLOWED, SPENT, TRIGGER, ScriptedShop


def test_compare_by_keyboard(shop: ScriptedShop, photo: Path) -> None:
    """The slider compares before and after by keyboard."""
    page = finish_try_on(shop, photo)
    slider = dialog(page).get_by_role("slider", name="Before and after")
    slider.focus()
    page.keyboard.press("End")
    shown = "d => getComputedStyle(d.querySelector('.picture canvas')).clipPath"
    assert dialog(page).evaluate(shown).startswith("inset(0px 0% 0px 0px")
    page.keyboard.press("Home")
    assert "100%" in dialog(page).evaluate(shown)
    page.keyboard.press("ArrowRight")
    assert "99%" in dialog(page).evaluate(shown)


def test_zoom_by_keyboard(shop: ScriptedShop, photo: Path) -> None:
    """The picture can be enlarged and moved by keyboard."""
    page = finish_try_on(shop, photo)
    picture = dialog(page).locator(".picture")
    width, top = "p => p.getBoundingClientRect().width", "p => p.getBoundingClientRect().top"
    whole = picture.evaluate(width)
    press(page, "Zoom in")
    assert picture.evaluate(width) > 1.8 * whole
    before = picture.evaluate(top)
    dialog(page).locator(".zoomable").focus()
    page.keyboard.press("ArrowDown")
    assert picture.evaluate(top) < before
    press(page, "Zoom out")
    assert picture.evaluate(width) == whole


def test_share(shop: ScriptedShop, photo: Path) -> None:
    """The picture is shared where the browser can."""
    page = finish_try_on(shop, photo)
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


def test_copy(shop: ScriptedShop, photo: Path) -> None:
    """Elsewhere the picture is copied, or else the page's address."""
    shop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = finish_try_on(shop, photo)
    page.evaluate("navigator.canShare = () => false")
    press(page, "Share")
    expect(dialog(page).get_by_role("button", name="Copied")).to_be_visible()
    types = page.evaluate("navigator.clipboard.read().then(items => items[0].types)")
    assert types == ["image/png"]
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error('no')); }")
    press(page, "Copied")
    until(page, lambda: page.evaluate("navigator.clipboard.readText()") == page.url)


def test_picture_older_than_its_time(shop: ScriptedShop, photo: Path) -> None:
    """Where the shop has deleted a picture, the dialog says so, and how to go on."""
    page = finish_try_on(shop, photo)
    page.evaluate("navigator.canShare = () => true")
    shop.gone.add("/genvoris/tryons/j1/image")
    for action in ("Share", "Download"):
        dialog(page).get_by_text(action, exact=True).click()
        alert = dialog(page).get_by_role("alert")
        expect(alert).to_contain_text("this one is gone")
        expect(alert).to_contain_text("uses one try-on")
    press(page, "Try another photo")
    expect_heading(page, "Try it on")
    # The row has nothing else, so it is gone as well.
    expect(dialog(page).get_by_text("Earlier pictures")).to_be_hidden()


def test_picture_is_made_again(shop: ScriptedShop, photo: Path) -> None:
    """There is no "Here you are" without a picture; it can be made once more."""
    shop.gone.add("/genvoris/tryons/j1/image")
    page = start_try_on(shop, photo)
    expect_heading(page, "This picture is no longer here")
    press(page, "Make it again")
    expect_heading(page, "Here you are")
    first, second = shop.requests("POST", "/genvoris/tryons")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_picture_without_a_connection(shop: ScriptedShop, photo: Path) -> None:
    """A picture that is ready is shown as soon as it can be loaded."""
    shop.failing.add("/genvoris/tryons/j1/image")
    page = start_try_on(shop, photo)
    expect_heading(page, "Your picture is ready")
    expect(dialog(page).get_by_role("alert")).to_contain_text("You are offline")
    shop.failing.clear()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect_heading(page, "Here you are")
    expect(dialog(page).locator("[part=result]")).to_have_js_property("naturalWidth", 600)
    assert len(shop.jobs) == 1


def test_pictures_that_are_missing(shop: ScriptedShop, photo: Path) -> None:
    """A product's has a placeholder, and a sample photo that was deleted is not offered."""
    samples = [{"src": "/amara.jpg", "alt": "Amara"}, {"src": "/ben.jpg", "alt": "Ben"}]
    shop.tag["data-sample-photos"] = json.dumps(samples)
    shop.gone |= {"/amara.jpg", "/shirt.png"}
    shop.failing.add("/ben.jpg")
    page = open_shop(shop)
    expect(dialog(page).get_by_role("button", name="Amara")).to_have_count(0)
    expect(dialog(page).locator("[part=product] .missing")).to_be_visible()
    ben = dialog(page).get_by_role("button", name="Ben")
    expect(ben.locator(".missing")).to_be_visible()
    ben.click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("You are offline")
    shop.failing.clear()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(ben.locator("img")).to_have_js_property("naturalWidth", 600)


def test_add_to_cart(shop: ScriptedShop, photo: Path) -> None:
    """The page is asked first, then the shop's own button is pressed."""
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


def test_page_handles_cart(shop: ScriptedShop, photo: Path) -> None:
    """A page that cancels the event handles the cart itself."""
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


def test_variant(shop: ScriptedShop, photo: Path) -> None:
    """Another variant is tried on with the same photo."""
    variants = json.dumps(VARIANTS).replace('"', "&quot;")
    shop.body = TRIGGER.replace(
        "data-product-id", f'data-product-variants="{variants}" data-product-id'
    )
    page = finish_try_on(shop, photo)
    press(page, "Red")
    expect(dialog(page)).to_contain_text("Shirt \N{EN DASH} Red")
    expect_heading(page, "Here you are")
    first, second = (
        each.post_data_buffer or b"" for each in shop.requests("POST", "/genvoris/tryons")
    )
    assert b"s1-red" in second
    assert b"/red.png" in second
    assert photo_of(first) == photo_of(second)
    red = dialog(page).get_by_role("button", name="Red", exact=True)
    expect(red).to_have_attribute("aria-pressed", "true")
    expect(dialog(page).get_by_role("button", name="XL Uses 1 of 28", exact=True)).to_be_visible()
    expect(dialog(page).get_by_role("button", name="You, with Shirt")).to_be_visible()


def test_picture_is_made_once(shop: ScriptedShop, photo: Path) -> None:
    """The same photo shows the same picture; another one is made only on purpose."""
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    choose(page, photo)
    start = dialog(page).get_by_role("button", name="Try it on Uses 1 of 28", exact=True)
    expect(start).to_be_visible()
    start.click()
    expect_heading(page, "Here you are")
    press(page, "Try another photo")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    press(page, "Try another photo")
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    assert len(shop.requests("POST", "/genvoris/tryons")) == 1
    dialog(page).get_by_role("button", name="Make it again Uses 1 of 28", exact=True).click()
    expect(dialog(page).get_by_role("button", name="You, with Shirt")).to_be_visible()
    first, second = shop.requests("POST", "/genvoris/tryons")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def photo_of(form: bytes) -> tuple[int, int]:
    start = form.index(b"\xff\xd8\xff")
    return Image.open(io.BytesIO(form[start:])).size


def test_preview_note(shop: ScriptedShop, photo: Path) -> None:
    """The result is labelled as a preview of style."""
    page = finish_try_on(shop, photo)
    expect(dialog(page)).to_contain_text("An AI preview of style, not of fit.")


def test_shop_without_credit(shop: ScriptedShop) -> None:
    """A shop without credit never asks a shopper for money."""
    wall = SPENT["paywall"] | {"kind": "unavailable", "title": "Unavailable for now"}
    shop.status = SPENT | {"paywall": wall}
    page = shop.open()
    page.evaluate("() => { Genvoris.on('quota', () => { window.seen = true; }); }")
    page.get_by_role("button").click()
    expect_heading(page, "Unavailable for now")
    expect(dialog(page).get_by_role("link")).to_have_count(0)
    assert page.evaluate("window.seen") is None


def test_status_after_try_on(shop: ScriptedShop, photo: Path) -> None:
    """The status is read again after a try-on."""
    page = finish_try_on(shop, photo)
    shop.status = ALLOWED
    until(page, lambda: len(shop.requests("GET", "/genvoris/status")) == 2)
    expect(dialog(page)).to_contain_text("28 of 30 try-ons left")


def test_few_left(shop: ScriptedShop) -> None:
    """The meter stands out when few try-ons are left."""
    shop.status |= {"remaining": 3, "quota": {"used": 27, "limit": 30, "resetsAt": None}}
    page = shop.open()
    page.get_by_role("button").click()
    meter = dialog(page).locator("[part=meter]")
    expect(meter).to_have_text("3 of 30 try-ons left this month")
    expect(meter).to_have_class("meter few")


def test_resume_after_own_paywall(shop: ScriptedShop, photo: Path) -> None:
    """After the page's own paywall, the dialog resumes."""
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


def test_resume_after_own_login(shop: ScriptedShop, photo: Path) -> None:
    """After the page's own log-in, the dialog resumes with the photo."""
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
