"""Phones that send a photo to a dialog, and the dialog's side of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.pictures import picture


class Phone:
    """A phone that has opened a link, without any cookie of the shop."""

    def __init__(self, app: Flask, link: str) -> None:
        self.browser: FlaskClient = app.test_client(use_cookies=False)
        self.headers = {**SAME_ORIGIN, "Authorization": f"Bearer {urlsplit(link).fragment}"}

    def connect(self) -> TestResponse:
        return self.browser.post("/genvoris/phone/connect", headers=self.headers)

    def send(self, photo: bytes | None = None, site: str = "same-origin") -> TestResponse:
        return self.browser.post(
            "/genvoris/phone/photo",
            data=picture() if photo is None else photo,
            content_type="image/jpeg",
            headers={**self.headers, "Sec-Fetch-Site": site},
        )


def open_link(shop: Shop, **more: Any) -> dict[str, Any]:
    answer = shop.post("/handovers", **more)
    assert answer.status_code == 201, answer.get_json()
    fields: dict[str, Any] = answer.get_json()
    return fields


def state(shop: Shop, link: dict[str, Any]) -> str:
    return str(shop.browser.get(f"/genvoris/handovers/{link['id']}").get_json()["state"])


def take(shop: Shop, link: dict[str, Any], browser: FlaskClient | None = None) -> TestResponse:
    path = f"/genvoris/handovers/{link['id']}/photo"
    return (browser or shop.browser).post(path, headers=SAME_ORIGIN)
