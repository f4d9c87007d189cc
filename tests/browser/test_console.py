"""The console in a browser: light and dark, desktop and phone, in two languages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import session
from playwright.sync_api import Browser, Page, expect

from genvoris_flask.core.figures.recorder import Count
from genvoris_flask.core.outbox.durable import DurableOutbox
from genvoris_flask.core.outbox.messages import Message
from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import expect_accessible
from tests.support.figure_history import write_history
from tests.support.flask_shop import Shop
from tests.support.ledgers import DAY, ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.served_shop import serving

CONSOLE = "/genvoris/console"
WATCH = """window.violations = [];
addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));"""
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class OpenConsole:
    """A shop's console at a URL, which its owner is logged in to."""

    shop: Shop
    url: str


def enter() -> str:
    """Log the owner in."""
    session["user"] = "fen"
    return "in"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[OpenConsole]:
    """Return the console of a shop in which something has happened."""
    shop = ledger_shop(
        LocalGenvoris(tmp_path / "genvoris"), tmp_path, GENVORIS_SHOP_NAME="Marlow & Fen"
    )
    shop.extension.console_access(lambda: session.get("user") == "fen")
    shop.app.add_url_rule("/enter", view_func=enter)
    add_history(shop)
    with serving(shop.app) as url:
        yield OpenConsole(shop, url)


def add_history(shop: Shop) -> None:
    """Have shoppers, try-ons, and something that did not arrive."""
    with shop.app.app_context():
        billing = shop.extension.billing
        for number in range(60):
            billing.grant(f"user_{number}", 1 + number % 7, expires_in=30 * DAY)
        billing.order_paid("1001", external_id="user_7", try_ons=10, paid=1900, currency="EUR")
        spending = shop.state.spending
        assert spending is not None
        for number in range(4):
            spending.reserve("user_7", f"key-{number}")
            spending.commit("user_7", f"key-{number}")
        spending.reserve("user_7", "key-failed")
        spending.release("user_7", "key-failed", failed=True, reason="photo_unusable")
        outbox = shop.state.outbox
        assert isinstance(outbox, DurableOutbox)
        for number in range(2):
            body = {"order_id": f"100{number}", "refunded_amount_cents": 500}
            outbox.table.put(Message("return", f"return:{number}", body))
        database = shop.state.database
        assert database is not None
        with database.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE genvoris_outbox SET state = 'given_up', attempts = 8, "
                "error = 'outcome_unknown' WHERE kind = 'return'"
            )
    shop.state.burn_guard.report(240)
    figures = shop.state.figures
    assert figures is not None
    today = shop.state.recorder.today() if shop.state.recorder else None
    assert today is not None
    figures.add({Count(today, "tried"): 12, Count(today, "failed:busy"): 1}, {})


def open_page(browser: Browser, console: OpenConsole, size: str, **options: str) -> Page:
    context = browser.new_context(**VIEWPORTS[size], base_url=console.url, **options)  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto("/enter")
    return page


SCREENS = {
    "today": "/",
    "shoppers": "/shoppers",
    "nobody-found": "/shoppers?q=nobody",
    "shopper": "/shopper?id=user_7",
    "new-shopper": "/shopper?id=somebody",
    "genvoris": "/shopper/genvoris?id=user_7",
    "deliveries": "/deliveries",
    "history": "/history",
}


def show(page: Page, name: str) -> None:
    """Show a screen, and find no fault with it."""
    page.goto(f"{CONSOLE}{SCREENS[name]}")
    if name == "today":
        expect(page.locator("#checks")).to_be_visible()
    expect_accessible(page)
    assert page.evaluate("violations") == []
    assert page.evaluate(WIDTH) <= 0, f"{name} is wider than the screen"
    for place in page.get_by_role("navigation").get_by_role("link").all():
        expect(place).to_be_in_viewport(ratio=1)
    if folder := os.environ.get("GENVORIS_SCREENSHOTS"):
        size = page.viewport_size or {"width": 0}
        scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        kind = "dark" if scheme else "light"
        language = page.evaluate("document.documentElement.lang")
        path = Path(folder) / f"{name}-{size['width']}-{kind}-{language}.png"
        page.screenshot(path=path, full_page=True)


