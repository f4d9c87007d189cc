"""An export has everything that an erasure covers, wherever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.event import listen

from genvoris_flask.core.ledger.persons import DatabaseErasures
from genvoris_flask.core.outbox.messages import Message
from tests.flask.test_erasure import rows_with
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.stripe_payloads import Stripe
from tests.support.stripe_shop import start_events

PLANS = [{"name": "Pro", "monthly_try_ons": 5, "external_price_id": "pro"}]
SOLD_BY_STRIPE = {"GENVORIS_STRIPE_WEBHOOK_SECRET": "whsec_1", "GENVORIS_PLANS": PLANS}


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger that sells by Stripe, too, in which Ada has agreed."""
    shop = ledger_shop(
        genvoris, tmp_path, **SOLD_BY_STRIPE, GENVORIS_TRYONS_PER_DAY=9, GENVORIS_MINIMUM_AGE=16
    )
    form = shop.browser.get("/genvoris/consent").get_json()["form"]
    ticked = {"text": True, "depicted": True, "age": True}
    shop.post("/consent", json={"hash": form["hash"], "language": "en", **ticked})
    return shop


def exported(shop: Shop, external_id: str = "ada") -> dict[str, Any]:
    with shop.app.app_context():
        return shop.extension.privacy.export(external_id)


def buy(shop: Shop, **metadata: str) -> Stripe:
    """Let Ada buy five try-ons by Stripe; return what else may happen to the purchase."""
    stripe = Stripe()
    event = stripe.one_off(metadata={"genvoris_external_id": "ada", **metadata})
    assert shop.state.apply_stripe_event is not None
    assert shop.state.apply_stripe_event(event) == "applied"
    return stripe


def test_refunds(shop: Shop) -> None:
    """Refunds of the shopper's orders are there, and nobody else's."""
    with shop.app.app_context():
        for name, order_id in (("ada", "order-1"), ("bob", "order-2")):
            billing = shop.extension.billing
            billing.order_paid(order_id, external_id=name, try_ons=3, paid=900, currency="EUR")
            billing.order_refunded(order_id, refunded=300)
    found = exported(shop)["database"]["reversals"]
    assert {each["source_id"].partition("/")[0] for each in found} == {"order-1"}
    assert sum(each["refunded"] for each in found) == 300


def test_many_refunds(shop: Shop) -> None:
    """However many orders there are, their refunds are read by one statement."""
    with shop.app.app_context():
        for number in range(9):
            name, billing = f"order-{number}", shop.extension.billing
            billing.order_paid(name, external_id="ada", try_ons=3, paid=900, currency="EUR")
    assert shop.state.database is not None
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        statements.append(statement)

    listen(shop.state.database.engine, "before_cursor_execute", note)
    assert len(exported(shop)["database"]["lots"]) == 9
    assert len([each for each in statements if "FROM genvoris_reversals" in each]) == 1


def test_open_erasure(shop: Shop) -> None:
    """While an erasure is not done, it names the shopper, so it is there."""
    shop.transport.fault = lambda request: httpx.Response(503)
    with shop.app.app_context():
        receipt = shop.extension.privacy.erase("ada")
    shop.transport.fault = lambda request: None
    (erasure,) = exported(shop)["database"]["erasures"]
    assert erasure["id"] == receipt.id
    assert exported(shop, "bob")["database"]["erasures"] == []


def test_delivered_state(shop: Shop) -> None:
    """That Genvoris was told of the shopper's state is kept with their account."""
    name = "a" * 255  # with a longer subject than a column takes
    for each in (name, "bob"):
        body = {"external_id": each, "status": "PAUSED"}
        shop.state.outbox.put(Message("customer", f"customer:{each}", body, f"shopper:{each}"))
    assert shop.state.outbox.flush(10)
    assert [each["kind"] for each in exported(shop, name)["database"]["delivered"]] == ["customer"]
    with shop.app.app_context():
        assert shop.extension.privacy.erase(name).pending == ()
    assert exported(shop, name)["database"]["delivered"] == []
    assert len(exported(shop, "bob")["database"]["delivered"]) == 1


