"""Which products may be tried on: the shop's own rule, wherever a try-on begins."""

from __future__ import annotations

import html
import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask, render_template_string, request
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from genvoris_flask import GenvorisFlask, Product, Shopper
from genvoris_flask.web.routes.proxy.body import CHUNK
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.forwarding import answer_forwarded
from tests.support.local_genvoris import PRODUCT_URL, LocalGenvoris
from tests.support.pictures import picture

PHOTO = picture("PNG", (40, 60))


class Rule:
    """Lets everything be tried on but hats, and remembers what it was asked about."""

    def __init__(self, shop: Shop) -> None:
        self.asked: list[Product] = []
        shop.extension.product_filter(self)

    def __call__(self, product: Product) -> bool:
        self.asked.append(product)
        return product.id is not None and not product.id.startswith("hat")


@pytest.fixture
def rule(shop: Shop) -> Rule:
    return Rule(shop)


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


REFUSED = (403, "product_unavailable")


def reached(shop: Shop) -> list[str]:
    """Return what reached the try-on host."""
    passed = ("/api/tryon", "/api/analyze")
    return [each.url.path for each in shop.transport.requests if each.url.path in passed]


# The button


def test_excluded_product_has_no_button(shop: Shop, rule: Rule) -> None:
    """Others have one; the filter gets what the template passes."""
    assert shop.button(id="hat-1") == ""
    assert "<button" in shop.button(id="tee-1", title="Tee", category="apparel")
    assert rule.asked[-1] == Product("/a.png", "Tee", "tee-1", "apparel")


def test_no_filter(shop: Shop) -> None:
    """Without a filter every product has a button."""
    assert "<button" in shop.button(id="hat-1")


def test_excluded_variants(shop: Shop, rule: Rule) -> None:
    """Each variant is checked with its own fields."""
    variants = [
        {"label": "Moss", "id": "tee-moss", "image": "/moss.png"},
        {"label": "Hat", "id": "hat-moss"},
        {"label": "Same"},
    ]
    button = shop.button(id="tee", title="Tee", variants=variants)
    assert "tee-moss" in button
    assert "Same" in button
    assert "Hat" not in button
    assert rule.asked[1:] == [
        Product("/moss.png", "Tee", "tee-moss"),
        Product("/a.png", "Tee", "hat-moss"),
        Product("/a.png", "Tee", "tee"),
    ]
    assert "data-product-variants" not in shop.button(id="tee", variants=variants[1:2])


def test_excluded_pairs(shop: Shop, rule: Rule) -> None:
    """Each pair is checked as a product of its own."""
    scarf = {"id": "scarf", "title": "Scarf", "image": "/scarf.png", "page_url": "/scarf"}
    hat = {"id": "hat", "title": "Hat", "image": "/hat.png"}
    button = shop.button(id="tee", title="Tee", pairs=[hat, scarf])
    assert rule.asked[-1] == Product("/scarf.png", "Scarf", "scarf", page_url="/scarf")
    (written,) = re.findall(r'data-product-pairs="([^"]*)"', button)
    assert json.loads(html.unescape(written)) == [scarf]
    assert "pairs" not in shop.button(id="tee", title="Tee", pairs=[hat])


