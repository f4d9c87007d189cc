"""Every screen of the dialog, one after the other on one page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.dialog_steps import agree, choose, dialog, expect_heading
from tests.support.scripted_shop import ALLOWED, PAYWALL, SPENT, TRIGGER, ScriptedShop

VARIANTS = json.dumps([{"label": "Red", "id": "s1-red", "image": "/red.png"}, {"label": "XL"}])
# A page that follows the system, as the dialog then does too.
CSS = """:root { color-scheme: light dark; } body { background: Canvas; color: CanvasText; }
.genvoris-tryon-btn { background: #2f4a3c; color: #fff; border: 0; border-radius: 8px; }"""
LOGGED_OUT = ALLOWED | {"access": "LOCKED", "ctaType": "login", "login_url": "/login"}
RESTING = SPENT | {"paywall": PAYWALL | {"kind": "unavailable", "action_url": None}}
NOT_A_PHOTO = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": b"hello"}


def prepare(shop: ScriptedShop, language: str) -> None:
    """Set the shop up with everything that a screen can show."""
    shop.lang = language
    shop.css = CSS
    variants = VARIANTS.replace('"', "&quot;")
    shop.body = TRIGGER.replace(
        "data-product-id", f'data-product-variants="{variants}" data-product-id'
    )
    shop.body += '<button id="buy">Buy</button>'
    shop.tag |= {
        "data-privacy-url": "/privacy",
        "data-sample-photos": '[{"src": "/a.jpg"}, {"src": "/b.jpg"}]',
        "data-add-to-cart": "#buy",
    }


class DialogScreens:
    """Moves from screen to screen as a shopper would.

    Args:
        shop: The shop, prepared for the page's language.
        page: Its page.
        words: The language's sentences, by key.
        photo: The path of a good photo.
    """

    def __init__(self, shop: ScriptedShop, page: Page, words: dict[str, Any], photo: Path) -> None:
        self.shop = shop
        self.page = page
        self.words = words
        self.photo = photo

    def screens(self) -> Iterator[str]:
        """Yield the name of each screen while it is visible."""
        yield from self.before()
        yield from self.try_on()
        yield from self.refused()
        yield from self.cannot_start()

    def before(self) -> Iterator[str]:
        self.open("title")
        expect(dialog(self.page).locator("[part=meter]")).to_be_visible()
        yield "photo"
        choose(self.page, NOT_A_PHOTO)
        self.expect_alert(self.words["notAPhoto"])
        yield "photo-refused"
        choose(self.page, self.photo)
        # Before, a phone's first button is that of its camera.
        expect(dialog(self.page).locator("[part=consent]")).to_be_visible()
        yield "photo-ready"
        self.primary().click()
        self.expect_alert(self.words["consentFirst"])
        yield "consent-missing"

    def try_on(self) -> Iterator[str]:
        self.shop.states = [{"state": "running"}]
        self.start()
        expect(dialog(self.page).locator("[aria-current=step]")).to_have_text(self.words["running"])
        yield "working"
        self.press("minimise")
        pill = self.page.locator("genvoris-dialog .pill")
        expect(pill).to_be_visible()
        yield "minimised"
        self.shop.states = [{"state": "done"}]
        expect(pill).to_have_text(self.words["ready"])
        pill.click()
        expect_heading(self.page, self.words["result"])
        yield "result"
        self.press("zoomIn")
        yield "result-enlarged"
        dialog(self.page).locator("[part=variant]", has_text="Red").click()
        expect(dialog(self.page).locator("strong")).to_contain_text("Red")
        expect_heading(self.page, self.words["result"])
        yield "another-colour"

    def refused(self) -> Iterator[str]:
        self.shop.refusal = (400, {"error": "failed", "detail": "The picture could not be made."})
        self.press("remake")
        expect_heading(self.page, self.words["problem"])
        yield "problem"
        refusal = {"reason": "quota_exhausted", "used": 5, "limit": 5, "paywall": PAYWALL}
        self.shop.refusal = (402, {"error": "end_customer_quota", "detail": "Spent.", **refusal})
        self.press("again")
        expect_heading(self.page, PAYWALL["title"])
        yield "paywall"
        self.page.keyboard.press("Escape")

    def cannot_start(self) -> Iterator[str]:
        self.shop.status = LOGGED_OUT
        self.open("login")
        yield "login"
        self.page.keyboard.press("Escape")
        self.shop.status = RESTING
        self.open(None)
        expect_heading(self.page, PAYWALL["title"])
        yield "unavailable"
        self.page.keyboard.press("Escape")

    def open(self, heading: str | None) -> None:
        self.page.locator(".genvoris-tryon-btn").click()
        expect(dialog(self.page)).to_be_visible()
        if heading:
            expect_heading(self.page, self.words[heading])

    def start(self) -> None:
        agree(self.page)
        self.primary().click()

    def primary(self) -> Locator:
        return dialog(self.page).locator("button.primary")

    def press(self, key: str) -> None:
        # An icon and a button may have the same label, and a button says what it costs.
        name = re.compile(f"^{re.escape(self.words[key])}( .*)?$")
        dialog(self.page).get_by_role("button", name=name).last.click()

    def expect_alert(self, text: str) -> None:
        expect(dialog(self.page).get_by_role("alert").filter(has_text=text)).to_be_visible()
