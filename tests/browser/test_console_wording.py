"""The console's page "Texts", in a real browser: from its form into the dialog of shoppers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.test_console_setup import look
from tests.support.chromium import VIEWPORTS
from tests.support.local_genvoris import LocalGenvoris, product_png
from tests.support.owner_shop import owner_shop

OWN = {
    "de": {
        "title": "Am Körper ansehen",
        "over": "Schade",
        "paywall.no_plan.title": "Erst ansehen, dann kaufen",
    },
    "ar": {"title": "شاهده عليك", "balance": {"other": "بقي {count}"}},
}


def heading(page: Page, url: str, language: str) -> str:
    """Return the heading of the dialog on a product page in a language."""
    page.goto(f"{url}/shirt")
    page.evaluate("language => Genvoris.update({language})", language)
    page.get_by_role("button").first.click()
    dialog = page.locator("genvoris-dialog")
    expect(dialog.get_by_role("heading").first).to_be_visible()
    return dialog.get_by_role("heading").first.inner_text()


def test_wording(new_context: Any, tmp_path: Path) -> None:
    """A text that is changed in a language is in its dialog, and in no other's."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    with owner_shop(genvoris, tmp_path) as (shop, url):
        with shop.app.app_context():
            shop.extension.billing.order_paid("o-1", external_id="ada", try_ons=2)
        owner, shopper = (new_context(locale="en").new_page() for _ in range(2))
        breaches: list[str] = []
        owner.on("console", lambda each: breaches.append(each.text))
        owner.goto(f"{url}/log-in/fen")
        shopper.goto(f"{url}/log-in/ada")
        assert heading(shopper, url, "de") == "Anprobieren"

        owner.goto(f"{url}/genvoris/console/setup/wording")
        owner.get_by_role("link", name="Deutsch").click()
        expect(owner).to_have_url(f"{url}/genvoris/console/setup/wording?language=de")
        owner.get_by_text("Choosing a photo").click()
        title = owner.get_by_role("group").filter(has_text="Choosing a photo")
        title.get_by_label("Try it on", exact=True).fill("Am Körper {wo}")
        owner.get_by_role("button", name="Save").click()
        problem = owner.get_by_text("{wo} is no placeholder of this text.")
        expect(problem).to_be_visible()
        assert not look(owner, "/wording-wrong")
        title.get_by_label("Try it on", exact=True).fill("Am Körper")
        owner.keyboard.press("Enter")  # saves, rather than taking anything back
        expect(owner.get_by_role("status")).to_contain_text("Saved.")
        assert [each for each in breaches if "status of 422" not in each] == []

        owner.get_by_role("link", name="English").click()
        expect(owner).to_have_url(f"{url}/genvoris/console/setup/wording?language=en")
        owner.get_by_text("Choosing a photo").click()
        title.get_by_label("Try it on", exact=True).fill("See it on you")
        owner.get_by_role("button", name="Save").click()
        expect(owner.get_by_role("status")).to_contain_text("Saved.")

        assert heading(shopper, url, "de") == "Am Körper"
        assert heading(shopper, url, "en") == "See it on you"
        assert heading(shopper, url, "fr") == "Essayer"


def test_phone(new_context: Any, tmp_path: Path) -> None:
    """The page on the shopper's phone has the shop's own texts of its language."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    with owner_shop(genvoris, tmp_path, GENVORIS_TEXTS=OWN) as (_, url):
        page = new_context(**VIEWPORTS["phone"]).new_page()
        page.goto(f"{url}/genvoris/phone?lang=de#of-a-link-that-has-ended")
        expect(page.get_by_role("heading", name="Schade")).to_be_visible()
        page.goto(f"{url}/genvoris/phone?lang=es#of-a-link-that-has-ended")
        expect(page.get_by_role("heading")).not_to_have_text("Schade")
        expect(page.get_by_role("alert")).to_be_visible()


def test_screens(new_context: Any, tmp_path: Path) -> None:
    """axe finds no fault in the form of a language whose texts were changed."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    faults: dict[str, list[str]] = {}
    with owner_shop(genvoris, tmp_path) as (shop, url):
        assert shop.state.live is not None
        shop.state.live.change({"GENVORIS_TEXTS": OWN}, actor="fen")
        for size, language in (("desktop", "en"), ("phone", "ar")):
            page = new_context(**VIEWPORTS[size], locale=language).new_page()
            page.goto(f"{url}/log-in/fen")
            for edited in ("de", "ar"):
                page.goto(f"{url}/genvoris/console/setup/wording?language={edited}")
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    name = f"/wording-{edited}-{language}-{scheme}-{size}"
                    faults[name] = look(page, name)
            page.context.close()
    assert len(faults) == 8
    assert {name: found for name, found in faults.items() if found} == {}
