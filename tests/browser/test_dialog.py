"""The dialog in a real browser: bad input, keyboard, events, other pages."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.dialog_steps import (
    agree,
    button_of,
    choose,
    dialog,
    expect_accessible,
    expect_heading,
    file,
    log_in,
    open_dialog,
    press,
    try_on,
    until,
)
from tests.support.pictures import picture


@pytest.fixture
def page(demo: Demo, desktop_page: Page) -> Page:
    """Return a product page with the dialog open, for Ada, who has plenty of try-ons."""
    log_in(desktop_page, demo.url, "Ada")
    open_dialog(desktop_page)
    return desktop_page


def jobs_started(page: Page) -> list[str]:
    started: list[str] = []
    page.on(
        "request",
        lambda request: started.append(request.method) if request.url.endswith("/tryons") else None,
    )
    return started


def test_bad_photos_are_explained(page: Page, photo: Path) -> None:
    """Each unusable photo is refused with a reason, and the next one works."""
    started = jobs_started(page)
    bad = [
        (file(b"hello"), "not a photo"),
        (file(b""), "empty"),
        (file(picture("HEIF") + b"\0" * (11 * 1024 * 1024), "me.heic"), "larger than 10 MB"),
        (file(picture("JPEG")[:1200]), "damaged"),
        (file(picture("JPEG", (200, 200))), "too small"),
        (file(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "me.svg"), "not a photo"),
    ]
    for each, words in bad:
        choose(page, each)
        expect(dialog(page).get_by_role("alert")).to_contain_text(words)
        expect(button_of(page, "Try it on")).to_be_disabled()
        field = dialog(page).get_by_role("button", name="Choose a photo")
        expect(field).to_have_accessible_description(re.compile(words))
    assert started == []
    expect_accessible(page)
    try_on(page, photo)
    expect_heading(page, "Here you are")
    # A file that cannot be used does not cost the photo that can.
    press(page, "Try another photo")
    choose(page, file(b"hello"))
    change = dialog(page).get_by_role("button", name="Choose another photo")
    expect(change).to_have_accessible_description(re.compile("not a photo"))
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()


def test_huge_picture_is_refused(page: Page) -> None:
    """A picture of 40,000 pixels a side is refused before it is decoded."""
    from tests.support.pictures import png_claiming

    choose(page, file(png_claiming(40_000, 40_000)))
    expect(dialog(page).get_by_role("alert")).to_contain_text("larger than 100 MP")


def test_large_photo_is_reduced(
    page: Page,
) -> None:
    """A large photo is sent small, and without the camera's metadata."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    image = Image.effect_noise((3000, 4000), 40).convert("RGB")
    original = io.BytesIO()
    image.save(original, "JPEG", quality=80, exif=exif)
    choose(page, file(original.getvalue()))
    with page.expect_request(lambda request: request.url.endswith("/tryons")) as sent:
        press(page, "Try it on")
    body = sent.value.post_data_buffer or b""
    assert len(original.getvalue()) > 2_000_000
    assert len(body) < 402 * 1024  # 400 KB of photo and the form's other fields
    assert b"SecretCamera" not in body


def test_double_click_starts_one_job(demo: Demo, desktop_page: Page, photo: Path) -> None:
    """A double click starts one job."""
    page = desktop_page
    log_in(
        page, demo.url, "Ben"
    )  # of whom no other test makes a picture that could be counted late
    open_dialog(page)
    started = jobs_started(page)
    choose(page, photo)
    button = button_of(page, "Try it on")
    expect(button).to_be_enabled()
    agree(page)
    button.evaluate("button => { button.click(); button.click(); }")
    expect_heading(page, "Here you are")
    expect(dialog(page)).to_contain_text("0 of 5 try-ons left")
    assert started == ["POST"]


def test_session_lost_halfway(page: Page, photo: Path, demo: Demo) -> None:
    """A shopper whose session has ended logs in and continues with the same photo."""
    choose(page, photo)
    page.context.clear_cookies()
    press(page, "Try it on")
    expect_heading(page, "Log in to try it on")
    dialog(page).get_by_role("checkbox", name="Keep my photo").check()
    dialog(page).get_by_role("link", name="Log in").click()
    page.get_by_role("button", name=re.compile("^Ada")).click()
    expect(dialog(page)).to_contain_text("Your photo is still here")
    press(page, "Try it on")
    expect_heading(page, "Here you are")


