"""Shoppers download and delete their own data on the account page, without JavaScript."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from genvoris_flask import genvoris_account
from genvoris_flask.core.locales import LANGUAGES, translate
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

TRUSTED = "https://m.shop.example"


def add_page(shop: Shop) -> Shop:
    shop.app.add_url_rule("/account", "account", lambda: str(genvoris_account()))
    return shop


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger, in which Ada has bought and tried on."""
    shop = add_page(ledger_shop(genvoris, tmp_path, GENVORIS_TRUSTED_ORIGINS=[TRUSTED]))
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
    shop.finish(shop.tryon())
    return shop


def page(shop: Shop, address: str = "/account?tab=1", language: str = "en") -> str:
    return shop.browser.get(address, headers={"Accept-Language": language}).text


def submit(
    shop: Shop, *, confirm: bool = True, browser: FlaskClient | None = None, **headers: str
) -> TestResponse:
    """Send the form of the account page as a browser does."""
    written = page(shop)
    action = re.search(r'action="([^"]+/account/erase)"', written)
    back = re.search(r'name="next" value="([^"]+)"', written)
    assert action
    assert back
    fields = {"next": html.unescape(back[1]), **({"confirm": "yes"} if confirm else {})}
    client = browser or shop.browser
    return client.post(action[1], data=fields, headers={**SAME_ORIGIN, **headers})


def balance(shop: Shop, name: str = "ada") -> int:
    with shop.app.app_context():
        return shop.extension.billing.balance(name).available


def test_deleted(shop: Shop) -> None:
    """The button deletes everything and leads back to the page, which shows the receipt."""
    done = submit(shop)
    assert done.status_code == 303
    location = done.headers["Location"]
    assert re.fullmatch(
        r"http://localhost/account\?tab=1&genvoris_receipt=\w{32}#genvoris-data", location
    )
    shown = page(shop, location)
    for words in ("done", "item.tryons", "item.journal", "item.usage", "item.day"):
        assert translate(f"own_data.{words}") in html.unescape(shown)
    assert balance(shop) == 0
    with shop.app.app_context():
        exported = shop.extension.privacy.export("ada")
    assert exported["try-ons"] == []
    assert exported["database"]["lots"] == []


def test_again(shop: Shop) -> None:
    """A second time does no harm, and gives a receipt as well; the page keeps its own address."""
    first = submit(shop).headers["Location"]
    assert 'name="next" value="/account?tab=1"' in page(shop, first)
    second = submit(shop).headers["Location"]
    assert first != second
    assert translate("own_data.done") in page(shop, second)


def test_not_confirmed(shop: Shop) -> None:
    """Without the tick nothing is deleted, and the page says what is missing."""
    answer = submit(shop, confirm=False)
    assert translate("own_data.unconfirmed") in page(shop, answer.headers["Location"])
    assert balance(shop) == 2


def test_database_away(shop: Shop) -> None:
    """What cannot be deleted at all is said, rather than reported as done."""
    database = shop.state.database
    assert database is not None
    form = page(shop)
    assert "account/erase" in form
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE genvoris_erasures RENAME TO away")
    answer = submit(shop)
    assert translate("own_data.failed") in html.unescape(page(shop, answer.headers["Location"]))


def test_pending(shop: Shop) -> None:
    """What Genvoris has not answered for is said, and is deleted later."""
    shop.transport.fault = lambda request: httpx.Response(503)
    answer = submit(shop)
    assert translate("own_data.pending") in page(shop, answer.headers["Location"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages(shop: Shop, language: str) -> None:
    """All of it is in the shopper's language, the receipt as well."""
    written = html.unescape(page(shop, language=language))
    for words in ("title", "download", "erase", "explain", "confirm"):
        assert translate(f"own_data.{words}", language) in written
    shown = html.unescape(page(shop, submit(shop).headers["Location"], language))
    assert translate("own_data.item.tryons", language) in shown


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": TRUSTED},
        {"Sec-Fetch-Site": "same-origin", "Origin": TRUSTED, "Host": "other.example"},
    ],
)
def test_other_sites(shop: Shop, headers: dict[str, str]) -> None:
    """Pages of other sites cannot ask, not even those that may start try-ons."""
    is_forged = "Host" not in headers
    answer = shop.browser.post("/genvoris/account/erase", data={"confirm": "yes"}, headers=headers)
    read = shop.browser.get("/genvoris/account/data", headers=headers)
    assert (answer.status_code == 403) == is_forged
    assert (read.status_code == 403) == is_forged
    if is_forged:
        assert balance(shop) == 2


