"""Products as browsers describe them."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from werkzeug.datastructures import MultiDict

from genvoris_flask.core.tryon.product_fields import Product, read_product

HOST = "https://shop.example/"


def read(**fields: str) -> Product | None:
    return read_product(fields, HOST)


def test_a_path_is_resolved_against_the_shop_itself() -> None:
    product = read(product_image="/static/shirt.png", product_title="Shirt", product_id="s1")
    assert product == Product("https://shop.example/static/shirt.png", "Shirt", "s1")


def test_all_pictures_of_a_product_are_read_up_to_eight() -> None:
    """Those that may not be fetched are left out, and so is one that is named twice."""
    names = ["http://10.0.0.1/a.png", "/a.png", "/a.png", *(f"/{n}.png" for n in range(9))]
    product = read_product(MultiDict([("product_image", name) for name in names]), HOST)
    assert product is not None
    assert product.image == "https://shop.example/a.png"
    assert product.images == (product.image, *(f"{HOST}{n}.png" for n in range(7)))


def test_one_picture_is_all_pictures() -> None:
    """``images`` always starts with ``image``."""
    assert Product("https://shop.example/a.png").images == ("https://shop.example/a.png",)
    assert Product().images == ()


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
    "image",
    [
        "http://127.0.0.1/a.png",
        "http://127.1/a.png",
        "http://2130706433/a.png",
        "http://0x7f000001/a.png",
        "http://0x7f.0.0.1/a.png",
        "http://0177.0.0.1/a.png",
        "http://10.0.0.1/a.png",
        "//10.0.0.1/a.png",
        "https://192.168.1.1/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/a.png",
        "http://[::1]/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
        "http://[fd00::1]/a.png",
        "http://localhost/a.png",
        "http://localhost./a.png",
        "http://x.localhost/a.png",
        "http://redis:6379/",
        "http://printer.local/a.png",
        "http://192.0.0.192/opc/v2/",
        "http://168.63.129.16/machine/",
        "http://metadata.google.\uff49nternal/a.png",
        "http://metadata.google\u3002internal/a.png",
        "http://x.localho\u017ft/a.png",
        "http://metadata.google.internal/a.png",
        "https://shop.example@10.0.0.1/a.png",
        "https://user@cdn.example/a.png",
        "https://cdn.example\\@10.0.0.1/a.png",
        "http://127.0.0.%31/a.png",
        "http://127.0.0.%EF%BC%91/a.png",
        "http://127.0.0.%2531/a.png",
        "http://127%2e0%2e0%2e1/a.png",
        "http://%6c%6fcalhost/a.png",
        "http://%6C%6Fcalhost:6379/a.png",
        "http://\uff11\uff12\uff17.0.0.1/a.png",
        "http://\u2460\u24ea.0.0.1/a.png",
        "http://\u0661\u0662\u0667.0.0.1/a.png",
        "http://127.0.0.1\ufe0f/a.png",
        "http://127.0.0.1\U000e0100/a.png",
        "http://local\u200bhost/a.png",
        "http://local\u00adhost/a.png",
        "http://local%C2%ADhost/a.png",
        "http://127.0.0.1%F3%A0%84%80/a.png",
        "http://lo\ufe00calhost/a.png",
        "http://127.0.0.1%00.cdn.example/a.png",
        "http://127.0.0.1%2f.cdn.example/a.png",
        "http://127.0.0.1%3f.cdn.example/a.png",
        "http://127.0.0.1%23.cdn.example/a.png",
        "http://127.0.0.1%40cdn.example/a.png",
        "http://cdn.example%40127.0.0.1/a.png",
        "http://127.0.0.1%20/a.png",
        "http://cdn_1.example/a.png",
        "http://xn--/a.png",
        "http://[fe80::1%25eth0]/a.png",
        "http://[::ffff:127.0.0.%31]/a.png",
        "http://.../a.png",
        "http://cdn..example/a.png",
        "http://backend.default.svc/a.png",
        "http://cdn.example:0/a.png",
        "http://cdn.example:99999/a.png",
    ],
)
def test_a_picture_inside_a_private_network_is_none(image: str) -> None:
    product = read(product_image=image, product_title="x")
    assert product is not None
    assert product.image is None


@pytest.mark.parametrize(
    "image", ["https://93.184.216.34/a.png", "//cdn.example/a.png", "https://cdn.example:8443/a"]
)
def test_a_picture_on_the_public_internet_may_be_anywhere(image: str) -> None:
    product = read(product_image=image)
    assert product is not None
    assert product.image is not None


@pytest.mark.parametrize(
    ("image", "read_as"),
    [
        ("https://cdn.example/a.png", "https://cdn.example/a.png"),
        ("https://CDN.Example:443/A.png?b=%20#c", "https://cdn.example/A.png?b=%20#c"),
        ("https://cdn.example.:8443/a", "https://cdn.example:8443/a"),
        ("https://%63dn.example/a.png", "https://cdn.example/a.png"),
        ("https://b\u00fccher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://b%C3%BCcher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://\uff43dn\u3002example/a", "https://cdn.example/a"),
        ("https://[2606:4700:0::6810:1]/a", "https://[2606:4700::6810:1]/a"),
    ],
)
def test_a_host_is_written_as_it_was_judged(image: str, read_as: str) -> None:
    """Whoever fetches the picture has nothing left to decode."""
    product = read(product_image=image)
    assert product is not None
    assert product.image == read_as


@pytest.mark.parametrize("host", ["http://127.0.0.1:5000/", "http://localhost:5000/", "http://a/"])
def test_a_shop_inside_may_use_pictures_of_its_own(host: str) -> None:
    """When its host is surely its own."""
    for image in ("/a.png", f"{host}b/a.png"):
        product = read_product({"product_image": image}, host, host_is_own=True)
        assert product is not None
        assert product.image == urljoin(host, image)


@pytest.mark.parametrize(
    "image",
    [
        "http://localhost:9000/a.png",
        "http://localhost/a.png",
        "http://127.0.0.1:5000/a.png",
        "http://10.0.0.1:5000/a.png",
        "http://redis:6379/",
    ],
)
def test_a_shop_inside_leads_nowhere_else_inside(image: str) -> None:
    """Another port is another service."""
    fields = {"product_image": image, "product_title": "x"}
    product = read_product(fields, "http://localhost:5000/", host_is_own=True)
    assert product is not None
    assert product.image is None


@pytest.mark.parametrize("host", ["http://169.254.169.254/", "http://10.0.0.1:9200/"])
def test_a_host_header_from_outside_leads_no_path_inside(host: str) -> None:
    for image in ("/latest/meta-data/", "http://10.0.0.2/a.png"):
        product = read_product({"product_image": image, "product_title": "x"}, host)
        assert product is not None
        assert product.image is None


def test_what_no_database_keeps_is_not_in_a_title() -> None:
    product = read(product_title="Sh\0irt\n\ud800", product_id="\0")
    assert product == Product(title="Shirt")


@pytest.mark.parametrize(
    "path", ["/a/../../../etc/passwd", "../x", "a.png", "/%2e%2e/x", "/\tx", "?a=//evil.example"]
)
def test_a_path_stays_on_the_shops_own_host(path: str) -> None:
    product = read(product_image=path, product_title="x")
    assert product is not None
    assert (product.image or HOST).startswith(HOST)


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
        "/%09/evil.example",
        "/%2Fevil.example",
        "/%5Cevil.example",
        "/%252Fevil.example",
        "/%E2%80%8B/evil.example",
        "/%C2%A0/evil.example",
        "/%20/evil.example",
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


@pytest.mark.parametrize("path", ["/", "/p", "/%D9%82%D9%85%D9%8A%D8%B5", "/caf%E9", "/a//b"])
def test_a_way_back_may_be_in_any_script(path: str) -> None:
    """Only what comes before a path's first letter matters."""
    product = read(page_url=f"https://shop.example{path}")
    assert product is not None
    assert product.page_path == path


def test_an_unknown_category_is_apparel() -> None:
    product = read(product_title="x", product_category="<script>")
    assert product is not None
    assert product.category == "apparel"


def test_no_fields_are_no_product() -> None:
    assert read() is None
    assert read(product_category="home") is None
