"""Events, conversions, returns, webhook endpoints and tracked try-ons as they go over the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import Event, QuotaLeft
from genvoris_flask.errors import BadRequestError, GenvorisError, MalformedAnswerError, QuotaError
from tests.support.wire import Wire

TOKEN = "eyJ.a-token-of-a-shopper"
OPENED = Event("s1", "WIDGET_OPENED")


def test_events() -> None:
    """Events are sent in one call, with only the fields that they have."""
    wire = Wire({"accepted": 2}, 202)
    viewed = Event(
        "s1",
        "TRYON_VIEWED",
        product_id="sku",
        product_title="Shirt",
        page_url="https://shop.test/shirt",
        metadata={"size": "M"},
    )
    assert wire.client.events.send([OPENED, viewed]) == 2
    assert wire.line == "POST /api/v1/events"
    assert wire.body == {
        "events": [
            {"sessionId": "s1", "eventType": "WIDGET_OPENED"},
            {
                "sessionId": "s1",
                "eventType": "TRYON_VIEWED",
                "productId": "sku",
                "productTitle": "Shirt",
                "pageUrl": "https://shop.test/shirt",
                "metadata": {"size": "M"},
            },
        ]
    }


@pytest.mark.parametrize("count", [0, 51])
def test_number_of_events(count: int) -> None:
    """Too many events for one call, or none, are refused."""
    wire = Wire({"accepted": count}, 202)
    with pytest.raises(ValueError, match="1 to 50"):
        wire.client.events.send([OPENED] * count)
    assert wire.sent == []


def test_conversion() -> None:
    """An order is sent with all that is known of it."""
    wire = Wire({"id": "cv_1", "attributedFromTryOn": True, "deduped": True})
    conversion = wire.client.conversions.record(
        order_id="o1",
        amount_cents=4900,
        currency="EUR",
        quantity=2,
        product_id="sku",
        product_title="Shirt",
        session_id="s1",
        customer_email="ada@example.com",
        attribution_window_minutes=60,
    )
    assert wire.line == "POST /api/v1/conversions"
    assert wire.body == {
        "orderId": "o1",
        "platform": "custom",
        "amountCents": 4900,
        "currency": "EUR",
        "quantity": 2,
        "productId": "sku",
        "productTitle": "Shirt",
        "sessionId": "s1",
        "customerEmail": "ada@example.com",
        "attributionWindowMinutes": 60,
    }
    assert (conversion.id, conversion.attributed_from_try_on, conversion.deduped) == (
        "cv_1",
        True,
        True,
    )


def test_order_of_nothing() -> None:
    """An order may have an amount of zero."""
    wire = Wire({"data": {"id": "cv_1", "attributed_from_try_on": False}}, 201)
    conversion = wire.client.conversions.record(order_id="o1", amount_cents=0)
    assert wire.body == {"orderId": "o1", "platform": "custom", "amountCents": 0}
    assert not conversion.attributed_from_try_on
    assert not conversion.deduped


def test_a_refund_goes_out_with_its_order() -> None:
    wire = Wire({"id": "rt_1", "conversionEventId": "cv_1"})
    refund = wire.client.returns.record(
        order_id="o1",
        refunded_amount_cents=4900,
        platform="shopify",
        currency="EUR",
        reason="too small",
    )
    assert wire.line == "POST /api/v1/returns"
    assert wire.body == {
        "orderId": "o1",
        "platform": "shopify",
        "refundedAmountCents": 4900,
        "currency": "EUR",
        "reason": "too small",
    }
    assert (refund.id, refund.conversion_event_id) == ("rt_1", "cv_1")


ENDPOINT = {
    "id": "we_1",
    "url": "https://shop.test/genvoris/webhook",
    "events": ["tryon.completed"],
    "description": "main",
    "active": True,
    "createdAt": "2026-05-28T00:00:00Z",
}


def test_webhook_endpoint() -> None:
    """An endpoint is created, listed, tested and deleted."""
    wire = Wire(ENDPOINT, 201)
    endpoint = wire.client.webhook_endpoints.create(
        url=ENDPOINT["url"],  # type: ignore[arg-type]
        secret="whsec_1",
        events=["tryon.completed"],
        description="main",
    )
    assert wire.line == "POST /api/v1/webhooks"
    assert wire.body["secret"] == "whsec_1"
    assert endpoint.events == ("tryon.completed",)
    assert endpoint.created_at == dt.datetime(2026, 5, 28, tzinfo=dt.UTC)
    wire = Wire({"data": [ENDPOINT]})
    assert wire.client.webhook_endpoints.list() == [endpoint]
    assert wire.line == "GET /api/v1/webhooks"
    wire = Wire({"data": {"id": "evt_1", "type": "webhook.test"}})
    tested = wire.client.webhook_endpoints.test("we/1")
    assert wire.line == "POST /api/v1/webhooks/we%2F1/test"
    assert tested.event_id == "evt_1"
    wire.client.webhook_endpoints.delete("we_1")
    assert wire.line == "DELETE /api/v1/webhooks/we_1"


def test_published_types() -> None:
    """A type that is asked for under both of its names is asked for once."""
    wire = Wire({"id": "we_1"}, 201)
    wire.client.webhook_endpoints.create(
        url="https://shop.test",
        secret="whsec_1",
        events=[
            *("customer.quota_warning", "end_customer.quota_warning", "customer.period_rolled"),
            *("customer.quota_exhausted", "customer.plan_changed", "something.new"),
        ],
    )
    assert wire.body["events"] == [
        *("end_customer.quota_warning", "end_customer.period_rolled", "customer.quota_exhausted"),
        *("customer.plan_changed", "something.new"),
    ]


def test_tracked_tryon() -> None:
    """A try-on of the shop's own engine is charged at the root of the host."""
    quota = {"used": 3, "limit": 5, "remaining": 2}
    wire = Wire(
        {
            "success": True,
            "variation_count": 2,
            "remaining_credits": 96,
            "end_customer_quota": quota,
        }
    )
    tracked = wire.client.tryons.track(
        variation_count=2,
        product_type="apparel",
        generation_time_ms=900,
        page_url="https://shop.test/shirt",
        product_title="Shirt",
        origin="https://shop.test",
        end_customer_token=TOKEN,
    )
    assert wire.line == "POST /api/tryon/track"
    assert wire.body == {
        "api_key": "gvk_test_1",
        "product_type": "apparel",
        "variation_count": 2,
        "generation_time_ms": 900,
        "success": True,
        "page_url": "https://shop.test/shirt",
        "product_title": "Shirt",
        "origin": "https://shop.test",
        "end_customer_token": TOKEN,
    }
    assert wire.sent[-1].headers["Authorization"] == "Bearer gvk_test_1"
    assert (tracked.variation_count, tracked.remaining_credits) == (2, 96)
    assert tracked.quota == QuotaLeft(3, 5, 2)


