"""Deliveries are parsed into typed events."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from genvoris_flask.core.webhooks.events import (
    KNOWN_TYPES,
    CreditEvent,
    CustomerEvent,
    PlanEvent,
    TryonEvent,
    WebhookEvent,
    current_type,
    read_event,
)
from genvoris_flask.errors import MalformedAnswerError


def event(kind: str, data: Any = None, **more: Any) -> WebhookEvent:
    return read_event(json.dumps({"id": "evt_1", "type": kind, "data": data, **more}).encode())


@pytest.mark.parametrize(
    ("older", "name"),
    [
        ("end_customer.created", "customer.created"),
        ("end_customer.updated", "customer.updated"),
        ("end_customer.cancelled", "customer.cancelled"),
        ("end_customer.quota_warning", "customer.quota_warning"),
        ("end_customer.quota_exhausted", "customer.quota_exhausted"),
        ("end_customer.period_rolled", "customer.period_rolled"),
    ],
)
def test_older_type(older: str, name: str) -> None:
    """An older name becomes the current one, and stays available."""
    found = event(older)
    assert (found.type, found.sent_type) == (name, older)
    assert name in KNOWN_TYPES
    assert event(name) == event(name)


@pytest.mark.parametrize("name", sorted(KNOWN_TYPES))
def test_current_type(name: str) -> None:
    """Current names stay unchanged."""
    assert current_type(name) == name
    assert event(name).type == name


@pytest.mark.parametrize("created", [1_700_000_000, "2023-11-14T22:13:20Z"])
def test_envelope(created: object) -> None:
    """The envelope is parsed."""
    found = event("webhook.test", {"a": 1}, created=created)
    assert type(found) is WebhookEvent
    assert found.id == "evt_1"
    assert found.created == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    assert found.data == {"a": 1}


@pytest.mark.parametrize(
    "data",
    [
        {"id": "ec_1", "external_id": "ada", "status": "active", "plan_id": "pln_1"},
        {"id": "ec_1", "externalId": "ada", "status": "ACTIVE", "planId": "pln_1"},
        {"customer_id": "ec_1", "external_id": "ada", "status": "ACTIVE", "plan": {"id": "pln_1"}},
        {"customer": {"id": "ec_1", "externalId": "ada", "status": "ACTIVE", "planId": "pln_1"}},
        {"endCustomer": {"customerId": "ec_1", "externalId": "ada", "status": "X", "plan": "Pro"}},
    ],
)
def test_customer_spellings(data: dict[str, Any]) -> None:
    """A customer is parsed in every known spelling."""
    found = event("end_customer.updated", data)
    assert isinstance(found, CustomerEvent)
    assert (found.customer_id, found.external_id) == ("ec_1", "ada")
    assert (found.status, found.plan_id) in (("ACTIVE", "pln_1"), ("PAUSED", None))


def test_quota_event() -> None:
    """A quota event has the use, the limit and the end of the period."""
    data = {"customerId": "ec_1", "used": 4, "limit": 5, "remaining": 1}
    found = event("customer.quota_warning", {**data, "periodEnd": "2026-12-01T00:00:00Z"})
    assert isinstance(found, CustomerEvent)
    assert (found.used, found.limit, found.remaining) == (4, 5, 1)
    assert found.period_end == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def test_tryon_event() -> None:
    """A try-on event has its ids, its product and the reason of a failure."""
    data = {"id": "try_1", "customer_id": "ec_1", "externalId": "ada", "productId": "shirt"}
    found = event("tryon.completed", {**data, "page_url": "https://shop.example/shirt"})
    assert isinstance(found, TryonEvent)
    assert (found.tryon_id, found.customer_id, found.external_id) == ("try_1", "ec_1", "ada")
    assert (found.product_id, found.page_url) == ("shirt", "https://shop.example/shirt")
    assert event("tryon.failed", {"error": "no_person"}).reason == "no_person"  # type: ignore[attr-defined]


def test_tryon_id_is_not_a_customer() -> None:
    """A try-on's id is not taken for a customer's."""
    found = event("tryon.completed", {"id": "try_1"})
    assert isinstance(found, TryonEvent)
    assert found.customer_id is None


def test_credit_and_plan_events() -> None:
    """Credit and plan events are typed."""
    low = event("credit.low_balance", {"balance": 12})
    filled = event("credit.balance_added", {"amount": 500, "balance": 512})
    assert isinstance(low, CreditEvent)
    assert isinstance(filled, CreditEvent)
    assert (low.balance, filled.added, filled.balance) == (12, 500, 512)
    plan = event("plan.updated", {"id": "pln_1", "name": "Pro", "monthlyTryOns": 100})
    assert isinstance(plan, PlanEvent)
    assert (plan.plan_id, plan.name, plan.monthly_try_ons) == ("pln_1", "Pro", 100)


@pytest.mark.parametrize("data", [None, [], "text", 7, {}, {"customer": None, "status": 4}])
def test_any_data(data: object) -> None:
    """Data of any shape is accepted."""
    for kind in (*KNOWN_TYPES, "tryon.dreamt", "nothing we know"):
        assert event(kind, data).type == kind


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe\xfa",
        b'{"id": "evt_1"}',
        b'{"type": "webhook.test"}',
        b'{"id": "", "type": "webhook.test"}',
        b'{"id": 7, "type": "webhook.test"}',
        b"[" * 100_000,
    ],
)
def test_malformed_envelope(body: bytes) -> None:
    """A body that is not an envelope is refused."""
    with pytest.raises(MalformedAnswerError):
        read_event(body)


def test_byte_order_mark() -> None:
    """A byte order mark is accepted."""
    assert read_event(b'\xef\xbb\xbf{"id": "evt_1", "type": "webhook.test"}').id == "evt_1"


def test_repr_without_data() -> None:
    """The repr leaves out the data, which may be personal."""
    assert "ada@example.com" not in repr(event("customer.created", {"email": "ada@example.com"}))
