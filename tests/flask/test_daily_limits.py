"""What a shopper, a guest and the whole shop may start in a day."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris

HOUR = 3600.0


def shop_with(genvoris: LocalGenvoris, **config: Any) -> Shop:
    genvoris.customer("ada", quota=50)
    genvoris.customer("bob", quota=50)
    shop = Shop(genvoris, **config)
    shop.log_in()
    return shop


def outcome(shop: Shop, **headers: str) -> str:
    """Return how a try-on ended: the state of its job, or the error."""
    answer = shop.tryon(headers=headers)
    if answer.status_code != 202:
        error: str = answer.get_json()["error"]
        return error
    state: str = shop.finish(answer)["state"]
    return state


def test_shopper_has_a_day(genvoris: LocalGenvoris) -> None:
    """One shopper's try-ons of a day do not limit another's, and come back after a day."""
    shop = shop_with(genvoris, GENVORIS_TRYONS_PER_DAY=2)
    assert [outcome(shop) for _each in range(3)] == ["done", "done", "daily_limit"]
    refused = shop.tryon()
    body = refused.get_json()
    assert (refused.status_code, body["reason"]) == (429, "daily_limit")
    assert (body["paywall"]["kind"], "in 24 hours" in body["detail"]) == ("offer", True)
    assert shop.browser.get("/genvoris/status").get_json()["reason"] == "daily_limit"
    shop.log_in("bob")
    assert outcome(shop) == "done"
    shop.log_in("ada")
    genvoris.clock.now += 25 * HOUR
    assert outcome(shop) == "done"


@pytest.mark.parametrize("name", ["GENVORIS_TRYONS_PER_DAY", "GENVORIS_SHOP_TRYONS_PER_DAY"])
def test_failure_and_repeat_count_nothing(genvoris: LocalGenvoris, name: str) -> None:
    """A try-on that fails gives its count back, and a repeat is the same one."""
    shop = shop_with(genvoris, **{name: 1})
    shop.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path == "/api/tryon" else None
    )
    assert [outcome(shop) for _each in range(2)] == ["failed", "failed"]
    shop.transport.fault = lambda request: None
    first = shop.tryon(headers={"Idempotency-Key": "a"})
    again = shop.tryon(headers={"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert shop.finish(again)["state"] == "done"
    assert outcome(shop).endswith(("daily_limit", "shop_budget"))


def test_budget_of_the_shop(genvoris: LocalGenvoris) -> None:
    """All together have a budget; once it is used, nothing is offered, since nothing would help."""
    shop = shop_with(genvoris, GENVORIS_SHOP_TRYONS_PER_DAY=2, GENVORIS_ALLOW_GUESTS=True)
    assert outcome(shop) == "done"
    shop.log_in("bob")
    assert outcome(shop) == "done"
    for name in ("ada", None):
        shop.log_in(name)
        body = shop.tryon().get_json()
        assert (body["error"], body["about"]) == ("shop_budget", "shop")
        assert (body["paywall"]["kind"], body["paywall"]["action_url"]) == ("unavailable", None)
        status = shop.browser.get("/genvoris/status").get_json()
        assert (status["access"], status["ctaType"]) == ("ERROR", "none")
    genvoris.clock.now += 26 * HOUR
    assert outcome(shop) == "done"


def test_limits_hold_on_the_pass_through(genvoris: LocalGenvoris) -> None:
    """The hosted widget's try-ons count as well."""
    shop = shop_with(genvoris, GENVORIS_TRYONS_PER_DAY=1)
    assert outcome(shop) == "done"
    answer = shop.post("/api/tryon", json={"product_title": "Shirt"})
    assert answer.get_json()["error"] == "daily_limit"


def test_each_forwarded_try_on_counts(genvoris: LocalGenvoris) -> None:
    """Also a repeat, since Genvoris does not say that it makes each key's picture once."""
    shop = shop_with(genvoris, GENVORIS_TRYONS_PER_DAY=2)
    key = {"Idempotency-Key": "a"}
    shop.transport.fault = lambda request: (
        httpx.Response(200, stream=httpx.ByteStream(b"{}"))
        if request.url.path == "/api/tryon"
        else None
    )

    def forward() -> int:
        with shop.post("/api/tryon", json={}, headers=key) as answer:
            return answer.status_code

    assert [forward() for _each in range(3)] == [200, 200, 429]
    assert shop.transport.count("/api/tryon") == 2
    assert outcome(shop, **key) == "daily_limit"
