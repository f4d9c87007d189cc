"""Reports to Genvoris wait in the ledger's database until they have arrived."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from genvoris_flask import Shopper
from genvoris_flask.core.api.models import Customer
from genvoris_flask.core.ledger.events import PRUNE_EVERY
from genvoris_flask.core.webhooks.events import read_event
from genvoris_flask.core.webhooks.handling import Handler, run_handlers
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.web import warm_up
from genvoris_flask.web.health_checks import shop as shop_checks
from tests.support.cli import list_outbox, run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import until

DAY = 24 * 3600.0


SECRET = "whsec_0123456789abcdef"


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger."""
    return ledger_shop(
        genvoris,
        tmp_path,
        GENVORIS_WEBHOOK_SECRET=SECRET,
        GENVORIS_PLANS=[{"name": "Pro", "monthly_try_ons": 5}],
    )


def convert(shop: Shop, order_id: str = "17", **fields: Any) -> None:
    with shop.app.app_context():
        shop.extension.conversion(order_id, 4990, **fields)


def go_away(shop: Shop) -> None:
    """Let Genvoris answer 503."""
    shop.transport.fault = lambda request: httpx.Response(503)


def come_back(shop: Shop) -> None:
    """Let Genvoris answer again, and a minute pass."""
    shop.transport.fault = lambda request: None
    shop.genvoris.clock.now += 60


def test_order_arrives(shop: Shop) -> None:
    """An order that was reported is sent once, and is not listed any more."""
    for _each in range(2):
        convert(shop)
    assert shop.state.outbox.flush(60)
    assert shop.transport.count("/conversions") == 1
    assert list_outbox(shop.app) == []
    assert [row["kind"] for row in list_outbox(shop.app, "--state", "sent")] == ["conversion"]


def test_order_waits_while_genvoris_is_away(shop: Shop) -> None:
    """It is listed with the reason, and a command sends it when Genvoris is back."""
    go_away(shop)
    convert(shop)
    until(lambda: list_outbox(shop.app)[0]["error"] is not None)
    (row,) = list_outbox(shop.app)
    assert (row["subject"], row["state"], row["attempts"]) == ("order:custom:17", "waiting", 1)
    come_back(shop)
    result = run_command(shop.app, "outbox", "drain")
    assert result.stdout == "1 sent, 0 tried again later, 0 given up.\n"
    assert list_outbox(shop.app) == []


def test_order_of_a_transaction(shop: Shop) -> None:
    """What the shop rolls back is not reported."""
    engine = shop.state.spending.database.engine  # type: ignore[union-attr]
    for order_id, ends in (("1", "rollback"), ("2", "commit")):
        with Session(engine) as session:
            convert(shop, order_id, session=session)
            getattr(session, ends)()
    assert shop.state.outbox.flush(60)
    assert [row["subject"] for row in list_outbox(shop.app, "--state", "sent")] == [
        "order:custom:2"
    ]


def test_given_up_order_is_sent_again(shop: Shop) -> None:
    """By its number, or it is dropped."""
    shop.transport.fault = lambda request: httpx.Response(400, json={"error": "invalid_body"})
    for order_id in ("1", "2"):
        convert(shop, order_id)
    shop.state.outbox.flush(60)
    rows = {row["subject"]: row for row in list_outbox(shop.app, "--state", "given_up")}
    assert {row["error"] for row in rows.values()} == {"invalid_body"}
    come_back(shop)
    first, second = (str(rows[f"order:custom:{number}"]["id"]) for number in (1, 2))
    assert "1 sent again" in run_command(shop.app, "outbox", "retry", first).stdout
    assert "1 dropped" in run_command(shop.app, "outbox", "drop", second, "--yes").stdout
    assert list_outbox(shop.app) == []
    assert run_command(shop.app, "outbox", "retry").exit_code == 2


def test_check_warns(shop: Shop) -> None:
    """The check of the set-up counts what was given up."""
    shop.transport.fault = lambda request: httpx.Response(400, json={"error": "invalid_body"})
    convert(shop)
    shop.state.outbox.flush(60)
    (finding,) = shop_checks.check_outbox(shop.state)
    assert "1 messages" in finding.text


