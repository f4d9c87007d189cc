"""A small shop on a local Genvoris, both in this process, on one clock."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask, render_template_string, session
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from genvoris_flask import GenvorisFlask, Shopper, genvoris_button
from genvoris_flask.web.state import AppState, get_state
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pace import UNPACED
from tests.support.pictures import picture
from tests.support.waiting import LIMIT

PAGE = "<html><body>{{ genvoris_widget(**options) }}</body></html>"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
SMALL_PHOTO = picture("JPEG", (300, 450))


class FaultyTransport(httpx.BaseTransport):
    """Forwards requests until a test sets ``fault``."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.fault: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        # An app in this process needs the length; over a socket, a stream is sent in chunks.
        if request.headers.pop("Transfer-Encoding", None):
            request.headers["Content-Length"] = str(len(request.content))
        return self.fault(request) or self._inner.handle_request(request)

    def count(self, ending: str) -> int:
        return sum(request.url.path.endswith(ending) for request in self.requests)


class Shop:
    """A shop whose shopper is named by the cookie session."""

    def __init__(self, genvoris: LocalGenvoris, **config: Any) -> None:
        self.genvoris = genvoris
        self.transport = FaultyTransport(genvoris.transport)
        self.app = Flask("shop")
        self.app.config.update(
            SECRET_KEY="secret",
            GENVORIS_API_KEY=API_KEY,
            GENVORIS_API_URL="http://127.0.0.1:8787/api/v1",
            GENVORIS_TRYON_URL="http://127.0.0.1:8787",
            GENVORIS_LOGIN_URL="/login",
            GENVORIS_UPGRADE_URL="/plans",
            # Tests make as many calls in a minute as a shop does in a day.
            **UNPACED,
        )
        self.app.config.update(config)
        self.extension = GenvorisFlask()
        self.extension.shopper_loader(self.who)
        self.extension.init_app(self.app, transport=self.transport, clock=genvoris.clock)
        self.options: dict[str, Any] = {}
        self.app.add_url_rule("/product", view_func=self.page)
        self.browser: FlaskClient = self.app.test_client()

    def who(self) -> Shopper | None:
        name = session.get("user")
        return Shopper(name) if name else None

    def page(self) -> str:
        return render_template_string(PAGE, options=self.options)

    def button(self, **options: Any) -> str:
        """Return a product's button as a template writes it."""
        with self.app.test_request_context():
            return str(genvoris_button(**{"image": "/a.png", "title": "Shirt", **options}))

    @property
    def state(self) -> AppState:
        return get_state(self.app)

    def log_in(self, name: str | None = "ada", browser: FlaskClient | None = None) -> None:
        with (browser or self.browser).session_transaction() as cookies:
            cookies["user"] = name

    def post(self, path: str, **more: Any) -> TestResponse:
        headers = {**SAME_ORIGIN, **more.pop("headers", {})}
        return self.browser.post(f"/genvoris{path}", headers=headers, **more)

    def tryon(
        self,
        photo: bytes | None = None,
        headers: dict[str, str] | None = None,
        browser: FlaskClient | None = None,
        **changes: str | list[str] | None,
    ) -> TestResponse:
        fields: dict[str, Any] = {
            "photo": FileStorage(io.BytesIO(SMALL_PHOTO if photo is None else photo), "me.jpg"),
            "product_image": "/static/shirt.png",
            "product_title": "Shirt",
            "page_url": "http://localhost/product",
            **changes,
        }
        data = {name: value for name, value in fields.items() if value is not None}
        # Encoded here, since the test client itself would put a large form into a temporary file.
        boundary, body = encode_multipart(data)
        return (browser or self.browser).post(
            "/genvoris/tryons",
            data=body,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={**SAME_ORIGIN, **(headers or {})},
        )

    def finish(self, answer: TestResponse) -> dict[str, Any]:
        """Poll a job to its end."""
        assert answer.status_code == 202, answer.get_json()
        end = time.monotonic() + LIMIT
        while True:
            job: dict[str, Any] = self.browser.get(answer.headers["Location"]).get_json()
            if job["state"] not in ("queued", "running"):
                return job
            assert time.monotonic() < end, "the job did not end"
            time.sleep(0.02)


def read_tag(page: str) -> dict[str, str | bool]:
    """Return the attributes of a page's script tag."""
    found = re.search(r"<script([^>]*)></script>", page)
    assert found, page
    pairs = re.findall(r'([\w-]+)(?:="([^"]*)")?', found[1])
    return {name: html.unescape(value) if value else True for name, value in pairs}
