"""The sandbox's page in Chromium without JavaScript: on a desktop and a phone, light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from genvoris_flask.testing import Sandbox, SandboxShopper
from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import expect_accessible


def fill(sandbox: Sandbox) -> SandboxShopper:
    """Fill the page with something of every kind."""
    long_name = sandbox.shopper("a-customer-with-a-long-id@and-a-long-domain.example", try_ons=40)
    long_name.spend(7)
    sandbox.shopper("paused").pause()
    sandbox.shopper("without a plan", try_ons=None)
    sandbox.client.webhook_endpoints.create(
        url="http://127.0.0.1:9/genvoris/webhook", secret="whsec_x", events=["tryon.completed"]
    )
    ada = sandbox.shopper("ada")
    ada.spend(4)
    sandbox.deliveries()
    return ada


@pytest.fixture(params=[(size, scheme) for size in VIEWPORTS for scheme in ("light", "dark")])
def looks(request: pytest.FixtureRequest) -> dict[str, Any]:
    size, scheme = request.param
    return {**VIEWPORTS[size], "color_scheme": scheme}


def test_accessible_and_responsive(
    genvoris_sandbox: Sandbox, new_context: Any, looks: dict[str, Any]
) -> None:
    """The page is accessible, and no wider than the screen."""
    fill(genvoris_sandbox)
    page: Page = new_context(**looks).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(genvoris_sandbox.url)
    expect(page.get_by_role("img", name="Try-ons a day")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []
    expect_accessible(page)


def test_buttons_without_javascript(genvoris_sandbox: Sandbox, new_context: Any) -> None:
    """The buttons are forms that work without JavaScript."""
    ada = fill(genvoris_sandbox)
    page: Page = new_context(java_script_enabled=False, **VIEWPORTS["phone"]).new_page()
    page.goto(genvoris_sandbox.url)
    page.get_by_role("button", name="Exhaust the quota of ada").click()
    expect(page.get_by_role("status")).to_contain_text("quota is spent")
    assert ada.remaining == 0
    page.get_by_role("button", name="Roll the period of ada").click()
    expect(page.get_by_role("status")).to_contain_text("new period")
    assert ada.remaining == 5
    page.get_by_role("button", name="Pause ada").click()
    expect(page.get_by_role("button", name="Resume ada")).to_be_visible()
    page.get_by_label("How many").fill("500")
    page.get_by_role("button", name="Top up").click()
    expect(page.locator("#credits")).to_contain_text("1,489")
    page.get_by_label("How far").select_option("30 days")
    page.get_by_role("button", name="Advance the clock").click()
    expect(page.locator("#clock")).to_contain_text("ahead of this machine")
    page.get_by_role("button", name="Send again tryon.completed").first.click()
    expect(page.get_by_role("status")).to_contain_text("sent again")


def test_other_origin_is_refused(genvoris_sandbox: Sandbox, desktop_page: Page) -> None:
    """A page of another origin cannot press a button."""
    attack = f"""<form method=post action="{genvoris_sandbox.url}/actions/credits">
        <input name=do value=empty></form><script>document.forms[0].submit()</script>"""
    desktop_page.route(
        "http://evil.example/", lambda route: route.fulfill(body=attack, content_type="text/html")
    )
    with desktop_page.expect_response("**/actions/credits") as refused:
        desktop_page.goto("http://evil.example/")
    assert refused.value.status == 403
    assert genvoris_sandbox.client.tryons.track(success=False).remaining_credits == 1000
