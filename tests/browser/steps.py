"""What a shopper does, in the words of this shop."""

from __future__ import annotations

from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

START = "Try it on"


def dialog(page: Page) -> Locator:
    return page.locator("genvoris-dialog").get_by_role("dialog")


def open_product(page: Page, url: str, slug: str = "harbour-shirt") -> None:
    page.goto(f"{url}/product/{slug}")


def log_in(page: Page, url: str, name: str, slug: str = "harbour-shirt") -> None:
    page.goto(f"{url}/login?next=/product/{slug}")
    page.get_by_role("button", name=name).first.click()
    expect(page).to_have_url(f"{url}/product/{slug}")


def open_dialog(page: Page) -> None:
    page.wait_for_load_state()  # the widget's script is deferred
    page.locator("button[data-genvoris-trigger]").click()
    expect(dialog(page)).to_be_visible()


def choose(page: Page, file: object) -> None:
    page.locator("genvoris-dialog input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def press(page: Page, name: str) -> None:
    """Press a button of the dialog; before a try-on, agree to the shop's policy where it asks."""
    button = dialog(page).get_by_role("button", name=name, exact=True)
    if name == START:
        expect(button).to_be_enabled()
        agree(page)
    button.click()


def agree(page: Page) -> None:
    box = dialog(page).locator("[part=consent] input")
    if box.count():
        box.check()


def heading(page: Page) -> Locator:
    return dialog(page).get_by_role("heading", level=2)


# Animations that never end, such as a spinner's, are not waited for.
SETTLED = """async () => {
  const shadows = [...document.querySelectorAll('*')].map(each => each.shadowRoot);
  const running = [document, ...shadows.filter(Boolean)].flatMap(root => root.getAnimations());
  const ending = running.filter(each => each.effect.getComputedTiming().endTime !== Infinity);
  await Promise.all(ending.map(each => each.finished.catch(() => {})));
}"""


def expect_heading(page: Page, text: str) -> None:
    expect(heading(page)).to_have_text(text)


def try_on(page: Page, file: object) -> None:
    """Choose a photo and press the button."""
    choose(page, file)
    press(page, "Try it on")


def expect_accessible(page: Page, within: str | None = None) -> None:
    """Ask axe for faults, in open shadow roots too."""
    page.evaluate(SETTLED)  # a screen that is still fading in has too little contrast
    results = Axe().run(page, context=within)
    assert results.violations_count == 0, results.generate_report()


def until(page: Page, holds: Callable[[], object]) -> None:
    """Wait for what no locator can see; a strict policy forbids Playwright's own way."""
    for _ in range(2400):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it has not happened within a minute")
