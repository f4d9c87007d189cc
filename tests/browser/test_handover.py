"""From the desktop to the phone and back: the phone takes the photo for the dialog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import VIEWPORTS, Watched
from tests.support.demo import Demo
from tests.support.dialog_steps import dialog, expect_accessible, log_in, open_dialog, press


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
    with desktop.expect_response(re.compile("/handovers$")) as opened:
        press(desktop, "Take it with your phone")
    link = opened.value.json()["url"]
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
    with desktop.expect_response(re.compile("/handovers$")) as opened:
        press(desktop, "Take it with your phone")
    link = opened.value.json()["url"].replace("lang=en", "lang=ar")
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
