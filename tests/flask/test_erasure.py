"""All that is known of a shopper is exported and erased, wherever it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Text, cast, create_engine, select

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.handover import LINK_SECONDS, PHOTO_SECONDS
from genvoris_flask.core.ledger.schema import metadata, outbox
from genvoris_flask.core.outbox.messages import Message
from genvoris_flask.core.privacy.erasure import Receipt
from genvoris_flask.core.privacy.own_jobs import OwnJobs
from genvoris_flask.signals import shopper_erased
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.marked_photo import files_with
from tests.support.phones import Phone, open_link, take

EMAIL = "marked-address@example.com"
DAY = 24 * 3600


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop in which Ada has bought, agreed and tried on."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_MINIMUM_AGE=16)
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
    agree(shop)
    shop.finish(shop.tryon())
    shop.genvoris.call("PATCH", "/customers/ada", {"email": EMAIL, "metadata": {"note": EMAIL}})
    return shop


def agree(shop: Shop) -> None:
    form = shop.browser.get("/genvoris/consent").get_json()["form"]
    ticked = {"text": True, "depicted": True, "age": True}
    shop.post("/consent", json={"hash": form["hash"], "language": "en", **ticked})


def erase(shop: Shop, external_id: str = "ada") -> Receipt:
    with shop.app.app_context():
        return shop.extension.privacy.erase(external_id)


def rows_with(shop: Shop, text: str) -> list[str]:
    """Return the columns of the ledger's database that contain a text."""
    database = shop.state.database
    assert database is not None
    with database.engine.connect() as connection:
        return [
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.columns
            for value in connection.execute(select(cast(column, Text))).scalars()
            if re.search(rf"\b{re.escape(text)}\b", str(value))
        ]


def test_export_has_all(shop: Shop) -> None:
    """Try-ons, what Genvoris knows, the ledger and the consents; JSON can represent it."""
    with shop.app.app_context():
        exported = shop.extension.privacy.export("ada")
    assert exported["try-ons"][0]["product"]["title"] == "Shirt"
    assert exported["Genvoris"]["customer"]["email"] == EMAIL
    assert [lot["granted"] for lot in exported["database"]["lots"]] == [3]
    consent = exported["database"]["consents"][0]
    assert consent["account"] == "ada"
    assert consent["wording"]["language"] == "en"
    assert "16" in consent["wording"]["age"]
    assert json.loads(json.dumps(exported)) == exported
    assert json.loads(run_command(shop.app, "privacy", "export", "ada").stdout) == exported


def test_photo_from_a_phone_is_deleted(shop: Shop) -> None:
    """Whether it was sent when the link was new, or at its end."""
    for age in (0, LINK_SECONDS - 1):
        link = open_link(shop)
        shop.genvoris.clock.now += age
        Phone(shop.app, link["url"]).send()
        shop.genvoris.clock.now += PHOTO_SECONDS - 1
        receipt = erase(shop)
        assert any("phone" in line.what for line in receipt.lines)
        agree(shop)
        assert take(shop, link).status_code == 410


def test_nothing_is_left(shop: Shop) -> None:
    """After it, neither the id nor the address is in the database, and no picture is served."""
    job = shop.browser.get("/genvoris/status").get_json()
    assert job["remaining"] == 2
    assert rows_with(shop, "ada")
    receipt = erase(shop)
    assert receipt.done_at is not None
    assert rows_with(shop, "ada") == []
    assert rows_with(shop, EMAIL) == []
    customer = shop.genvoris.call("GET", "/customers/ada").get_json()
    assert customer["email"] is None
    assert not customer["metadata"]


def test_messages_about_the_shopper(shop: Shop) -> None:
    """What Genvoris was told of their state, or has yet to be told, is deleted as well."""
    body = {"external_id": "ada", "status": "PAUSED"}
    for subject in ("ada", "shopper:ada"):
        shop.state.outbox.put(Message("customer", f"state:{subject}", body, subject))
    assert shop.state.outbox.flush(10)
    assert "genvoris_outbox.subject" in rows_with(shop, "ada")
    assert erase(shop).done_at is not None
    assert rows_with(shop, "ada") == []


