"""The typed client against the OpenAPI document: what it sends, what it reads, what it can call."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl

import httpx
import pytest

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import (
    EVENT_TYPES,
    Conversion,
    Customer,
    Event,
    EventType,
    Plan,
    QuotaLeft,
    Return,
    WebhookEndpoint,
)
from genvoris_flask.sandbox.domain.notifications import TYPES
from genvoris_flask.sandbox.http.openapi import Operation, api_document, check
from tests.support.local_genvoris import API_KEY, LocalGenvoris

# What the client calls beside the REST API.
OTHER_PATHS = {
    "/api/tryon/track",
    "/api/status",
    "/api/widget/button-design",
    "/widget-hash",
}


class Held(httpx.BaseTransport):
    """Holds each request against the document before a sandbox answers it."""

    def __init__(self, sandbox: LocalGenvoris) -> None:
        self._sandbox = sandbox.transport
        self.called: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        operation = find(request.method, request.url.path)
        self.called.add(operation.id)
        asked = dict(parse_qsl(request.url.query.decode()))
        assert set(asked) <= {each["name"] for each in operation.query}, operation.id
        if request.content:
            hold_body(operation, json.loads(request.content))
        return self._sandbox.handle_request(request)


def find(method: str, path: str) -> Operation:
    found = [
        each
        for each in api_document().operations.values()
        if each.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", each.path), path)
    ]
    assert len(found) == 1, f"{method} {path} is in the document {len(found)} times"
    return found[0]


def hold_body(operation: Operation, body: dict[str, Any]) -> None:
    """A field that is not in the document would be ignored without a word."""
    schema = operation.content["application/json"]["schema"]
    check(api_document(), schema, body)
    resolved = api_document().resolve(schema)
    branches = [api_document().resolve(each) for each in resolved.get("anyOf", [resolved])]
    known = {name for branch in branches for name in branch["properties"]}
    assert set(body) <= known, operation.id


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(LocalGenvoris(tmp_path))


@pytest.fixture
def client(held: Held) -> GenvorisClient:
    return GenvorisClient(
        API_KEY,
        "http://localhost/api/v1",
        "http://localhost",
        transport=held,
        now=lambda: 1.7e9,
    )


def call_everything(client: GenvorisClient) -> None:
    plan = client.plans.create(name="Pro", monthly_try_ons=5, external_price_id="price_1")
    client.plans.list(include_inactive=True)
    client.plans.get(plan.id)
    client.plans.update(plan.id, name="Gold", monthly_try_ons=9, external_price_id=None)
    ada = client.customers.upsert(
        external_id="ada", email="ada@example.com", plan_id=plan.id, metadata={"vip": True}
    )
    client.customers.list(status="ACTIVE", limit=10, cursor="0")
    client.customers.get(ada.id)
    client.customers.update(ada.id, email=None, status="PAUSED", metadata=None, reset_period=True)
    client.customers.update(ada.id, plan_id=plan.id, status="ACTIVE")
    client.customers.usage(ada.id)
    session = client.sessions.mint("ada", expires_in=60)
    client.tryons.track(
        variation_count=2,
        product_type="apparel",
        generation_time_ms=900,
        page_url="https://shop.example/shirt",
        product_title="Shirt",
        origin="https://shop.example",
        end_customer_token=session.token,
    )
    client.sessions.list(ada.id)
    client.tryons.status(end_customer_token=session.token)
    client.sessions.revoke(ada.id, str(session.jti))
    report(client)
    client.customers.cancel(ada.id)
    client.plans.disable(plan.id)
    client.widget.hash()
    client.widget.button_design()


def report(client: GenvorisClient) -> None:
    kinds: list[EventType] = list(get_args(EventType))
    client.events.send([Event("s-1", kind, "sku", "Shirt", "/s", {"n": 1}) for kind in kinds])
    client.conversions.record(
        order_id="1001",
        amount_cents=4900,
        platform="shopify",
        currency="EUR",
        quantity=2,
        product_id="sku",
        product_title="Shirt",
        session_id="s-1",
        customer_email="ada@example.com",
        attribution_window_minutes=60,
    )
    client.returns.record(
        order_id="1001", refunded_amount_cents=900, platform="shopify", currency="EUR", reason="fit"
    )
    hook = client.webhook_endpoints.create(
        url="http://127.0.0.1:9/hook", secret="whsec_1", events=TYPES, description="ours"
    )
    client.webhook_endpoints.list()
    client.webhook_endpoints.test(hook.id)
    client.webhook_endpoints.delete(hook.id)


def test_calls_match(held: Held, client: GenvorisClient) -> None:
    """The client and the document have the same calls."""
    call_everything(client)
    rest = {
        each.id
        for each in api_document().operations.values()
        if each.path.startswith("/api/v1/") or each.path in OTHER_PATHS
    }
    assert held.called == rest


def test_customer_fields() -> None:
    """A customer has each field of the document."""
    own, nested = api_document().at(["components", "schemas", "CustomerWithUsage", "allOf"])
    promised = {**api_document().resolve(own)["properties"], **nested["properties"]}
    names = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in promised}
    assert {each.name for each in dataclasses.fields(Customer)} == names


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (Plan, "Plan"),
        (Conversion, "ConversionAnswer"),
        (Return, "ReturnAnswer"),
        (WebhookEndpoint, "Endpoint"),
        (QuotaLeft, "Quota"),
    ],
)
def test_model_fields(model: Any, schema: str) -> None:
    """A model has each field of the document."""
    promised = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        for name in api_document().at(["components", "schemas", schema])["properties"]
    }
    assert {each.name for each in dataclasses.fields(model)} == promised


def test_event_fields() -> None:
    """An event is written with the document's fields and types."""
    schema = api_document().at(["components", "schemas", "Event"])
    assert set(EVENT_TYPES) == set(schema["properties"]["eventType"]["enum"])
    whole = Event("s-1", "CLOSED", "sku", "Shirt", "/shirt", {"n": 1}).write()
    assert set(whole) == {name for name, each in schema["properties"].items() if "not" not in each}