def test_photo_is_kept_only_on_request(page: Page, photo: Path) -> None:
    """The tab does not keep the photo unless the shopper ticks the box."""
    choose(page, photo)
    page.context.clear_cookies()
    press(page, "Try it on")
    expect(dialog(page).get_by_role("checkbox")).not_to_be_checked()
    dialog(page).get_by_role("link", name="Log in").click()
    kept = page.evaluate("sessionStorage.getItem('genvoris:kept')")
    assert json.loads(kept)["photo"] is None


def test_sample_photo(page: Page) -> None:
    """A sample photo is enough for a try-on."""
    dialog(page).locator(".samples button").first.click()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    expect(dialog(page).get_by_role("slider", name="Before and after")).to_be_visible()


def start_job(page: Page) -> None:
    """Press the button, and wait until the shop has accepted the try-on."""
    with page.expect_response(lambda answer: answer.url.endswith("/tryons")):
        press(page, "Try it on")


def test_cancel(page: Page, photo: Path) -> None:
    """A cancelled try-on is deleted at the backend, and the photo stays."""
    choose(page, photo)
    start_job(page)
    with page.expect_request(lambda request: request.method == "DELETE"):
        press(page, "Cancel")
    expect_heading(page, "Try it on")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()


def test_keyboard_only(page: Page, photo: Path) -> None:
    """The keyboard is enough, and Escape returns the focus to the trigger."""
    expect(dialog(page).get_by_role("heading", level=2)).to_be_focused()
    with page.expect_file_chooser() as chooser:
        for _ in range(6):
            page.keyboard.press("Tab")
            name = page.evaluate(
                "document.activeElement.shadowRoot?.activeElement?.textContent ?? ''"
            )
            if "Choose a photo" in name:
                break
        page.keyboard.press("Enter")
    chooser.value.set_files(photo)
    start = button_of(page, "Try it on")
    expect(start).to_be_enabled()
    agree(page)
    start.focus()
    page.keyboard.press("Enter")
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(page.locator("button[data-genvoris-trigger]")).to_be_focused()


def test_escape_keeps_job(page: Page, photo: Path) -> None:
    """Escape puts a running job aside, and its picture can be come back to."""
    choose(page, photo)
    start_job(page)
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    page.locator("button[data-genvoris-state=ready]").click()
    expect_heading(page, "Here you are")


def test_page_shows_own_paywall(demo: Demo, desktop_page: Page) -> None:
    """A page that cancels the quota event shows a paywall of its own, which is counted once."""
    log_in(desktop_page, demo.url, "Chloe")
    desktop_page.wait_for_load_state()
    desktop_page.evaluate(
        """() => {
          window.shown = [];
          addEventListener('genvoris:analytics', ({ detail }) => {
            if (detail.eventType === 'PAYWALL_SHOWN') shown.push(detail.productTitle);
          });
        }"""
    )
    refusal = desktop_page.evaluate(
        """() => new Promise(resolve => {
          addEventListener('genvoris:quota', event => {
            event.preventDefault();
            resolve(event.detail);
          });
          document.querySelector('[data-genvoris-trigger]').click();
        })"""
    )
    assert (refusal["reason"], refusal["used"], refusal["limit"]) == ("quota_exhausted", 5, 5)
    assert refusal["paywall"]["kind"] == "offer"
    expect(dialog(desktop_page)).to_be_hidden()
    until(desktop_page, lambda: desktop_page.evaluate("shown.length"))
    assert desktop_page.evaluate("shown") == ["Harbour shirt"]


@pytest.mark.parametrize(("name", "words"), [("Dev", "plan"), ("Elif", "account")])
def test_no_active_plan(demo: Demo, desktop_page: Page, name: str, words: str) -> None:
    """Shoppers without an active plan get a link that helps."""
    log_in(desktop_page, demo.url, name)
    open_dialog(desktop_page)
    link = dialog(desktop_page).get_by_role("link", name=re.compile(words, re.IGNORECASE))
    expect(link).to_be_visible()
    expect_accessible(desktop_page)


