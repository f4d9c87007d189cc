"""A running job: its stages, minimising, reloading, closing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import (
    DONE,
    RUNNING,
    choose,
    dialog,
    expect_heading,
    press,
    sentences,
    start_try_on,
    until,
)
from tests.support.scripted_shop import TRIGGER, ScriptedShop


def pill(page: Page) -> Any:
    return page.locator("genvoris-dialog .pill")


def test_stages_and_time(shop: ScriptedShop, photo: Path) -> None:
    """Stages and elapsed time are shown and announced."""
    shop.states = RUNNING
    page = start_try_on(shop, photo)
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    expect(dialog(page).get_by_role("status")).to_have_text("Making your picture")
    expect(dialog(page).get_by_text(re.compile(r"^\d+ seconds?$"))).to_be_visible()
    expect(dialog(page)).not_to_contain_text("%")


def test_minimised_job(shop: ScriptedShop, photo: Path) -> None:
    """A minimised job is shown on its trigger until its picture is seen."""
    shop.states = RUNNING
    shop.body += (
        '<button data-genvoris-trigger data-product-image="/shirt.png" data-product-id="s1">'
        "Try <b>it</b> on</button>"
    )
    page = start_try_on(shop, photo)
    press(page, "Carry on shopping")
    expect(dialog(page)).to_be_hidden()
    trigger = page.locator(".genvoris-tryon-btn")
    expect(trigger).to_have_text("Making your picture")
    expect(trigger).to_be_focused()
    expect(pill(page)).to_be_visible()
    # A label of several parts stays.
    expect(page.locator("[data-genvoris-trigger]")).to_have_text("Try it on")
    expect(page.locator("[data-genvoris-state=running]")).to_have_count(2)
    shop.states = DONE
    expect(trigger).to_have_text("Your picture is ready")
    expect(trigger).to_have_attribute("data-genvoris-state", "ready")
    assert shop.requests("DELETE", ".*") == []
    trigger.click()
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(trigger).to_have_text("Try it on")
    expect(pill(page)).to_be_hidden()


def test_minimised_job_is_refused(shop: ScriptedShop, photo: Path) -> None:
    """The refusal of a minimised job does not open the dialog."""
    shop.states = RUNNING
    page = start_try_on(shop, photo)
    press(page, "Carry on shopping")
    shop.states = [{"state": "failed", "error": "failed", "detail": "The model is away."}]
    expect(pill(page)).to_have_text("That did not work")
    expect(dialog(page)).to_be_hidden()
    pill(page).click()
    expect(dialog(page).get_by_role("alert")).to_have_text("The model is away.")


def test_product_at_fault(shop: ScriptedShop, photo: Path) -> None:
    """The shopper keeps the photo, and is led to another product rather than to another photo."""
    detail = "The picture of this product cannot be used."
    shop.states = [{"state": "failed", "detail": detail, "about": "product", "charged": False}]
    page = start_try_on(shop, photo)
    expect(dialog(page).get_by_role("alert")).to_have_text(detail)
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    expect(dialog(page).get_by_role("button", name="Choose another photo")).to_have_count(0)
    dialog(page).get_by_role("button", name=sentences("en")["otherProduct"]).click()
    expect(dialog(page)).to_be_hidden()


@pytest.mark.parametrize("aside", [False, True])
def test_reload(shop: ScriptedShop, photo: Path, aside: bool) -> None:
    """A reloaded page follows the running job, and its picture is not made twice."""
    shop.states = RUNNING
    page = start_try_on(shop, photo)
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    if aside:
        press(page, "Carry on shopping")
    page.reload()
    if aside:
        expect(pill(page)).to_have_text("Making your picture")
        expect(dialog(page)).to_be_hidden()
        pill(page).click()
    expect_heading(page, "One moment")
    expect(dialog(page).get_by_role("heading", name="One moment")).to_be_focused()
    shop.states = DONE
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(page.locator(".genvoris-tryon-btn")).to_be_focused()
    assert page.evaluate("sessionStorage.getItem('genvoris:job')") is None
    page.reload()
    page.locator(".genvoris-tryon-btn").click()
    choose(page, photo)
    start = dialog(page).get_by_role("button", name="Try it on")
    expect(dialog(page).locator("[part=meter]")).to_contain_text("left")
    expect(start).not_to_contain_text("Uses")
    if aside:
        shop.gone.add("/genvoris/tryons/j1")
        start.click()
        expect_heading(page, "This picture is no longer here")
        assert len(shop.jobs) == 1
        press(page, "Make it again")
        expect_heading(page, "Here you are")
    else:
        start.click()
        expect_heading(page, "Here you are")
        expect(dialog(page).get_by_role("slider")).to_be_visible()
        assert len(shop.jobs) == 1


def test_second_tab(shop: ScriptedShop, photo: Path) -> None:
    """A tab that the page opens does not follow the job as well."""
    shop.states = RUNNING
    page = start_try_on(shop, photo)
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    with page.expect_popup() as opened:
        page.evaluate("() => { open(location.href); }")
    second = opened.value
    until(second, lambda: second.evaluate("sessionStorage.getItem('genvoris:job')") is None)
    expect(dialog(second)).to_be_hidden()
    expect(pill(second)).to_be_hidden()
    shop.states = DONE
    expect_heading(page, "Here you are")
    expect(dialog(second)).to_be_hidden()


def test_another_product_meanwhile(shop: ScriptedShop, photo: Path) -> None:
    """Another product can be tried on while a job runs, whose picture is listed later."""
    shop.body = TRIGGER + TRIGGER.replace("s1", "s2").replace("Shirt", "Coat").replace(
        "/shirt", "/coat"
    )
    shop.states = RUNNING
    page = start_first(shop, photo)
    press(page, "Carry on shopping")
    page.locator("[data-product-id=s2]").click()
    expect(dialog(page)).to_contain_text("Coat")
    shop.states = DONE
    expect(dialog(page).get_by_role("button", name="You, with Shirt")).to_be_visible()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    earlier = dialog(page).get_by_role("button", name="You, with Shirt")
    expect(earlier).to_be_visible()
    earlier.click()
    expect(dialog(page).get_by_role("img", name="You, with Shirt").first).to_be_visible()


def start_first(shop: ScriptedShop, photo: Path) -> Page:
    page = shop.open()
    page.locator("[data-product-id=s1]").click()
    choose(page, photo)
    press(page, "Try it on")
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    return page


def test_close_keeps_job(shop: ScriptedShop, photo: Path) -> None:
    """Closing the dialog leaves the job running, without a word to the backend; Cancel ends it."""
    shop.states = RUNNING
    page = start_try_on(shop, photo)
    expect(dialog(page).locator("[aria-current=step]")).to_have_text("Making your picture")
    press(page, "Close")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate("sessionStorage.getItem('genvoris:job')") is not None
    pill(page).click()
    with page.expect_request(lambda request: request.method == "DELETE"):
        press(page, "Cancel")
    assert page.evaluate("sessionStorage.getItem('genvoris:job')") is None
