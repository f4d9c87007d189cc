"""Analytics events, on the page and at the backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import TRIGGER, ScriptedShop

SEEN = "seen.map(each => each.eventType)"


def visit(shop: ScriptedShop, photo: Path, tracked: bool = True) -> list[str]:
    """Try on, share, buy and check out; return the types of event that the page received."""
    shop.body = TRIGGER + '<a id="out" data-genvoris-checkout href="#pay">Check out</a>'
    shop.tag |= {
        "data-events-url": "/events",
        "data-add-to-cart": "",
        "data-end-customer-token": "secret.token.x",
    }
    page = shop.open("/product?secret=1")
    page.evaluate(
        """() => {
          window.seen = [];
          Genvoris.on('analytics', event => seen.push(event.detail));
          navigator.canShare = () => true;
          navigator.share = async () => {};
        }"""
    )
    page.locator(".genvoris-tryon-btn").click()
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    press(page, "I like it")
    press(page, "Not for me")
    press(page, "Doesn\N{RIGHT SINGLE QUOTATION MARK}t look like me")
    press(page, "Share")
    until(page, lambda: shop.requests("GET", "/genvoris/tryons/j1/image"))
    if tracked:
        until(page, lambda: "RESULT_SHARED" in page.evaluate(SEEN))
    press(page, "Add to cart")
    expect(dialog(page)).to_be_hidden()
    page.locator("#out").click()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    if tracked:
        until(page, lambda: "CHECKOUT_STARTED" in page.evaluate(SEEN))
    seen: list[str] = page.evaluate(SEEN)
    return seen


def test_events_reach_page_and_backend(shop: ScriptedShop, photo: Path) -> None:
    """Every event reaches the page, and the backend in batches, without secrets."""
    seen = visit(shop, photo)
    assert set(seen) == {
        "WIDGET_OPENED",
        "PHOTO_UPLOADED",
        "TRYON_GENERATED",
        "TRYON_VIEWED",
        "TRYON_RATED",
        "RESULT_SHARED",
        "ADDED_TO_CART",
        "CLOSED",
        "CHECKOUT_STARTED",
    }
    until(shop.page, lambda: len(shop.events()) == len(seen))
    events = shop.events()
    assert [each["eventType"] for each in events] == seen
    assert len(shop.requests("POST", "/events")) < len(events)
    session = events[0]["sessionId"]
    assert {each["sessionId"] for each in events} == {session}
    ratings = [each["metadata"] for each in events if each["eventType"] == "TRYON_RATED"]
    disliked = {"tryOn": "j1", "liked": False}
    assert ratings == [{"tryOn": "j1", "liked": True}, disliked, disliked | {"reasons": "likeness"}]
    opened = events[0]
    assert opened["productId"] == "s1"
    assert opened["productTitle"] == "Shirt"
    assert opened["pageUrl"] == "http://localhost:9/product"
    form = shop.requests("POST", "/genvoris/tryons")[0].post_data_buffer or b""
    assert session.encode() in form
    sent = str([each.post_data for each in shop.requests("POST", "/events")])
    assert "secret" not in sent


def test_checkout_on_another_page(shop: ScriptedShop, photo: Path) -> None:
    """A checkout on a later page belongs to the same visit."""
    visit(shop, photo)
    shop.body = '<a id="out" data-genvoris-checkout href="#pay">Check out</a>'
    before = len(shop.events())
    page = shop.page
    page.goto("http://localhost:9/cart")
    expect(page.locator("genvoris-dialog")).to_have_count(1)
    page.locator("#out").click()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    until(page, lambda: len(shop.events()) > before)
    assert shop.events()[-1]["eventType"] == "CHECKOUT_STARTED"
    assert shop.events()[-1]["sessionId"] == shop.events()[0]["sessionId"]


@pytest.mark.parametrize(
    "signal", ["doNotTrack: {get: () => '1'}", "globalPrivacyControl: {get: () => true}"]
)
def test_tracking_is_refused(shop: ScriptedShop, photo: Path, signal: str) -> None:
    """Do Not Track and Global Privacy Control silence all events."""
    shop.first_scripts.append(f"Object.defineProperties(navigator, {{{signal}}})")
    assert visit(shop, photo, tracked=False) == []
    assert shop.events() == []
    form = shop.requests("POST", "/genvoris/tryons")[0].post_data_buffer or b""
    assert b"session_id" not in form


def test_backend_without_events(shop: ScriptedShop, photo: Path) -> None:
    """Events that cannot be delivered disturb nothing."""
    shop.failing = {"/events"}
    assert len(visit(shop, photo)) == 11
