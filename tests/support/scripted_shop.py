"""A shop whose page and backend a test scripts, for the real widget in Chromium."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, Route

from tests.support.pictures import picture

WIDGET = Path(__file__).parent.parent.parent / "static" / "widget"
# Nothing listens there: every request is answered here. localhost counts as secure.
ORIGIN = "http://localhost:9"
POLICY = (
    "default-src 'none'; script-src 'nonce-n' 'strict-dynamic'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'"
)
TRIGGER = (
    '<button class="genvoris-tryon-btn" data-product-image="/shirt.png"'
    ' data-product-title="Shirt" data-product-id="s1">Try it on</button>'
)
ALLOWED: dict[str, Any] = {
    "access": "ALLOWED",
    "ctaType": "tryon",
    "message": None,
    "quota": {"used": 2, "limit": 30, "resetsAt": "2026-12-24T00:00:00Z"},
    "remaining": 28,
    "reason": None,
    "paywall": None,
    "login_url": None,
}
PAYWALL = {
    "kind": "offer",
    "title": "You have tried on everything",
    "message": "All 5 try-ons of this month are used.",
    "action_label": "See plans",
    "action_url": "/plans",
}
SPENT: dict[str, Any] = ALLOWED | {
    "access": "EXHAUSTED",
    "ctaType": "upgrade",
    "quota": {"used": 5, "limit": 5, "resetsAt": None},
    "remaining": 0,
    "reason": "quota_exhausted",
    "paywall": PAYWALL,
}
WATCH = """window.violations = [];
addEventListener('securitypolicyviolation',
  event => violations.push(event.violatedDirective + ' ' + event.blockedURI));"""


@dataclass
class ScriptedShop:
    """A shop's answers, and the requests it received.

    Attributes:
        tag: More attributes of the widget's tag.
        body: The page's content.
        lang: The page's language.
        head: More elements of its head; their scripts need ``nonce="n"``.
        css: The page's own style sheet.
        status: The response to requests for the status.
        states: A job's states, one for each poll; the last one stays.
        failing: Paths that get no response at all, as without a connection.
        policy: The page's Content-Security-Policy.
        script: The widget's tag, instead of the usual one.
        pages: The bodies of more pages, by path.
        refusal: Status and body of the response to every new try-on.
        jobs: The number of polls, by job.
        asked: The requests so far.
    """

    context: BrowserContext
    tag: dict[str, str] = field(default_factory=dict)
    body: str = TRIGGER
    lang: str = "en"
    head: str = ""
    css: str = ""
    status: dict[str, Any] = field(default_factory=lambda: dict(ALLOWED))
    states: list[dict[str, Any]] = field(
        default_factory=lambda: [{"state": "running"}, {"state": "done"}]
    )
    failing: set[str] = field(default_factory=set)
    policy: str = POLICY
    script: str | None = None
    pages: dict[str, str] = field(default_factory=dict)
    refusal: tuple[int, dict[str, Any]] | None = None
    jobs: dict[str, int] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def open(self, path: str = "/product") -> Page:
        """Open a page of the shop."""
        self.context.route(f"{ORIGIN}/**", self._answer)
        self.context.add_init_script(WATCH)
        page = self.context.new_page()
        page.goto(ORIGIN + path)
        return page

    def requests(self, method: str, path: str) -> list[Request]:
        return [
            each
            for each in self.asked
            if each.method == method and re.fullmatch(path, urlsplit(each.url).path)
        ]

    def events(self) -> list[dict[str, Any]]:
        """Return the analytics events that the widget has sent."""
        sent = [json.loads(each.post_data or "{}") for each in self.requests("POST", "/events")]
        return [event for batch in sent for event in batch["events"]]

    def page_html(self, path: str = "/product") -> str:
        attributes = {"src": "/genvoris/widget.js", "nonce": "n", "data-api-url": "/genvoris"}
        written = " ".join(
            f'{name}="{html.escape(value)}"' for name, value in (attributes | self.tag).items()
        )
        script = f"<script defer {written}></script>" if self.script is None else self.script
        body = self.pages.get(path, self.body)
        direction = ' dir="rtl"' if self.lang in ("ar", "ur") else ""
        return (
            f'<!doctype html><html lang="{self.lang}"{direction}><head><title>Shop</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet"'
            f' href="/shop.css">{self.head}</head><body><h1>Shop</h1>{body}{script}</body></html>'
        )

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        self.asked.append(route.request)
        if path in self.failing:
            route.abort()
        elif path.startswith("/genvoris/") and path.endswith(".js"):
            file = WIDGET / (re.sub(r"-[0-9a-f]{12}\.js$", ".js", path.split("/")[-1]))
            route.fulfill(body=file.read_bytes(), content_type="text/javascript; charset=utf-8")
        elif path.startswith("/genvoris/"):
            self._answer_api(route, path.removeprefix("/genvoris/"))
        elif path.startswith("/lib/"):
            route.fulfill(path=WIDGET / "node_modules" / path.removeprefix("/lib/"))
        elif path == "/events":
            route.fulfill(status=202, json={"accepted": 1})
        elif path.endswith((".png", ".jpg")):
            route.fulfill(body=picture("JPEG", (600, 900)), content_type="image/jpeg")
        elif path.endswith(".css"):
            route.fulfill(body=self.css, content_type="text/css")
        elif path.endswith(".ico"):
            route.fulfill(status=204)
        else:
            headers = {"Content-Security-Policy": self.policy, "Content-Type": "text/html"}
            route.fulfill(body=self.page_html(path), headers=headers)

    def _answer_api(self, route: Route, path: str) -> None:
        method = route.request.method
        if path == "status":
            route.fulfill(json=self.status)
        elif path == "session":
            route.fulfill(json={"token": "t.new.s", "expires_at": 1})
        elif path.endswith("/image"):
            route.fulfill(body=picture("JPEG", (600, 900)), content_type="image/jpeg")
        elif method == "DELETE":
            route.fulfill(status=204)
        elif method == "POST" and self.refusal:
            route.fulfill(status=self.refusal[0], json=self.refusal[1])
        elif method == "POST":
            job = f"j{len(self.jobs) + 1}"
            self.jobs[job] = 0
            route.fulfill(status=202, json=self._job(job, {"state": "queued"}))
        else:
            job = path.split("/")[1]
            step = min(self.jobs[job], len(self.states) - 1)
            self.jobs[job] += 1
            route.fulfill(json=self._job(job, self.states[step]))

    def _job(self, job: str, state: dict[str, Any]) -> dict[str, Any]:
        url = f"/genvoris/tryons/{job}/image" if state["state"] == "done" else None
        return {"id": job, "image_url": url, "quota": None} | state
