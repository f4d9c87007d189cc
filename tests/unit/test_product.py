"""Products as browsers describe them."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from genvoris_flask.core.products import Product, read_product

SHOP = "https://shop.example/"


def read(*images: str, shop_url: str = SHOP, host_is_own: bool = False, **fields: str) -> Product:
    """Read a product that has a title, whatever becomes of its other fields."""
    fields = {"product_title": "Shirt", **fields}
    product = read_product(fields, images, shop_url, host_is_own=host_is_own)
    assert product is not None
    return product


def test_fields() -> None:
    """A path is resolved against the shop; the other fields are taken as they are."""
    product = read("/static/shirt.png", product_id="s1", product_category="home")
    assert product == Product(f"{SHOP}static/shirt.png", "Shirt", "s1", "home")


def test_images() -> None:
    """Up to eight pictures are read, without repeats and without those that are refused."""
    product = read("http://10.0.0.1/a.png", "/a.png", "/a.png", *(f"/{n}.png" for n in range(9)))
    assert product.image == f"{SHOP}a.png"
    assert product.images == (product.image, *(f"{SHOP}{n}.png" for n in range(7)))


def test_image_is_the_first_of_images() -> None:
    """A product that is made with one picture has it in ``images`` too."""
    assert Product(f"{SHOP}a.png").images == (f"{SHOP}a.png",)
    assert Product().images == ()


NOT_ON_THE_WEB = [
    "javascript:alert(1)",
    "data:image/png;base64,AA",
    "file:///etc/passwd",
    "http://[",
]
PRIVATE = [
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
]


@pytest.mark.parametrize("image", [*NOT_ON_THE_WEB, *PRIVATE])
def test_unsafe_image_is_refused(image: str) -> None:
    """A picture must be on the public web, however its host is spelled."""
    assert read(image).images == ()


@pytest.mark.parametrize(
    "image", ["https://93.184.216.34/a.png", "//cdn.example/a.png", "https://cdn.example:8443/a"]
)
def test_public_image_is_accepted(image: str) -> None:
    """A picture may be on any public host, such as a content network."""
    assert read(image).image == urljoin(SHOP, image)


@pytest.mark.parametrize(
    ("image", "expected"),
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
def test_host_is_normalized(image: str, expected: str) -> None:
    """The host is written as it was checked, so that no other server decodes it differently."""
    assert read(image).image == expected


@pytest.mark.parametrize("shop", ["http://127.0.0.1:5000/", "http://localhost:5000/", "http://a/"])
@pytest.mark.parametrize("image", ["/a.png", "{shop}b/a.png"])
def test_private_shop_may_have_its_own_images(shop: str, image: str) -> None:
    """A shop in a private network may use its own pictures if its host is known to be its own."""
    image = image.format(shop=shop)
    assert read(image, shop_url=shop, host_is_own=True).image == urljoin(shop, image)


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
def test_private_shop_leads_to_no_other_service(image: str) -> None:
    """Another host or port of the same network is another service."""
    product = read(image, shop_url="http://localhost:5000/", host_is_own=True)
    assert product.image is None


@pytest.mark.parametrize("host", ["http://169.254.169.254/", "http://10.0.0.1:9200/"])
@pytest.mark.parametrize("image", ["/latest/meta-data/", "http://10.0.0.2/a.png"])
def test_forged_host_leads_nowhere_private(host: str, image: str) -> None:
    """A Host header that may be forged does not make a private address acceptable."""
    assert read(image, shop_url=host).image is None


def test_unstorable_characters_are_removed() -> None:
    """What no database stores is removed from titles and ids."""
    product = read(product_title="Sh\0irt\n\ud800", product_id="\0")
    assert product == Product(title="Shirt")


@pytest.mark.parametrize(
    "path", ["/a/../../../etc/passwd", "../x", "a.png", "/%2e%2e/x", "/\tx", "?a=//evil.example"]
)
def test_path_stays_on_the_shop(path: str) -> None:
    """No relative address leaves the shop's host."""
    assert (read(path).image or SHOP).startswith(SHOP)


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
def test_foreign_page_is_dropped(page: str) -> None:
    """A page of another site would turn the way back into an open redirect."""
    product = read(page_url=page)
    assert (product.page_url, product.page_path) == (None, None)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/p", "/p/1?colour=red"),
        *("/%D9%82%D9%85%D9%8A%D8%B5", "/caf%E9", "/a//b"),
    ],
)
def test_page_path(path: str) -> None:
    """The way back is a path, in any script, with its query and without its fragment."""
    assert read(page_url=f"https://shop.example{path}#top").page_path == path


def test_unknown_category_is_apparel() -> None:
    """A category that does not exist is replaced by the default."""
    assert read(product_category="<script>").category == "apparel"


@pytest.mark.parametrize("fields", [{}, {"product_category": "home"}])
def test_no_product(fields: dict[str, str]) -> None:
    """A category alone describes no product."""
    assert read_product(fields, [], SHOP) is None
