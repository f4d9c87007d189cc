"""A scripted shop for Chromium, whose requests Playwright intercepts."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import BrowserContext, Page, Route

from tests.support.shop_script import (
    ALLOWED,
    PAYWALL,
    POLICY,
    QUICK_POLLS,
    SPENT,
    TRIGGER,
    WATCH,
    WIDGET,
    ShopScript,
)

__all__ = ["ALLOWED", "ORIGIN", "PAYWALL", "POLICY", "SPENT", "TRIGGER", "WIDGET", "ScriptedShop"]

Until = Literal["commit", "domcontentloaded", "load"]
# Nothing listens there: every request is answered here. localhost counts as secure.
ORIGIN = "http://localhost:9"


class ScriptedShop(ShopScript):
    """A shop that answers one browser context.

    Args:
        context: The context whose requests it answers.

    Attributes:
        first_scripts: What runs in each page before its own scripts.
        logged: What its pages wrote to the console.
        page: The page that was opened last.
    """

    def __init__(self, context: BrowserContext) -> None:
        super().__init__()
        self.context = context
        self.first_scripts = [WATCH, QUICK_POLLS]
        self.logged: list[str] = []
        self.page: Page
        self._held: dict[str, list[Route]] = {}

    def open(self, path: str = "/product", wait_until: Until = "load") -> Page:
        """Open a page of the shop; ``wait_until`` is as for Playwright's ``goto``."""
        self.context.route(f"{ORIGIN}/**", self._fulfill)
        page = self.page = self.context.new_page()
        # Not in the context, where they would stay for the tests that use it later.
        for script in self.first_scripts:
            page.add_init_script(script)
        page.on("console", lambda message: self.logged.append(message.text))
        page.goto(ORIGIN + path, wait_until=wait_until)
        return page

    def hold(self, path: str) -> list[Route]:
        """Leave requests for a path unanswered; return the list to which they are added."""
        return self._held.setdefault(ORIGIN + path, [])

    def _fulfill(self, route: Route) -> None:
        if route.request.url in self._held:
            self._held[route.request.url].append(route)
            return
        answer = self.answer(route.request)
        if answer is None:
            route.abort()
        else:
            route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
