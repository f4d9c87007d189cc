"""What is yet to be told of a shopper is exported, and erased, wherever it waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.api.models import Event
from genvoris_flask.core.outbox.durable import DurableOutbox
from genvoris_flask.core.outbox.messages import Message, State
from genvoris_flask.core.webhooks.signature import HEADER, sign
from tests.integration.conftest import RedisServer
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import until

SECRET = "whsec_0123456789abcdef"
EMAIL = "ada@shop.example"
OPEN: tuple[State, ...] = ("waiting", "given_up")

OpenShop = Callable[..., Shop]


@pytest.fixture
def genvoris(tmp_path: Path) -> LocalGenvoris:
    """Return a local Genvoris that knows Ada, whose id in the shop is 1."""
    genvoris = LocalGenvoris(tmp_path / "genvoris")
    genvoris.call("POST", "/customers", {"externalId": "1", "email": EMAIL})
    return genvoris


@pytest.fixture(params=["database", "Redis"])
def open_shop(
    request: pytest.FixtureRequest, genvoris: LocalGenvoris, tmp_path: Path
) -> Callable[..., Shop]:
    """Return what opens a shop whose messages wait in a database, and one with Redis."""

    def open_it(**config: Any) -> Shop:
        config["GENVORIS_WEBHOOK_SECRET"] = SECRET
        if request.param == "database":
            shop = ledger_shop(genvoris, tmp_path, **config)
        else:
            url = request.getfixturevalue("redis_server").url
            where = {"GENVORIS_STORE_URL": url, "GENVORIS_STORE_NAMESPACE": "shop"}
            shop = Shop(genvoris, GENVORIS_QUEUE="rq", **where, **config)
        shop.log_in("1")
        return shop

    return open_it


def refuse(shop: Shop, status: int, *paths: str) -> None:
    answer = httpx.Response(status, json={"error": "unavailable"})
    shop.transport.fault = lambda request: (
        answer if any(each in request.url.path for each in paths) else None
    )


def convert(shop: Shop, order_id: str, email: str) -> None:
    with shop.app.app_context():
        shop.extension.conversion(order_id, 4990, customer_email=email, session_id="visit-1")


def exported(shop: Shop, external_id: str = "1") -> dict[str, Any]:
    with shop.app.app_context():
        return shop.extension.privacy.export(external_id)


def messages(shop: Shop, external_id: str = "1") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = exported(shop, external_id)["Genvoris"]["messages"]
    return found


def left(shop: Shop) -> list[str | None]:
    """Return what the messages are about that were not delivered."""
    assert isinstance(shop.state.outbox, DurableOutbox)
    return [each.subject for each in shop.state.outbox.table.messages(OPEN, 100)]


def test_orders(open_shop: OpenShop, genvoris: LocalGenvoris) -> None:
    """An order that waits, or was given up, is there with all that it says, and no other's is."""
    shop = open_shop()
    for status, number in ((400, 1), (503, 3)):
        refuse(shop, status, "/conversions")
        convert(shop, f"order-{number}", "Ada@shop.example")
        convert(shop, f"order-{number + 1}", "bob@shop.example")
        if status == 400:
            assert shop.state.outbox.flush(60)
    body = {
        "amount_cents": 4990,
        "customer_email": "Ada@shop.example",
        "platform": "custom",
        "session_id": "visit-1",
    }
    at = datetime.fromtimestamp(genvoris.clock(), UTC).isoformat()
    assert messages(shop) == [
        {
            "kind": "conversion",
            "body": {**body, "order_id": order_id},
            "queued_at": at,
            "given_up": is_given_up,
        }
        for order_id, is_given_up in (("order-1", True), ("order-3", False))
    ]
    assert "bob@" not in json.dumps(exported(shop))


def test_everywhere(open_shop: OpenShop) -> None:
    """The command and the account page's file have them as well."""
    shop = open_shop()
    refuse(shop, 503, "/conversions")
    convert(shop, "order-1", EMAIL)
    (message,) = messages(shop)
    printed = json.loads(run_command(shop.app, "privacy", "export", "1").stdout)
    downloaded = shop.browser.get("/genvoris/account/data").get_json()
    for found in (printed, downloaded):
        assert found["Genvoris"]["messages"] == [message]


