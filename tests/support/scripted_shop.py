"""A scripted shop for Chromium, whose requests Playwright intercepts."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, Route

from tests.support.shop_script import (
    ALLOWED,
    PAYWALL,
    POLICY,
    SPENT,
    TRIGGER,
    WATCH,
    WIDGET,
    ShopScript,
)

__all__ = ["ALLOWED", "ORIGIN", "PAYWALL", "POLICY", "SPENT", "TRIGGER", "WIDGET", "ScriptedShop"]

# Nothing listens there: every request is answered here. localhost counts as secure.
ORIGIN = "http://localhost:9"


class ScriptedShop(ShopScript):
    """A shop that answers one browser context.

    Args:
        context: The context whose requests it answers.
    """

    def __init__(self, context: BrowserContext) -> None:
        super().__init__()
        self.context = context

    def open(self, path: str = "/product") -> Page:
        """Open a page of the shop."""
        self.context.route(f"{ORIGIN}/**", self._fulfill)
        self.context.add_init_script(WATCH)
        page = self.context.new_page()
        page.goto(ORIGIN + path)
        return page

    def _fulfill(self, route: Route) -> None:
        answer = self.answer(route.request)
        if answer is None:
            route.abort()
        else:
            route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
