"""A shop with a database counts what its try-ons bring, whoever reports it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from genvoris_flask.core.figures.report import EVENT_COUNTS, Range, Summary, read_report
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.figures_schema import figure_orders
from genvoris_flask.core.ratings import Rating
from genvoris_flask.signals import tryon_rated
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.forwarding import answer_forwarded
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

VISIT = "0b0f0c0e-5d7e-4c58-9a54-0d6a1b2c3d4e"


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger, in which Ada has try-ons."""
    shop = ledger_shop(genvoris, tmp_path)
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 10)

    @shop.app.post("/checkout")
    def checkout() -> str:
        shop.extension.conversion("17", 4990, currency="EUR", product_id="shirt")
        return ""

    return shop


def today(shop: Shop) -> Range:
    day = datetime.fromtimestamp(shop.genvoris.clock(), UTC).date()
    return Range(day, day)


def figures(shop: Shop) -> Summary:
    """Write what was counted, and read it."""
    assert shop.state.recorder
    assert shop.state.figures
    shop.state.recorder.flush()
    return read_report(shop.state.figures, today(shop)).now


def report(shop: Shop, *types: str, **headers: str) -> dict[str, Any]:
    events = [
        {"eventType": each, "sessionId": VISIT, "productId": "shirt", "productTitle": "Shirt"}
        for each in types
    ]
    answer = shop.post("/api/v1/events", json={"events": events}, headers=headers)
    assert answer.status_code == 202
    fields: dict[str, Any] = answer.get_json()
    return fields


def test_from_page_to_return(shop: Shop) -> None:
    """Each step is counted once, by what the widget reports and by what the shop does."""
    shop.browser.get("/genvoris/button-style")
    report(shop, "WIDGET_OPENED", "PHOTO_UPLOADED")
    shop.finish(shop.tryon(session_id=VISIT, product_id="shirt"))
    report(shop, "TRYON_GENERATED", "TRYON_VIEWED", "ADDED_TO_CART", "CHECKOUT_STARTED", "CLOSED")
    for _ in range(2):
        shop.browser.post("/checkout")
    with shop.app.app_context():
        shop.extension.returned("17", 1000, currency="EUR")
    found = figures(shop)
    stages = ("seen", "opened", "photo", "tried", "cart", "checkout", "ordered", "returned")
    assert {name: found.totals.get(name) for name in stages} == dict.fromkeys(stages, 1)
    (money,) = found.money
    assert (money.currency, money.amount, money.returned) == ("EUR", 4990, 1000)
    assert sum(count for _name, count in found.times) == 1
    assert shop.state.figures
    (product,) = read_report(shop.state.figures, today(shop)).products
    assert (product.id, product.title) == ("shirt", "Shirt")
    assert dict(product.counts) == {
        "opened": 1, "photo": 1, "tried": 1, "cart": 1, "checkout": 1, "ordered": 1, "returned": 1,
    }  # fmt: skip


def test_paywall(shop: Shop) -> None:
    """Paywalls are counted here, and Genvoris, which has no name for it, hears nothing."""
    assert report(shop, "PAYWALL_SHOWN", "PAYWALL_SHOWN", "PAYWALL_TAKEN") == {"accepted": 3}
    assert shop.state.events.join(20)
    assert shop.transport.count("/events") == 0
    found = figures(shop).totals
    assert (found["paywall_shown"], found["paywall_taken"]) == (2, 1)


def test_failures(shop: Shop) -> None:
    """Try-ons without a picture are counted by their reason, failures apart from refusals."""
    shop.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path.endswith("/api/tryon") else None
    )
    job = shop.finish(shop.tryon())
    with shop.app.app_context():
        shop.extension.billing.take_back("ada", 10)
    shop.finish(shop.tryon())
    found = figures(shop)
    assert found.of("failed") == {job["error"]: 1}
    assert found.of("refused") == {"quota_exhausted": 1}
    assert "tried" not in found.totals


