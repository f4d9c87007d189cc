"""The demo shop's controls show Genvoris's events as they arrive."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from examples.demo_shop.run import API_KEY
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.errors import QuotaError
from tests.support.chromium import Watched
from tests.support.demo import Demo
from tests.support.dialog_steps import (
    expect_accessible,
    expect_heading,
    log_in,
    open_dialog,
    try_on,
)
from tests.support.waiting import LIMIT


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_events_appear_without_reload(
    fresh_demo: Demo, context: BrowserContext, new_context: object, photo: Path
) -> None:
    """The sandbox's news appear on the open page."""
    page = context.new_page()
    watched = Watched(page)
    page.goto(f"{fresh_demo.url}/demo/")
    page.get_by_role("button", name=re.compile("^Fen")).click()
    expect(page).to_have_url(f"{fresh_demo.url}/demo/")
    # The sample shoppers have left events already.
    expect(page.get_by_text("Chloe has used 4 of 5 try-ons.")).to_be_visible()
    expect_accessible(page)

    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("A test. It came through.")).to_be_visible()
    page.get_by_text("What was sent").first.click()
    expect_accessible(page)

    shopper = new_context().new_page()  # type: ignore[operator]
    log_in(shopper, fresh_demo.url, "Ben")
    open_dialog(shopper)
    try_on(shopper, photo)
    expect_heading(shopper, "Here you are")
    expect(page.get_by_text("Ben tried on: Harbour shirt.")).to_be_visible()
    refuse_another(fresh_demo, "ben@example.com")
    expect(page.get_by_text("Ben has used all 5 try-ons.")).to_be_visible()
    assert watched.complaints == []

    # The order that follows is reported with the visit of the try-on.
    shopper.keyboard.press("Escape")
    shopper.locator(".sizes label").first.click()
    shopper.get_by_role("button", name="Add to cart").last.click()
    shopper.get_by_role("button", name=re.compile("Check out")).click()
    expect(shopper.get_by_role("heading", name="Thank you")).to_be_visible()
    visit = reported_orders(fresh_demo)[0]["sessionId"]
    assert visit in shopper.evaluate("Object.values(sessionStorage)")


def refuse_another(demo: Demo, email: str) -> None:
    """Ask for a try-on beyond a shopper's quota, which Genvoris reports."""
    client = GenvorisClient(API_KEY, f"{demo.sandbox_url}/api/v1")
    shopper = next(each for each in client.customers.iterate() if each.email == email)
    token = client.sessions.mint(shopper.id).token
    with pytest.raises(QuotaError):
        client.tryons.track(end_customer_token=token)


def reported_orders(demo: Demo) -> list[dict[str, Any]]:
    """Return the orders that the sandbox knows, once there is one."""
    end = time.monotonic() + LIMIT
    while True:
        asked = {"path": "/api/v1/conversions"}
        calls = httpx.get(f"{demo.sandbox_url}/sandbox/calls", params=asked).json()["data"]
        if calls:
            return [call["body"] for call in calls]
        assert time.monotonic() < end, "no order was reported"
        time.sleep(0.05)
