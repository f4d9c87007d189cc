"""Host headers that anybody may send: none of them is an error of ours."""

from __future__ import annotations

import io
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder, encode_multipart, run_wsgi_app

from genvoris_flask import Shopper
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import picture

HOSTS = [
    *("xn--", "XN--", "xn--a", "a.xn--", "xn--.b", "xn---", "xn--0000", "xn--\xff", "\xc3\x9f"),
    *("", ".", "..", "a..b", "a" * 64 + ".b", "a" * 300, "_", "-", "a-", "*", "a,b", "a b"),
    *("[", "]", "[]", "[::1", "[xn--]", "[v1.x]", "[fe80::1%eth0]", "[::ffff:1.2.3.4%25x]"),
    *("a:99999", "a:-1", "a:b", ":80", "a:80:80", "u:p@b", "a/b", "a?b", "a#b", "a\\b"),
    *("%", "%zz", "%00", "a%2fb", "http://a", "<script>", '"', "'", "\xe2\x98\x83", "\x80"),
]
FORM = ("product_image=/a.png", "product_title=t", "page_url=/p")
QUERY = "&".join(FORM)
ROUTES = [
    *(("GET", "/product"), ("GET", "/genvoris/widget.js"), ("GET", f"/genvoris/status?{QUERY}")),
    *(("POST", "/genvoris/session"), ("GET", "/genvoris/nothing"), ("POST", "/genvoris/tryons")),
    *(("GET", "/genvoris/tryons/x"), ("GET", "/genvoris/tryons/x/image")),
    *(("DELETE", "/genvoris/tryons/x"), ("OPTIONS", "/genvoris/session")),
    *(("POST", "/genvoris/api/tryon"), ("GET", "/genvoris/api/config")),
    *(("POST", "/genvoris/api/v1/events"), ("POST", "/genvoris/webhook")),
]


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop without rate limits."""
    limits = {f"GENVORIS_LIMIT_{name}": "100000/minute" for name in ("SESSION", "TRYONS")}
    return Shop(genvoris, GENVORIS_ALLOW_GUESTS=True, GENVORIS_WEBHOOK_SECRET="whsec", **limits)


def environ(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = path.partition("?")
    builder = EnvironBuilder(path=path, query_string=query, method=method)
    found = builder.get_environ()
    if method == "POST":
        photo = FileStorage(io.BytesIO(picture()), "me.jpg")
        fields = dict(each.split("=") for each in FORM)
        boundary, body = encode_multipart({"photo": photo, **fields})
        found["wsgi.input"], found["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        found["CONTENT_TYPE"] = f"multipart/form-data; boundary={boundary}"
    return found | {f"HTTP_{name}": value for name, value in headers.items()}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_any_host(shop: Shop, method: str, path: str) -> None:
    """No Host header causes an internal error."""
    behind_a_proxy = ProxyFix(shop.app.wsgi_app, x_host=1)
    same = {"SEC_FETCH_SITE": "same-origin"}
    for host in HOSTS:
        origin = f"https://a{host}".encode("ascii", "ignore").decode()
        for wsgi, headers in (
            (shop.app.wsgi_app, {"HOST": host, **same}),
            (
                shop.app.wsgi_app,
                {"HOST": host, "ORIGIN": origin},
            ),
            (behind_a_proxy, {"X_FORWARDED_HOST": host, **same}),
        ):
            pieces, status, _ = run_wsgi_app(wsgi, environ(method, path, headers))
            b"".join(pieces)
            assert status < "500", (host, status)


def test_international_name(shop: Shop) -> None:
    """Browsers name it in ASCII; a page's address in other letters would be another site's."""
    host = "xn--mller-kva.example"
    page = f"http://{host}/shirt?size=m"
    query = {"product_title": "Shirt", "page_url": page}
    seen: list[str | None] = []

    @shop.extension.paywall
    def look(refusal: Any) -> None:
        seen.append(refusal.product.page_url)

    shop.extension.shopper_loader(lambda: Shopper("nobody"))
    base = f"http://{host}/"
    answer = shop.browser.get("/genvoris/status", query_string=query, base_url=base)
    assert (answer.status_code, answer.get_json()["reason"]) == (200, "no_plan")
    assert seen == [page]
