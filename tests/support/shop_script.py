"""A shop whose page and backend a test scripts; how its answers reach a browser is up to others."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from genvoris_flask.core.images.photos import read_picture
from tests.support.pictures import picture

WIDGET = Path(__file__).parent.parent.parent / "static" / "widget"
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


# The widget asks for a job after half a second, and then less and less often. These shops answer at
# once, so their pages wait a tenth of that; the widget's own tests cover how long it is.
QUICK_POLLS = """(wait => {
  window.setTimeout = (run, ms, ...more) =>
    wait(run, ms >= 500 && ms < 2000 ? ms / 10 : ms, ...more);
})(window.setTimeout);"""


class Request(Protocol):
    """A request that the shop received; Playwright's are such."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def post_data(self) -> str | None: ...
    @property
    def post_data_buffer(self) -> bytes | None: ...


@dataclass
class Answer:
    """A response."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(content: object, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status, {"Content-Type": "application/json"})


def typed(body: bytes | str, content_type: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    return Answer(data, headers={"Content-Type": content_type})


@dataclass
class ShopScript:
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
        picture: Every try-on's picture.
        gone: Paths of files that the shop has deleted.
        policy: The page's Content-Security-Policy.
        script: The widget's tag, instead of the usual one.
        pages: The bodies of more pages, by path.
        device_keys: The keys of the shopper's device; without any, it keeps no pictures.
        refusal: Status and body of the response to every new try-on.
        consent_refusal: The same of the response to a consent.
        jobs: The number of polls, by job.
        asked: The requests so far.
    """

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
    picture: bytes = field(default_factory=lambda: picture("JPEG", (600, 900)))
    gone: set[str] = field(default_factory=set)
    policy: str = POLICY
    script: str | None = None
    pages: dict[str, str] = field(default_factory=dict)
    device_keys: list[str] = field(default_factory=list)
    refusal: tuple[int, dict[str, Any]] | None = None
    consent_refusal: tuple[int, dict[str, Any]] | None = None
    jobs: dict[str, int] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

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

    def answer(self, request: Request) -> Answer | None:
        """Return the response; None if there is none, as without a connection."""
        path = urlsplit(request.url).path
        self.asked.append(request)
        if path in self.failing:
            return None
        if path in self.gone:
            return Answer(status=404)
        if path.startswith("/genvoris/") and path.endswith(".js"):
            file = WIDGET / (re.sub(r"-[0-9a-f]{12}\.js$", ".js", path.split("/")[-1]))
            return typed(file.read_bytes(), "text/javascript; charset=utf-8")
        if path.startswith("/genvoris/"):
            return self._answer_api(request.method, path.removeprefix("/genvoris/"))
        if path.startswith("/lib/"):
            library = WIDGET / "node_modules" / path.removeprefix("/lib/")
            kind = mimetypes.guess_type(path)[0] or "text/javascript"
            return typed(library.read_bytes(), f"{kind}; charset=utf-8")
        if path == "/events":
            return json_answer({"accepted": 1}, 202)
        if path.endswith((".png", ".jpg")):
            return typed(picture("JPEG", (600, 900)), "image/jpeg")
        if path.endswith(".css"):
            return typed(self.css, "text/css")
        if path.endswith(".ico"):
            return Answer(status=204)
        headers = {"Content-Security-Policy": self.policy, "Content-Type": "text/html"}
        return Answer(self.page_html(path).encode(), headers=headers)

    def _answer_api(self, method: str, path: str) -> Answer:
        if path == "status":
            return json_answer(self.status)
        if path == "device-keys" and self.device_keys:
            return json_answer({"keys": self.device_keys, "days": 30})
        if path == "session":
            return json_answer({"token": "t.new.s", "expires_at": 1})
        if path == "consent":
            status, body = self.consent_refusal or (201, {"given": {}})
            return json_answer(body, status)
        if path.endswith("/image"):
            return typed(self.picture, read_picture(self.picture).mimetype)
        if method == "DELETE":
            return Answer(status=204)
        if method == "POST" and self.refusal:
            status, body = self.refusal
            return json_answer(body, status)
        if method == "POST" and path != "tryons":
            return json_answer({"error": "not_found"}, 404)
        if method == "POST":
            job = f"j{len(self.jobs) + 1}"
            self.jobs[job] = 0
            return json_answer(self._job(job, {"state": "queued"}), 202)
        job = path.split("/")[1]
        step = min(self.jobs[job], len(self.states) - 1)
        self.jobs[job] += 1
        return json_answer(self._job(job, self.states[step]))

    def _job(self, job: str, state: dict[str, Any]) -> dict[str, Any]:
        url = f"/genvoris/tryons/{job}/image" if state["state"] == "done" else None
        return {"id": job, "image_url": url, "quota": None} | state
