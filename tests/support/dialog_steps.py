"""What a shopper does with the dialog."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.support.scripted_shop import WIDGET, ScriptedShop

START = "Try it on"
USE_PHONE = "Take it with your phone"
RUNNING: list[dict[str, Any]] = [{"state": "running"}]
DONE: list[dict[str, Any]] = [{"state": "done"}]
VARIANTS = [{"label": "Red", "id": "s1-red", "image": "/red.png"}, {"label": "XL"}]


def dialog(page: Page) -> Locator:
    return page.locator("genvoris-dialog").get_by_role("dialog")


def open_product(page: Page, url: str, slug: str = "harbour-shirt") -> None:
    page.goto(f"{url}/product/{slug}")


def log_in(page: Page, url: str, name: str, slug: str = "harbour-shirt") -> None:
    page.goto(f"{url}/login?next=/product/{slug}")
    page.get_by_role("button", name=name).first.click()
    expect(page).to_have_url(f"{url}/product/{slug}")


def open_dialog(page: Page) -> None:
    page.wait_for_load_state()  # the widget's script is deferred
    page.locator("button[data-genvoris-trigger]").click()
    expect(dialog(page)).to_be_visible()


def choose(page: Page, file: object) -> None:
    page.locator("genvoris-dialog input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def press(page: Page, name: str) -> None:
    """Press a button of the dialog; before a try-on, agree to the shop's policy where it asks."""
    button = button_of(page, name)
    if name == START:
        expect(button).to_be_enabled()
        agree(page)
    button.click()


def button_of(page: Page, name: str) -> Locator:
    """Return a button by its name, before what it says that it costs."""
    costs = r"(\s(Uses|Nothing|This try-on) .*)?"
    named = re.compile(f"^{re.escape(name)}{costs}$")
    return dialog(page).get_by_role("button", name=named)


def agree(page: Page) -> None:
    for box in dialog(page).locator("[part=consent] input").all():
        box.check()


def link_for_phone(page: Page) -> str:
    """Agree to what a shop asks before a phone may send a photo, and return the code's link."""
    press(page, USE_PHONE)
    expect(dialog(page).locator("[part=consent]")).to_be_visible()
    agree(page)
    with page.expect_response(re.compile("/handovers$")) as opened:
        press(page, USE_PHONE)
    link: str = opened.value.json()["url"]
    return link


def heading(page: Page) -> Locator:
    return dialog(page).get_by_role("heading", level=2)


# Animations that never end, such as a spinner's, are not waited for.
SETTLED = """async () => {
  const shadows = [...document.querySelectorAll('*')].map(each => each.shadowRoot);
  const running = [document, ...shadows.filter(Boolean)].flatMap(root => root.getAnimations());
  const ending = running.filter(each => each.effect.getComputedTiming().endTime !== Infinity);
  await Promise.all(ending.map(each => each.finished.catch(() => {})));
}"""


def expect_heading(page: Page, text: str) -> None:
    expect(heading(page)).to_have_text(text)


def try_on(page: Page, file: object) -> None:
    """Choose a photo and press the button."""
    choose(page, file)
    press(page, "Try it on")


def expect_accessible(page: Page, within: str | None = None) -> None:
    """Ask axe for faults, in open shadow roots too.

    A page that a click has just left has no document for a moment: expect the new URL first.
    """
    page.wait_for_load_state()
    page.evaluate(SETTLED)  # a screen that is still fading in has too little contrast
    results = Axe().run(page, context=within)
    assert results.violations_count == 0, results.generate_report()


def until(page: Page, holds: Callable[[], object]) -> None:
    """Wait for what no locator can see; a strict policy forbids Playwright's own way."""
    for _ in range(2400):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it has not happened within a minute")


def sentences(language: str) -> dict[str, str]:
    """Return the dialog's sentences in a language, by their keys."""
    texts: dict[str, str] = json.loads((WIDGET / f"src/locales/{language}.json").read_text())
    return texts


def open_shop(shop: ScriptedShop) -> Page:
    """Open the shop's page, and the dialog."""
    page = shop.open()
    return open_first_trigger(page)


def open_first_trigger(page: Page) -> Page:
    page.locator(".genvoris-tryon-btn").first.click()
    expect_heading(page, "Try it on")
    return page


def start_try_on(shop: ScriptedShop, photo: object) -> Page:
    """Open the shop's page, choose a photo, and start."""
    page = shop.open()
    page.locator(".genvoris-tryon-btn").first.click()
    try_on(page, photo)
    return page


def finish_try_on(shop: ScriptedShop, photo: object) -> Page:
    """Try on, and wait for the picture."""
    page = start_try_on(shop, photo)
    expect_heading(page, "Here you are")
    return page


def file(data: bytes, name: str = "me.jpg") -> dict[str, Any]:
    """Return a file to choose, of unknown type."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def sent_photo(shop: ScriptedShop) -> bytes:
    """Return the photo in the form that was sent last."""
    body = shop.requests("POST", "/genvoris/tryons")[-1].post_data_buffer or b""
    head = re.search(rb'name="photo"[^\r]*\r\n[^\r]*\r\n\r\n', body)
    assert head
    return body[head.end() : body.index(b"\r\n------", head.end())]


def send(shop: ScriptedShop, page: Page, photo: object) -> bytes:
    """Try on, and return the photo that was sent."""
    try_on(page, photo)
    expect_heading(page, "Here you are")
    return sent_photo(shop)
