"""The picture on the result's screen: its size, the slider, zoom, swipes, and two side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import (
    VARIANTS,
    choose,
    dialog,
    expect_accessible,
    expect_heading,
    press,
    start_try_on,
    until,
)
from tests.support.scripted_shop import TRIGGER, ScriptedShop

PHONE = VIEWPORTS["phone"]


def two_results(shop: ScriptedShop, photo: Path) -> Page:
    """Try on a product and one of its variants."""
    variants = json.dumps(VARIANTS).replace('"', "&quot;")
    shop.body = TRIGGER.replace(
        "data-product-id", f'data-product-variants="{variants}" data-product-id'
    )
    page = start_try_on(shop, photo)
    expect_heading(page, "Here you are")
    press(page, "Red")
    expect(position(page)).to_have_text("Picture 1 of 2")
    return page


def position(page: Page) -> Locator:
    return dialog(page).locator("[part=pager] span")


def scale(page: Page) -> float:
    picture = dialog(page).locator(".picture")
    width: float = picture.evaluate("p => p.getBoundingClientRect().width / p.offsetWidth")
    return width


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found
    return found


class Fingers:
    """Touches the screen.

    Args:
        page: The page on it.
    """

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def drag(self, *steps: list[tuple[float, float]]) -> None:
        """Put fingers down, move them from step to step, and lift them."""
        for index, points in enumerate(steps):
            self._send("touchMove" if index else "touchStart", points)
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[tuple[float, float]]) -> None:
        touches = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def test_dialog_keeps_its_box(shop: ScriptedShop, photo: Path) -> None:
    """Photo, progress and result are shown in the same box, the picture as high as the dialog."""
    shop.states = [{"state": "running"}]
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    boxes = [box(dialog(page))]
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "One moment")
    boxes.append(box(dialog(page)))
    shop.states = [{"state": "done"}]
    expect_heading(page, "Here you are")
    boxes.append(box(dialog(page)))
    visual = box(dialog(page).locator(".visual"))
    # The dialog may still be moving into its place.
    assert len({(each["width"], each["height"]) for each in boxes}) == 1
    assert visual["height"] > 0.98 * boxes[-1]["height"]
    viewport = page.viewport_size
    assert viewport
    assert boxes[-1]["height"] > 0.9 * viewport["height"]


def test_picture_fills_phone(new_context: Any, photo: Path) -> None:
    """On a phone the picture goes from edge to edge, and the first action stays in reach."""
    shop = ScriptedShop(new_context(**PHONE))
    shop.body += '<button id="buy">Buy</button>'
    shop.tag["data-add-to-cart"] = "#buy"
    page = start_try_on(shop, photo)
    expect_heading(page, "Here you are")
    image = dialog(page).locator("[part=result]")
    ratio = image.evaluate("i => i.decode().then(() => i.naturalWidth / i.naturalHeight)")
    until(page, lambda: abs(box(image)["width"] / box(image)["height"] - ratio) < 0.02)
    visual = box(dialog(page).locator(".visual"))
    assert visual["width"] == 390
    assert box(image)["width"] == 390 or abs(box(image)["height"] - visual["height"]) < 1
    cart = box(dialog(page).get_by_role("button", name="Add to cart"))
    assert cart["y"] + cart["height"] <= 844


def test_landscape_phone_shows_both(new_context: Any, photo: Path) -> None:
    """On a phone held sideways the whole picture is beside the buttons."""
    shop = ScriptedShop(new_context(**{**PHONE, "viewport": {"width": 844, "height": 390}}))
    page = start_try_on(shop, photo)
    expect_heading(page, "Here you are")
    image = box(dialog(page).locator("[part=result]"))
    side = box(dialog(page).locator(".side"))
    assert image["y"] >= 0
    assert image["y"] + image["height"] <= 390
    assert image["x"] + image["width"] <= side["x"]
    first = box(dialog(page).get_by_role("link", name="Download"))
    assert first["y"] + first["height"] <= 390


def test_slider_starts_visible(shop: ScriptedShop, photo: Path) -> None:
    """The handle is on the picture, and a drag moves it."""
    page = start_try_on(shop, photo)
    expect_heading(page, "Here you are")
    slider = dialog(page).get_by_role("slider", name="Before and after")
    assert 10 < float(slider.input_value()) < 90
    picture = box(dialog(page).locator(".picture"))
    y = picture["y"] + picture["height"] / 2
    start = picture["x"] + picture["width"] * float(slider.input_value()) / 100
    page.mouse.move(start, y)
    page.mouse.down()
    page.mouse.move(picture["x"] + picture["width"] * 0.8, y)
    page.mouse.up()
    assert 75 < float(slider.input_value()) < 85


def test_swipe_and_pinch(new_context: Any, photo: Path) -> None:
    """A swipe shows the other picture; two fingers enlarge, and then one moves it."""
    shop = ScriptedShop(new_context(**PHONE))
    page = two_results(shop, photo)
    picture = box(dialog(page).locator(".picture"))
    y = picture["y"] + picture["height"] / 3
    fingers = Fingers(page)
    fingers.drag([(330, y)], [(290, y)], [(230, y)])
    expect(position(page)).to_have_text("Picture 2 of 2")
    fingers.drag([(150, y), (230, y)], [(120, y), (260, y)], [(90, y), (290, y)])
    until(page, lambda: scale(page) > 1.8)
    before = box(dialog(page).locator(".picture"))["x"]
    fingers.drag([(200, y)], [(220, y + 10)], [(250, y + 20)])
    until(page, lambda: box(dialog(page).locator(".picture"))["x"] > before)
    expect(position(page)).to_have_text("Picture 2 of 2")
    assert page.evaluate("visualViewport.scale") == 1


def test_turn_by_keyboard(shop: ScriptedShop, photo: Path) -> None:
    """Buttons and arrow keys show the other pictures, and the focus stays where it is."""
    page = two_results(shop, photo)
    following = dialog(page).get_by_role("button", name="Next picture")
    following.focus()
    page.keyboard.press("Enter")
    expect(position(page)).to_have_text("Picture 2 of 2")
    expect(following).to_be_focused()
    expect(dialog(page).get_by_role("status")).to_have_text("Picture 2 of 2: You, with Shirt")
    page.keyboard.press("ArrowLeft")
    expect(position(page)).to_have_text("Picture 1 of 2")
    page.keyboard.press("+")
    assert scale(page) > 1.3
    page.keyboard.press("0")
    assert dialog(page).locator(".picture").evaluate("p => p.style.transform") == ""


def test_arrow_keys_follow_direction(new_context: Any, photo: Path) -> None:
    """In a language written from right to left, the next picture is on the left."""
    shop = ScriptedShop(new_context())
    page = two_results(shop, photo)
    page.evaluate("Genvoris.update({language: 'ar'})")
    following = dialog(page).locator("[part=next]")
    expect(following).to_have_attribute("aria-label", "الصورة التالية")
    following.focus()
    page.keyboard.press("ArrowLeft")
    expect(position(page)).to_have_text("الصورة 2 من 2")


def test_side_by_side(shop: ScriptedShop, photo: Path) -> None:
    """Two pictures are shown beside each other, and a click shows one of them alone."""
    page = two_results(shop, photo)
    press(page, "Two pictures side by side")
    pair = dialog(page).locator("[part=beside-picture]")
    expect(pair).to_have_count(2)
    left, right = (box(each) for each in pair.all())
    assert abs(left["width"] - right["width"]) <= 1
    assert left["x"] + left["width"] <= right["x"] + 1
    expect_accessible(page, "genvoris-dialog")
    pair.last.click()
    expect(pair).to_have_count(0)
    expect(position(page)).to_have_text("Picture 2 of 2")


def test_bad_examples_say_so(shop: ScriptedShop) -> None:
    """Photos that do not work are named as such, and crossed out without colours too."""
    page = shop.open()
    page.locator(".genvoris-tryon-btn").first.click()
    bad = dialog(page).locator(".examples .bad")
    names = [each.aria_snapshot() for each in bad.all()]
    assert all("Not like this: " in name for name in names), names
    page.emulate_media(forced_colors="active")
    line = "li => getComputedStyle(li, '::before').borderTopWidth"
    assert bad.first.evaluate(line) == "2px"
