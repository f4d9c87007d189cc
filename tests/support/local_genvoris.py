"""The sandbox in this process, with a clock that tests can move."""

from __future__ import annotations

import base64
import io
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from werkzeug.test import TestResponse

from genvoris_flask.sandbox.app import create_app
from genvoris_flask.sandbox.domain.signing_keys import KeyRing
from genvoris_flask.sandbox.domain.store import SIGNING_KEY_NAME
from tests.support.conformance import check_responses
from tests.support.fake_genvoris import Clock
from tests.support.pictures import picture

API_KEY = "gvk_test_sandbox_0123456789"
DAY = 24 * 3600.0


def product_png() -> bytes:
    """Draw a small cut-out of a shirt."""
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((40, 10, 160, 190), fill=(30, 90, 200, 255))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


PRODUCT_URL = "data:image/png;base64," + base64.b64encode(product_png()).decode()


@cache
def signing_key() -> bytes:
    """Generate a key once for all tests, since it takes a while."""
    with tempfile.TemporaryDirectory() as folder:
        KeyRing(Path(folder)).current()
        return (Path(folder) / SIGNING_KEY_NAME).read_bytes()


def with_key(folder: Path) -> Path:
    """Create a data folder with a signing key."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SIGNING_KEY_NAME).exists():
        (folder / SIGNING_KEY_NAME).write_bytes(signing_key())
    return folder


class LocalGenvoris:
    """A sandbox, with methods that call its HTTP interface."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.clock = Clock()
        options.setdefault("safety_switches", False)
        self.app = create_app(with_key(folder), api_key=API_KEY, clock=self.clock, **options)
        check_responses(self.app)
        self.http: FlaskClient = self.app.test_client()
        self.transport = httpx.WSGITransport(self.app, raise_app_exceptions=True)

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> TestResponse:
        """LoggedRequest the REST API with the key."""
        headers = {"Authorization": f"Bearer {API_KEY}", **more.pop("headers", {})}
        return self.http.open(f"/api/v1{path}", method=method, json=json, headers=headers, **more)

    def plan(self, quota: int = 3, name: str = "Pro") -> str:
        """Create a plan and return its id."""
        answer = self.call("POST", "/plans", {"name": name, "monthlyTryOns": quota})
        return str(answer.get_json()["id"])

    def customer(self, external_id: str = "ada", quota: int | None = 3) -> str:
        """Register a shopper and return Genvoris's id."""
        plan = {} if quota is None else {"planId": self.plan(quota)}
        answer = self.call("POST", "/customers", {"externalId": external_id, **plan})
        return str(answer.get_json()["id"])

    def token(self, name: str = "ada", **body: Any) -> str:
        """Mint a token."""
        return str(self.call("POST", f"/customers/{name}/sessions", body).get_json()["token"])

    def used(self, name: str = "ada") -> int:
        """Return the number of used try-ons."""
        usage = self.call("GET", f"/customers/{name}/usage").get_json()
        return int(usage["data"]["current"]["used"])

    def spend(self, count: int, name: str = "ada") -> None:
        """Use try-ons of a shopper, as a shop with its own engine does."""
        token = self.token(name)
        for _ in range(count):
            answer = self.track(end_customer_token=token)
            assert answer.status_code == 200, answer.get_json()

    def track(self, **body: Any) -> TestResponse:
        """Report a try-on of a shop's own engine."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        return self.http.post("/api/tryon/track", json=body, headers=headers)

    def tryon(self, token: str | None = None, key: str = "", **changes: Any) -> TestResponse:
        """Request a try-on; a change to None omits a field."""
        fields = {
            "photo": (io.BytesIO(picture("JPEG", (300, 450))), "photo.jpg"),
            "product_image_url": PRODUCT_URL,
            "product_category": "apparel",
            "end_customer_token": token,
            **changes,
        }
        data = {name: value for name, value in fields.items() if value is not None}
        headers = {"X-API-Key": API_KEY, **({"Idempotency-Key": key} if key else {})}
        return self.http.post(
            "/api/tryon", data=data, headers=headers, content_type="multipart/form-data"
        )
