"""Try-ons by the shop's own function, metered by a real local Genvoris."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from flask import current_app
from PIL import Image

from genvoris_flask import Photo, Picture, Product, Shopper
from genvoris_flask.core.images.photos import check_photo
from genvoris_flask.core.tryon.engines import TokenSource
from genvoris_flask.core.tryon.engines.custom import CustomEngine
from genvoris_flask.core.tryon.models import TryOnRequest
from genvoris_flask.errors import DeadlineError
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import marked, picture
from tests.support.waiting import until

MADE = picture("WEBP", (60, 90))


class Studio:
    """A shop's function that records its calls and returns or raises what it is told to."""

    def __init__(self, shop: Shop, gives: Any = MADE) -> None:
        self.asked: list[tuple[Photo, Product, Shopper | None]] = []
        self.gives = gives
        shop.extension.tryon_engine(self.make)

    def make(self, photo: Photo, product: Product, shopper: Shopper | None) -> bytes | Picture:
        self.asked.append((photo, product, shopper))
        assert current_app.name == "shop"  # so that its database may be asked
        if isinstance(self.gives, Exception):
            raise self.gives
        made: bytes | Picture = self.gives
        return made


@pytest.mark.parametrize(
    "gives", [MADE, bytearray(MADE), Picture(MADE), Picture(MADE, "text/html")]
)
def test_picture_is_served_and_metered(shop: Shop, gives: Any) -> None:
    """The function gets photo, product and shopper; Genvoris is not asked for a picture."""
    studio = Studio(shop, gives)
    job = shop.finish(shop.tryon(product_id="s1", product_category="home"))
    assert job["state"] == "done"
    assert job["quota"] == {"used": 1, "limit": 3, "remaining": 2}
    image = shop.browser.get(job["image_url"])
    assert (image.data, image.mimetype) == (marked(MADE), "image/webp")
    assert shop.genvoris.used() == 1
    assert shop.transport.count("/api/tryon") == 0
    ((photo, product, shopper),) = studio.asked
    assert product.images == ("http://localhost/static/shirt.png",)
    assert (photo.mimetype, photo.width, photo.height) == ("image/jpeg", 300, 450)
    assert Image.open(io.BytesIO(photo.data)).size == (300, 450)
    assert (product.id, product.category) == ("s1", "home")
    assert product.image == "http://localhost/static/shirt.png"
    assert shopper == Shopper("ada")


def test_fields_sent_to_the_meter(shop: Shop) -> None:
    """With the shopper's token and the time that the picture took."""
    Studio(shop)
    shop.finish(shop.tryon())
    (sent,) = [each for each in shop.transport.requests if each.url.path == "/api/tryon/track"]
    body = json.loads(sent.content)
    assert body["end_customer_token"] == shop.post("/session").get_json()["token"]
    assert body["generation_time_ms"] >= 0
    del body["api_key"], body["end_customer_token"], body["generation_time_ms"]
    assert body == {
        "product_type": "apparel",
        "product_title": "Shirt",
        "page_url": "http://localhost/product",
        "origin": "http://localhost",
        "variation_count": 1,
        "success": True,
    }


def test_refused_shopper_costs_no_work(shop: Shop) -> None:
    """The function is not called, and nothing is metered."""
    studio = Studio(shop)
    shop.genvoris.spend(3)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["reason"], job["used"]) == ("refused", "quota_exhausted", 3)
    assert job["paywall"]["kind"] == "offer"
    shop.genvoris.call("PATCH", "/customers/ada", {"status": "PAUSED"})
    assert shop.finish(shop.tryon())["reason"] == "paused"
    shop.genvoris.call("PATCH", "/customers/ada", {"status": "ACTIVE", "planId": None})
    assert shop.finish(shop.tryon())["reason"] == "no_plan"
    shop.log_in("stranger")
    assert shop.finish(shop.tryon())["reason"] == "no_plan"
    assert studio.asked == []
    assert shop.transport.count("/api/tryon/track") == 0


def test_quota_spent_meanwhile_withholds_the_picture(shop: Shop) -> None:
    """The last try-ons went elsewhere while it was made."""

    class Race(Studio):
        def make(self, *order: Any) -> bytes | Picture:
            shop.genvoris.spend(3)  # meanwhile the last ones went elsewhere
            return super().make(*order)

    Race(shop)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["reason"], job["image_url"]) == ("refused", "quota_exhausted", None)
    assert shop.browser.get(f"/genvoris/tryons/{job['id']}/image").status_code == 404
    assert shop.genvoris.used() == 3


