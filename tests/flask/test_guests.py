"""Guests: their own try-ons of a day, apart from what shoppers buy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.storage.interface import key_of_owner
from genvoris_flask.core.tryon.daily_limit import Claim, attempt_key
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris

HOUR = 3600.0


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop in which a guest has two try-ons a day."""
    return Shop(
        genvoris,
        GENVORIS_ALLOW_GUESTS=True,
        GENVORIS_GUEST_TRYONS_PER_DAY=2,
        GENVORIS_LIMIT_TRYONS="1000/minute",
    )


def guest(shop: Shop, address: str = "203.0.113.5") -> FlaskClient:
    browser = shop.app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    return browser


def make(shop: Shop, browser: FlaskClient, **headers: str) -> str:
    """Try something on; return how it ended, or the error."""
    answer = shop.tryon(browser=browser, headers=headers)
    if answer.status_code != 202:
        return str(answer.get_json()["error"])
    shop.browser = browser
    return str(shop.finish(answer)["state"])


def status(browser: FlaskClient, language: str = "en") -> dict[str, Any]:
    headers = {"Accept-Language": language}
    found: dict[str, Any] = browser.get("/genvoris/status", headers=headers).get_json()
    return found


def test_guest_limit(shop: Shop) -> None:
    """A try-on is free again when it is a day old."""
    browser = guest(shop)
    assert [make(shop, browser) for _ in range(3)] == ["done", "done", "guest_limit_reached"]
    assert make(shop, guest(shop)) == "done"
    shop.genvoris.clock.now += 24 * HOUR - 1
    assert make(shop, browser) == "guest_limit_reached"
    shop.genvoris.clock.now += 1
    assert make(shop, browser) == "done"


def test_refusal_says_when_to_return(shop: Shop) -> None:
    """To people and to programs, before the photo is read."""
    browser = guest(shop)
    make(shop, browser)
    shop.genvoris.clock.now += 90 * 60
    make(shop, browser)
    answer = browser.post("/genvoris/tryons", headers=SAME_ORIGIN, data={"photo": "none"})
    body = answer.get_json()
    assert (answer.status_code, body["error"]) == (429, "guest_limit_reached")
    assert answer.headers["Retry-After"] == str(int(22.5 * HOUR))
    words = "You have used all try-ons that guests get in a day. You can try on more in 23 hours."
    assert body["detail"] == words
    assert body["paywall"] == {
        "kind": "offer",
        "title": "That is all for now",
        "message": words,
        "action_label": "Log in",
        "action_url": "/login",
        "options": [],
    }
    assert (body["reason"], body["login_url"]) == ("guest_limit", "/login")


def test_status_has_what_is_left(shop: Shop) -> None:
    """And when there is one again."""
    browser = guest(shop)
    fresh = status(browser)
    assert (fresh["access"], fresh["remaining"]) == ("ALLOWED", 2)
    assert fresh["quota"] == {"used": 0, "limit": 2, "resetsAt": None}
    make(shop, browser)
    assert status(browser)["remaining"] == 1
    make(shop, browser)
    spent = status(browser)
    assert (spent["access"], spent["ctaType"], spent["canTryOn"]) == ("EXHAUSTED", "upgrade", False)
    assert (spent["reason"], spent["remaining"]) == ("guest_limit", 0)
    assert spent["paywall"]["action_url"] == "/login"
    assert spent["message"].endswith("in 24 hours.")


def test_hours_in_each_language(shop: Shop) -> None:
    """As a number, or in a word of their own."""
    browser = guest(shop)
    for _ in range(2):
        make(shop, browser)
    start = shop.genvoris.clock.now
    for hours in (24, 11, 10, 3, 2, 1):
        shop.genvoris.clock.now = start + (24 - hours) * HOUR
        for language, sentences in LANGUAGES.items():
            message = status(browser, language)["message"]
            word = {1: sentences["hours.one"], 2: sentences["hours.two"]}.get(hours, str(hours))
            assert word in message
            assert "{" not in message
            arabic = "ساعات" if 3 <= hours <= 10 else "ساعة"
            assert language != "ar" or hours == 2 or arabic in message


def fail(request: httpx.Request) -> httpx.Response | None:
    return httpx.Response(500) if request.url.path == "/api/tryon" else None


def cannot_use(request: httpx.Request) -> httpx.Response | None:
    return httpx.Response(400) if request.url.path == "/api/tryon" else None


@pytest.mark.parametrize("fault", [fail, cannot_use], ids=["500", "400"])
def test_failed_try_on_is_not_counted(
    shop: Shop, fault: Callable[[httpx.Request], httpx.Response | None]
) -> None:
    """However often it fails."""
    browser = guest(shop)
    shop.transport.fault = fault
    assert [make(shop, browser) for _ in range(4)] == ["failed"] * 4
    shop.transport.fault = lambda request: None
    assert status(browser)["remaining"] == 2


