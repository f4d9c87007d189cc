"""The demo shop's ways to charge, switched by its owner while it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from examples.demo_shop import charging
from examples.demo_shop.app import create_app
from examples.demo_shop.charging import AT_GENVORIS, START, WAYS, SwitchableShop, settings_of
from examples.demo_shop.past import add_past
from examples.demo_shop.samples import PASSWORD, register_at_genvoris, sell_plans
from genvoris_flask import Shopper
from genvoris_flask.core.figures.report import Range, read_report
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.served_shop import serving


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SwitchableShop:
    """Return a shop that begins by plans at Genvoris."""
    monkeypatch.setattr(charging, "limit_at_genvoris", lambda _app: None)  # which does not run
    return shop_at("http://127.0.0.1:9", tmp_path)


def shop_at(url: str, tmp_path: Path, start: str = AT_GENVORIS) -> SwitchableShop:
    """Return the shop on a Genvoris at some URL."""
    config = {
        "SECRET_KEY": "secret",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/shop.sqlite3",
        "GENVORIS_API_KEY": API_KEY,
        "GENVORIS_API_URL": f"{url}/api/v1",
        "GENVORIS_TRYON_URL": url,
    }
    ledger = f"sqlite:///{tmp_path}/try-ons.sqlite3"

    def create(way: str) -> Flask:
        app = create_app({**config, **settings_of(way, ledger)})
        app.testing = True
        return app

    return SwitchableShop(create, start)


def browser_of(shop: SwitchableShop, who: str) -> FlaskClient:
    """Return a browser in which somebody has logged in."""
    browser = shop.app.test_client()
    post(browser, "/login", email=f"{who}@example.com", password=PASSWORD)
    return browser


def post(browser: FlaskClient, path: str, **fields: str) -> Any:
    """Post a form with the token of the page before."""
    browser.get("/login")
    with browser.session_transaction() as session:
        fields["form_token"] = session["form_token"]
    return browser.post(path, data=fields)


def options(browser: FlaskClient) -> list[str]:
    status = browser.get("/genvoris/status?page_url=/product/x").get_json()
    return [option["kind"] for option in status["options"]]


def test_owner_switches(shop: SwitchableShop) -> None:
    """Only the owner switches, and the next request is served in the new way."""
    assert post(browser_of(shop, "ada"), "/demo/charging", way="free").status_code == 403
    for name in WAYS:
        owner = browser_of(shop, "fen")
        assert post(owner, "/demo/charging", way=name).location == "/demo/"
        assert shop.app.config["DEMO_CHARGING"] == name
        if WAYS[name].has_ledger:
            assert browser_of(shop, "dev").get("/account").status_code == 200
    assert post(browser_of(shop, "fen"), "/demo/charging", way="gold").status_code == 400


def test_console(shop: SwitchableShop) -> None:
    """In each way the owner's page is the console, and with a ledger all of its pages show much."""
    for name, way in WAYS.items():
        shop.switch(name)
        owner = browser_of(shop, "fen")
        assert owner.get("/admin/").location == "/genvoris/console/"
        for path in ("", "figures", "trial", "shoppers", "deliveries", "setup", "history"):
            page = owner.get(f"/genvoris/console/{path}")
            assert page.status_code == 200
            if way.has_ledger:
                assert "GENVORIS_DATABASE_URL" not in page.text, path


def test_what_is_offered(shop: SwitchableShop) -> None:
    """Each way offers what it sells, and lots live on when the way changes."""
    for name, expected in (
        ("subscription", ["subscribe"] * 3),
        ("credits", ["order"]),
        ("pay_per_use", ["checkout"] * 2),
    ):
        shop.switch(name)
        assert options(browser_of(shop, "dev")) == expected
    dev = browser_of(shop, "dev")
    link = dev.get("/genvoris/checkout?try_ons=5&page_url=/product/x", headers=SAME_ORIGIN)
    assert link.location == "/buy/5?next=/product/x"
    assert post(dev, "/buy/5", next="/product/x").location == "/product/x"
    assert "Left: <strong>5</strong>" in dev.get("/account").text
    shop.switch("freemium")
    dev = browser_of(shop, "dev")
    assert dev.get("/genvoris/status").get_json()["remaining"] == 5 + 3