def test_deleted_bytes(shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is erased while somebody reads the database leaves its files with the next sweep."""

    def files() -> set[str]:
        return {name for name in files_with(tmp_path, EMAIL.encode()) if name.startswith("shop.")}

    order = {"order_id": "1", "amount_cents": 900, "customer_email": EMAIL}
    shop.state.outbox.put(Message("conversion", "order-1", order))
    assert shop.state.outbox.flush(10)
    reader = create_engine(f"sqlite:///{tmp_path}/shop.sqlite")
    with reader.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(select(outbox)).all()
        assert erase(shop).done_at is not None
        assert "flask genvoris sweep" in caplog.text
    reader.dispose()
    assert files()
    assert run_command(shop.app, "sweep").exit_code == 0
    assert files() == set()


def test_free_try_ons_are_given_once(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """An account that is erased and made anew has no free try-ons before their period ends."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="freemium", GENVORIS_FREE_TRYONS=1)
    names = ["ada"]
    shop.extension.shopper_loader(lambda: Shopper(names[-1], email=EMAIL, email_verified=True))
    assert shop.finish(shop.tryon())["state"] == "done"
    kept = [line for line in erase(shop).lines if line.what == "digests of the address"]
    assert [line.outcome for line in kept] == ["kept"]
    names.append("again")
    assert shop.finish(shop.tryon())["state"] == "refused"
    genvoris.clock.now += 31 * DAY
    with shop.app.app_context():
        assert shop.extension.privacy.sweep()["addresses"] == 1
    assert rows_with(shop, "ada") == []
    assert shop.finish(shop.tryon())["state"] == "done"


def test_receipt_says_what_is_kept(shop: Shop) -> None:
    """The journal and the proof of consent stay, without the person, and the receipt says why."""
    with shop.app.app_context():
        before = len(shop.extension.billing.journal("ada"))
    lines = {(line.place, line.what): line for line in erase(shop).lines}
    assert lines["try-ons", "try-ons, photos and pictures"].count == 1
    assert lines["database", "consents"].outcome == "anonymised"
    journal = lines["database", "the ledger's journal"]
    assert journal.outcome == "anonymised"
    assert (journal.count or 0) >= before
    assert all(line.reason for line in lines.values() if line.outcome != "deleted")
    assert shop.extension is not None
    spending = shop.state.spending
    assert spending is not None
    assert spending.wrong_lots() == []


def test_pictures_are_gone(shop: Shop) -> None:
    """Every try-on is deleted, also one that is being made."""
    done = shop.finish(shop.tryon())
    erase(shop)
    assert shop.browser.get(done["image_url"]).status_code == 404


def test_next_owner_of_the_id(shop: Shop) -> None:
    """Whoever gets the id next has nothing, and is asked for consent."""
    erase(shop)
    assert shop.browser.get("/genvoris/consent").get_json()["given"] is None
    assert shop.browser.get("/genvoris/status").get_json()["reason"] == "no_plan"


def test_twice(shop: Shop) -> None:
    """A second erasure finds nothing, and does no harm."""
    erase(shop)
    second = erase(shop)
    assert second.done_at is not None
    assert rows_with(shop, "ada") == []


def test_tried_again_until_done(shop: Shop) -> None:
    """What Genvoris does not answer for is erased later; until then the shopper is on a list."""
    told: list[tuple[str, Receipt]] = []

    def listen(_app: Any, external_id: str, receipt: Receipt) -> None:
        told.append((external_id, receipt))

    shopper_erased.connect(listen, shop.app)
    shop.transport.fault = lambda request: httpx.Response(503)
    first = erase(shop)
    assert first.pending == ("Genvoris",)
    assert rows_with(shop, "ada") == ["genvoris_erasures.account"]
    assert "Genvoris" in run_command(shop.app, "privacy", "retry").stderr
    shop.transport.fault = lambda request: None
    result = run_command(shop.app, "privacy", "retry")
    assert result.exit_code == 0
    assert rows_with(shop, "ada") == []
    assert [external_id for external_id, _receipt in told] == ["ada"]


def test_failing_place(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that fails in an unexpected way keeps no other place or shopper from their turn."""

    def fail(_jobs: OwnJobs, _owner: str) -> tuple[int, int]:
        raise RuntimeError("unexpected")

    with monkeypatch.context() as patch:
        patch.setattr(OwnJobs, "remove_all", fail)
        assert erase(shop).pending == ("try-ons",)
        assert erase(shop, "eve").pending == ("try-ons",)
        swept = json.loads(run_command(shop.app, "sweep", "--json").stdout)
        assert swept["erasures continued"] == 2
    assert rows_with(shop, "ada") == ["genvoris_erasures.account"]
    assert run_command(shop.app, "sweep").exit_code == 0
    assert rows_with(shop, "ada") == []


def test_command(shop: Shop) -> None:
    """The command asks first, and prints the receipt."""
    assert run_command(shop.app, "privacy", "erase", "ada", typed="n\n").exit_code != 0
    assert rows_with(shop, "ada")
    result = run_command(shop.app, "privacy", "erase", "ada", "--yes", "--json")
    (receipt,) = json.loads(result.stdout)
    assert receipt["done_at"]
    assert not re.search(r"\bada\b", result.stdout)


def test_periods(shop: Shop) -> None:
    """Consents and receipts are deleted once their period is over, and not before."""
    erase(shop)
    shop.genvoris.clock.now += 1094 * DAY
    swept = json.loads(run_command(shop.app, "sweep", "--json").stdout)
    assert (swept["consents"], swept["erasures"]) == (0, 0)
    shop.genvoris.clock.now += 2 * DAY
    swept = json.loads(run_command(shop.app, "sweep", "--json").stdout)
    assert (swept["consents"], swept["erasures"], swept["consent texts"]) == (1, 1, 1)


def test_without_a_database(genvoris: LocalGenvoris) -> None:
    """Tokens, try-ons and what Genvoris has are erased all the same."""
    genvoris.customer("ada")
    shop = Shop(genvoris)
    shop.log_in()
    job = shop.finish(shop.tryon())
    genvoris.call("PATCH", "/customers/ada", {"email": EMAIL})
    receipt = erase(shop)
    assert receipt.pending == ()
    assert shop.browser.get(job["image_url"]).status_code == 404
    assert genvoris.call("GET", "/customers/ada").get_json()["email"] is None


def test_switched_off() -> None:
    """It does nothing where try-on is switched off."""
    from flask import Flask

    app = Flask("shop")
    app.config["GENVORIS_ENABLED"] = False
    extension = GenvorisFlask(app)
    with app.app_context():
        assert extension.privacy.erase("ada") is None


def test_waiting_order_is_dropped(shop: Shop) -> None:
    """An order that Genvoris was not told of yet names the shopper by the address alone."""
    answer = httpx.Response(503, json={"error": "unavailable"})
    shop.transport.fault = lambda request: answer if "/conversions" in request.url.path else None
    with shop.app.app_context():
        for order, address in (("order-7", EMAIL), ("order-8", "bob@shop.example")):
            shop.extension.conversion(order, 900, customer_email=address)
    receipt = erase(shop)
    assert receipt.pending == ()
    assert rows_with(shop, EMAIL) == []
    assert "genvoris_outbox.body" in rows_with(shop, "bob@shop.example")