@pytest.mark.parametrize("is_testing", [True, False])
def test_start_warns_of_memory(
    genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture, is_testing: bool
) -> None:
    """A server says once what a killed process would lose, but not in tests."""
    warm_up.warn_of_memory.cache_clear()
    app = Shop(genvoris, TESTING=is_testing).app
    for _each in range(2):
        warm_up.warm_up(app)
    assert caplog.text.count("are lost if it is killed") == (not is_testing)
    assert ("GENVORIS_DATABASE_URL" in caplog.text) == (not is_testing)


def test_without_a_database(genvoris: LocalGenvoris) -> None:
    """The commands say which setting is missing."""
    result = run_command(Shop(genvoris).app, "outbox", "list")
    assert (result.exit_code, "GENVORIS_DATABASE_URL" in result.stderr) == (1, True)


def test_database_is_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An order is reported from memory then, and breaks no checkout."""
    engine = shop.state.spending.database.engine  # type: ignore[union-attr]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE genvoris_outbox RENAME TO gone")
    convert(shop)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO genvoris_outbox")
    assert shop.state.outbox.flush(60)
    assert shop.transport.count("/conversions") == 1
    assert "The conversion of order 17 waits in this process's memory" in caplog.text


def test_events_wait(shop: Shop) -> None:
    """Events that surely were not counted are sent when Genvoris is back."""
    go_away(shop)
    event = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED", "metadata": {"a": 1}}
    shop.post("/api/v1/events", json=event)
    assert shop.state.events.join(60)
    assert [row["kind"] for row in list_outbox(shop.app)] == ["events"]
    until(lambda: list_outbox(shop.app)[0]["error"] is not None)
    come_back(shop)
    assert shop.state.outbox.flush(60)
    sent = json.loads(shop.transport.requests[-1].content)
    assert sent == {"events": [event]}


@pytest.mark.parametrize(("seconds", "is_revoked"), [(0, True), (1000, False)])
def test_log_out_while_genvoris_is_away(shop: Shop, seconds: float, is_revoked: bool) -> None:
    """The token is revoked when it is back, unless it has expired."""
    shop.genvoris.customer()
    shop.state.broker.session(Shopper("ada"), 60)
    go_away(shop)
    shop.state.broker.forget(Shopper("ada"))
    until(lambda: bool(list_outbox(shop.app)) and bool(list_outbox(shop.app)[0]["error"]))
    shop.genvoris.clock.now += seconds
    come_back(shop)
    shop.transport.requests.clear()
    assert shop.state.outbox.flush(60)
    assert [each.method for each in shop.transport.requests] == ["DELETE"] * is_revoked


def customer(shop: Shop) -> Customer:
    """Return Ada at Genvoris, once it was told everything."""
    assert shop.state.outbox.flush(60)
    found = shop.state.client.customers.get("ada")
    shop.transport.requests.clear()
    return found


def test_genvoris_follows_the_ledger(shop: Shop) -> None:
    """It is told who is paused or has cancelled, each state once, and nothing of others."""
    shop.genvoris.customer("ada")
    billing = shop.state.billing
    with shop.app.app_context():
        billing.grant("ben", 1)
        billing.activate("ada", plan_id="Pro", event_id="1")
        assert customer(shop).status == "ACTIVE"
        assert shop.transport.count("/customers/ada") == 0
        billing.pause("ada")
        billing.pause("ada")
        assert customer(shop).status == "PAUSED"
        billing.resume("ada")
        assert customer(shop).status == "ACTIVE"
        billing.cancel("ada")
        assert customer(shop).status == "CANCELLED"
        billing.grant("ada", 1)
        assert customer(shop).status == "ACTIVE"
    assert len(list_outbox(shop.app, "--state", "sent")) == 1


def test_sale_that_genvoris_has_not_heard_of(shop: Shop) -> None:
    """A shopper whom Genvoris still believes to have cancelled gets what they have bought."""
    shop.genvoris.customer("ada")
    shop.state.client.customers.update("ada", status="CANCELLED")
    with shop.app.app_context():
        shop.state.billing.grant("ada", 1)
    assert shop.finish(shop.tryon())["state"] == "done"


def deliver_event(shop: Shop) -> None:
    body = b'{"id": "evt_1", "type": "credit.low_balance", "created": 1, "data": {"balance": 5}}'
    headers = {HEADER: sign(SECRET, body, shop.genvoris.clock())}
    assert shop.browser.post("/genvoris/webhook", data=body, headers=headers).status_code == 200


def test_background_handler(shop: Shop) -> None:
    """A function that fails is called again, with the same event, until it succeeds."""
    seen: list[Any] = []

    @shop.extension.on("credit.low_balance", background=True)
    def tell_owner(event: Any) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise ValueError("the owner's mailbox is full")

    deliver_event(shop)
    until(lambda: bool(seen) and bool(list_outbox(shop.app)[0]["error"]))
    assert list_outbox(shop.app)[0]["error"] == "ValueError"
    shop.genvoris.clock.now += 60
    assert shop.state.outbox.flush(60)
    assert seen[1].balance == 5
    assert seen[1] == seen[0]


def test_handlers_of_one_name(shop: Shop) -> None:
    """Each of them gets the event, as do functions that a decorator has wrapped."""
    seen: list[int] = []
    for number in range(3):
        shop.extension.on("*", background=True)(lambda _event, number=number: seen.append(number))
    deliver_event(shop)
    until(lambda: sorted(seen) == [0, 1, 2])


def test_handler_that_is_gone(shop: Shop) -> None:
    """An event for a function that the shop has removed is given up, and kept."""
    event = read_event(b'{"id": "evt_1", "type": "webhook.test"}')
    gone = [Handler("*", print, background=True)]
    run_handlers(event, gone, shop.app.app_context, shop.state.outbox)
    assert shop.state.outbox.flush(60)
    assert [row["error"] for row in list_outbox(shop.app)] == ["no_such_handler"]


def test_catch_up(shop: Shop) -> None:
    """The months of a yearly plan begin, and expiries are told."""
    clock = shop.genvoris.clock
    with shop.app.app_context():
        year = datetime.fromtimestamp(clock.now + 365 * DAY, UTC)
        shop.state.billing.activate("ada", plan_id="Pro", until=year, event_id="1")  # type: ignore[call-arg]
        shop.state.billing.grant("ada", 1, expires_in=40 * DAY)
    clock.now += 34 * DAY
    result = run_command(shop.app, "catch-up")
    assert result.stdout == "1 shoppers are up to date; 1 notices were sent.\n"
    assert "0 shoppers are up to date; 0 notices" in run_command(shop.app, "catch-up").stdout


def test_webhook_that_only_the_ledger_knows(shop: Shop, tmp_path: Path) -> None:
    """A process whose Redis lost its data runs no function again."""
    other = ledger_shop(shop.genvoris, tmp_path, GENVORIS_WEBHOOK_SECRET=SECRET)
    seen: list[Shop] = []
    for each in (shop, other):
        each.extension.on("credit.low_balance")(lambda _event, each=each: seen.append(each))
    deliver_event(shop)
    deliver_event(other)
    assert seen == [shop]
    shop.genvoris.clock.now += 31 * DAY
    store = shop.state.spending.handled  # type: ignore[union-attr]
    for number in range(PRUNE_EVERY):
        store.add(f"evt_later_{number % 2}")
    assert ("evt_1" in store, "evt_later_1" in store) == (False, True)


def test_webhook_while_the_database_is_away(shop: Shop) -> None:
    """It is delivered again."""
    engine = shop.state.spending.database.engine  # type: ignore[union-attr]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE genvoris_events RENAME TO gone")
    body = b'{"id": "evt_1", "type": "credit.low_balance", "created": 1, "data": {"balance": 5}}'
    headers = {HEADER: sign(SECRET, body, shop.genvoris.clock())}
    answer = shop.browser.post("/genvoris/webhook", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
