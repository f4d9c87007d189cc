"""Products as browsers describe them."""

from __future__ import annotations

import pytest

from genvoris_flask.tryon.product import Product, read_product

HOST = "https://shop.example/"


def read(**fields: str) -> Product | None:
    return read_product(fields, HOST)


def test_a_path_is_resolved_against_the_shop_itself() -> None:
    product = read(product_image="/static/shirt.png", product_title="Shirt", product_id="s1")
    assert product == Product("https://shop.example/static/shirt.png", "Shirt", "s1")


def test_a_picture_may_be_on_a_content_network() -> None:
    product = read(product_image="https://cdn.example/shirt.png")
    assert product is not None
    assert product.image == "https://cdn.example/shirt.png"


@pytest.mark.parametrize(
    "image", ["javascript:alert(1)", "data:image/png;base64,AA", "file:///etc/passwd", "http://["]
)
def test_a_picture_that_is_not_on_the_web_is_none(image: str) -> None:
    product = read(product_image=image, product_title="x")
    assert product is not None
    assert product.image is None


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/p",
        "//evil.example/p",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.example//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "https://shop.example/\n/evil.example",
        "javascript:alert(1)",
    ],
)
def test_a_way_back_to_another_site_is_dropped(page: str) -> None:
    product = read(product_title="x", page_url=page)
    assert product is not None
    assert product.page_url is None
    assert product.page_path is None


def test_the_way_back_is_a_path_with_its_query() -> None:
    product = read(page_url="https://shop.example/p/1?colour=red#top")
    assert product is not None
    assert product.page_path == "/p/1?colour=red"


def test_an_unknown_category_is_apparel() -> None:
    product = read(product_title="x", product_category="<script>")
    assert product is not None
    assert product.category == "apparel"


def test_no_fields_are_no_product() -> None:
    assert read() is None
    assert read(product_category="home") is None
