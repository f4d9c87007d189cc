"""How often a shopper and an address may call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from genvoris_flask import ConfigurationError, GenvorisFlask
from tests.flask.conftest import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture

SMALL = picture("PNG", (8, 8))


@pytest.fixture
def strict(genvoris: LocalGenvoris) -> Shop:
    for name in ("ada", "ben"):
        genvoris.customer(name, quota=50)
    limits = {f"GENVORIS_LIMIT_{name}": "2/hour" for name in ("SESSION", "TRYONS", "EVENTS")}
    shop = Shop(genvoris, **limits)
    shop.log_in()
    return shop


def ask(shop: Shop, times: int, **more: Any) -> Iterator[TestResponse]:
    for _ in range(times):
        yield shop.post("/session", **more)


def test_one_call_too_many_is_refused_with_when_to_come_back(strict: Shop) -> None:
    *good, refused = ask(strict, 3)
    assert [answer.status_code for answer in good] == [200, 200]
    assert (refused.status_code, refused.get_json()["error"]) == (429, "rate_limited")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Cache-Control"] == "no-store"


def test_each_shopper_has_a_limit_of_their_own(strict: Shop) -> None:
    assert [answer.status_code for answer in ask(strict, 3)] == [200, 200, 429]
    strict.log_in("ben")
    assert [answer.status_code for answer in ask(strict, 1)] == [200]


def test_an_address_may_bring_five_shoppers_worth(strict: Shop) -> None:
    strict.log_in(None)
    codes = [answer.status_code for answer in ask(strict, 11)]
    assert codes == [401] * 10 + [429]
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    assert next(ask(strict, 1, **elsewhere)).status_code == 401


def test_all_addresses_of_one_ipv6_network_count_as_one(strict: Shop) -> None:
    strict.log_in(None)
    for number in range(10):
        environ = {"REMOTE_ADDR": f"2001:db8::{number:x}"}
        assert next(ask(strict, 1, environ_overrides=environ)).status_code == 401
    environ = {"REMOTE_ADDR": "2001:db8::ffff:1"}
    assert next(ask(strict, 1, environ_overrides=environ)).status_code == 429
    environ = {"REMOTE_ADDR": "2001:db8:0:1::1"}
    assert next(ask(strict, 1, environ_overrides=environ)).status_code == 401


def test_each_kind_of_call_is_counted_by_itself(strict: Shop) -> None:
    assert [answer.status_code for answer in ask(strict, 3)] == [200, 200, 429]
    assert [strict.tryon(SMALL).status_code for _ in range(3)] == [202, 202, 429]
    assert strict.browser.get("/genvoris/status").status_code == 200


def test_the_status_is_limited_too_since_each_asks_genvoris(strict: Shop) -> None:
    codes = [strict.browser.get("/genvoris/status").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    strict.log_in(None)
    assert strict.browser.get("/genvoris/status").status_code == 200


def test_what_another_site_sends_is_not_counted(strict: Shop) -> None:
    for _ in range(30):
        answer = strict.browser.post("/genvoris/session", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert next(ask(strict, 1)).status_code == 200


def test_a_proxy_whose_visitors_are_not_told_apart_is_not_counted_as_one(strict: Shop) -> None:
    strict.log_in(None)
    headers = {"X-Forwarded-For": "203.0.113.7"}
    codes = {answer.status_code for answer in ask(strict, 12, headers=headers)}
    assert codes == {401}


def test_a_rate_that_is_none_stops_start_up_in_words() -> None:
    for wrong in ("often", "20", "20/fortnight", 20, ""):
        app = Flask("shop")
        app.config.update(GENVORIS_API_KEY=API_KEY, GENVORIS_LIMIT_TRYONS=wrong)
        with pytest.raises(ConfigurationError, match="GENVORIS_LIMIT_TRYONS"):
            GenvorisFlask(app)


def test_several_rates_hold_together(genvoris: LocalGenvoris) -> None:
    shop = Shop(genvoris, GENVORIS_LIMIT_SESSION="100/minute; 2/hour")
    genvoris.customer("ada")
    shop.log_in()
    assert [answer.status_code for answer in ask(shop, 3)] == [200, 200, 429]


def test_deliveries_of_webhooks_are_limited_by_address_alone(genvoris: LocalGenvoris) -> None:
    shop = Shop(genvoris, GENVORIS_LIMIT_WEBHOOK="2/hour", GENVORIS_WEBHOOK_SECRET="whsec_1")
    codes = [shop.browser.post("/genvoris/webhook").status_code for _ in range(3)]
    assert codes == [400, 400, 429]
