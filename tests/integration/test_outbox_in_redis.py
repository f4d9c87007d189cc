"""Without a ledger, what a shop with an engine has yet to tell Genvoris waits in its Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.web import warm_up
from genvoris_flask.web.health_checks.shop import check_outbox
from tests.integration.conftest import RedisServer
from tests.support.cli import list_outbox, run_command
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.outboxes import in_two_processes, killed_often
from tests.support.waiting import until

SECRET = "whsec_0123456789abcdef"
DAY = 24 * 3600
DELIVERIES = "/genvoris/console/deliveries"


@pytest.fixture
def genvoris(tmp_path: Path) -> LocalGenvoris:
    """Return a local Genvoris."""
    return LocalGenvoris(tmp_path / "genvoris")


def open_shop(genvoris: LocalGenvoris, server: RedisServer, **config: object) -> Shop:
    """Return one process of a shop whose try-ons run on RQ."""
    return Shop(
        genvoris,
        GENVORIS_STORE_URL=server.url,
        GENVORIS_STORE_NAMESPACE="shop",
        GENVORIS_QUEUE="rq",
        GENVORIS_WEBHOOK_SECRET=SECRET,
        **config,
    )


@pytest.fixture
def shop(genvoris: LocalGenvoris, redis_server: RedisServer) -> Shop:
    """Return one process of the shop."""
    return open_shop(genvoris, redis_server)


def convert(shop: Shop, order_id: str, **fields: Any) -> None:
    with shop.app.app_context():
        shop.extension.conversion(order_id, 4990, **fields)


def answer_with(shop: Shop, status: int, error: str) -> None:
    answer = httpx.Response(status, json={"error": error})
    shop.transport.fault = lambda _request: answer


def stored(server: RedisServer) -> bytes:
    """Return all that is in the outbox in Redis."""
    keys = [key for key in server.command("KEYS", "*") if b":outbox:" in key]
    return b"".join(keys) + b"".join(server.command("DUMP", key) for key in keys)


def test_order_waits_for_another_process(
    shop: Shop, genvoris: LocalGenvoris, redis_server: RedisServer
) -> None:
    """It outlasts the one that took it, and Redis cannot tell which order it is."""
    answer_with(shop, 503, "unavailable")
    convert(shop, "order-4711")
    until(lambda: list_outbox(shop.app)[0]["error"] is not None)
    (row,) = list_outbox(shop.app)
    assert (row["subject"], row["state"]) == ("order:custom:order-4711", "waiting")
    assert b"4711" not in stored(redis_server)
    genvoris.clock.now += 60
    other = open_shop(genvoris, redis_server)
    done = run_command(other.app, "outbox", "drain")
    assert done.stdout == "1 sent, 0 tried again later, 0 given up.\n"
    assert other.transport.count("/conversions") == 1
    convert(shop, "order-4711")
    assert other.state.outbox.flush(60)
    assert list_outbox(shop.app) == []


def test_given_up_order_is_sent_again(shop: Shop) -> None:
    """By its number, or it is dropped; until then the check warns of it."""
    answer_with(shop, 400, "invalid_body")
    for order_id in ("1", "2"):
        convert(shop, order_id)
    shop.state.outbox.flush(60)
    rows = {row["subject"]: row for row in list_outbox(shop.app, "--state", "given_up")}
    assert {row["error"] for row in rows.values()} == {"invalid_body"}
    (finding,) = check_outbox(shop.state)
    assert "2 messages" in finding.text
    shop.transport.fault = lambda _request: None
    first, second = (str(rows[f"order:custom:{number}"]["id"]) for number in (1, 2))
    assert "1 sent again" in run_command(shop.app, "outbox", "retry", first).stdout
    assert "1 dropped" in run_command(shop.app, "outbox", "drop", second, "--yes").stdout
    assert list_outbox(shop.app) == []


def test_sweep(shop: Shop, genvoris: LocalGenvoris, redis_server: RedisServer) -> None:
    """A given-up order that nobody sent again is swept after 90 days."""
    answer_with(shop, 400, "invalid_body")
    convert(shop, "1")
    shop.state.outbox.flush(60)
    genvoris.clock.now += 91 * DAY
    assert "messages" in run_command(shop.app, "sweep").stdout
    assert list_outbox(shop.app, "--state", "given_up") == []
    names = [key.rsplit(b":", 1)[1] for key in redis_server.command("KEYS", "*:outbox:*")]
    assert names == [b"number"]


def test_console_sends_again(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The console sends one message again, or all of them, and the log says so."""
    caplog.set_level("INFO", "genvoris_flask.console")
    shop.extension.console_access(lambda: True)
    answer_with(shop, 400, "invalid_body")
    for order_id in ("1", "2", "3"):
        convert(shop, order_id)
    shop.state.outbox.flush(60)
    shop.transport.fault = lambda _request: None
    first = list_outbox(shop.app, "--state", "given_up")[0]["id"]
    for fields, sent in (({"message": "x"}, 0), ({"message": str(first)}, 1), ({}, 2)):
        before = shop.transport.count("/conversions")
        answer = shop.browser.post(f"{DELIVERIES}/again", data=fields, headers=SAME_ORIGIN)
        assert answer.status_code == 303
        shop.state.outbox.flush(60)
        assert shop.transport.count("/conversions") == before + sent
        assert (f"{sent} messages" in caplog.text) == bool(sent)
    assert 'name="message"' not in shop.browser.get(DELIVERIES).text