@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        (
            httpx.Response(402, json={"error": "credit_limit_reached"}),
            "refused",
            "credit_limit_reached",
        ),
        (httpx.Response(401, json={"error": "invalid_api_key"}), "failed", "internal_error"),
        (httpx.Response(403, json={"error": "account_inactive"}), "failed", "internal_error"),
        (httpx.Response(400, json={"error": "invalid_body"}), "failed", "invalid_body"),
    ],
    ids=["402", "401", "403", "400"],
)
def test_refused_metering_withholds_the_picture(
    shop: Shop, answer: httpx.Response, state: str, error: str
) -> None:
    """Whatever the reason."""
    studio = Studio(shop)
    shop.transport.fault = lambda request: answer if request.url.path.endswith("/track") else None
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"], job["image_url"]) == (state, error, None)
    assert len(studio.asked) == 1


def meter(shop: Shop, fault: Callable[[httpx.Request], httpx.Response | None]) -> None:
    """Replace the answers of the meter only."""
    shop.transport.fault = lambda request: (
        fault(request) if request.url.path.endswith("/track") else None
    )


def lose(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone", request=request)


def refuse_connections(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def charged_first(
    shop: Shop, then: Callable[[httpx.Request], httpx.Response]
) -> Callable[[httpx.Request], httpx.Response]:
    """Let Genvoris meter the try-on, but lose its answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        shop.genvoris.transport.handle_request(request)
        return then(request)

    return answer


@pytest.mark.parametrize(
    "then", [lambda _: httpx.Response(502), lambda _: httpx.Response(200), lose], ids=range(3)
)
def test_metered_picture_with_lost_answer_is_served(
    shop: Shop, then: Callable[[httpx.Request], httpx.Response]
) -> None:
    """The shopper's usage shows it, and nothing is charged twice."""
    Studio(shop)
    meter(shop, charged_first(shop, then))
    job = shop.finish(shop.tryon())
    quota = {"used": 1, "limit": 3, "remaining": 2}
    assert (job["state"], job["quota"]) == ("done", quota)
    assert (shop.transport.count("/track"), shop.genvoris.used()) == (1, 1)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_picture_that_was_not_counted_is_withheld(shop: Shop, status: int) -> None:
    """It would have cost nobody anything, any number of times."""
    studio = Studio(shop)
    meter(shop, lambda _: httpx.Response(status))
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", "upstream_unreachable")
    assert job["image_url"] is None
    assert (len(studio.asked), shop.transport.count("/track"), shop.genvoris.used()) == (1, 1, 0)


def test_unreachable_meter_withholds_the_picture(shop: Shop) -> None:
    """Nothing was sent, so nothing was charged."""
    Studio(shop)
    meter(shop, refuse_connections)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", "upstream_unreachable")


def test_uncertain_metering_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The picture is served, since asking again could charge twice."""
    Studio(shop)
    meter(shop, lose)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["quota"], shop.transport.count("/track")) == ("done", None, 1)
    assert "has not metered a try-on yet" in caplog.text


def test_unknown_metering_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The picture was allowed a moment ago, and may well have been charged."""
    Studio(shop)

    def fail(request: httpx.Request) -> httpx.Response | None:
        asked = shop.transport.count("/usage") > 1 and request.url.path.endswith("/usage")
        return httpx.Response(500) if asked or request.url.path.endswith("/track") else None

    shop.transport.fault = fail
    job = shop.finish(shop.tryon())
    assert (job["state"], job["quota"], shop.transport.count("/track")) == ("done", None, 1)
    assert "not known whether Genvoris metered" in caplog.text


@pytest.mark.parametrize("status", [400, 413, 422])
def test_unusable_page_fields_are_left_out(
    shop: Shop, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Whatever a browser sends, the function has not run in vain."""
    studio = Studio(shop)

    def refuse_title(request: httpx.Request) -> httpx.Response | None:
        body = json.loads(request.content)
        return httpx.Response(status) if {"product_title", "page_url"} & set(body) else None

    meter(shop, refuse_title)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["quota"]["used"]) == ("done", 1)
    assert (len(studio.asked), shop.transport.count("/track"), shop.genvoris.used()) == (1, 2, 1)
    assert "could not use what a browser sent" in caplog.text


def test_foreign_host_is_metered(shop: Shop) -> None:
    """Anybody can write a Host header; the picture is metered without that address."""
    studio = Studio(shop)
    shop.extension.shopper_loader(lambda: Shopper("ada"))
    shop.genvoris.http.patch("/sandbox/settings", json={"domains": ["shop.example"]})
    page = "http://evil.example/product"
    answer = shop.tryon(
        headers={"Host": "evil.example"}, page_url=page, product_image="https://shop.example/a.png"
    )
    job = shop.finish(answer)
    assert (job["state"], job["quota"]["used"]) == ("done", 1)
    assert (len(studio.asked), shop.transport.count("/track"), shop.genvoris.used()) == (1, 2, 1)


BLANK = [
    "",
    " ",
    "\t",
    "\u00a0",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u3000",
    "\ufeff",
    "\u200b",
    "\u2800",
]


@pytest.mark.parametrize("blank", BLANK, ids=[f"U+{ord(each or '0'):04X}" for each in BLANK])
def test_blank_title_is_not_sent(shop: Shop, blank: str) -> None:
    """The meter would refuse it, after the function has run."""
    Studio(shop)
    job = shop.finish(shop.tryon(product_title=blank, product_id=blank * 3))
    assert (job["state"], shop.transport.count("/track"), shop.genvoris.used()) == ("done", 1, 1)
    (sent,) = [each for each in shop.transport.requests if each.url.path == "/api/tryon/track"]
    assert "product_title" not in json.loads(sent.content)


def test_page_fields_are_cut(shop: Shop) -> None:
    """As JavaScript counts, and once a path is a full URL."""
    Studio(shop)
    page = "/" + "x" * 1_990
    job = shop.finish(shop.tryon(product_title="\U0001f457" * 300, page_url=page))
    assert (job["state"], shop.transport.count("/track")) == ("done", 1)
    (sent,) = [each for each in shop.transport.requests if each.url.path == "/api/tryon/track"]
    body = json.loads(sent.content)
    assert len(body["product_title"].encode("utf-16-le")) == 2 * 300
    assert "page_url" not in body


def test_token_revoked_meanwhile_is_replaced(
    shop: Shop,
) -> None:
    """The picture is not made again."""

    class Revoked(Studio):
        def make(self, *order: Any) -> bytes | Picture:
            token = shop.post("/session").get_json()["token"]
            jti = jwt.decode(token, options={"verify_signature": False})["jti"]
            shop.genvoris.call("DELETE", f"/customers/ada/sessions/{jti}")
            return super().make(*order)

    studio = Revoked(shop)
    assert shop.finish(shop.tryon())["state"] == "done"
    assert len(studio.asked) == 1
    assert shop.genvoris.used() == 1


def test_unknown_usage_costs_no_work(shop: Shop) -> None:
    """If the usage cannot be read, the function is not called."""
    studio = Studio(shop)
    shop.transport.fault = lambda request: (
        httpx.Response(400) if request.url.path.endswith("/usage") else None
    )
    assert shop.finish(shop.tryon())["state"] == "failed"
    assert studio.asked == []


@pytest.mark.parametrize(
    ("gives", "logged"),
    [
        (None, "must return the picture's bytes"),
        ("a path.jpg", "must return the picture's bytes"),
        (b"no picture", "not a picture"),
        (picture("JPEG")[:500], "damaged"),
        (picture("HEIF", (60, 90)), "few browsers"),
        (ZeroDivisionError("my own fault"), "my own fault"),
    ],
    ids=["none", "text", "junk", "truncated", "heic", "raises"],
)
def test_faulty_function_fails_the_job(
    shop: Shop, caplog: pytest.LogCaptureFixture, gives: Any, logged: str
) -> None:
    """The log says why, the shopper sees none of it, and nothing is metered."""
    Studio(shop, gives)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", "internal_error")
    assert logged in caplog.text
    assert logged not in str(job)
    assert shop.genvoris.used() == 0


def test_late_picture_is_discarded(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """It is neither served nor metered."""
    now = [0.0]

    def slow(*_: Any) -> bytes:
        now[0] += 91
        return MADE

    engine = CustomEngine(slow, shop.state.client, shop.state.broker, 90, lambda: now[0])
    request = TryOnRequest(check_photo(picture()), Product(), None, "http://localhost", "k")
    with pytest.raises(DeadlineError, match="91 s"):
        engine.make(request, TokenSource(shop.state.broker, None))
    assert shop.transport.count("/track") == 0


def test_guest_is_metered_to_the_shop(genvoris: LocalGenvoris) -> None:
    """A guest has no usage to ask for."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    studio = Studio(shop)
    job = shop.finish(shop.tryon())
    assert (job["state"], job["quota"]) == ("done", None)
    assert studio.asked[0][2] is None
    assert shop.transport.count("/track") == 1
    assert shop.transport.count("/usage") == 0


def test_picture_by_url_is_fetched(shop: Shop) -> None:
    """And served from the shop's own address."""

    def respond(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/api/tryon":
            return httpx.Response(200, json={"images": ["http://127.0.0.1:8787/r/1.webp"]})
        if request.url.path == "/r/1.webp":
            return httpx.Response(200, headers={"Content-Type": "image/webp"}, content=MADE)
        return None

    shop.transport.fault = respond
    job = shop.finish(shop.tryon())
    assert job["image_url"].startswith("/genvoris/tryons/")
    assert shop.browser.get(job["image_url"]).data == marked(MADE)


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/r.webp", "https://evil.example/r.webp", "http://127.0.0.1:9/r.webp"]
)
def test_picture_on_another_host_is_not_fetched(
    shop: Shop, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """The log names the setting that would allow it."""
    shop.transport.fault = lambda request: (
        httpx.Response(200, json={"image": url}) if request.url.path == "/api/tryon" else None
    )
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", "upstream_unreachable")
    assert "GENVORIS_RESULT_HOSTS" in caplog.text
    assert not [request for request in shop.transport.requests if request.url.path == "/r.webp"]


def test_all_product_pictures_reach_the_engine(shop: Shop) -> None:
    """A form may name several; each is resolved against the shop."""
    paths = ["/a.png", "/b.png", "/c.png"]
    assert shop.finish(shop.tryon(product_image=paths))["state"] == "done"
    sent = next(each for each in shop.transport.requests if each.url.path.endswith("/api/tryon"))
    assert b'"http://localhost/c.png"' in sent.content
    studio = Studio(shop)
    assert shop.finish(shop.tryon(product_image=paths))["state"] == "done"
    ((_, product, _shopper),) = studio.asked
    assert product.images == tuple(f"http://localhost{path}" for path in paths)


def test_cancelled_picture_is_not_metered(shop: Shop) -> None:
    """A function that asks learns that its shopper has cancelled; cancelling is free until then."""
    working, cancelled = threading.Event(), threading.Event()
    answers: list[bool] = []

    def make(
        _photo: Photo,
        _product: Product,
        _shopper: Shopper | None,
        *,
        is_cancelled: Callable[[], bool],
    ) -> bytes:
        answers.append(is_cancelled())
        working.set()
        assert cancelled.wait(60)
        answers.append(is_cancelled())
        return MADE

    shop.extension.tryon_engine(make)
    job: dict[str, Any] = shop.tryon().get_json()
    assert working.wait(60)
    path = f"/genvoris/tryons/{job['id']}"
    assert shop.browser.get(path).get_json()["charged"] is False
    removed = shop.browser.delete(path, headers={"Sec-Fetch-Site": "same-origin"})
    assert removed.json == {"id": job["id"], "outcome": "cancelled"}
    cancelled.set()
    until(lambda: answers == [False, True])
    assert shop.genvoris.used() == 0


@pytest.mark.parametrize("way", ["returns", "raises"])
def test_cancelled_picture_counts_in_the_day(genvoris: LocalGenvoris, way: str) -> None:
    """The function has run, which may cost the shop, whatever it does when it learns of it."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True, GENVORIS_GUEST_TRYONS_PER_DAY=1)
    working, cancelled = threading.Event(), threading.Event()

    def make(_photo: Photo, _product: Product, _shopper: Shopper | None) -> bytes:
        working.set()
        assert cancelled.wait(60)
        if way == "raises":
            raise OSError
        return MADE

    shop.extension.tryon_engine(make)
    job = shop.tryon().get_json()["id"]
    assert working.wait(60)
    removed = shop.browser.delete(f"/genvoris/tryons/{job}", headers=SAME_ORIGIN)
    assert removed.get_json()["outcome"] == "cancelled"
    cancelled.set()
    until(lambda: shop.state.jobs.load().unfinished == 0)
    assert shop.tryon().get_json()["error"] == "guest_limit_reached"