def test_opinions(shop: Shop) -> None:
    """What a shopper thinks of a picture is counted once, as they think of it last."""
    for liked, reasons in ((True, None), (False, None), (False, "quality likeness")):
        metadata = {"tryOn": "job", "liked": liked} | ({"reasons": reasons} if reasons else {})
        event = {
            "eventType": "TRYON_RATED",
            "sessionId": VISIT,
            "productTitle": "Shirt",
            "metadata": metadata,
        }
        assert shop.post("/api/v1/events", json={"events": [event]}).status_code == 202
        found = figures(shop)
    assert "liked" not in found.totals
    assert (found.totals["disliked"], found.of("disliked")) == (1, {"quality": 1, "likeness": 1})
    assert shop.state.figures
    (product,) = read_report(shop.state.figures, today(shop)).products
    assert (product.title, product.counts["disliked"]) == ("Shirt", 1)


def test_made_up_opinions(shop: Shop) -> None:
    """One address gives no more opinions in a day than an office has shoppers for."""
    for batch in range(5):
        events = [
            {
                "eventType": "TRYON_RATED",
                "sessionId": VISIT,
                "metadata": {"tryOn": f"made-up-{batch}-{number}", "liked": False},
            }
            for number in range(50)
        ]
        assert shop.post("/api/v1/events", json={"events": events}).status_code == 202
    assert figures(shop).totals["disliked"] == 200


def test_waited_for_too_long(shop: Shop) -> None:
    """A try-on for which there was no room in time is a failure."""
    shop.transport.fault = lambda request: (
        httpx.Response(429, headers={"Retry-After": "300"})
        if request.url.path.endswith("/api/tryon")
        else None
    )
    assert shop.finish(shop.tryon())["error"] == "shop_budget"
    assert figures(shop).of("failed") == {"shop_budget": 1}


def test_hosted_widget(shop: Shop) -> None:
    """The try-ons of Genvoris's hosted widget are counted with their product and their reason."""
    answers = [httpx.Response(200, json={"images": ["data:image/png;base64,AAAA"]})]
    answer_forwarded(shop.transport, lambda _request: answers[-1])
    body = {"product_id": "shirt", "productTitle": "Shirt", "page_url": "/shirt"}
    for status in (200, 500, 200):
        answers.append(answers[0] if status == 200 else httpx.Response(status))
        shop.post("/api/tryon", json=body, query_string={"product_id": "coat"}).close()
    with shop.app.app_context():
        shop.extension.billing.take_back("ada", 10)
    assert shop.post("/api/tryon", json=body).status_code == 402
    found = figures(shop)
    assert found.totals["tried"] == 2
    assert found.of("failed") == {"upstream_unreachable": 1}
    assert found.of("refused") == {"quota_exhausted": 1}
    assert shop.state.figures
    (product,) = read_report(shop.state.figures, today(shop)).products
    assert (product.id, product.title, product.counts) == ("shirt", "Shirt", {"tried": 2})


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_do_not_track(shop: Shop, header: str) -> None:
    """A browser that asks not to be tracked is not counted, and its order belongs to no visit."""
    shop.browser.get("/genvoris/button-style", headers={header: "1"})
    report(shop, *EVENT_COUNTS, **{header: "1"})
    metadata = {"tryOn": "job", "liked": True}
    rating = {"eventType": "TRYON_RATED", "sessionId": VISIT, "metadata": metadata}
    told: list[Rating] = []

    def tell(_app: Flask, rating: Rating) -> None:
        told.append(rating)

    with tryon_rated.connected_to(tell, shop.app):
        shop.post("/api/v1/events", json={"events": [rating]}, headers={header: "1"})
    assert told == []
    shop.browser.post("/checkout", headers={header: "1"})
    assert dict(figures(shop).totals) == {"ordered": 0, "returned": 0}


def test_order_without_visit(shop: Shop) -> None:
    """An order that no try-on led to is the shop's own matter."""
    shop.browser.post("/checkout")
    assert figures(shop).totals["ordered"] == 0


def test_order_in_the_shops_transaction(shop: Shop, tmp_path: Path) -> None:
    """An order that is rolled back was never counted, and a committed one is."""
    engine = create_engine(f"sqlite:///{tmp_path}/shop.sqlite")

    def order(number: str, session: Session) -> None:
        with shop.app.app_context():
            shop.extension.conversion(number, 4990, session_id=VISIT, session=session)

    with Session(engine) as session:
        order("1", session)
        session.rollback()
        order("2", session)
        session.commit()
    assert figures(shop).totals["ordered"] == 1
    engine.dispose()


