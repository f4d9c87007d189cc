"""Pages that a cache of the shop keeps: they carry nobody's token. With the real libraries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import beaker.cache
import dogpile.cache
import pytest
from flask import make_response, render_template_string, session
from flask.views import MethodView
from flask_caching import Cache

from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris

TAG = "{{ genvoris_widget() }}"
TOKEN = "data-end-customer-token"


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop in which Ada and Ben may try on, and Ada is logged in."""
    for name in ("ada", "ben"):
        genvoris.customer(name)
    shop = Shop(genvoris)
    shop.log_in("ada")
    return shop


@pytest.fixture
def cache(shop: Shop) -> Iterator[Cache]:
    cache = Cache(shop.app, config={"CACHE_TYPE": "SimpleCache"})
    yield cache
    with shop.app.app_context():
        cache.clear()


def page() -> str:
    return render_template_string(TAG)


def cached_view(shop: Shop, cache: Cache) -> None:
    shop.app.add_url_rule("/page", "kept", cache.cached(timeout=50)(page))


def cached_view_within_another_decorator(shop: Shop, cache: Cache) -> None:
    inner = cache.cached(timeout=50)(page)
    shop.app.add_url_rule("/page", "kept", lambda: inner())


def cached_view_around_another_decorator(shop: Shop, cache: Cache) -> None:
    shop.app.add_url_rule("/page", "kept", cache.cached(timeout=50)(lambda: page()))


def decorated_class(shop: Shop, cache: Cache) -> None:
    class Page(MethodView):
        decorators = [cache.cached(timeout=50)]  # noqa: RUF012

        def get(self) -> str:
            return page()

    shop.app.add_url_rule("/page", view_func=Page.as_view("kept"))


def decorated_method(shop: Shop, cache: Cache) -> None:
    class Page(MethodView):
        @cache.cached(timeout=50)  # type: ignore[untyped-decorator, unused-ignore]
        def get(self) -> str:
            return page()

    shop.app.add_url_rule("/page", view_func=Page.as_view("kept"))


def coroutine(shop: Shop, cache: Cache) -> None:
    async def view() -> str:
        return page()

    shop.app.add_url_rule("/page", "kept", cache.cached(timeout=50)(view))


def cached_function(shop: Shop, cache: Cache) -> None:
    footer = cache.cached(timeout=50, key_prefix="footer")(page)
    shop.app.add_url_rule("/page", "kept", lambda: f"<p>{footer()}")


def memoized_function(shop: Shop, cache: Cache) -> None:
    fragment = cache.memoize(50)(lambda number: page())
    shop.app.add_url_rule("/page", "kept", lambda: f"<p>{fragment(7)}")


def block_of_a_template(shop: Shop, cache: Cache) -> None:
    source = "<p>{% cache 50, 'footer' %}" + TAG + "{% endcache %}"
    shop.app.add_url_rule("/page", "kept", lambda: render_template_string(source))


def dogpile_region(shop: Shop, cache: Cache) -> None:
    region = dogpile.cache.make_region().configure("dogpile.cache.memory")
    shop.app.add_url_rule("/page", "kept", region.cache_on_arguments()(page))


def beaker_cache(shop: Shop, cache: Cache) -> None:
    kept = beaker.cache.CacheManager(type="memory").cache("page")(page)
    shop.app.add_url_rule("/page", "kept", kept)


KEPT: list[Callable[[Shop, Cache], None]] = [
    cached_view,
    cached_view_within_another_decorator,
    cached_view_around_another_decorator,
    decorated_class,
    decorated_method,
    coroutine,
    cached_function,
    memoized_function,
    block_of_a_template,
    dogpile_region,
    beaker_cache,
]


@pytest.mark.parametrize("way", KEPT, ids=lambda way: way.__name__)
def test_cached_page_has_no_token(
    shop: Shop, cache: Cache, way: Callable[[Shop, Cache], None]
) -> None:
    """The next shopper would get it; the widget asks for their own when it is clicked."""
    way(shop, cache)
    # A thread has no event loop of other tests, which would keep an async view from running.
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(shop.browser.get, "/page").result()
    assert "<script" in first.text
    assert TOKEN not in first.text
    assert "no-store" not in first.headers.get("Cache-Control", "")
    shop.log_in("ben")
    assert shop.browser.get("/page").text == first.text
    assert shop.transport.count("/sessions") == 0
    assert TOKEN in shop.browser.get("/product").text  # which no cache keeps


def test_page_with_cached_parts(shop: Shop, cache: Cache) -> None:
    """It is rendered outside of the cache's functions."""
    price = cache.memoize(50)(lambda number: f"{number}.00")
    source = "{{ price }}{% cache 50, 'menu' %}<nav>{% endcache %}" + TAG
    shop.app.add_url_rule("/page", "kept", lambda: render_template_string(source, price=price(4)))
    for name in ("ada", "ben", "ada"):
        shop.log_in(name)
        assert TOKEN in shop.browser.get("/page").text


def test_logged_once_per_view(shop: Shop, cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    """The log names each cached view once."""
    caplog.set_level(logging.INFO, "genvoris_flask.storefront")
    shop.app.add_url_rule("/page", "kept_page_of_this_test", cache.cached(timeout=50)(page))
    for name in ("ada", "ben"):
        shop.log_in(name)
        shop.browser.get("/page")
        cache.clear()
    (told,) = caplog.messages
    assert told.startswith("Flask-Caching keeps what kept_page_of_this_test renders")


CDN_HEADERS = [
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Netlify-CDN-Cache-Control",
    "Vercel-CDN-Cache-Control",
    "vercel-cdn-cache-control",
    "Surrogate-Control",
    "Edge-Control",
    "X-Accel-Expires",
    "X-LiteSpeed-Cache-Control",
    "Expires",
]


@pytest.mark.parametrize("name", CDN_HEADERS)
@pytest.mark.parametrize("path", ["/product", "/genvoris/status", "/genvoris/nothing"])
def test_no_cdn_keeps_a_job(shop: Shop, name: str, path: str) -> None:
    """CDNs obey headers of their own before Cache-Control, and a shop may add them anywhere."""

    @shop.app.after_request
    def keep_everything(response: Any) -> Any:
        response.headers[name] = "max-age=3600"
        response.headers.add(name, "public, max-age=7200")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    answer = shop.browser.get(path)
    assert name not in answer.headers
    assert answer.headers["Cache-Control"].endswith("no-store")
    shop.log_in(None)
    assert shop.browser.get("/product").headers[name] == "max-age=3600"


def test_job_is_never_public(shop: Shop) -> None:
    """Nothing that the shop sets changes that."""

    @shop.app.after_request
    def keep_everything(response: Any) -> Any:
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    job = shop.finish(shop.tryon())
    assert shop.browser.get(job["image_url"]).headers["Cache-Control"] == "no-store"
    assert shop.post("/session").headers["Cache-Control"] == "no-store"
    script = shop.browser.get("/genvoris/widget.js")
    assert script.headers["Cache-Control"] == "public, max-age=3600"


def test_requests_in_one_app_context(shop: Shop) -> None:
    """Requests within one app context share `g`."""
    plain = make_response_page(shop)
    with shop.app.app_context():
        assert TOKEN in shop.browser.get("/product").text
        assert TOKEN in shop.browser.get("/product").text
        assert shop.browser.get(plain).headers["Cache-Control"] == "public"


def make_response_page(shop: Shop) -> str:
    def view() -> Any:
        response = make_response(f"Hello {session.get('user')}")
        response.headers["Cache-Control"] = "public"
        return response

    shop.app.add_url_rule("/plain", "plain", view)
    return "/plain"
