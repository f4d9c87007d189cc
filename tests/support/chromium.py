"""Chromium: how it is started, its screen sizes, and what it saw."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Response

OFFLINE = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
    # A camera that shows a test picture, for pages that have the permission.
    "--use-fake-device-for-media-stream",
]

VIEWPORTS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}


def launch_options() -> dict[str, Any]:
    """Return the options for Playwright's ``launch``, of a browser that shows nothing."""
    path = provisioned("chromium-headless-shell")
    return {"args": arguments(), **({"executable_path": path} if path else {})}


def whole_browser_options() -> dict[str, Any]:
    """Return the options for a browser with a camera and a back/forward cache too."""
    path = provisioned("chromium")
    return {"args": arguments(), **({"executable_path": path} if path else {"channel": "chromium"})}


def provisioned(name: str) -> str:
    """Return the path that the set-up has found; "" for Playwright's own build."""
    found = Path(sys.prefix) / name
    assert found.exists(), "No Chromium is set up: run make test, which installs one."
    return found.read_text().strip()


def arguments() -> list[str]:
    return [*OFFLINE, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


class SharedContext:
    """A browser context that tests use one after another.

    A new one costs more than most tests: it starts a process, loads the fonts and compiles the
    widget. Each test finds it as new, without pages, cookies, storage, permissions and routes.
    Nothing moves there unless a test asks for it, since Chromium draws each frame of an animation
    on the processor.

    Args:
        browser: The browser.
        url: Where its tests' pages are. One page that stays open there keeps the process.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.context: BrowserContext = browser.new_context(
            **VIEWPORTS["desktop"], reduced_motion="reduce"
        )
        self._kept = self.context.new_page()
        self._kept.route(url, lambda route: route.fulfill(body="", content_type="text/html"))
        self._kept.goto(url)
        self._session = self.context.new_cdp_session(self._kept)

    def pages(self) -> list[Page]:
        """Return the pages of the current test."""
        return [page for page in self.context.pages if page != self._kept]

    def clear(self) -> None:
        """Forget all that a test has left."""
        urls = [page.url for page in self.context.pages]
        for page in self.pages():
            page.close()
        self.context.unroute_all(behavior="ignoreErrors")
        self.context.clear_cookies()
        self.context.clear_permissions()
        for origin in {"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls}:
            storage = {"origin": origin, "storageTypes": "all"}
            self._session.send("Storage.clearDataForOrigin", storage)


@dataclass
class Watched:
    """What a browser received: every response's text, and every error in the console."""

    page: Page
    bodies: dict[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("requestfinished", lambda request: self._keep(request.response()))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._listen(message.type, message.text))

    def _keep(self, response: Response | None) -> None:
        if response is None or response.status in (204, 302, 304):
            return
        head = str(response.headers).encode()
        self.bodies[f"{len(self.bodies)} {response.url}"] = head + response.body()

    def _listen(self, kind: str, text: str) -> None:
        # Refusals that a test provokes on purpose are no faults of the page.
        if kind in ("error", "warning") and "status of 4" not in text:
            self.complaints.append(text)
