"""A stable share of visitors sees no button, on cached pages too, and both groups are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_caching import Cache

from genvoris_flask.core.figures.trial import Trial, read_trial
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.web.holdout import COOKIE
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

STYLE = "/genvoris/button-style"
DAY = 24 * 3600


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop of which half of all visitors see no button."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.5)

    @shop.app.post("/checkout/<order>")
    def checkout(order: str) -> str:
        shop.extension.conversion(order, 1000, currency="EUR")
        return shop.extension.holdout_mark or ""

    return shop


def new_browser(shop: Shop, user: str | None = None) -> FlaskClient:
    browser = shop.app.test_client()
    if user:
        shop.log_in(user, browser)
    return browser


def sees_button(browser: FlaskClient) -> bool:
    answer = browser.get(STYLE)
    assert answer.status_code == 200
    assert answer.cache_control.private
    # Or browsers would load it anew whenever any cookie of the shop changes.
    assert "Vary" not in answer.headers
    return "display:none" not in answer.text


def trial(shop: Shop) -> Trial:
    state = shop.state
    assert state.recorder
    assert state.figures
    state.recorder.flush()
    return read_trial(state.figures, 5000, state.recorder.today())


def test_groups_are_stable_and_counted(shop: Shop) -> None:
    """Each visitor is in one group for good, and counted once."""
    browsers = [new_browser(shop) for _ in range(40)]
    first = [sees_button(browser) for browser in browsers]
    shop.genvoris.clock.now += 3 * DAY
    assert [sees_button(browser) for browser in browsers] == first
    found = trial(shop)
    assert (found.shown.visitors, found.held.visitors) == (sum(first), 40 - sum(first))
    assert 8 < sum(first) < 32


def test_orders_of_both_groups(shop: Shop) -> None:
    """Orders count for the group of their visitor, once, and a visitor is one buyer."""
    browsers = [new_browser(shop) for _ in range(20)]
    shown = [browser for browser in browsers if sees_button(browser)]
    held = [browser for browser in browsers if browser not in shown]
    for number, browser in enumerate([*shown, held[0], held[0]]):
        for _ in range(2):
            browser.post(f"/checkout/{number}")
    found = trial(shop)
    assert (found.shown.buyers, found.held.buyers) == (len(shown), 1)
    assert found.held.by_currency["EUR"].squares == 2000.0**2
    assert found.shown.by_currency["EUR"].amount == 1000 * len(shown)


def test_logging_in_changes_nothing(shop: Shop) -> None:
    """A guest who logs in keeps their group in this browser."""
    for number in range(20):
        browser = new_browser(shop)
        before = sees_button(browser)
        shop.log_in(f"user-{number}", browser)
        assert sees_button(browser) == before


def test_shopper_on_two_devices(shop: Shop) -> None:
    """Somebody who is logged in is in the same group on every device."""
    for number in range(20):
        user = f"user-{number}"
        first, second = new_browser(shop, user), new_browser(shop, user)
        assert sees_button(first) == sees_button(second)


def test_mark_is_linked_to_nobody(shop: Shop) -> None:
    """Two browsers of one shopper have nothing in common but the group."""
    ids = set()
    for _ in range(2):
        browser = new_browser(shop, "ada")
        sees_button(browser)
        ids.add(browser.post("/checkout/1").text.split(".")[0])
    assert len(ids) == 2


def test_order_reported_later(shop: Shop) -> None:
    """An order that a payment provider reports counts by the mark that was stored with it."""
    browser = new_browser(shop)
    sees_button(browser)
    mark = browser.post("/checkout/1").text
    with shop.app.app_context():
        shop.extension.conversion("2", 500, holdout_mark=mark)
        shop.extension.conversion("3", 500, holdout_mark="forged")
    found = trial(shop)
    assert found.shown.orders + found.held.orders == 2


@pytest.mark.parametrize(
    "forge",
    [
        lambda mark: mark.replace(".1.", ".0.") if ".1." in mark else mark.replace(".0.", ".1."),
        lambda mark: "A" * 16 + mark[16:],
        lambda mark: mark[:-1] + ("A" if mark[-1] != "A" else "B"),
        lambda mark: mark + "x",
        lambda _mark: "not-a-mark-at-all",
    ],
)
def test_forged_mark(shop: Shop, forge: Any) -> None:
    """Nobody chooses their group, or makes up visitors who order."""
    browser = new_browser(shop)
    sees_button(browser)
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    browser.set_cookie(COOKIE, forge(cookie.value))
    assert browser.post("/checkout/1").text == ""
    assert trial(shop).shown.orders + trial(shop).held.orders == 0


def test_replaced_secret(shop: Shop) -> None:
    """A visitor stays in their group while a new secret replaces the old one."""
    browser = new_browser(shop)
    before = sees_button(browser)
    shop.app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["secret"])
    assert sees_button(browser) == before
    assert trial(shop).shown.visitors + trial(shop).held.visitors == 1


def test_three_months(shop: Shop) -> None:
    """After 90 days a visitor is a new one."""
    browser = new_browser(shop)
    sees_button(browser)
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.max_age == 90 * DAY
    assert cookie.http_only
    shop.genvoris.clock.now += 91 * DAY
    browser.set_cookie(COOKIE, cookie.value)
    assert browser.post("/checkout/1").text == ""


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_do_not_track(shop: Shop, header: str) -> None:
    """A browser that asks not to be tracked gets no cookie, is not counted and sees the button."""
    for number in range(10):
        browser = shop.app.test_client()
        answer = browser.get(STYLE, headers={header: "1"})
        assert answer.text == ""
        assert "Set-Cookie" not in answer.headers
        browser.post(f"/checkout/{number}", headers={header: "1"})
    found = trial(shop)
    assert (found.shown.visitors, found.held.visitors) == (0, 0)


def test_tracking_is_refused_later(shop: Shop) -> None:
    """A visitor who has a group, and asks not to be tracked from then on, is in none."""
    browser = new_browser(shop)
    sees_button(browser)
    headers = {"Sec-GPC": "1"}
    assert browser.post("/checkout/1", headers=headers).text == ""
    assert browser.get(STYLE, headers=headers).text == ""
    assert trial(shop).shown.orders + trial(shop).held.orders == 0


def test_only_who_sees_the_button_has_seen_it(shop: Shop) -> None:
    """Visitors without a button are not among those who saw it."""
    seen = sum(sees_button(new_browser(shop)) for _ in range(30))
    assert 0 < seen < 30
    trial(shop)
    assert shop.state.figures
    assert shop.state.recorder
    today = shop.state.recorder.today()
    assert shop.state.figures.counts(today, today)[today]["seen"] == seen


def test_without_cookies(shop: Shop) -> None:
    """A program that asks without end, and keeps no cookie, is not counted without end."""
    for _ in range(400):
        assert shop.app.test_client().get(STYLE).status_code == 200
    found = trial(shop)
    assert found.shown.visitors + found.held.visitors <= 300


def test_cached_page(shop: Shop) -> None:
    """A page in a cache is the same for everybody, and every cached part has its own link."""
    cache = Cache(shop.app, config={"CACHE_TYPE": "SimpleCache"})

    @shop.app.get("/cached")
    @cache.cached()
    def cached() -> str:
        return shop.button() + shop.button()

    pages = {shop.app.test_client().get("/cached").text for _ in range(5)}
    assert len(pages) == 1
    assert pages.pop().count("<link") == 2
    answer = shop.app.test_client().get("/cached")
    assert "Set-Cookie" not in answer.headers


def test_page_links_once(shop: Shop) -> None:
    """A page without a cache has one link, before the first button, which holds it up."""
    with shop.app.test_request_context():
        from genvoris_flask import genvoris_button, genvoris_widget

        first, second = (str(genvoris_button(image="/a.png", title="A")) for _ in range(2))
        assert first.startswith('<link rel="stylesheet" href="/genvoris/button-style"><button')
        assert "<link" not in second + str(genvoris_widget())


def test_group_after_the_end(shop: Shop, genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Once the setting is 0, everybody sees the button again."""
    browser = new_browser(shop)
    while sees_button(browser):
        browser = new_browser(shop)
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    ended = ledger_shop(genvoris, tmp_path)
    ended.browser.set_cookie(COOKIE, cookie.value)
    assert sees_button(ended.browser)


@pytest.mark.parametrize("share", [0.6, -0.1, "half", True])
def test_wrong_share(genvoris: LocalGenvoris, tmp_path: Path, share: object) -> None:
    """The share is at most a half, and anything else is refused with an example."""
    with pytest.raises(ConfigurationError, match="for a tenth"):
        ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=share)


def test_needs_a_database(genvoris: LocalGenvoris) -> None:
    """Without a database there is nothing to count in."""
    with pytest.raises(ConfigurationError, match="GENVORIS_DATABASE_URL"):
        Shop(genvoris, GENVORIS_HOLDOUT=0.1)