@pytest.mark.parametrize("size", VIEWPORTS)
def test_screens(browser: Browser, console: OpenConsole, size: str) -> None:
    """Each screen is accessible and fits, in both languages, in light and dark."""
    give(console)
    for language in ("en", "ar"):
        page = open_page(browser, console, size, locale=language)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for name in SCREENS:
                show(page, name)
        page.context.close()


def give(console: OpenConsole) -> None:
    """Have the owner give a shopper something, so that there is a history."""
    change(console, "give", id="user_7", form="0" * 32, note="Parcel arrived late", try_ons="3")


def change(console: OpenConsole, action: str, **form: str) -> None:
    """Have the owner send a form of a shopper's page."""
    client = console.shop.app.test_client()
    console.shop.log_in("fen", client)
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post(f"{CONSOLE}/shopper/{action}", data=form, headers=headers).status_code == 303


TABLES = {
    "shoppers": "/shoppers",
    "history": "/history",
    "figures": "/figures",
    "shopper": "/shopper?id=user_7",
    "deliveries": "/deliveries",
    "set-up": "/setup",
    "charging": "/setup/charging",
}
OPEN_DETAILS = "document.querySelectorAll('details').forEach(each => each.open = true)"
# Tables that are wider than their place.
WIDE = """[...document.querySelectorAll(".scroll")]
  .filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"""


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "fr", "ur"])
def test_tables_on_a_phone(browser: Browser, console: OpenConsole, language: str) -> None:
    """On a phone, no table is wider than the screen, and those that are stacked stay tables."""
    give(console)
    change(console, "give", id="user_91001059", form="1" * 32, note="Late", try_ons="30")
    change(console, "pause", id="user_91001059", form="2" * 32)
    figures, recorder = console.shop.state.figures, console.shop.state.recorder
    assert figures
    assert recorder
    write_history(figures, recorder.today(), 20, visitors=100)
    assert console.shop.state.live
    name = {"GENVORIS_SHOP_NAME": "Modehaus am alten Marktplatz", "GENVORIS_BURN_GUARD": False}
    console.shop.state.live.change(name, actor="fen")
    page = open_page(browser, console, "phone", locale=language)
    for path in TABLES.values():
        page.goto(f"{CONSOLE}{path}")
        page.evaluate(OPEN_DETAILS)
        expect_accessible(page)
        assert page.evaluate(WIDE) == []
    page.goto(f"{CONSOLE}/history")
    row = page.get_by_role("table").get_by_role("row").last
    assert row.get_by_role("cell").count() == 4
    page.context.close()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_work(browser: Browser, console: OpenConsole, *, has_scripts: bool) -> None:
    """The owner finds a shopper and helps them, with JavaScript and without."""
    context = browser.new_context(base_url=console.url, java_script_enabled=has_scripts)
    page = context.new_page()
    page.goto("/enter")
    page.goto(f"{CONSOLE}/shoppers")
    expect(page.get_by_role("link", name="Back to the shop")).to_have_attribute("href", "/")
    page.get_by_role("searchbox").fill("user_7")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="user_7").click()
    form = page.locator("form[action$='/give']")
    form.get_by_label("How many").fill("3")
    form.get_by_label("Reason").fill("Parcel arrived late")
    form.get_by_role("button").dblclick(no_wait_after=True)
    expect(page.get_by_role("status")).to_have_text("The try-ons were given.")
    expect(page.locator(".figure")).to_have_text("10")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The shopper is paused.")
    expect(page.locator(".figure")).to_have_text("0")
    page.get_by_role("button", name="End the pause").click()
    expect(page.locator(".figure")).to_have_text("10")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert json.loads(download.value.path().read_text())["database"]["lots"]
    page.get_by_label("Yes, forget this shopper").check()
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_role("status")).to_contain_text("forgotten")
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_role("button", name="Send again #1", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("It is being sent again.")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Parcel arrived late")).to_have_count(0)
    expect(page.get_by_text("Gave try-ons")).to_have_count(1)
    context.close()
