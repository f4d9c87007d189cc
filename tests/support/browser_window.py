"""A window of Firefox or WebKit, and what a shopper does in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.shop_script import WATCH
from tests.support.waiting import LIMIT

DESKTOP, PHONE = (1280, 800), (390, 844)
DIALOG = "const root = document.querySelector('genvoris-dialog')?.shadowRoot;"
VISIBLE = "const shown = element => element.checkVisibility() && element.getClientRects().length;"
# Buttons and links by their names; an icon and a button may have the same name.
CONTROL = f"""{DIALOG} {VISIBLE}
const controls = [...root?.querySelectorAll('button, a, summary, input') ?? []].filter(shown);
const name = each => each.getAttribute('aria-label') ?? each.labels?.[0]?.textContent
  ?? each.textContent.replace(each.querySelector('small')?.textContent ?? '', '');
return controls.findLast(each => name(each).trim() === arguments[0] && !each.disabled);"""
PART = f"""{DIALOG} {VISIBLE}
return [...root?.querySelectorAll(arguments[0]) ?? []].find(shown);"""
TEXT = f"""{DIALOG} const dialog = root?.querySelector('dialog');
return dialog?.open ? dialog.innerText : '';"""
HEADING = f"""{DIALOG} return root?.querySelector('dialog[open] h2')?.textContent ?? '';"""
OPEN = f"""{DIALOG} return Boolean(root?.querySelector('dialog').open);"""
# The name of what has the focus, and whether it is in the dialog.
FOCUSED = """const {activeElement} = document;
const inner = activeElement.shadowRoot?.activeElement;
const name = each => each.getAttribute('aria-label')
  ?? each.textContent.replace(each.querySelector('small')?.textContent ?? '', '').trim();
return inner ? ['dialog', name(inner)] : ['page', activeElement.id || name(activeElement)];"""
# Animations that never end, such as a spinner's, are not waited for.
SETTLED = """const roots = [document, ...[...document.querySelectorAll('*')]
  .map(each => each.shadowRoot).filter(Boolean)];
