"""The hold-out and the figures' pages in a browser, under strict policies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Response, render_template_string
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import expect_accessible
from tests.support.figure_history import write_history
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.served_shop import serving

PRODUCT = """<!doctype html><html lang="en"><head><title>Shirt</title></head><body>
<h1>Shirt</h1><p>Before</p>
{{ genvoris_button(image="/shirt.png", title="Shirt", id="shirt") }}
<p id="after">After</p>{{ genvoris_widget() }}</body></html>"""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
VIOLATIONS = """window.violations = [];
addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));"""
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
EDGES = "all => all.map(each => each.getBoundingClientRect()).map(each => [each.left, each.right])"
# In how many frames the button was to be seen, and what else the page did.
WATCH = """window.frames_with_button = 0;
(function look() {
  const button = document.querySelector('.genvoris-tryon-btn');
  if (button && button.getClientRects().length) frames_with_button++;
  requestAnimationFrame(look);
})();
new PerformanceObserver(list => { window.moved = list.getEntries().length; })
  .observe({type: 'layout-shift', buffered: true});"""
CUT_OFF = """[...document.querySelectorAll('.scroll')]
  .filter(each => each.scrollWidth > each.clientWidth).length"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a shop of which half of all visitors see no button."""
    genvoris = LocalGenvoris(tmp_path / "genvoris")
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.5)
    shop.extension.console_access(lambda: True)

    @shop.app.get("/shirt")
    def product() -> Response:
        response = Response(render_template_string(PRODUCT))
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return shop


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    """Serve the shop."""
    with serving(shop.app) as address:
        yield address


def visit(browser: Browser, url: str) -> tuple[BrowserContext, Page]:
    """Return a new visitor's page, whose style sheet takes its time."""
    context = browser.new_context(**VIEWPORTS["desktop"])
    context.add_init_script(VIOLATIONS + WATCH)
    context.route("**/button-style", slowly)
    page = context.new_page()
    page.goto(f"{url}/shirt")
    expect(page.locator("#after")).to_be_visible()
    return context, page


def slowly(route: Route) -> None:
    time.sleep(0.15)
    route.continue_()


def test_holdout(browser: Browser, url: str) -> None:
    """Both groups see a page that neither flashes nor moves, and keep their group."""
    groups: dict[bool, tuple[BrowserContext, Page]] = {}
    for _ in range(30):
        context, page = visit(browser, url)
        sees = page.locator(".genvoris-tryon-btn").is_visible()
        if sees in groups:
            context.close()
        groups.setdefault(sees, (context, page))
        if len(groups) == 2:
            break
    for sees, (context, page) in groups.items():
        page.wait_for_timeout(100)
        assert (page.evaluate("frames_with_button") > 0) == sees
        assert page.evaluate("window.moved ?? 0") == 0
        assert page.evaluate("violations") == []
        page.reload()
        expect(page.locator("#after")).to_be_visible()
        assert page.locator(".genvoris-tryon-btn").is_visible() == sees
        context.close()
    assert groups.keys() == {True, False}


@pytest.mark.parametrize("size", VIEWPORTS)
def test_pages(browser: Browser, shop: Shop, url: str, size: str) -> None:
    """Both pages are accessible and fit, in two languages, light and dark."""
    assert shop.state.figures
    today = datetime.fromtimestamp(shop.genvoris.clock(), UTC).date()
    write_history(shop.state.figures, today, 40, visitors=60, share=5000)
    context = browser.new_context(**VIEWPORTS[size])
    context.add_init_script(VIOLATIONS)
    page = context.new_page()
    for name in ("figures?days=7", "trial"):
        for language in ("en", "ar"):
            context.set_extra_http_headers({"Accept-Language": language})
            page.goto(f"{url}/genvoris/console/{name}")
            assert page.locator("html").get_attribute("lang") == language
            for details in page.locator("details").all():
                details.locator("summary").click()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                expect_accessible(page)
                save(page, f"{name[:7]}-{size}-{scheme}-{language}")
            assert page.evaluate("violations") == []
            assert page.evaluate(WIDTH) <= 0
            if name == "trial":
                assert page.evaluate(CUT_OFF) == 0
    context.close()


@pytest.mark.parametrize("size", VIEWPORTS)
def test_chart_fills_its_room(browser: Browser, shop: Shop, url: str, size: str) -> None:
    """The chart is as wide as its sheet, and the labels of its days do not overlap."""
    page = browser.new_page(**VIEWPORTS[size])
    for days in (7, 30, 90, 365):
        page.goto(f"{url}/genvoris/console/figures?days={days}")
        chart = page.locator(".plot").first
        assert chart.evaluate("each => each.clientWidth") >= 0.85 * chart.evaluate(
            "each => each.closest('.sheet').clientWidth"
        )
        labels = chart.locator("g text:visible").evaluate_all(EDGES)
        assert len(labels) >= 3
        assert all(before[1] < after[0] for before, after in pairwise(labels))
    page.context.close()


def save(page: Page, name: str) -> None:
    """Keep a screenshot if somebody wants to look at it."""
    if folder := os.environ.get("GENVORIS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