def test_console_without_redis(shop: Shop, redis_server: RedisServer) -> None:
    """While Redis is away the page says that nothing was changed."""
    shop.extension.console_access(lambda: True)
    assert shop.browser.get(DELIVERIES).status_code == 200
    redis_server.kill()
    for answer in (
        shop.browser.get(DELIVERIES),
        shop.browser.post(f"{DELIVERIES}/again", headers=SAME_ORIGIN),
    ):
        assert answer.status_code == 503
        assert "Nothing was changed" in answer.text


def test_handlers_events_and_revocations_wait(
    shop: Shop, genvoris: LocalGenvoris, redis_server: RedisServer
) -> None:
    """They are kept as orders are, and another process does what is left."""
    seen: list[int] = []
    others: list[int] = []
    other = open_shop(genvoris, redis_server)
    for each, numbers in ((shop, seen), (other, others)):

        @each.extension.on("credit.low_balance", background=True)
        def tell_owner(event: Any, numbers: list[int] = numbers) -> None:
            numbers.append(event.balance)
            if numbers is seen:
                raise ValueError("the owner's mailbox is full")

    genvoris.customer()
    shop.state.broker.session(Shopper("ada"), 60)
    answer_with(shop, 503, "unavailable")
    body = b'{"id": "evt_1", "type": "credit.low_balance", "created": 1, "data": {"balance": 5}}'
    headers = {HEADER: sign(SECRET, body, genvoris.clock())}
    assert shop.post("/webhook", data=body, headers=headers).status_code == 200
    shop.state.broker.forget(Shopper("ada"))
    event = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED", "metadata": {}}
    shop.post("/api/v1/events", json=event)
    assert shop.state.events.join(60)
    until(
        lambda: (
            {row["kind"] for row in list_outbox(shop.app)} == {"webhook", "revocation", "events"}
        )
    )
    until(lambda: seen == [5])

    def is_all_done() -> bool:
        genvoris.clock.now += 60  # the first process may have tried again meanwhile
        return other.state.outbox.flush(1) and others == [5]

    until(is_all_done)
    assert {each.method for each in other.transport.requests} == {"DELETE", "POST"}


def refuse_orders(shop: Shop, status: int) -> None:
    answer = httpx.Response(status, json={"error": "unavailable"})
    shop.transport.fault = lambda request: answer if "/conversions" in request.url.path else None


def test_erasure_drops_messages(shop: Shop, genvoris: LocalGenvoris) -> None:
    """Those with the shopper's address, waiting or given up; other shoppers' are sent."""
    genvoris.call("POST", "/customers", {"externalId": "1", "email": "ada@shop.example"})
    for status, number in ((400, 1), (503, 3)):
        refuse_orders(shop, status)
        convert(shop, f"order-{number}", customer_email="Ada@shop.example")
        convert(shop, f"order-{number + 1}", customer_email="bob@shop.example")
        if status == 400:
            assert shop.state.outbox.flush(60)
    with shop.app.app_context():
        receipt = shop.extension.privacy.erase("1")
    assert receipt.pending == ()
    assert [line.count for line in receipt.lines if "messages" in line.what] == [2]
    left = {
        row["subject"]
        for state in ("waiting", "given_up")
        for row in list_outbox(shop.app, "--state", state)
    }
    assert left == {"order:custom:order-2", "order:custom:order-4"}


def test_redis_is_away(shop: Shop, redis_server: RedisServer) -> None:
    """An order is reported from memory then, and breaks no checkout."""
    redis_server.kill()
    convert(shop, "17")
    until(lambda: shop.transport.count("/conversions") == 1)


def test_other_secret_key(
    shop: Shop, genvoris: LocalGenvoris, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that cannot be opened is kept, and sent once the former key is listed."""
    answer_with(shop, 503, "unavailable")
    convert(shop, "17")
    until(lambda: list_outbox(shop.app)[0]["error"] is not None)
    other = open_shop(genvoris, redis_server, SECRET_KEY="new")

    def is_given_up() -> bool:
        genvoris.clock.now += 60  # the first process may have tried again meanwhile
        run_command(other.app, "outbox", "drain")
        return "SECRET_KEY_FALLBACKS" in caplog.text

    until(is_given_up)
    assert [row["error"] for row in list_outbox(other.app)] == ["other_secret_key"]
    both = open_shop(genvoris, redis_server, SECRET_KEY="new", SECRET_KEY_FALLBACKS=["secret"])
    run_command(both.app, "outbox", "retry", "--all")
    assert both.transport.count("/conversions") == 1


def test_start_does_not_warn_of_memory(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Since a killed process loses nothing."""
    warm_up.warn_of_memory.cache_clear()
    warm_up.warm_up(shop.app)
    assert "are lost if it is killed" not in caplog.text


def test_two_processes(redis_server: RedisServer, tmp_path: Path) -> None:
    """Each message is delivered by one of them."""
    delivered = in_two_processes(redis_server.url, tmp_path, 40)
    assert len(delivered) == 40
    assert set(delivered.values()) == {1}


def test_killed_processes(redis_server: RedisServer, tmp_path: Path) -> None:
    """Every message is delivered; only what was being sent may be sent again."""
    delivered = killed_often(redis_server.url, tmp_path, 40, 6)
    assert len(delivered) == 40
    assert delivered.total() <= 40 + 6