def test_whose_it_is(shop: Shop) -> None:
    """Only the log-in says whose data it is: nobody's is touched without, and nobody else's."""
    stranger = shop.app.test_client()
    assert submit(shop, browser=stranger).status_code == 401
    assert stranger.get("/genvoris/account/data").status_code == 401
    shop.genvoris.customer("bob")
    shop.log_in("bob", stranger)
    assert submit(shop, browser=stranger).status_code == 303
    assert balance(shop) == 2
    found = stranger.get("/genvoris/account/data").get_json()
    assert found["database"]["lots"] == []


def test_download(shop: Shop) -> None:
    """The file has what an export has."""
    with shop.app.app_context():
        exported = shop.extension.privacy.export("ada")
    answer = shop.browser.get("/genvoris/account/data")
    assert answer.get_json() == exported
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "", "\\\\evil"])
def test_leads_nowhere_else(shop: Shop, target: str) -> None:
    """The form leads back to a page of the shop."""
    fields = {"next": target, "confirm": "yes"}
    answer = shop.browser.post("/genvoris/account/erase", data=fields, headers=SAME_ORIGIN)
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Location"].startswith(("/?", "http://localhost/"))


@pytest.mark.parametrize("receipt", ["0" * 32, "x", "<script>", "0" * 33])
def test_made_up_receipts(shop: Shop, receipt: str) -> None:
    """An address with a receipt that there is not shows none."""
    found = shop.browser.get("/account", query_string={"genvoris_receipt": receipt})
    assert translate("own_data.done") not in found.text
    assert "<script" not in found.text


def test_no_free_try_ons_again(genvoris: LocalGenvoris) -> None:
    """With a plan of Genvoris's, what was used in a period stays used."""
    plan = genvoris.plan(1, "Free")
    shop = add_page(Shop(genvoris, GENVORIS_DEFAULT_PLAN=plan))
    shop.log_in()
    assert shop.finish(shop.tryon())["state"] == "done"
    assert submit(shop).status_code == 303
    assert shop.finish(shop.tryon())["state"] == "refused"


def test_no_new_day(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The try-ons of a day stay counted."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="free", GENVORIS_TRYONS_PER_DAY=1)
    add_page(shop)
    assert shop.finish(shop.tryon())["state"] == "done"
    assert submit(shop).status_code == 303
    assert shop.tryon().get_json()["error"] == "daily_limit"


def test_paused_stays_paused(genvoris: LocalGenvoris) -> None:
    """Whom the shop has paused is paused afterwards, too."""
    plan = genvoris.plan(5, "Free")
    shop = add_page(Shop(genvoris, GENVORIS_DEFAULT_PLAN=plan))
    shop.log_in()
    shop.finish(shop.tryon())
    with shop.app.app_context():
        shop.extension.billing.pause("ada", event_id="abuse")
    submit(shop)
    assert genvoris.call("GET", "/customers/ada").get_json()["status"] == "PAUSED"


def test_bought_since(shop: Shop) -> None:
    """What is bought while Genvoris is away survives when the erasure goes on."""
    shop.transport.fault = lambda request: httpx.Response(503)
    submit(shop)
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 5, event_id="order-2", paid=900, currency="EUR")
        shop.transport.fault = lambda request: None
        (receipt,) = shop.extension.privacy.retry()
    assert receipt.done_at is not None
    assert {"tryons", "usage", "journal"} <= {line.code for line in receipt.lines}
    assert balance(shop) == 5