def test_refused_try_on_is_not_counted(shop: Shop) -> None:
    """Such as one without a photo, or of an excluded product."""
    browser = guest(shop)
    shop.extension.product_filter(lambda product: product.id is not None)
    assert make(shop, browser) == "product_unavailable"
    answer = shop.tryon(b"no photo", browser=browser, product_id="1")
    assert answer.get_json()["error"] == "not_a_photo"
    assert status(browser)["remaining"] == 2


def test_a_repeat_counts_once(shop: Shop) -> None:
    """It is the same try-on, also for a guest who has none left."""
    browser = guest(shop)
    for _ in range(3):
        assert make(shop, browser, **{"Idempotency-Key": "one"}) == "done"
    assert status(browser)["remaining"] == 1
    assert make(shop, browser, **{"Idempotency-Key": "two"}) == "done"
    assert make(shop, browser, **{"Idempotency-Key": "one"}) == "done"
    assert make(shop, browser, **{"Idempotency-Key": "three"}) == "guest_limit_reached"


def test_next_attempt_counts_by_itself(shop: Shop) -> None:
    """With the key of one that has failed, and that is given back at this moment."""
    browser = guest(shop)
    browser.get("/genvoris/status")
    cookie = browser.get_cookie("genvoris_guest")
    assert cookie
    owner = f"guest:{cookie.value}"
    claims = [Claim(owner, 2)]
    failed = [attempt_key(key_of_owner(owner, key)) for key in ("one", "two")]
    limit = shop.state.daily_limit
    limit.take(claims, failed[0])
    assert make(shop, browser, **{"Idempotency-Key": "one"}) == "done"
    limit.give_back(claims, failed[0])
    limit.take(claims, failed[1])
    assert make(shop, browser, **{"Idempotency-Key": "two"}) == "guest_limit_reached"
    limit.give_back(claims, failed[1])
    assert status(browser)["remaining"] == 1


def test_address_limit(shop: Shop) -> None:
    """A guest who keeps no cookies does not get more than five guests."""
    ends = [make(shop, guest(shop)) for _ in range(11)]
    assert ends == ["done"] * 10 + ["guest_limit_reached"]
    assert status(guest(shop))["access"] == "EXHAUSTED"
    assert make(shop, guest(shop, "203.0.113.6")) == "done"


@pytest.mark.parametrize(
    ("address", "headers"),
    [("172.17.0.1", {"X-Forwarded-For": "203.0.113.5"}), ("", {})],
    ids=["header", "Unix socket"],
)
def test_guests_behind_a_proxy(shop: Shop, address: str, headers: dict[str, str]) -> None:
    """Those who cannot be told apart have a limit together, or one of them had none."""
    shop.app.config["TRUSTED_HOSTS"] = ["localhost"]  # for the product's picture
    claims = [Claim("guest:a", None), Claim("proxy", None, is_shared=True)]
    for number in range(199):
        shop.state.daily_limit.take(claims, str(number))
    ends = [make(shop, guest(shop, address), **headers) for _ in range(2)]
    assert ends == ["done", "guest_limit_reached"]
    assert make(shop, guest(shop)) == "done"


def test_shopper_is_not_counted(shop: Shop) -> None:
    """Only their plan limits them, even at a guest's address."""
    shop.genvoris.customer("ada", quota=9)
    browser = guest(shop)
    for _ in range(2):
        make(shop, browser)
    shop.log_in("ada", browser)
    assert [make(shop, browser) for _ in range(4)] == ["done"] * 4
    assert "guest_limit" not in str(status(browser))


def test_no_limit_without_the_setting(genvoris: LocalGenvoris) -> None:
    """Only the rate limits remain."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    browser = guest(shop)
    assert [make(shop, browser) for _ in range(4)] == ["done"] * 4
    assert status(browser)["quota"] is None


def test_hosted_widget_counts_too(shop: Shop) -> None:
    """A picture is counted; a refusal, and a photo that is only analyzed, are not."""
    browser = guest(shop)
    answers: list[httpx.Response] = []

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path not in ("/api/tryon", "/api/analyze"):
            return None
        given = answers.pop(0) if answers else httpx.Response(200)
        return httpx.Response(given.status_code, stream=httpx.ByteStream(b"{}"))

    shop.transport.fault = answer

    def send(path: str = "/api/tryon", **more: Any) -> TestResponse:
        sent = browser.post(f"/genvoris{path}", headers=SAME_ORIGIN, **{"json": {}, **more})
        sent.close()
        return sent

    answers.append(httpx.Response(500))
    assert send().status_code == 502
    assert send(data="{", json=None, content_type="application/json").status_code == 400
    assert [send("/api/analyze").status_code for _ in range(3)] == [200] * 3
    assert status(browser)["remaining"] == 2
    assert [send().status_code for _ in range(3)] == [200, 200, 429]
    assert make(shop, browser) == "guest_limit_reached"