return roots.flatMap(root => root.getAnimations()).every(each =>
  each.playState === 'finished' || each.effect.getComputedTiming().endTime === Infinity)
  && roots.flatMap(root => [...root.querySelectorAll('img')])
    .every(image => image.complete || image.loading === 'lazy');"""

INTO_VIEW = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});"
# A tag manager adds the widget after the page is loaded.
READY = "return Boolean(window.Genvoris?.open);"
# A screen that changes, or a page that still scrolls to what is to be clicked; nothing was clicked.
NOT_YET = [
    StaleElementReferenceException,
    ElementNotInteractableException,
    ElementClickInterceptedException,
]


class BrowserWindow:
    """One window, used by one test after the other.

    Args:
        name: The engine's name.
        driver: Selenium's driver of the window.
    """

    def __init__(self, name: str, driver: WebDriver) -> None:
        self.name = name
        self.driver = driver
        self._size = (0, 0)

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.driver.get(url)

    @contextmanager
    def other_tab(self, url: str) -> Iterator[None]:
        """Show a page in a tab of its own, as on another device."""
        first, size = self.driver.current_window_handle, self._size
        self.driver.switch_to.new_window("tab")
        try:
            self.open(url)
            yield
        finally:
            self.driver.close()
            self.driver.switch_to.window(first)
            self._size = (0, 0)
            self.resize(size)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page and return its result."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait until a function returns something true, and return that."""

        def check(_: WebDriver) -> Any:
            return holds()

        waiting = WebDriverWait(self.driver, LIMIT, 0.05, ignored_exceptions=NOT_YET)
        try:
            return waiting.until(check)
        except TimeoutException as error:
            error.msg = f"{self.name}: {what}; the dialog says {self.text()!r}"
            raise

    def wait_until(self, script: str, *arguments: Any) -> Any:
        """Wait until a script returns something true, and return that."""
        return self.wait_for(lambda: self.run(script, *arguments), script)

    def click(self, selector: str) -> None:
        """Click an element of the page."""
        self._click("return document.querySelector(arguments[0])", selector)

    def click_until(self, selector: str, script: str, patience: float = 3) -> None:
        """Click an element of the page, and again after each ``patience`` seconds in vain."""

        def check() -> bool:
            self.click(selector)
            try:
                WebDriverWait(self.driver, patience, 0.05).until(lambda _: self.run(script))
            except TimeoutException:
                return False
            return True

        self.wait_for(check, script)

    def hover(self, selector: str) -> None:
        """Move the pointer to an element of the page."""

        def move() -> bool:
            element = self.driver.find_element(By.CSS_SELECTOR, selector)
            actions = ActionChains(self.driver)
            # A pointer that is there already, since the last page, would enter nothing.
            actions.move_to_element_with_offset(element, 1, 1).move_to_element(element).perform()
            return True

        self.wait_for(move, f"the pointer does not reach {selector!r}")

    def click_text(self, text: str) -> None:
        """Click a button or link of the page, by a part of its text."""
        script = """return [...document.querySelectorAll('button, a')]
          .find(each => each.textContent.includes(arguments[0]));"""
        self._click(script, text)

    def focus(self, selector: str) -> None:
        """Move the focus to an element of the page."""
        self.run("document.querySelector(arguments[0]).focus()", selector)

    def part(self, selector: str) -> WebElement:
        """Return an element of the dialog once it is visible."""
        found: WebElement = self.wait_until(PART, selector)
        return found

    def press(self, name: str) -> None:
        """Press a button or link of the dialog, by its name, once it can be pressed."""
        self._click(CONTROL, name)

    def press_until(self, name: str, appears: str) -> None:
        """Press a button unless another one is there already, or appears."""

        def check() -> bool:
            if self.run(CONTROL, appears):
                return True
            self._try_to_click(CONTROL, name)
            return False

        self.wait_for(check, f"{appears!r} does not appear")

    def _click(self, script: str, argument: str) -> None:
        """Click what a script finds, once it is there and can be clicked."""
        self.wait_for(
            lambda: self._try_to_click(script, argument), f"{argument!r} cannot be clicked"
        )

    def _try_to_click(self, script: str, argument: str) -> bool:
        """Click what a script finds, unless it is not there or something moves."""
        element: WebElement | None = self.run(script, argument)
        if not element or not self.run(SETTLED):
            return False  # a click may miss what moves
        # A shopper scrolls to what is under a button that stays at the lower edge.
        self.run(INTO_VIEW, element)
        element.click()
        return True

    def upload(self, path: Path) -> None:
        """Choose a photo."""
        field = f"{DIALOG} return root?.querySelector('input[type=file]');"

        def choose() -> bool:
            self.wait_until(field).send_keys(str(path))
            return True

        self.wait_for(choose, "no photo can be chosen")

    def agree(self) -> None:
        """Agree to the shop's policy."""
        self._click(PART, "[part=consent] input")

    def keys(self, *keys: str) -> None:
        """Press and release keys, one after the other."""
        actions = ActionChains(self.driver, duration=0)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what has a name that starts like this."""
        reached = []
        for _ in range(8):
            self.keys(Keys.TAB)
            reached.append(self.focused())
            if reached[-1][0] == "dialog" and reached[-1][1].startswith(name):
                return
        raise AssertionError(f"{self.name}: Tab reached {reached}, not {name!r}")

    def text(self) -> str:
        """Return the dialog's visible text; "" while it is closed."""
        return str(self.run(TEXT))

    def expect_text(self, text: str) -> None:
        self.wait_for(lambda: text in self.text(), f"the dialog does not say {text!r}")

    def expect_heading(self, text: str) -> None:
        self.wait_for(lambda: self.run(HEADING) == text, f"the heading is not {text!r}")

    def expect_closed(self) -> None:
        self.wait_for(lambda: not self.run(OPEN), "the dialog is open")

    @property
    def is_open(self) -> bool:
        return bool(self.run(OPEN))

    def expect_focused(self, where: str, name: str) -> None:
        self.wait_for(lambda: self.focused() == (where, name), f"{name!r} has not the focus")

    def focused(self) -> tuple[str, str]:
        """Return where the focus is, "dialog" or "page", and the name of what has it."""
        where, name = self.run(FOCUSED)
        return where, name

    def resize(self, size: tuple[int, int]) -> None:
        """Give the page this width and height."""
        if size == self._size:
            return
        width, height = size
        if self.name == "firefox":
            handle = self.driver.current_window_handle
            self.driver.browsing_context.set_viewport(
                context=handle, viewport={"width": width, "height": height}
            )
        else:
            frame = self.run("return outerHeight - innerHeight")
            self.driver.set_window_size(width, height + frame)
        self.wait_until("return innerWidth === arguments[0] && innerHeight === arguments[1]", *size)
        self._size = size

    def screenshot(self) -> Image.Image:
        """Return what the window shows, once nothing moves."""
        self.wait_until(SETTLED)
        shown = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        return shown.resize(self._size) if shown.size != self._size else shown

    def box(self, selector: str) -> tuple[int, int, int, int]:
        """Return the left, upper, right and lower edge of an element of the dialog."""
        edges = """const {left, top, right, bottom} = arguments[0].getBoundingClientRect();
        return [left, top, right, bottom].map(Math.round);"""
        left, top, right, bottom = self.run(edges, self.part(selector))
        return left, top, right, bottom

    def pixels_of(self, selector: str) -> Image.Image:
        """Return what is painted where an element of the dialog is."""
        return self.screenshot().crop(self.box(selector))

    def watch_policy(self) -> None:
        """Note breaches of the page's policy from now on."""
        self.run(WATCH)

    def reset(self) -> None:
        """Forget the page and its cookies; storage belongs to its origin, which ends with it."""
        self.driver.delete_all_cookies()
        self.driver.get("about:blank")


def open_dialog(window: BrowserWindow, url: str) -> None:
    """Open a scripted shop's page, and the dialog of its button."""
    window.open(f"{url}/product")
    window.wait_until(READY)
    window.click(".genvoris-tryon-btn")
    window.expect_heading("Try it on")


def try_on(window: BrowserWindow, url: str, photo: Path) -> None:
    """Try the page's product on, and wait for the picture."""
    open_dialog(window, url)
    window.upload(photo)
    window.press("Try it on")
    window.expect_heading("Here you are")