def test_incomplete_pair(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A pair without a picture is omitted with a warning, and the page is shown."""
    button = shop.button(id="tee", pairs=[{"title": "Scarf", "image": None}])
    assert "<button" in button
    assert "pairs" not in button
    assert "need an image and a title" in caplog.text


def test_undefined_fields(shop: Shop, rule: Rule) -> None:
    """Undefined template variables are omitted fields."""
    with shop.app.test_request_context():
        page = render_template_string(
            "{{ genvoris_button(image=product.image, title='Tee', id=nothing) }}", product={}
        )
    assert page == ""
    assert rule.asked == [Product(title="Tee")]


# The shop's own routes


def test_tryon_is_refused(shop: Shop, rule: Rule) -> None:
    """A try-on is refused whatever the page shows, and costs nobody anything."""
    answer = shop.tryon(product_id="hat-1")
    assert error(answer) == REFUSED
    assert answer.get_json()["detail"] == "This product cannot be tried on."
    assert rule.asked[0].page_url == "http://localhost/product"
    assert error(shop.tryon(product_id=None)) == REFUSED
    assert reached(shop) == []
    assert shop.finish(shop.tryon(product_id="tee-1"))["state"] == "done"


def test_status_hides_button(shop: Shop, rule: Rule) -> None:
    """Genvoris is not asked."""
    query = {"product_id": "hat-1", "product_title": "Hat"}
    status = shop.browser.get("/genvoris/status", query_string=query).get_json()
    assert (status["access"], status["ctaType"], status["canTryOn"]) == ("ERROR", "none", False)
    assert status["message"] == "This product cannot be tried on."
    assert shop.transport.count("/usage") == 0
    query = {"product_id": "tee-1"}
    status = shop.browser.get("/genvoris/status", query_string=query).get_json()
    assert status["access"] == "ALLOWED"
    assert shop.browser.get("/genvoris/status").get_json()["access"] == "ALLOWED"


def test_failing_filter(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A filter that raises excludes its product and is logged once."""
    caplog.set_level(logging.ERROR)

    @shop.extension.product_filter
    def broken(product: Product) -> bool:
        raise ZeroDivisionError

    for _ in range(2):
        assert shop.button(id="tee-1") == ""
        assert error(shop.tryon(product_id="tee-1")) == REFUSED
    assert caplog.text.count("@genvoris.product_filter failed") == 1
    assert "ZeroDivisionError" in caplog.text


# The hosted widget's


def multipart(**fields: str) -> dict[str, Any]:
    data = {"photo": FileStorage(io.BytesIO(PHOTO), "me.png"), "product_image_url": PRODUCT_URL}
    boundary, body = encode_multipart({**data, **fields})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def urlencoded(**fields: str) -> dict[str, Any]:
    return {"data": fields}


def as_json(**fields: str) -> dict[str, Any]:
    return {"json": {"photo": "data:image/png;base64,AAAA", **fields}}


def nested(**fields: str) -> dict[str, Any]:
    product = {name.removeprefix("product_"): value for name, value in fields.items()}
    return {"json": {"a": [{"b": 1}], "product": product}}


def in_the_query(**fields: str) -> dict[str, Any]:
    return {"json": {}, "query_string": fields}


Written = Callable[..., dict[str, Any]]
WRITTEN: list[Written] = [multipart, urlencoded, as_json, nested, in_the_query]


@pytest.fixture
def open_shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop whose requests to the try-on host are answered at once."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_LIMIT_TRYONS="1000/minute")
    shop.log_in()

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith("/api/v1/"):
            return None
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    shop.transport.fault = answer
    return shop


@pytest.mark.parametrize(
    ("path", "read_before"), [("/api/tryon", False), ("/api/analyze", True)], ids=["tryon", "read"]
)
@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written.__name__)
def test_hosted_widget(open_shop: Shop, path: str, read_before: bool, written: Written) -> None:
    """It holds for the hosted widget, however its request is written, also if a hook reads it."""
    rule = Rule(open_shop)
    if read_before:
        open_shop.app.before_request(lambda: request.form.get("a") and None)
    assert error(open_shop.post(path, **written(product_id="hat-1"))) == REFUSED
    assert reached(open_shop) == []
    answer = open_shop.post(path, **written(product_id="tee-1", product_title="Tee"))
    assert answer.status_code == 200
    assert (rule.asked[-1].id, rule.asked[-1].title) == ("tee-1", "Tee")
    assert reached(open_shop) == [path]


