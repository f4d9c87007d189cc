"""The month of made-up shoppers that the demo's owner sees in the console."""

from __future__ import annotations

import html
import re
from pathlib import Path

from examples.demo_shop.app import create_app
from examples.demo_shop.charging import settings_of
from examples.demo_shop.past import SHOPPERS, Past
from examples.demo_shop.samples import PASSWORD
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.shopper_list import ShopperList
from tests.support.ledgers import START, new_ledger
from tests.support.local_genvoris import API_KEY


def test_past(tmp_path: Path) -> None:
    """It is written once, and its books are right."""
    url = f"sqlite:///{tmp_path}/past.sqlite3"
    ledger = new_ledger(url)
    for _ in range(2):
        Past(url, START).write()
    ledger.check()
    shoppers = ShopperList(ledger.database, lambda: START)
    found = shoppers.newest(SHOPPERS + 1)
    assert len(found) == SHOPPERS
    assert sum(each.used for each in found) > SHOPPERS
    assert any(shoppers.failed_tryons(each.external_id) for each in found)


def test_owner(tmp_path: Path) -> None:
    """The demo's owner sees the shoppers in the console, and a shopper finds no console."""
    url = f"sqlite:///{tmp_path}/try-ons.sqlite3"
    config = {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/shop.sqlite3",
        "GENVORIS_API_KEY": API_KEY,
        "GENVORIS_API_URL": "http://127.0.0.1:9/api/v1",
        **settings_of("freemium", url),
    }
    app = create_app(config)
    Past(url, START).write()
    Database(url).engine.dispose()
    for who, status in (("ada", 404), ("fen", 200)):
        browser = app.test_client()
        browser.get("/login")
        with browser.session_transaction() as session:
            token = session["form_token"]
        form = {"form_token": token, "email": f"{who}@example.com", "password": PASSWORD}
        browser.post("/login", data=form)
        answer = browser.get("/genvoris/console/shoppers")
        assert answer.status_code == status
    assert "user_1040" in answer.text
    assert "<bdi>Tilda M.</bdi>" in answer.text
    assert "<bdi>Fen</bdi>" in browser.get("/genvoris/console/history").text
    designer = browser.get("/genvoris/console/setup/button").text
    frame = browser.get(
        html.unescape(find(r'<iframe class="preview"[^>]* src="([^"]*)"', designer))
    )
    page = browser.get(html.unescape(find(r'<iframe class="dark"[^>]* src="([^"]*)"', frame.text)))
    assert page.status_code == 200
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]


def find(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    assert match
    return match[1]
