"""Shops that tell hosts or subdomains apart: our routes are where the page is."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import pytest
from flask import Flask, render_template_string, session
from flask.testing import FlaskClient

from genvoris_flask import GenvorisFlask, Shopper
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture

HOSTS = ["shop.example", "m.shop.example", "de.eu.shop.example", "shop.example:8443"]


def host_matching() -> Flask:
    app = Flask("shop", host_matching=True, static_host="shop.example")
    for number, host in enumerate(HOSTS):
        app.add_url_rule("/product", f"product{number}", product, host=host)
    return app


def subdomain_matching() -> Flask:
    app = Flask("shop", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/product", "product", product)
    app.add_url_rule("/product", "sub", lambda sub: product(), subdomain="<sub>")
    return app


def product() -> str:
    session.setdefault("user", "ada")
    return render_template_string("{{ genvoris_widget() }}")


def open_shop(app: Flask, genvoris: LocalGenvoris) -> FlaskClient:
    """Return a browser in a shop whose shopper is Ada."""
    app.config.update(
        SECRET_KEY="s",
        GENVORIS_API_KEY=API_KEY,
        GENVORIS_API_URL="http://127.0.0.1:8787/api/v1",
        GENVORIS_TRYON_URL="http://127.0.0.1:8787",
    )
    genvoris.customer("ada", quota=3)
    extension = GenvorisFlask()
    extension.shopper_loader(lambda: Shopper(session["user"]) if "user" in session else None)
    extension.init_app(app, transport=genvoris.transport, clock=genvoris.clock)
    return app.test_client()


def poll(browser: FlaskClient, location: str, base: str) -> dict[str, Any]:
    """Return a job once it has ended."""
    for _ in range(2000):
        job: dict[str, Any] = browser.get(location, base_url=base).get_json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.005)
    raise AssertionError("the job did not end")


CASES = [(host_matching, host) for host in HOSTS] + [
    (subdomain_matching, host) for host in HOSTS if ":" not in host
]


@pytest.mark.parametrize(("make", "host"), CASES, ids=lambda it: getattr(it, "__name__", it))
def test_routes_on_every_host(genvoris: LocalGenvoris, make: Any, host: str) -> None:
    """The widget, the token, a try-on from its start to its picture, and the events."""
    browser = open_shop(make(), genvoris)
    base = f"https://{host}/"
    page = browser.get("/product", base_url=base).text
    source = re.search(r'src="([^"]+)"', page)
    prefix = re.search(r'data-api-url="([^"]+)"', page)
    assert source
    assert prefix
    assert prefix[1] == "/genvoris"
    assert browser.get(source[1], base_url=base).status_code == 200
    assert browser.get("/genvoris/status", base_url=base).get_json()["access"] == "ALLOWED"
    assert browser.post("/genvoris/session", base_url=base, headers=SAME_ORIGIN).get_json()["token"]
    event = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED"}
    for path in ("/genvoris/api/v1/events", "/genvoris//api/v1/events"):
        answer = browser.post(path, base_url=base, headers=SAME_ORIGIN, json=event)
        assert answer.status_code == 202
    started = browser.post(
        "/genvoris/tryons",
        base_url=base,
        headers=SAME_ORIGIN,
        data={
            "photo": (io.BytesIO(picture()), "me.jpg"),
            "product_image": "https://cdn.example.com/shirt.png",
        },
    )
    assert started.status_code == 202, started.text
    location = started.headers["Location"]
    assert location.startswith("/genvoris/tryons/")
    while (job := browser.get(location, base_url=base).get_json())["state"] in (
        "queued",
        "running",
    ):
        pass
    assert job["state"] == "done"
    assert browser.get(job["image_url"], base_url=base).mimetype == "image/jpeg"
    unknown = browser.get("/genvoris/nothing", base_url=base)
    assert (unknown.status_code, unknown.get_json()["error"]) == (404, "path_not_allowed")


def test_no_extra_rules(genvoris: LocalGenvoris) -> None:
    """A shop without host matching has one rule for each route."""
    app = Flask("shop")
    open_shop(app, genvoris)
    ours = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("genvoris")]
    assert ours
    assert not any("genvoris_host" in rule.arguments for rule in ours)
    assert not any("genvoris_subdomain" in rule.arguments for rule in ours)
