"""The shopper's account page in a browser: light and dark, desktop and phone, in two languages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response, render_template_string, session
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import expect_accessible
from tests.support.ledgers import DAY, ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.served_shop import serving

PAGE = """<!doctype html>
<html lang="{{ language }}" dir="{{ 'rtl' if language == 'ar' else 'ltr' }}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Marlow &amp; Fen</title>
<link rel="stylesheet" href="/shop.css"></head>
<body><header>{{ genvoris_balance() }}</header><main><h1>Marlow &amp; Fen</h1>
{{ genvoris_account() }}</main></body>
</html>"""
STYLE = """body { background: #fff; color: #222; font-family: sans-serif; }
a { color: inherit; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #eee; } }"""
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"
WATCH = """window.violations = [];
addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));"""
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

DRAWN = """element => {
  const node = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
  const place = index => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + 1);
    return range.getBoundingClientRect().left;
  };
  return [...node.data].map((text, index) => [place(index), text])
    .sort(([a], [b]) => a - b).map(([, text]) => text).join('');
}"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a shop with a strict policy, whose shopper has something of each kind."""
    packs = [{"try_ons": 5, "price": "2 €"}]
    shop = ledger_shop(
        LocalGenvoris(tmp_path / "genvoris"),
        tmp_path,
        GENVORIS_CHARGING="credits,pay_per_use",
        GENVORIS_CREDITS=3,
        GENVORIS_PACKS=packs,
    )

    @shop.app.get("/enter/<language>")
    def enter(language: str) -> str:
        session["user"] = "ada"
        return language

    @shop.app.get("/account/<language>")
    def account(language: str) -> Response:
        response = Response(render_template_string(PAGE, language=language))
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @shop.app.get("/shop.css")
    def style() -> Response:
        return Response(STYLE, mimetype="text/css")

    with shop.app.app_context():
        billing, spending = shop.extension.billing, shop.state.spending
        assert spending is not None
        billing.grant("ada", 3, expires_in=30 * DAY)
        billing.order_paid("1001", external_id="ada", try_ons=10, paid=1900, currency="EUR")
        spending.reserve("ada", "key")
        spending.commit("ada", "key")
    with serving(shop.app) as url:
        yield url


@pytest.mark.parametrize("size", VIEWPORTS)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_account(browser: Browser, url: str, size: str, language: str) -> None:
    """The account is accessible, fits, and needs neither styles nor scripts of its own."""
    context = browser.new_context(**VIEWPORTS[size], base_url=url, locale=language)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"/enter/{language}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"/account/{language}")
        expect(page.locator("header")).to_have_text("12")
        expect(page.locator(".genvoris-account")).to_contain_text("12")
        for number in ("2 / 3", "+10", "-1"):  # whose signs would change sides in Arabic
            assert drawn(page, number) == number
        page.locator("summary").click()
        expect_accessible(page)
        assert page.evaluate("violations") == []
        assert page.evaluate(WIDTH) <= 0
        if folder := os.environ.get("GENVORIS_SCREENSHOTS"):
            path = Path(folder) / f"account-{size}-{scheme}-{language}.png"
            page.screenshot(path=path, full_page=True)
    context.close()


def drawn(page: Page, text: str) -> str:
    """Return the characters of a text as they are drawn, from left to right."""
    return str(page.get_by_text(text, exact=True).evaluate(DRAWN))


def test_delete(browser: Browser, url: str) -> None:
    """A shopper deletes their data without JavaScript, and reads what was done."""
    context = browser.new_context(base_url=url, locale="en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/enter/en")
    page.goto("/account/en")
    page.get_by_text("Delete my data").first.click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete my data").click()
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.locator(".genvoris-account-left")).to_have_text("Left: 0")
    assert page.locator("header").inner_text() != "12"
    context.close()