def test_opinions(shop: Shop) -> None:
    """What the shopper thinks of their pictures is there for as long as it is known whose it is."""
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
    job = shop.tryon()
    shop.finish(job)
    recorder = shop.state.recorder
    assert recorder is not None
    recorder.add_opinion(job.get_json()["id"], is_liked=False, reasons=("quality",))
    recorder.add_opinion("somebody-else", is_liked=True)
    recorder.flush()
    (opinion,) = exported(shop)["database"]["opinions"]
    assert (opinion["is_liked"], opinion["reasons"]) == (False, "quality")
    with shop.app.app_context():
        assert shop.extension.privacy.erase("ada").pending == ()
    assert exported(shop)["database"]["opinions"] == []


def test_day(shop: Shop) -> None:
    """When try-ons of the day were started is there, also after an erasure, which keeps it."""
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
    shop.finish(shop.tryon())
    assert len(exported(shop)["records"]["started_today"]) == 1
    with shop.app.app_context():
        shop.extension.privacy.erase("ada")
    assert len(exported(shop)["records"]["started_today"]) == 1
    assert exported(shop, "bob")["records"]["started_today"] == []


def test_stripe_with_a_ledger(shop: Shop) -> None:
    """Purchases by Stripe are there until an erasure, whose receipt says what is kept of them."""
    stripe = buy(shop, genvoris_try_ons="5")
    (payment,) = exported(shop)["database"]["stripe"]["payments"].values()
    assert (payment["customer"], payment["units"]) == (stripe.customer, 5)
    with shop.app.app_context():
        receipt = shop.extension.privacy.erase("ada")
    (line,) = (line for line in receipt.lines if line.code == "purchases")
    assert (line.place, line.outcome, line.count) == ("database", "kept", 1)
    assert exported(shop)["database"]["stripe"] is None
    assert rows_with(shop, "ada") == []


def test_stripe_without_a_ledger(genvoris: LocalGenvoris) -> None:
    """The same holds for the records in Redis, or in memory."""
    plan = genvoris.plan(5, "Pro")
    genvoris.call("PATCH", f"/plans/{plan}", {"externalPriceId": "pro"})
    shop = Shop(genvoris, **SOLD_BY_STRIPE)
    shop.log_in()
    stripe = buy(shop, genvoris_price_id="pro")
    records = exported(shop)["records"]
    assert records["stripe"]["payments"][stripe.session]["customer"] == stripe.customer
    assert records["billing"]["sale"] == f"stripe:{stripe.session}"
    with shop.app.app_context():
        receipt = shop.extension.privacy.erase("ada")
    assert [line.place for line in receipt.lines if line.code == "purchases"] == ["records"]
    assert exported(shop)["records"]["stripe"] is None


def test_moved_subscription(shop: Shop) -> None:
    """A subscription that was moved to another shopper is in their export alone."""
    stripe, apply = Stripe(metadata={"genvoris_external_id": "ada"}), shop.state.apply_stripe_event
    assert apply is not None
    for event in start_events(stripe):
        apply(event)
    stripe.metadata = {"genvoris_external_id": "bob"}
    apply(stripe.change(at=10))
    theirs = exported(shop, "bob")["database"]["stripe"]
    assert set(theirs["subscriptions"]) == {stripe.subscription} == set(theirs["periods"])
    ours = exported(shop)["database"]["stripe"]
    assert (ours["subscriptions"], ours["periods"], ours["reversals"]) == ({}, {}, {})


def test_what_names_the_shopper(shop: Shop) -> None:
    """Every table that names the shopper has something in the export."""
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
    body = {"external_id": "ada", "status": "PAUSED"}
    shop.state.outbox.put(Message("customer", "customer:ada", body, "shopper:ada"))
    shop.finish(shop.tryon())
    buy(shop, genvoris_try_ons="5")
    assert shop.state.database is not None
    DatabaseErasures(shop.state.database, shop.state.clock).open("ada")
    found = exported(shop)
    here = found["database"]
    elsewhere = {"outbox": here["delivered"] + found["Genvoris"]["messages"]}
    elsewhere["records"] = here["stripe"]
    named = {each.split(".")[0].removeprefix("genvoris_") for each in rows_with(shop, "ada")}
    assert {"outbox", "records", "erasures", "consents", "lots"} <= named
    assert {name for name in named if not (here | elsewhere)[name]} == set()
