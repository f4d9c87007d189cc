"""Orders and returns reach Genvoris with the visit they came from, and no checkout waits."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import Any

import httpx
import pytest
from flask import request

from genvoris_flask.core.concurrency.background import BackgroundPool
from genvoris_flask.core.outbox.memory import MemoryOutbox
from genvoris_flask.web.hooks import Hooks
from genvoris_flask.web.outbox import deliveries
from tests.support.flask_shop import Shop

ORDER = {"order_id": "17", "amount_cents": 4990}
VISIT = "0b0f0c0e-5d7e-4c58-9a54-0d6a1b2c3d4e"


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Return a shop with a checkout, which retries soon."""
    use_pool(shop, BackgroundPool(delays=(0.01, 0.01)))

    @shop.app.post("/checkout")
    def checkout() -> str:
        shop.extension.conversion(**request.get_json())
        return shop.extension.widget_session_id or "no visit"

    return shop


def use_pool(shop: Shop, pool: BackgroundPool) -> None:
    """Have a shop's orders sent by a pool of the test's."""
    outbox = MemoryOutbox(deliveries(shop.app, shop.state.client, Hooks()), {"calls": pool})
    shop.app.extensions["genvoris"] = dataclasses.replace(shop.state, outbox=outbox)


def order(shop: Shop, **fields: Any) -> str:
    answer = shop.browser.post("/checkout", json={**ORDER, **fields})
    assert answer.status_code == 200
    return answer.text


def sent(shop: Shop, path: str = "/conversions") -> list[dict[str, Any]]:
    assert shop.state.outbox.flush(60)
    return [
        json.loads(call.content) for call in shop.transport.requests if call.url.path.endswith(path)
    ]


def test_order_carries_visit(shop: Shop) -> None:
    """An order carries the visit in which something was tried on."""
    shop.finish(shop.tryon(session_id=VISIT))
    assert order(shop, currency="EUR", product_id="shirt", quantity=2) == VISIT
    assert sent(shop) == [
        {
            "orderId": "17",
            "platform": "custom",
            "amountCents": 4990,
            "currency": "EUR",
            "quantity": 2,
            "productId": "shirt",
            "sessionId": VISIT,
        }
    ]


def test_order_and_return(shop: Shop) -> None:
    """Genvoris counts the order once, and accepts its return."""
    for _ in range(2):
        order(shop)
    assert len(sent(shop)) == 2
    with shop.app.app_context():
        shop.extension.returned("17", 2000, currency="EUR", reason="too small")
        assert shop.state.outbox.flush(60)
        seen = shop.state.client.conversions.record(order_id="17", amount_cents=4990)
    assert seen.deduped
    body = {"orderId": "17", "platform": "custom", "refundedAmountCents": 2000}
    assert sent(shop, "/returns") == [{**body, "currency": "EUR", "reason": "too small"}]


def test_order_without_visit(shop: Shop) -> None:
    """Without a try-on, an order has no visit."""
    assert order(shop) == "no visit"
    assert "sessionId" not in sent(shop)[0]


def test_last_visit_counts(shop: Shop) -> None:
    """The last visit counts, unless the shop passes another."""
    shop.tryon(session_id="visit-one")
    shop.tryon(session_id="visit-two")
    order(shop)
    order(shop, order_id="18", session_id="stored-with-the-order")
    assert [each["sessionId"] for each in sent(shop)] == ["visit-two", "stored-with-the-order"]


def test_visits_of_two_browsers(shop: Shop) -> None:
    """A visit belongs to one browser."""
    shop.tryon(session_id=VISIT)
    stranger = shop.app.test_client()
    assert stranger.post("/checkout", json=ORDER).text == "no visit"


@pytest.mark.parametrize(
    "wrong", ["", "short", "x" * 200, "<script>alert(1)</script>", "a b c d e"]
)
def test_invalid_ids(shop: Shop, wrong: str) -> None:
    """An id that cannot be a cookie's value is not kept."""
    shop.finish(shop.tryon(session_id=wrong))
    assert order(shop) == "no visit"


def test_cookie_written_once(shop: Shop) -> None:
    """The cookie is written once for a visit."""
    first = shop.tryon(session_id=VISIT)
    second = shop.tryon(session_id=VISIT)
    assert "Set-Cookie" in first.headers
    assert "Set-Cookie" not in second.headers


def test_checkout_does_not_wait(shop: Shop) -> None:
    """A checkout does not wait for Genvoris."""
    leave = threading.Event()

    def hang(request: httpx.Request) -> None:
        leave.wait(60)

    shop.transport.fault = hang
    order(shop)
    assert not shop.state.outbox.flush(0)
    leave.set()
    assert len(sent(shop)) == 1


def test_order_is_retried(shop: Shop) -> None:
    """An order is sent again until it arrived."""
    left = iter([503] * 4)
    shop.transport.fault = lambda request: next(
        (httpx.Response(status, headers={"Retry-After": "0"}) for status in left), None
    )
    order(shop)
    assert len(sent(shop)) == 5


def test_lost_order_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """An order that never arrives is one error in the log."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    shop.transport.fault = refuse
    order(shop, customer_email="ada@example.com")
    assert shop.state.outbox.flush(60)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in errors] == ["The conversion of order 17: given up"]
    assert "ada@example.com" not in caplog.text


def test_refused_order(shop: Shop) -> None:
    """An order that Genvoris refuses is not sent again."""
    shop.transport.fault = lambda request: httpx.Response(400, json={"error": "invalid_body"})
    order(shop)
    assert len(sent(shop)) == 1


def test_uncertain_return(shop: Shop) -> None:
    """A return that may have been counted is not sent again."""
    shop.transport.fault = lambda request: httpx.Response(500)
    with shop.app.app_context():
        shop.extension.returned("17", 100)
    assert len(sent(shop, "/returns")) == 1
    shop.transport.requests.clear()
    answers = iter([httpx.Response(429, headers={"Retry-After": "0"})])
    shop.transport.fault = lambda request: next(answers, None)
    with shop.app.app_context():
        shop.extension.returned("17", 100)
    assert len(sent(shop, "/returns")) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_cents": 49.9},
        {"amount_cents": "4990"},
        {"amount_cents": -1},
        {"amount_cents": True},
        {"amount_cents": None},
        {"order_id": ""},
        {"order_id": None},
    ],
    ids=str,
)
def test_wrong_arguments_are_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
) -> None:
    """A mistake in the shop's code is logged and breaks no checkout."""
    order(shop, **wrong)
    assert sent(shop) == []
    assert "was not sent: the " in caplog.text


def test_full_queue(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A full queue breaks no checkout."""
    use_pool(shop, BackgroundPool(max_unfinished=0))
    order(shop)
    assert "The conversion of order 17 was not sent: " in caplog.text