def test_completed_event_and_download(page: Page, photo: Path) -> None:
    """The page learns of a finished try-on, and the shopper can download it."""
    page.evaluate(
        "addEventListener('genvoris:tryon-completed', event => window.completed = event.detail)"
    )
    try_on(page, photo)
    expect_heading(page, "Here you are")
    completed = page.evaluate("window.completed")
    assert completed["product"]["title"] == "Harbour shirt"
    assert completed["image_url"].endswith("/image")
    with page.expect_download() as download:
        dialog(page).get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "try-on.jpg"
    assert Image.open(io.BytesIO(download.value.path().read_bytes())).size == (800, 1200)


def test_expired_token_is_refreshed(demo: Demo, desktop_page: Page, photo: Path) -> None:
    """An expired token is refreshed before the try-on."""

    def age(route: Any) -> None:
        response = route.fetch()
        token = r'data-end-customer-token="([^"]*)"'
        body = re.sub(token, 'data-end-customer-token="a.eyJleHAiOjF9.c"', response.text())
        route.fulfill(response=response, body=body)

    log_in(desktop_page, demo.url, "Ada")
    desktop_page.route("**/product/*", age)
    desktop_page.reload()
    open_dialog(desktop_page)
    with desktop_page.expect_response("**/genvoris/session") as renewed:
        try_on(desktop_page, photo)
    assert renewed.value.status == 200
    expect_heading(desktop_page, "Here you are")


HAND_WRITTEN = """<!doctype html><html lang="en"><head><title>Hand-written</title>
<script src="/genvoris/widget.js" defer data-api-key="gvk_live_publishable"
 data-end-customer-token="{token}"></script>
<script src="/genvoris/widget.js" defer></script></head><body><h1>Hand-written</h1>
<button class="genvoris-tryon-btn" data-product-image="/static/products/plain-tee.webp"
 data-product-title="Quotes &quot;and&quot; &lt;/script&gt;&lt;b&gt;">See it on me</button>
<div id="later"></div></body></html>"""


@pytest.fixture
def hand_written(demo: Demo, desktop_page: Page) -> Page:
    """Return a page with the quickstart's button, and its tag twice."""
    log_in(desktop_page, demo.url, "Ada")
    token = desktop_page.locator("script[data-end-customer-token]").get_attribute(
        "data-end-customer-token"
    )
    body = HAND_WRITTEN.format(token=token)
    desktop_page.route(
        "**/hand-written", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    desktop_page.goto(f"{demo.url}/hand-written")
    return desktop_page


def test_quickstart_tag(hand_written: Page, photo: Path) -> None:
    """The quickstart's tag works, and no key from it is sent."""
    seen: list[str] = []
    hand_written.on("request", lambda request: seen.append(str(request.all_headers())))
    hand_written.wait_for_load_state()
    hand_written.get_by_role("button", name="See it on me").click()
    expect(dialog(hand_written)).to_contain_text('Quotes "and" </script><b>')
    try_on(hand_written, photo)
    expect_heading(hand_written, "Here you are")
    assert hand_written.locator("genvoris-dialog").count() == 1
    assert not [headers for headers in seen if "gvk_live_publishable" in headers]


def test_late_triggers_and_calls(hand_written: Page) -> None:
    """Triggers that are added later and calls from scripts open the dialog."""
    hand_written.evaluate(
        "document.querySelector('#later').innerHTML ="
        ' \'<a href="#x" data-genvoris-trigger data-product-image="/a.png">Late</a>\''
    )
    hand_written.get_by_text("Late").click()
    expect(dialog(hand_written)).to_be_visible()
    hand_written.evaluate("Genvoris.close()")
    expect(dialog(hand_written)).to_be_hidden()
    hand_written.evaluate(
        "VTOWidget.openTryOn({productImages: ['/b.png'], productTitle: 'From a script'})"
    )
    expect(dialog(hand_written)).to_contain_text("From a script")


def test_shop_is_unreachable(demo: Demo, desktop_page: Page, photo: Path) -> None:
    """A try-on that cannot be sent is reported, and can be tried again."""
    log_in(desktop_page, demo.url, "Ada")
    desktop_page.route("**/genvoris/tryons", lambda route: route.abort())
    open_dialog(desktop_page)
    try_on(desktop_page, photo)
    expect_heading(desktop_page, "That did not work")
    expect_accessible(desktop_page)
    desktop_page.unroute("**/genvoris/tryons")
    press(desktop_page, "Try again")
    expect_heading(desktop_page, "Here you are")
