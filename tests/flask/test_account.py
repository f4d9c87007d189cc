"""The shopper's account page, and the number of try-ons left in a page's header."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from flask import render_template_string
from werkzeug.test import TestResponse

from genvoris_flask import genvoris_account
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import until

DAY = 24 * 3600.0
NO_CHANGE = "\N{EN DASH}"


def add_pages(shop: Shop) -> None:
    shop.app.add_url_rule("/account", "account", lambda: str(genvoris_account()))
    shop.app.add_url_rule(
        "/header", "header", lambda: render_template_string("{{ genvoris_balance() }}")
    )


@pytest.fixture
def ledger(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger, in which Ada is logged in."""
    shop = ledger_shop(genvoris, tmp_path)
    add_pages(shop)
    return shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Return a shop that sells plans, in which Ada is logged in."""
    add_pages(shop)
    return shop


def account(shop: Shop, language: str = "en") -> TestResponse:
    return shop.browser.get("/account", headers={"Accept-Language": language})


def rows(page: str) -> list[list[str]]:
    """Return the cells of all rows, as they are read."""
    cells = [
        re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    ]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells if row]


def test_ledger_account(ledger: Shop) -> None:
    """Each lot says what is left of it and until when, and the history what became of them."""
    with ledger.app.app_context():
        billing = ledger.extension.billing
        billing.grant("ada", 3, event_id="gift", expires_in=7 * DAY)
        billing.order_paid("order-1", external_id="ada", try_ons=5, paid=900, currency="EUR")
    assert ledger.finish(ledger.tryon())["state"] == "done"
    ledger.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path.endswith("/tryon") else None
    )
    assert ledger.finish(ledger.tryon())["state"] == "failed"
    page = account(ledger).text
    assert "Left: <strong>7</strong>" in page
    end = ledger.genvoris.clock.now + 7 * DAY
    lots = [row for row in rows(page) if "/" in row[1]]
    assert [row[:2] for row in lots] == [["Gift", "2 / 3"], ["With your orders", "5 / 5"]]
    assert lots[0][2] == datetime.fromtimestamp(end, UTC).date().isoformat()
    history = [row[1:] for row in rows(page) if "/" not in row[1]]
    assert history == [
        ["No picture: nothing was counted", NO_CHANGE],
        ["Picture made", "-1"],
        ["Added · With your orders", "+5"],
        ["Added · Gift", "+3"],
    ]


def test_own_words(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The account is in the shop's own words, where it has any."""
    own = {"account.title": "Looks", "account.lot.order": "Orders", "account.history.added": "New"}
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_TEXTS={"en": own})
    add_pages(shop)
    with shop.app.app_context():
        shop.extension.billing.order_paid("order-1", external_id="ada", try_ons=5)
    page = account(shop).text
    assert ">Looks</h2>" in page
    assert rows(page)[0][:2] == ["Orders", "5 / 5"]
    assert "New · Orders" in page
    assert "History" in page


def test_held_after_refund(ledger: Shop) -> None:
    """What a dispute keeps back is what a refund had left."""
    with ledger.app.app_context():
        billing = ledger.extension.billing
        billing.order_paid("order-1", external_id="ada", try_ons=5, paid=500, currency="EUR")
        billing.order_refunded("order-1", refunded=200)
        billing.dispute("order-1", outcome="opened")
    page = account(ledger).text
    assert "On hold: 3" in page
    assert [row[1] for row in rows(page) if "/" in row[1]] == ["3 / 5"]


def test_plan_account(shop: Shop) -> None:
    """With plans at Genvoris, the account shows the running period."""
    page = account(shop).text
    assert "Left: <strong>3</strong>" in page
    assert [row[1] for row in rows(page)] == ["3 / 3"]


def test_nobody_is_logged_in(ledger: Shop) -> None:
    """Without a shopper there is nothing to show, and the page may be cached."""
    ledger.log_in(None)
    answer = account(ledger)
    assert answer.text == ""
    assert "Cache-Control" not in answer.headers
    assert ledger.browser.get("/header").text == "None"


@pytest.mark.parametrize("path", ["/account", "/header"])
def test_shared_caches(ledger: Shop, path: str) -> None:
    """A page that shows what somebody has is kept out of shared caches."""
    assert ledger.browser.get(path).headers["Cache-Control"] == "private, no-store"


def test_genvoris_is_away(shop: Shop) -> None:
    """The account says that it cannot be shown now, and the page is whole."""
    shop.transport.fault = lambda _request: httpx.Response(503)
    assert "be shown right now" in account(shop).text


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar", "ur"])
def test_languages(ledger: Shop, language: str) -> None:
    """The account is in the shopper's language and its direction."""
    page = account(ledger, language).text
    direction = "rtl" if language in ("ar", "ur") else "ltr"
    assert f'lang="{language}" dir="{direction}"' in page


def test_own_template(ledger: Shop, tmp_path: Path) -> None:
    """The shop's own template takes the place of the default one."""
    folder = tmp_path / "templates/genvoris"
    folder.mkdir(parents=True)
    (folder / "account.html").write_text("<b>{{ account.available }}</b>")
    ledger.app.template_folder = str(tmp_path / "templates")
    assert account(ledger).text == "<b>0</b>"


def test_titles_are_escaped(ledger: Shop) -> None:
    """What the shop calls its plans is text, not markup."""
    with ledger.app.app_context():
        ledger.extension.billing.grant("ada", 1, event_id="<b>")
    assert "<b>" not in account(ledger).text


def test_balance_in_header(ledger: Shop) -> None:
    """A header shows what is left, a few seconds later at most after it has changed."""
    with ledger.app.app_context():
        ledger.extension.billing.grant("ada", 2)
    until(lambda: ledger.browser.get("/header").text == "2")
    with ledger.app.app_context():
        ledger.extension.billing.grant("ada", 2)
    until(lambda: ledger.browser.get("/header").text == "4")


def test_balance_with_plans(shop: Shop) -> None:
    """With plans no page waits for the number; a later one has it."""
    assert shop.browser.get("/header").text == "None"
    until(lambda: shop.browser.get("/header").text == "3")
