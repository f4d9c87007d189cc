"""What goes wrong in the middle of a try-on, and a try-on by keyboard alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.dialog_steps import (
    DONE,
    RUNNING,
    choose,
    dialog,
    expect_heading,
    press,
    until,
)
from tests.support.scripted_shop import ScriptedShop

FOUR_MINUTES = 240
FOCUSED = """() => {
  const own = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
  return own.getAttribute('aria-label') || own.textContent.trim() || own.type;
}"""


def with_photo(shop: ScriptedShop, photo: Path) -> Page:
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    choose(page, photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    return page


def keys(shop: ScriptedShop) -> list[str]:
    sent = shop.requests("POST", "/genvoris/tryons")
    return [each.headers["idempotency-key"] for each in sent]


def test_expired_token_is_refreshed(shop: ScriptedShop, photo: Path) -> None:
    """A refused token is refreshed, and the try-on repeated with the same key."""
    page = with_photo(shop, photo)
    refused: list[str] = []

    def refuse_once(route: Any) -> None:
        token = route.request.headers.get("authorization", "")
        refused.append(token)
        if len(refused) > 1:
            route.fallback()
            return
        shop.asked.append(route.request)
        route.fulfill(status=401, json={"error": "invalid_session_token", "detail": "Too old."})

    page.route("**/genvoris/tryons", refuse_once)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    assert len(refused) == 2
    assert len(set(keys(shop))) == 1
    assert refused[1] == "Bearer t.new.s"


def test_token_is_refused_twice(shop: ScriptedShop, photo: Path) -> None:
    """A second refusal ends the attempt."""
    shop.refusal = (401, {"error": "invalid_session_token", "detail": "Not yours."})
    page = with_photo(shop, photo)
    before = len(shop.requests("POST", "/genvoris/session"))
    press(page, "Try it on")
    expect_heading(page, "That did not work")
    assert len(keys(shop)) == 2
    assert len(shop.requests("POST", "/genvoris/session")) <= before + 2
    shop.refusal = None
    press(page, "Try again")
    expect_heading(page, "Here you are")


def test_endless_job_is_given_up(shop: ScriptedShop, photo: Path) -> None:
    """A job that never ends is given up, and the photo stays."""
    shop.states = RUNNING
    opened = shop.open()
    opened.clock.install()
    opened.locator(".genvoris-tryon-btn").click()
    choose(opened, photo)
    press(opened, "Try it on")
    step = dialog(opened).locator("[aria-current=step]")
    expect(step).to_have_text("Making your picture")
    for _ in range(2 * FOUR_MINUTES):  # answers take real time, so more than the clock needs
        opened.clock.run_for(2000)
        if not step.count():
            break
    expect_heading(opened, "That did not work")
    expect(dialog(opened).get_by_role("alert")).to_contain_text("taking longer than it should")
    shop.states = DONE
    press(opened, "Try again")
    expect_heading(opened, "Here you are")
    assert len(set(keys(shop))) == 1


def test_logged_out_meanwhile(shop: ScriptedShop, photo: Path) -> None:
    """A shopper who was logged out reaches the log-in, and the page gets an event."""
    page = with_photo(shop, photo)
    page.evaluate("() => { Genvoris.on('login', event => { window.seen = event.detail; }); }")
    shop.refusal = (401, {"error": "login_required", "detail": "Log in.", "login_url": "/in"})
    press(page, "Try it on")
    expect_heading(page, "Log in to try it on")
    assert page.evaluate("window.seen") == {"login_url": "/in"}
    link = dialog(page).get_by_role("link", name="Log in")
    expect(link).to_have_attribute("href", "http://localhost:9/in?next=%2Fproduct")


def test_paywall_link_leads_back(shop: ScriptedShop, photo: Path) -> None:
    """The plans page gets the page to return to, and both the paywall and its link are counted."""
    shop.tag["data-events-url"] = "/events"
    page = with_photo(shop, photo)
    shop.refusal = (
        402,
        {
            "error": "end_customer_quota",
            "detail": "Spent.",
            "reason": "quota_exhausted",
            "used": 5,
            "limit": 5,
            "paywall": {
                "kind": "offer",
                "title": "More of this",
                "message": "Choose a plan.",
                "action_label": "See plans",
                "action_url": "/plans?from=tryon",
            },
        },
    )
    press(page, "Try it on")
    link = dialog(page).get_by_role("link", name="See plans")
    expect(link).to_have_attribute("href", "http://localhost:9/plans?from=tryon&next=%2Fproduct")
    page.evaluate("navigation.addEventListener('navigate', event => event.preventDefault())")
    link.click()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    walls = [f"PAYWALL_{each}" for each in ("SHOWN", "TAKEN")]
    until(page, lambda: walls[1] in [each["eventType"] for each in shop.events()])
    assert [each["eventType"] for each in shop.events() if each["eventType"] in walls] == walls


def test_keyboard_only(shop: ScriptedShop, photo: Path) -> None:
    """The keyboard is enough from the trigger to the download."""
    shop.tag["data-privacy-url"] = "/privacy"
    page = shop.open()
    go_to(page, "Try it on")
    page.keyboard.press("Enter")
    expect_heading(page, "Try it on")
    with page.expect_file_chooser() as chooser:
        go_to(page, "Choose a photo")
        page.keyboard.press("Enter")
    chooser.value.set_files(photo)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    go_to(page, "checkbox")
    page.keyboard.press("Space")
    go_to(page, "Try it on")
    page.keyboard.press("Enter")
    expect_heading(page, "Here you are")
    with page.expect_download() as download:
        go_to(page, "Download")
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("try-on")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(page.locator(".genvoris-tryon-btn")).to_be_focused()


def go_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name is focused."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if str(page.evaluate(FOCUSED)).startswith(name):
            return
    raise AssertionError(f"Tab never leads to {name}")