def test_returns(open_shop: OpenShop) -> None:
    """A return that waits for its order, and has no address, goes with it."""
    shop = open_shop()
    refuse(shop, 503, "/conversions")
    convert(shop, "order-1", EMAIL)
    convert(shop, "order-2", "bob@shop.example")
    with shop.app.app_context():
        for number in (1, 2):
            shop.extension.returned(f"order-{number}", 4990, reason="too small")
        assert [(each["kind"], each["body"]["order_id"]) for each in messages(shop)] == [
            ("conversion", "order-1"),
            ("return", "order-1"),
        ]
        assert shop.extension.privacy.erase("1").pending == ()
    assert set(left(shop)) == {"order:custom:order-2"}


def test_events_of_others(open_shop: OpenShop) -> None:
    """Of a batch of events only those are there that name the shopper."""
    shop = open_shop()
    refuse(shop, 503, "/events")
    names = (EMAIL, "bob@shop.example", None)
    shop.state.events.add(
        [
            Event(f"visit-{number}", "WIDGET_OPENED", metadata={"user": name} if name else None)
            for number, name in enumerate(names)
        ]
    )
    assert shop.state.events.join(60)
    (message,) = messages(shop)
    assert [each["session_id"] for each in message["body"]["events"]] == ["visit-0"]


@pytest.mark.parametrize("prefix", ["", "shop-"])
def test_webhooks(open_shop: OpenShop, genvoris: LocalGenvoris, prefix: str) -> None:
    """News for a function of the shop has Genvoris's form of the id; secrets stay out of it."""
    shop = open_shop(GENVORIS_EXTERNAL_ID_PREFIX=prefix)

    @shop.extension.on("customer.updated", background=True)
    def fail(_event: Any) -> None:
        raise ValueError

    for name in (f"{prefix}1", f"{prefix}2", "other-1"):
        data = {"externalId": name, "email": "a@b.example", "session": {"token": "hidden"}}
        event = {"id": f"evt_{name}", "type": "customer.updated", "created": 1, "data": data}
        body = json.dumps(event).encode()
        headers = {HEADER: sign(SECRET, body, genvoris.clock())}
        assert shop.post("/webhook", data=body, headers=headers).status_code == 200
    (message,) = messages(shop)
    assert message["body"]["event"]["data"] == {
        "externalId": f"{prefix}1",
        "email": "a@b.example",
        "session": {},
    }
    with shop.app.app_context():
        assert shop.extension.privacy.erase("1").pending == ()
    assert messages(shop) == []
    assert len(left(shop)) == 2


def test_state_with_a_prefix(open_shop: OpenShop) -> None:
    """A shopper's state has the shop's own id, which may look like another shopper's."""
    shop = open_shop(GENVORIS_EXTERNAL_ID_PREFIX="shop-")
    refuse(shop, 503, "/customers")
    assert isinstance(shop.state.outbox, DurableOutbox)
    for name in ("1", "shop-1"):
        body = {"external_id": name, "status": "PAUSED"}
        shop.state.outbox.table.put(Message("customer", f"customer:{name}", body, is_state=True))
    shop.transport.fault = lambda request: None
    assert [each["body"]["external_id"] for each in messages(shop)] == ["1"]


def test_revocations(open_shop: OpenShop) -> None:
    """That a token is void is still told after an erasure; until then it is in the export."""
    shop = open_shop()
    session = shop.state.broker.session(Shopper("1"), 60)
    refuse(shop, 503, "/sessions")
    shop.state.broker.forget(Shopper("1"))
    until(lambda: bool(left(shop)))
    (message,) = messages(shop)
    assert (message["kind"], message["body"]["customer_id"]) == ("revocation", session.customer_id)
    assert session.token not in json.dumps(exported(shop))
    with shop.app.app_context():
        assert shop.extension.privacy.erase("1").pending == ()
    assert len(left(shop)) == 1


def test_unknown_to_genvoris(open_shop: OpenShop) -> None:
    """Without a record at Genvoris there is neither customer nor usage, and no message."""
    shop = open_shop()
    assert exported(shop, "2")["Genvoris"] == {"customer": None, "usage": None, "messages": []}


def test_token_of_another_process(genvoris: LocalGenvoris, redis_server: RedisServer) -> None:
    """That a shopper has a token is there, whichever process holds it; the token is not."""
    where = {"GENVORIS_STORE_URL": redis_server.url, "GENVORIS_STORE_NAMESPACE": "shop"}
    first, other = Shop(genvoris, **where), Shop(genvoris, **where)
    session = first.state.broker.session(Shopper("1"), 60)
    assert exported(other)["tokens"] == {"has_token": True, "is_known": True}
    assert exported(other, "2")["tokens"] == {"has_token": False, "is_known": False}
    assert session.token not in json.dumps(exported(other))