def test_tables_are_missing(shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Before the database is upgraded, checkouts go on, and a line in the log says what is lost."""
    engine = Database(f"sqlite:///{tmp_path}/shop.sqlite").engine
    figure_orders.drop(engine)
    report(shop, "WIDGET_OPENED")
    assert shop.browser.post("/checkout").status_code == 200
    assert "Order 17 is missing in the figures" in caplog.text
    engine.dispose()


def test_seen_once_a_day(shop: Shop) -> None:
    """A browser keeps the style sheet for the day, and one that asks again is not counted twice."""
    first = shop.browser.get("/genvoris/button-style")
    assert first.headers["Cache-Control"].startswith("private, max-age=")
    assert "Set-Cookie" not in first.headers
    again = shop.browser.get(
        "/genvoris/button-style", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert figures(shop).totals["seen"] == 1
    shop.genvoris.clock.now += 24 * 3600
    shop.browser.get("/genvoris/button-style", headers={"If-None-Match": first.headers["ETag"]})
    assert figures(shop).totals["seen"] == 1


def test_page_does_not_wait(shop: Shop) -> None:
    """Without a hold-out the style sheet holds nothing up."""
    assert '<link rel="stylesheet" href="/genvoris/button-style" media="print">' in shop.button()


def test_without_database(genvoris: LocalGenvoris) -> None:
    """A shop without a database counts nothing, and its pages are as they were."""
    shop = Shop(genvoris)
    assert "<link" not in shop.button()
    assert shop.browser.get("/genvoris/button-style").status_code == 404


class TestCommand:
    def test_json(self, shop: Shop) -> None:
        """Programs get the figures of a range, those before, each day and each product."""
        report(shop, "WIDGET_OPENED", "ADDED_TO_CART")
        shop.browser.post("/checkout")
        assert shop.state.recorder
        shop.state.recorder.flush()
        day = today(shop).last.isoformat()
        result = run_command(shop.app, "stats", "--json", "--from", day, "--to", day)
        found = json.loads(result.stdout)
        assert (found["from"], found["to"], found["holdout"]) == (day, day, None)
        assert (found["totals"]["opened"], found["totals"]["ordered"]) == (1, 1)
        assert found["totals"]["money"][0]["amount"] == 4990
        assert found["before"]["opened"] == 0
        assert [row["cart"] for row in found["days"]] == [1]
        assert [row["product"] for row in found["products"]] == ["shirt"]

    def test_table(self, shop: Shop) -> None:
        """People read amounts in the main unit, and the products by name."""
        report(shop, "WIDGET_OPENED")
        shop.browser.post("/checkout")
        output = run_command(shop.app, "stats").stdout
        assert re.search(r"^opened +1 +0$", output, re.MULTILINE)
        assert re.search(r"^EUR +1 +49.90 +0.00$", output, re.MULTILINE)
        assert re.search(r"^shirt +Shirt +1 +0 +0 +1 +0$", output, re.MULTILINE)

    def test_holdout(self, genvoris: LocalGenvoris, tmp_path: Path) -> None:
        """With a hold-out, it says that it is too early, and JSON has no infinite numbers."""
        shop = ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.1)
        shop.browser.get("/genvoris/button-style")
        cookie = shop.browser.get_cookie("genvoris_group")
        assert cookie
        headers = {"Cookie": f"genvoris_group={cookie.value}"}
        with shop.app.test_request_context(headers=headers):
            shop.extension.conversion("1", 100)
        assert "not enough visitors yet" in run_command(shop.app, "stats").stdout
        found = json.loads(
            run_command(shop.app, "stats", "--json").stdout, parse_constant=pytest.fail
        )
        assert found["holdout"]["revenue"]["USD"]["low"] is None

    def test_wrong_range(self, shop: Shop) -> None:
        """A range that ends before it begins is wrong usage."""
        result = run_command(shop.app, "stats", "--from", "2027-01-02", "--to", "2027-01-01")
        assert result.exit_code == 2
        assert "must not be after" in result.stderr

    def test_without_database(self, genvoris: LocalGenvoris) -> None:
        """Without a database the command says what to set."""
        result = run_command(Shop(genvoris).app, "stats")
        assert result.exit_code == 1
        assert "GENVORIS_DATABASE_URL" in result.stderr
