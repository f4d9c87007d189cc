"""The whole story in a real browser: product, log-in, try-on, paywall, plan, try-on again."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.chromium import Watched
from tests.support.demo import ROOT, Demo
from tests.support.dialog_steps import (
    dialog,
    expect_accessible,
    expect_heading,
    open_dialog,
    press,
    try_on,
)

sys.path.insert(0, str(ROOT))
from examples.demo_shop.run import API_KEY


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_from_log_in_to_new_plan(fresh_demo: Demo, context: BrowserContext, photo: Path) -> None:
    """A shopper tries on, runs out, takes a plan, and continues with the same photo."""
    page = context.new_page()
    watched = Watched(page)

    page.goto(fresh_demo.url)
    expect_accessible(page)
    page.get_by_role("link", name=re.compile("Harbour shirt")).first.click()
    expect(page).to_have_url(f"{fresh_demo.url}/product/harbour-shirt")
    expect_accessible(page)

    # Logged out: the dialog leads to the log-in and back.
    open_dialog(page)
    expect_heading(page, "Log in to try it on")
    expect_accessible(page)
    dialog(page).get_by_role("link", name="Log in").click()
    expect(page).to_have_url(re.compile(r"/login\?next="))
    expect_accessible(page)
    page.get_by_role("button", name=re.compile("^Ben")).click()
    expect(page).to_have_url(f"{fresh_demo.url}/product/harbour-shirt")

    # Back on the product the dialog is there again; the last try-on works.
    expect_heading(page, "Try it on")
    expect(dialog(page)).to_contain_text("1 of 5 try-ons left")
    expect_accessible(page)
    try_on(page, photo)
    expect_heading(page, "One moment")
    expect_accessible(page)
    expect_heading(page, "Here you are")
    expect(dialog(page)).to_contain_text("0 of 5 try-ons left")
    result = dialog(page).get_by_role("img", name="You, with Harbour shirt")
    expect(result).to_be_visible()
    assert result.evaluate("image => image.decode().then(() => image.naturalWidth)") == 800
    expect_accessible(page)

    # The quota is spent: the shop's own paywall, its plans, and back with the same photo.
    press(page, "Make it again")
    plans = dialog(page).get_by_role("link", name=re.compile("plan", re.IGNORECASE))
    expect(plans).to_be_visible()
    expect_accessible(page)
    dialog(page).get_by_role("checkbox", name=re.compile("Keep my photo")).check()
    plans.click()
    expect(page).to_have_url(re.compile(r"/plans\?next="))
    expect_accessible(page)
    page.get_by_role("link", name=re.compile("Wardrobe")).click()
    expect(page).to_have_url(re.compile("/checkout/price_wardrobe"))
    expect_accessible(page)
    page.get_by_role("button", name=re.compile("pretend", re.IGNORECASE)).click()
    expect(page).to_have_url(f"{fresh_demo.url}/product/harbour-shirt")
    expect(dialog(page)).to_contain_text("Your photo is still here")
    expect(dialog(page)).to_contain_text("30 of 30 try-ons left")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    expect(dialog(page)).to_contain_text("29 of 30 try-ons left")

    # The meter of the account page went down too.
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    page.goto(f"{fresh_demo.url}/account")
    expect(page.get_by_text("29 left")).to_be_visible()
    expect_accessible(page)

    assert watched.complaints == []
    assert_no_key_anywhere(watched, fresh_demo)


def assert_no_key_anywhere(watched: Watched, demo: Demo) -> None:
    """Search every page, response and log line for the API key."""
    assert len(watched.bodies) > 40
    secret = API_KEY.encode()
    assert [url for url, body in watched.bodies.items() if secret in body] == []
    log = demo.log.read_bytes()
    assert b"ben@example.com" in log
    assert secret not in log
