"""Switching to Genvoris's hosted widget: a stand-in for it, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask, Response, render_template_string
from playwright.sync_api import Page, expect

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import PRODUCT_URL
from tests.support.pictures import picture
from tests.support.served_shop import serving

# What is known of the hosted script: the tag's attributes, the paths, the token in the request.
SCRIPT = """
const { apiUrl, eventsUrl, endCustomerToken } = document.currentScript.dataset;
const base = apiUrl + "/";
const say = (what) => navigator.sendBeacon(
  eventsUrl, JSON.stringify({ events: [{ sessionId: "hosted-0001", eventType: what }] }));
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".genvoris-tryon-btn");
  if (!button) return;
  say("WIDGET_OPENED");
  const config = await (await fetch(base + "/api/config")).json();
  const status = await (await fetch(base + "/api/status")).json();
  const form = new FormData();
  form.set("photo", await (await fetch("/photo.png")).blob(), "me.png");
  form.set("product_image_url", button.dataset.productImage);
  form.set("api_key", "gvk_test_of_the_page");
  form.set("end_customer_token", endCustomerToken + "x");
  const headers = { Authorization: `Bearer ${endCustomerToken}` };
  const answer = await fetch(base + "/api/tryon", { method: "POST", body: form, headers });
  const result = await answer.json();
  say("TRYON_GENERATED");
  document.body.dataset.label = config.label;
  document.body.dataset.access = status.access;
  document.body.dataset.quota = JSON.stringify(result.end_customer_quota || result.paywall);
  const image = document.createElement("img");
  image.alt = "the result";
  image.src = (result.images || [""])[0];
  document.body.append(image);
});
"""
PAGE = """<!doctype html><html lang="en"><title>Shirt</title><body>
<button class="genvoris-tryon-btn" data-product-image="{{ image }}">Try it on</button>
{{ genvoris_widget() }}"""


@pytest.fixture
def shop_url(genvoris_sandbox: Sandbox) -> Iterator[str]:
    with (
        serving(hosted_script()) as cdn,
        serving(shop(genvoris_sandbox, f"{cdn}/widget.js")) as url,
    ):
        yield url


def hosted_script() -> Flask:
    cdn = Flask("cdn")
    cdn.add_url_rule("/widget.js", view_func=lambda: Response(SCRIPT, mimetype="text/javascript"))
    return cdn


def shop(sandbox: Sandbox, script: str) -> Flask:
    app = Flask("shop")
    app.config.update(
        sandbox.config,
        SECRET_KEY="s",
        GENVORIS_PAGE_BUDGET=5,
        GENVORIS_WIDGET_URL=script,
    )
    extension = GenvorisFlask()
    extension.shopper_loader(lambda: Shopper("ada"))
    extension.init_app(app)
    app.add_url_rule("/", "page", lambda: render_template_string(PAGE, image=PRODUCT_URL))
    photo = picture("PNG", (300, 450))
    app.add_url_rule("/photo.png", "photo", lambda: Response(photo, mimetype="image/png"))
    return app


def test_hosted_widget(genvoris_sandbox: Sandbox, shop_url: str, desktop_page: Page) -> None:
    """The hosted widget works through the shop with one changed setting."""
    genvoris_sandbox.shopper("ada", try_ons=1)
    desktop_page.goto(shop_url)
    desktop_page.get_by_role("button", name="Try it on").click()
    image = desktop_page.get_by_alt_text("the result")
    expect(image).to_have_attribute("src", starting_with("data:image/jpeg;base64,"))
    body = desktop_page.locator("body")
    expect(body).to_have_attribute("data-label", "Try it on")
    expect(body).to_have_attribute("data-access", "ALLOWED")
    assert genvoris_sandbox.client.customers.usage("ada").used == 1

    desktop_page.reload()
    desktop_page.get_by_role("button", name="Try it on").click()
    expect(body).to_have_attribute("data-access", "EXHAUSTED")
    expect(body).to_have_attribute("data-quota", starting_with('{"'))
    assert "offer" in (body.get_attribute("data-quota") or "")


def starting_with(text: str) -> re.Pattern[str]:
    return re.compile("^" + re.escape(text))
