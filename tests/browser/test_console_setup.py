"""The console's set-up, in a real browser: its owner designs the button, and axe finds no fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import until
from tests.support.local_genvoris import LocalGenvoris, product_png
from tests.support.owner_shop import owner_shop

AXE = Path(AXE_FILE_PATH).read_text()
SCREENS = os.environ.get("SCREENS")
PAGES = ("", "/charging", "/button", "/texts", "/wording", "/limits", "/products", "/export")
FAULTS = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.map(({id, nodes}) => [id, ...nodes.map(node => node.html)].join(' '));
}"""

IS_BUTTON_IN_SIGHT = """() => {
  const {top, bottom} = document.querySelector('button').getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""


def look(page: Page, name: str) -> list[str]:
    """Return what axe finds on a page, and whether it is too wide; keep a picture if asked to."""
    page.evaluate(AXE)
    faults: list[str] = page.evaluate(FAULTS)
    # A phone's innerWidth grows with what is too wide.
    root = "document.documentElement"
    if page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
        faults.append("too wide")
    if SCREENS:
        page.screenshot(path=Path(SCREENS) / f"setup{name.replace('/', '-')}.png", full_page=True)
    return faults


def test_set_up(new_context: Any, tmp_path: Path) -> None:
    """A design is seen on the shop's page while it is typed, saved, and then seen by shoppers."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    plans = [{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "p", "price": "9.90 €"}]
    config = {"GENVORIS_PLANS": plans, "GENVORIS_PREVIEW_PAGE": "/shirt"}
    with owner_shop(genvoris, tmp_path, **config) as (_, url):
        # Without a colour scheme of its own, as Playwright would give one to frames too.
        page = new_context(color_scheme="null").new_page()
        breaches: list[str] = []
        page.on("console", lambda each: breaches.append(each.text))
        page.goto(f"{url}/log-in/fen")
        page.goto(f"{url}/genvoris/console/setup/button")
        page.get_by_label("Text", exact=True).fill("Anprobieren")
        frames = page.frame_locator('iframe[name="preview"]')
        for scheme in ("Light", "Dark"):
            button = frames.frame_locator(f'iframe[title="{scheme}"]').get_by_role("button")
            expect(button).to_have_text("Anprobieren")
        is_dark = "matchMedia('(prefers-color-scheme: dark)').matches"
        shown = [each for each in page.frames if "/shirt" in each.url]
        assert [each.evaluate(is_dark) for each in shown] == [False, True]
        until(page, lambda: all(each.evaluate(IS_BUTTON_IN_SIGHT) for each in shown))

        page.get_by_label("Roundness of the corners, px").fill("41")
        expect(frames.get_by_text("the preview appears here")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        problem = page.get_by_label("Roundness of the corners, px")
        expect(problem).to_have_attribute("aria-invalid", "true")
        assert not look(page, "/button-wrong")
        problem.fill("8")
        problem.press("Enter")  # saves, rather than taking anything back
        expect(page.get_by_role("status")).to_contain_text("Saved.")
        page.goto(f"{url}/log-in/ada")
        expect(page.get_by_role("button")).to_have_text("Anprobieren")
        assert [each for each in breaches if "status of 422" not in each] == []


def test_screens(new_context: Any, tmp_path: Path) -> None:
    """axe finds no fault on any page, in each size, colour scheme and direction."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    packs = [{"try_ons": 1, "price": "0.99 €", "external_price_id": "price_one"}]
    config = {"GENVORIS_PACKS": packs, "GENVORIS_PREVIEW_PAGE": "/shirt"}
    faults: dict[str, list[str]] = {}
    with owner_shop(genvoris, tmp_path, **config) as (shop, url):
        assert shop.state.live is not None
        shop.state.live.change({"GENVORIS_SHOP_NAME": "Little Stripe"}, actor="fen")
        for size, language in (("desktop", "en"), ("phone", "ar")):
            page = new_context(**VIEWPORTS[size], locale=language).new_page()
            page.goto(f"{url}/log-in/fen")
            for path in PAGES:
                page.goto(f"{url}/genvoris/console/setup{path}")
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    name = f"{path}-{language}-{scheme}-{size}"
                    faults[name] = look(page, name)
            page.context.close()
    assert len(faults) == len(PAGES) * 4
    assert {name: found for name, found in faults.items() if found} == {}


def test_plans(new_context: Any, tmp_path: Path) -> None:
    """The owner sees what would change of the plans at Genvoris, and brings them there."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    plans = [{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "p", "price": "9.90 €"}]
    faults: list[str] = []
    with owner_shop(genvoris, tmp_path, GENVORIS_PLANS=plans) as (_, url):
        for size, language in (("desktop", "en"), ("phone", "ar"), ("phone", "fr")):
            genvoris.call("POST", "/plans", {"name": f"Old {language}", "monthlyTryOns": 7})
            page = new_context(**VIEWPORTS[size], locale=language).new_page()
            page.goto(f"{url}/log-in/fen")
            page.goto(f"{url}/genvoris/console/setup/charging")
            page.locator("button[name=plans]").click()
            preview = page.get_by_role("region").filter(has=page.locator("#plan-preview"))
            expect(preview.get_by_text(f"Old {language}")).to_be_visible()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                faults += look(page, f"/charging-plans-{language}-{scheme}-{size}")
            preview.get_by_role("button").click()
            expect(page).to_have_url(f"{url}/genvoris/console/setup/charging?done=plans")
            expect(page.get_by_text(f"Old {language}")).to_have_count(0)
            faults += look(page, f"/charging-plans-brought-{language}-{size}")
    assert faults == []
