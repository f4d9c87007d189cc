"""From the desktop to the phone and back: the phone takes the photo for the dialog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import VIEWPORTS, Watched
from tests.support.demo import Demo
from tests.support.dialog_steps import (
    USE_PHONE,
    agree,
    choose,
    dialog,
    expect_accessible,
    link_for_phone,
    log_in,
    open_dialog,
    open_shop,
    press,
)
from tests.support.scripted_shop import ScriptedShop


@pytest.fixture
def phone_with_camera(whole_browser: Browser) -> Iterator[Page]:
    """Return a page on a phone with a camera, which a headless shell has not."""
    page = whole_browser.new_page(**VIEWPORTS["phone"], permissions=["camera"])
    yield page
    page.close()


def test_phone_takes_the_photo(demo: Demo, new_context: Any, phone_with_camera: Page) -> None:
    """The photo that the phone takes appears in the dialog; the link works once."""
    desktop: Page = new_context(**VIEWPORTS["desktop"]).new_page()
    watched = Watched(desktop)
    log_in(desktop, demo.url, "Ada")
    open_dialog(desktop)
    link = link_for_phone(desktop)
    expect(dialog(desktop).get_by_role("img", name="QR code for your phone")).to_be_visible()
    expect_accessible(desktop)

    phone = phone_with_camera
    on_phone = Watched(phone)
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Take your photo")).to_be_visible()
    expect_accessible(phone)
    expect(dialog(desktop)).to_contain_text("Your phone is connected")
    phone.get_by_role("button", name="Open camera").click()
    phone.get_by_label("3 s").check()
    expect_accessible(phone)
    phone.get_by_role("button", name="Take photo").click()
    expect(phone.get_by_role("heading", name="Use this photo?")).to_be_visible()
    expect_accessible(phone)
    phone.get_by_role("button", name="Send to my computer").click()
    expect(phone.get_by_role("heading", name="Photo sent")).to_be_visible()

    expect(dialog(desktop).get_by_role("img", name="Your photo")).to_be_visible()
    expect(dialog(desktop).get_by_role("button", name="Try it on")).to_be_enabled()
    expect(dialog(desktop).locator("[part=consent]")).to_be_hidden()
    assert desktop.context.cookies() != []
    assert phone.context.cookies() == []

    phone.reload()
    expect(phone.get_by_role("heading", name="This link has expired")).to_be_visible()
    expect(phone.get_by_text("A photo was already sent")).to_be_visible()
    expect_accessible(phone)
    assert watched.complaints == []
    assert on_phone.complaints == []


def test_phone_without_a_camera_for_pages(demo: Demo, new_context: Any, photo: Path) -> None:
    """It chooses a photo; in Arabic, and closing the dialog ends the link."""
    desktop: Page = new_context(**VIEWPORTS["desktop"], locale="ar").new_page()
    log_in(desktop, demo.url, "Ada")
    open_dialog(desktop)
    link = link_for_phone(desktop).replace("lang=en", "lang=ar")
    phone: Page = new_context(**VIEWPORTS["phone"]).new_page()
    phone.goto(link)
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    phone.get_by_role("button", name="افتح الكاميرا").click()
    expect(phone.get_by_role("alert")).to_contain_text("لا يمكن استخدام الكاميرا هنا")
    phone.locator("input[type=file]").set_input_files(photo)
    expect(phone.get_by_role("heading", name="هل تريد استخدام هذه الصورة؟")).to_be_visible()
    expect_accessible(phone)
    with desktop.expect_response(lambda answer: answer.request.method == "DELETE"):
        desktop.keyboard.press("Escape")
    phone.get_by_role("button", name="أرسلها إلى الكمبيوتر").click()
    expect(phone.get_by_role("heading", name="انتهت صلاحية هذا الرابط")).to_be_visible()


FORM = {
    "hash": "9f2c",
    "language": "en",
    "text": "I agree to it.",
    "depicted": "The photo shows me.",
    "age": None,
    "privacy_url": None,
}


@pytest.fixture
def phone_shop(shop: ScriptedShop) -> ScriptedShop:
    """Return a scripted shop that offers the phone."""
    shop.tag |= {"data-phone-handover": "true"}
    return shop


def test_consent_comes_before_the_code(phone_shop: ScriptedShop, photo: Path) -> None:
    """No link is asked for until each statement is ticked, and nobody is asked twice."""
    phone_shop.status |= {"consent": {"form": FORM}}
    page = open_shop(phone_shop)
    press(page, USE_PHONE)
    boxes = dialog(page).locator("[part=consent] input")
    expect(boxes.first).to_be_focused()
    expect_accessible(page, "genvoris-dialog")
    press(page, USE_PHONE)
    expect(dialog(page).get_by_role("alert")).to_have_text("Please tick this box first.")
    expect_accessible(page, "genvoris-dialog")
    agree(page)
    assert phone_shop.requests("POST", "/genvoris/(consent|handovers)") == []
    press(page, USE_PHONE)
    expect(dialog(page).get_by_role("button", name="Show a new code")).to_be_visible()
    posted = phone_shop.requests("POST", "/genvoris/(consent|handovers)")
    assert [each.url.split("/")[-1] for each in posted] == ["consent", "handovers"]
    press(page, "Choose a photo here instead")
    choose(page, photo)
    expect(dialog(page).get_by_role("button", name="Choose another photo")).to_be_visible()
    expect(boxes).to_have_count(0)


def test_consent_that_was_withdrawn_elsewhere(phone_shop: ScriptedShop) -> None:
    """The backend refuses the link, and the dialog asks anew."""
    phone_shop.refusal = (403, {"error": "consent_required", "detail": "Please agree first."})
    page = open_shop(phone_shop)
    press(page, USE_PHONE)
    expect(dialog(page)).to_contain_text("Please agree first.")
    phone_shop.status |= {"consent": {"form": FORM}}
    press(page, "Show a new code")
    expect(dialog(page).get_by_role("checkbox", name="The photo shows me.")).to_be_visible()
    assert len(phone_shop.requests("POST", "/genvoris/handovers")) == 1


def test_consent_that_was_withdrawn_after_it_was_given_here(phone_shop: ScriptedShop) -> None:
    """The dialog asks anew, although the same text was agreed to on this page."""
    phone_shop.status |= {"consent": {"form": FORM}}
    phone_shop.refusal = (403, {"error": "consent_required", "detail": "Please agree first."})
    page = open_shop(phone_shop)
    press(page, USE_PHONE)
    expect(dialog(page).locator("[part=consent]")).to_be_visible()
    agree(page)
    press(page, USE_PHONE)
    expect(dialog(page)).to_contain_text("Please agree first.")
    press(page, "Show a new code")
    expect(dialog(page).get_by_role("checkbox", name="I agree to it.")).not_to_be_checked()


def test_text_that_changes_while_it_is_read(phone_shop: ScriptedShop) -> None:
    """What was agreed to is void; the new text is asked, and the link waits for it."""
    phone_shop.status |= {"consent": {"form": FORM}}
    page = open_shop(phone_shop)
    press(page, USE_PHONE)
    expect(dialog(page).locator("[part=consent]")).to_be_visible()
    agree(page)
    phone_shop.consent_refusal = (
        409,
        {"error": "consent_changed", "detail": "The text has changed."},
    )
    press(page, USE_PHONE)
    expect(dialog(page)).to_contain_text("The text has changed.")
    phone_shop.status |= {"consent": {"form": FORM | {"hash": "77aa", "text": "I agree to more."}}}
    press(page, "Show a new code")
    box = dialog(page).get_by_role("checkbox", name="I agree to more.")
    expect(box).not_to_be_checked()
    assert phone_shop.requests("POST", "/genvoris/handovers") == []


def test_status_that_is_not_known_yet(phone_shop: ScriptedShop) -> None:
    """What has to be agreed to is asked for before the link is."""
    phone_shop.failing = {"/genvoris/status"}
    page = open_shop(phone_shop)
    phone_shop.failing = set()
    phone_shop.status |= {"consent": {"form": FORM}}
    press(page, USE_PHONE)
    expect(dialog(page).get_by_role("checkbox", name="I agree to it.")).to_be_visible()
    assert phone_shop.requests("POST", "/genvoris/handovers") == []
