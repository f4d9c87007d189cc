"""The owner of the demo shop has the console, which has a past and what happens now."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from examples.demo_shop.charging import START
from tests.support.chromium import VIEWPORTS
from tests.support.demo import Demo, running_demo
from tests.support.dialog_steps import (
    dialog,
    expect_accessible,
    expect_heading,
    log_in,
    open_dialog,
    try_on,
)
from tests.support.waiting import until

PAGES = ("", "figures", "trial", "shoppers", "deliveries", "setup", "history")


@pytest.fixture
def default_demo(tmp_path: Path) -> Iterator[Demo]:
    """Run the demo as ``make demo`` does."""
    with running_demo(tmp_path, START) as demo:
        yield demo


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_owner(default_demo: Demo, browser: Browser, photo: Path) -> None:
    """The owner finds what a shopper did, and thought of it, in the console."""
    shopper = browser.new_page(**VIEWPORTS["desktop"])
    log_in(shopper, default_demo.url, "Ben")
    open_dialog(shopper)
    expect(dialog(shopper)).to_contain_text("1 try-on left")
    try_on(shopper, photo)
    expect_heading(shopper, "Here you are")
    dialog(shopper).get_by_role("button", name="I like it").click()
    for size in VIEWPORTS:
        page = browser.new_page(**VIEWPORTS[size])
        enter(page, default_demo.url)
        for name in PAGES:
            page.goto(f"{default_demo.url}/genvoris/console/{name}")
            expect(page.get_by_text("GENVORIS_DATABASE_URL")).to_have_count(0)
            save(page, f"owner-{name or 'today'}-{size}")
        until(functools.partial(is_liked, page, default_demo.url))
        page.goto(f"{default_demo.url}/demo/")
        expect(page.get_by_role("heading", name="Demo controls")).to_be_visible()
        expect_accessible(page)
        save(page, f"controls-{size}")
        page.context.close()
    shopper.context.close()


def is_liked(page: Page, url: str) -> bool:
    """Return whether the console shows that one of today's pictures is liked."""
    today = datetime.now(UTC).date()
    page.goto(f"{url}/genvoris/console/figures?from={today}&to={today}")
    row = page.get_by_role("row", name="Liked")
    return row.count() > 0 and row.first.get_by_role("cell").first.inner_text() == "1"


def enter(page: Page, url: str) -> None:
    """Log in as the owner, by the link at the foot of the shop's pages."""
    page.goto(url)
    page.get_by_role("link", name="For the owner").click()
    page.get_by_role("button", name=re.compile("^Fen")).click()
    expect(page).to_have_url(f"{url}/genvoris/console/")
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()


def save(page: Page, name: str) -> None:
    """Keep a screenshot if somebody wants to look at it."""
    if folder := os.environ.get("GENVORIS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
