"""Where the dialog's links lead: to pages, never into a script, and back to this shop alone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading
from tests.support.scripted_shop import ALLOWED, PAYWALL, SPENT, ScriptedShop

SCRIPTS = ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,<p>Hi"]
LOCKED = ALLOWED | {"access": "LOCKED", "ctaType": "login"}


def opened(shop: ScriptedShop, path: str = "/product") -> Page:
    page = shop.open(path)
    page.locator(".genvoris-tryon-btn").click()
    expect(dialog(page)).to_be_visible()
    return page


def links(page: Page) -> Locator:
    return dialog(page).get_by_role("link")


@pytest.mark.parametrize("source", ["status", "tag"])
def test_login_link_is_no_script(shop: ScriptedShop, source: str) -> None:
    """The dialog asks for a log-in, without a link."""
    for url in SCRIPTS:
        shop.status = LOCKED | {"login_url": url if source == "status" else None}
        if source == "tag":
            shop.tag["data-login-url"] = url
        page = opened(shop)
        expect_heading(page, "Log in to try it on")
        expect(links(page), url).to_have_count(0)


def test_paywall_link_is_no_script(shop: ScriptedShop) -> None:
    """The message is shown without a link."""
    for url in SCRIPTS:
        shop.status = SPENT | {"paywall": PAYWALL | {"action_url": url}}
        page = opened(shop)
        expect_heading(page, PAYWALL["title"])
        expect(links(page), url).to_have_count(0)


def test_policy_link_is_no_script(shop: ScriptedShop, photo: Path) -> None:
    """Consent is required even if the policy's link is unusable."""
    for url in SCRIPTS:
        shop.tag["data-privacy-url"] = url
        page = opened(shop)
        choose(page, photo)
        expect(dialog(page).get_by_role("checkbox")).to_be_visible()
        expect(links(page), url).to_have_count(0)


NEXT = {
    "/product?colour=red": "/product?colour=red",
    "//evil.example/x": "/",
    "/%09/evil.example": "/",
    "/%E2%80%8B/evil.example": "/",
    "/%5Cevil.example": "/",
}


@pytest.mark.parametrize("status", [LOCKED | {"login_url": "/login"}, SPENT])
def test_next_stays_in_shop(shop: ScriptedShop, status: dict[str, object]) -> None:
    """A path that a browser or server could take for another host is not used."""
    shop.status = status
    found = {}
    for path in NEXT:
        href = links(opened(shop, path)).get_attribute("href") or ""
        found[path] = parse_qs(urlsplit(href).query)["next"][0]
    assert found == NEXT