@pytest.mark.parametrize(
    "said",
    [
        {"productId": "hat-1"},
        {"PRODUCT-ID": "hat-1"},
        {"product.id": "hat-1"},
        {"product[id]": "hat-1"},
        {"sku": "hat-1"},
        {"product": {"id": "hat-1"}},
        {"product": {"title": "Tee", "id": "hat-\\u0031"}},
        {"product_id": "tee-1", "product": {"id": "hat-1"}, "productId": "tee-1"},
        {"products": []},
        {"product_id": ""},
        {"product_id": None},
        {"product_id": "x" * 5000},
        {},
    ],
    ids=str,
)
def test_product_spellings(open_shop: Shop, said: dict[str, Any]) -> None:
    """The rule decides about a product without an id."""

    @open_shop.extension.product_filter
    def rule(product: Product) -> bool:
        return product.id == "tee-2"

    assert error(open_shop.post("/api/tryon", json=said)) == REFUSED
    assert reached(open_shop) == []


def test_numeric_ids(open_shop: Shop) -> None:
    """As shops have them in their databases."""
    rule = Rule(open_shop)
    for said in ({"product_id": 42}, {"product": {"id": 42, "title": "Tee"}}):
        assert open_shop.post("/api/tryon", json=said).status_code == 200
        assert rule.asked[-1].id == "42"


def test_pictures_and_pages(open_shop: Shop) -> None:
    """The filter gets pictures on the web and pages of the shop."""
    rule = Rule(open_shop)
    said = {
        "productId": "tee-1",
        "productImages": ["/a.png", "https://cdn.example/b.png", "data:image/png;base64,AA"],
        "productCategory": "home",
        "pageUrl": "http://localhost/p/1",
    }
    assert open_shop.post("/api/tryon", json=said).status_code == 200
    image, page = "https://cdn.example/b.png", "http://localhost/p/1"
    assert rule.asked == [Product(image, None, "tee-1", "home", page)]


def test_photo_without_product(open_shop: Shop) -> None:
    """The filter is about products, so a photo alone may be analysed."""
    rule = Rule(open_shop)
    assert open_shop.post("/api/analyze", json={"photo": "AAAA"}).status_code == 200
    assert rule.asked == []


class Taking(httpx.BaseTransport):
    """Keeps what streams to the try-on host, piece by piece."""

    def __init__(self, genvoris: LocalGenvoris) -> None:
        self._genvoris = genvoris
        self.pieces: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/api/v1/"):
            return self._genvoris.transport.handle_request(request)
        assert isinstance(request.stream, httpx.SyncByteStream)
        self.pieces.clear()
        self.pieces.extend(request.stream)
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))


def test_large_body_is_cut(genvoris: LocalGenvoris) -> None:
    """A streamed body is cut before its end, even if it names the product last."""
    genvoris.customer("ada")
    taking = Taking(genvoris)
    app = Flask("shop")
    app.config.update(Shop(genvoris).app.config)
    extension = GenvorisFlask()
    extension.shopper_loader(lambda: Shopper("ada"))
    extension.product_filter(lambda product: product.id != "hat-1")
    extension.init_app(app, transport=taking, clock=genvoris.clock)
    browser = app.test_client()

    def send(size: int, product_id: str) -> TestResponse:
        body = {"photo": "A" * size, "product_id": product_id}
        return browser.post("/genvoris/api/tryon", json=body, headers=SAME_ORIGIN)

    for size in (3 * CHUNK, 4 * CHUNK - 1, 4 * CHUNK):
        assert error(send(size, "hat-1")) == REFUSED
        assert b"}" not in b"".join(taking.pieces)
        assert send(size, "tee-1").status_code == 200
        assert json.loads(b"".join(taking.pieces))["product_id"] == "tee-1"


def test_categories_hold_for_the_hosted_widget(genvoris: LocalGenvoris) -> None:
    """A category that cannot be tried on is refused without a filter of the shop's, too."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_CATEGORIES=["apparel"])
    shop.log_in()
    answer_forwarded(shop.transport, lambda _request: httpx.Response(200, json={"images": []}))
    sofa, shirt = {"product_category": "home"}, {"product_category": "apparel"}
    assert error(shop.post("/api/tryon", json={"product_id": "sofa", **sofa})) == REFUSED
    assert shop.post("/api/tryon", json={"product_id": "shirt", **shirt}).status_code == 200