def test_tracked_guest() -> None:
    """A guest's try-on is charged to the shop alone."""
    wire = Wire({"success": True, "remaining_credits": 9, "variation_count": 1})
    assert wire.client.tryons.track().quota is None
    assert "end_customer_token" not in wire.body


Call = Callable[[GenvorisClient], Any]
CALLS: dict[str, Call] = {
    "events": lambda client: client.events.send([OPENED]),
    "conversions": lambda client: client.conversions.record(order_id="o1", amount_cents=1),
    "returns": lambda client: client.returns.record(order_id="o1", refunded_amount_cents=1),
    "webhooks list": lambda client: client.webhook_endpoints.list(),
    "webhooks create": lambda client: client.webhook_endpoints.create(
        url="https://shop.test", secret="whsec_1", events=["webhook.test"]
    ),
    "webhooks test": lambda client: client.webhook_endpoints.test("we_1"),
    "webhooks delete": lambda client: client.webhook_endpoints.delete("we_1"),
    "track": lambda client: client.tryons.track(end_customer_token=TOKEN),
}
# The rest would count, charge or make something twice.
REPEATED_WHENEVER = {"conversions", "webhooks list", "webhooks test"}


def tries(call: Call, fault: httpx.Response | Exception) -> int:
    """Return how often a call is sent if every attempt fails like this."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if isinstance(fault, Exception):
            raise fault
        return fault

    client = GenvorisClient(
        "gvk_test_1", transport=httpx.MockTransport(answer), sleep=lambda _seconds: None
    )
    with pytest.raises(GenvorisError):
        call(client)
    return len(sent)


@pytest.mark.parametrize("name", CALLS)
def test_unsafe_retry(name: str) -> None:
    """An unsafe call is repeated only if the first had no effect."""
    unsure = 3 if name in REPEATED_WHENEVER else 1
    assert tries(CALLS[name], httpx.ReadError("reset")) == unsure
    assert tries(CALLS[name], httpx.Response(503, json={})) == unsure
    assert tries(CALLS[name], httpx.ConnectError("refused")) == 3
    assert tries(CALLS[name], httpx.Response(429, headers={"Retry-After": "0"}, json={})) == 3
    assert tries(CALLS[name], httpx.Response(400, json={})) == 1


@pytest.mark.parametrize("name", CALLS)
def test_secrets_in_errors(name: str) -> None:
    """The error for a refusal contains no secret."""
    sent = {"track": ("gvk_test_1", TOKEN), "webhooks create": ("gvk_test_1", "whsec_1")}
    secrets = sent.get(name, ("gvk_test_1",))
    wire = Wire({"error": "invalid_body", "detail": f"You sent {' and '.join(secrets)}."}, 400)
    with pytest.raises(BadRequestError) as caught:
        CALLS[name](wire.client)
    assert "You sent [key]" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in secrets)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("events", "track")])
def test_unknown_response(name: str) -> None:
    """An undocumented response is an error."""
    wire = Wire(["nonsense"])
    if name == "webhooks delete":
        assert CALLS[name](wire.client) is None  # nothing is read from it
        return
    with pytest.raises(MalformedAnswerError):
        CALLS[name](wire.client)


def test_tracked_over_quota() -> None:
    """The error for a tracked try-on over quota has the reason."""
    wire = Wire(
        {"error": "end_customer_quota", "reason": "paused", "used": 1, "limit": 5, "detail": "No."},
        402,
    )
    with pytest.raises(QuotaError) as caught:
        wire.client.tryons.track(end_customer_token=TOKEN)
    assert (caught.value.reason, caught.value.used, caught.value.limit) == ("paused", 1, 5)