def test_back_to_plans(tmp_path: Path) -> None:
    """Genvoris counts again for those whom the ledger has counted; they begin their plan anew."""
    genvoris = LocalGenvoris(tmp_path / "genvoris")
    with serving(genvoris.app) as url:
        shop = shop_at(url, tmp_path)
        register_at_genvoris(shop.app)
        genvoris.customer("user_4", quota=None)
        shop.switch("credits")
        for name in ("user_1", "user_4"):
            get_state(shop.app).lift_ceiling(Shopper(name))
        found = genvoris.call("GET", "/customers/user_1").get_json()
        assert found["plan"]["monthlyTryOns"] == 1_000_000
        shop.switch("plans")
        found = genvoris.call("GET", "/customers/user_1").get_json()
        assert found["plan"]["monthlyTryOns"] == 30
        assert genvoris.call("GET", "/customers/user_4").get_json()["planId"] is None


def test_from_the_ledger_to_plans(tmp_path: Path) -> None:
    """Shoppers whom Genvoris does not know yet get the plans there that their log-in says."""
    genvoris = LocalGenvoris(tmp_path / "genvoris")
    with serving(genvoris.app) as url:
        shop = shop_at(url, tmp_path, START)
        sell_plans(shop.app)
        shop.switch(AT_GENVORIS)
    assert [genvoris.used(f"user_{number}") for number in (1, 2, 3)] == [4, 4, 5]


def test_order_brings_credits(shop: SwitchableShop) -> None:
    """The pretend order of a logged-in shopper brings three try-ons."""
    shop.switch("credits")
    dev = browser_of(shop, "dev")
    with dev.session_transaction() as session:
        session["cart"] = {"unknown/m": 1}
    assert "try-ons" not in post(dev, "/checkout").text
    home = dev.get("/").text
    slug = home.split("/product/")[1].split('"')[0]
    size = dev.get(f"/product/{slug}").text.split('name="size" value="')[1].split('"')[0]
    post(dev, "/cart", slug=slug, size=size)
    assert "brings you 3 try-ons" in post(dev, "/checkout").text
    assert dev.get("/genvoris/status").get_json()["remaining"] == 3


def test_sample_plans(shop: SwitchableShop) -> None:
    """In the shop's own ledger the samples have what their log-in says, and are sold it once."""
    shop.switch(START)
    for _ in range(2):
        sell_plans(shop.app)
    found = {
        name: browser_of(shop, name).get("/genvoris/status").get_json()
        for name in ("ada", "ben", "chloe", "dev", "elif")
    }
    left = {name: status["remaining"] for name, status in found.items()}
    assert left == {"ada": 26, "ben": 1, "chloe": 0, "dev": 0, "elif": 0}


def test_past(shop: SwitchableShop) -> None:
    """The month before the start is in the console, once, beside the one before that."""
    shop.switch(START)
    url = shop.app.config["GENVORIS_DATABASE_URL"]
    for _ in range(2):
        add_past(url)
    owner = browser_of(shop, "fen")
    figures = get_state(shop.app).figures
    assert figures
    today = datetime.now(UTC).date()
    report = read_report(figures, Range(today - timedelta(days=30), today - timedelta(days=1)))
    now, before = report.now.totals, report.before.totals
    for name in ("seen", "opened", "photo", "tried", "cart", "ordered", "returned", "liked"):
        assert now[name] > 0
        assert before[name] > 0
    assert now["seen"] > now["opened"] > now["photo"]
    assert now["tried"] > now["cart"] > now["ordered"] > now["returned"]
    page = owner.get("/genvoris/console/figures").text
    assert "Harbour shirt" in page
    assert "user_1040" in owner.get("/genvoris/console/shoppers").text
    assert "with our apologies" in owner.get("/genvoris/console/history").text
