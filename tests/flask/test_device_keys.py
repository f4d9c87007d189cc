"""The keys for pictures on the shopper's own device: to their owner alone."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest

from tests.support.flask_shop import SAME_ORIGIN, Shop, read_tag
from tests.support.local_genvoris import LocalGenvoris

GUEST_COOKIE = "genvoris_guest"


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    return Shop(genvoris)


def keys(shop: Shop) -> dict[str, Any]:
    answer = shop.post("/device-keys")
    assert answer.status_code == 200, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def test_each_shopper_has_a_key(shop: Shop) -> None:
    """The same one each time, and another than anybody else's."""
    shop.log_in("ada")
    mine = keys(shop)
    assert mine["days"] == 30
    (key,) = mine["keys"]
    assert len(base64.b64decode(key)) == 32
    assert keys(shop) == mine
    shop.log_in("ben")
    assert keys(shop)["keys"] != mine["keys"]


def test_key_depends_on_the_secret(genvoris: LocalGenvoris) -> None:
    """Former secrets open what they sealed; a new one seals from now on."""
    before, after = Shop(genvoris), Shop(genvoris, SECRET_KEY="new")
    after.app.config["SECRET_KEY_FALLBACKS"] = ["secret"]
    for each in (before, after):
        each.log_in("ada")
    (old,) = keys(before)["keys"]
    new, fallback = keys(after)["keys"]
    assert (new != old, fallback == old) == (True, True)


def test_nothing_is_asked_of_genvoris(shop: Shop) -> None:
    """Pictures are readable without a plan, and while Genvoris is unavailable."""
    shop.log_in("somebody without a plan")
    before = len(shop.transport.requests)
    assert keys(shop)["keys"]
    assert len(shop.transport.requests) == before


def test_only_the_shop_itself_gets_keys(shop: Shop) -> None:
    """Neither other sites, nor who is not logged in; no cache may keep the answer."""
    shop.log_in("ada")
    other = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = shop.browser.post("/genvoris/device-keys", headers=other)
    assert (refused.status_code, refused.get_json()["error"]) == (403, "cross_origin")
    assert "keys" not in refused.get_json()
    assert shop.browser.get("/genvoris/device-keys").status_code == 405
    assert shop.post("/device-keys").headers["Cache-Control"] == "no-store"
    shop.log_in(None)
    assert shop.post("/device-keys").status_code == 401


def test_guest_is_known_for_a_day(genvoris: LocalGenvoris) -> None:
    """A guest's key lasts as long as the cookie, which is renewed; without one there is none."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    assert keys(shop) == {"keys": [], "days": 0}
    cookie = shop.browser.get_cookie(GUEST_COOKIE)
    assert cookie
    answer = shop.post("/device-keys")
    assert answer.get_json()["days"] == 1
    assert len(answer.get_json()["keys"]) == 1
    (renewed,) = [each for each in answer.headers.getlist("Set-Cookie") if GUEST_COOKIE in each]
    assert cookie.value in renewed
    assert "Max-Age=86400" in renewed
    other = shop.app.test_client()
    other.post("/genvoris/device-keys", headers=SAME_ORIGIN)
    found = other.post("/genvoris/device-keys", headers=SAME_ORIGIN).get_json()
    assert found["keys"] != answer.get_json()["keys"]


def test_switched_off(genvoris: LocalGenvoris) -> None:
    """With 0 days nobody gets a key, and the widget does not ask for one."""
    shop = Shop(genvoris, GENVORIS_KEEP_PICTURES_DAYS=0)
    shop.log_in("ada")
    assert keys(shop) == {"keys": [], "days": 0}
    page = shop.browser.get("/product").get_data(as_text=True)
    assert read_tag(page)["data-keep-pictures-days"] == "0"


def test_keys_are_not_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """No log contains a key."""
    caplog.set_level(logging.DEBUG)
    shop.log_in("ada")
    (key,) = keys(shop)["keys"]
    assert key not in caplog.text
