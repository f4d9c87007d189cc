"""Events, orders and returns that shops report, and their webhook endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_genvoris import API_KEY, LocalGenvoris

EVENT = {"sessionId": "s1", "eventType": "WIDGET_OPENED"}
ORDER = {"orderId": "o1", "platform": "custom", "amountCents": 4900}
ENDPOINT = {
    "url": "http://127.0.0.1:9/hook",
    "secret": "whsec_1",
    "events": ["tryon.completed", "webhook.test"],
}


def test_events(sandbox: LocalGenvoris) -> None:
    """Up to fifty events are recorded at once."""
    one = sandbox.call("POST", "/events", {**EVENT, "metadata": {"step": 1}})
    assert (one.status_code, one.get_json()) == (202, {"accepted": 1})
    many = sandbox.call("POST", "/events", {"events": [EVENT] * 50})
    assert (many.status_code, many.get_json()) == (202, {"accepted": 50})


def test_attribution_by_session(sandbox: LocalGenvoris) -> None:
    """An order after a try-on in the same session is attributed."""
    sandbox.call("POST", "/events", {**EVENT, "eventType": "TRYON_GENERATED"})
    sandbox.clock.now += 3600
    answer = sandbox.call("POST", "/conversions", {**ORDER, "sessionId": "s1"})
    assert answer.status_code == 201
    assert answer.get_json()["attributedFromTryOn"] is True
    other = {**ORDER, "orderId": "o2", "sessionId": "s2"}
    assert sandbox.call("POST", "/conversions", other).get_json()["attributedFromTryOn"] is False
    late = {**ORDER, "orderId": "o3", "sessionId": "s1", "attributionWindowMinutes": 59}
    assert sandbox.call("POST", "/conversions", late).get_json()["attributedFromTryOn"] is False


def test_attribution_window(sandbox: LocalGenvoris) -> None:
    """An order is attributed within a day of the try-on."""
    sandbox.call("POST", "/events", {**EVENT, "eventType": "TRYON_GENERATED"})
    sandbox.clock.now += 1440 * 60
    last = sandbox.call("POST", "/conversions", {**ORDER, "sessionId": "s1"})
    assert last.get_json()["attributedFromTryOn"] is True
    sandbox.clock.now += 1
    late = sandbox.call("POST", "/conversions", {**ORDER, "orderId": "o2", "sessionId": "s1"})
    assert late.get_json()["attributedFromTryOn"] is False


def test_opened_widget_is_not_attributed(sandbox: LocalGenvoris) -> None:
    """An order after only opening the widget is not attributed."""
    sandbox.call("POST", "/events", EVENT)
    answer = sandbox.call("POST", "/conversions", {**ORDER, "sessionId": "s1"})
    assert answer.get_json()["attributedFromTryOn"] is False


def test_attribution_by_email(sandbox: LocalGenvoris) -> None:
    """An order of a shopper who tried on is attributed by email."""
    body = {"externalId": "ada", "email": "Ada@example.com", "planId": sandbox.plan()}
    sandbox.call("POST", "/customers", body)
    sandbox.spend(1)
    answer = sandbox.call("POST", "/conversions", {**ORDER, "customerEmail": "ada@example.com"})
    assert answer.get_json()["attributedFromTryOn"] is True


def test_duplicate_order(sandbox: LocalGenvoris) -> None:
    """The same order is recorded once."""
    first = sandbox.call("POST", "/conversions", ORDER).get_json()
    again = sandbox.call("POST", "/conversions", ORDER)
    assert again.status_code == 200
    assert again.get_json() == {**first, "deduped": True}
    elsewhere = sandbox.call("POST", "/conversions", {**ORDER, "platform": "shopify"}).get_json()
    assert elsewhere["id"] != first["id"]


def test_return(sandbox: LocalGenvoris) -> None:
    """A return is linked to its order."""
    order = sandbox.call("POST", "/conversions", ORDER).get_json()
    body = {"orderId": "o1", "platform": "custom", "refundedAmountCents": 900, "reason": "size"}
    answer = sandbox.call("POST", "/returns", body)
    assert answer.status_code == 201
    assert answer.get_json()["conversionEventId"] == order["id"]
    unknown = sandbox.call("POST", "/returns", {**body, "orderId": "o9"})
    assert (unknown.status_code, unknown.get_json()["conversionEventId"]) == (201, None)


def test_webhook_endpoints(sandbox: LocalGenvoris) -> None:
    """Endpoints are created, listed, tested and deleted."""
    created = sandbox.call("POST", "/webhooks", {**ENDPOINT, "description": "my shop"})
    endpoint = created.get_json()
    assert created.status_code == 201
    assert set(endpoint) == {"id", "url", "events", "description", "active", "createdAt"}
    assert "whsec_1" not in created.get_data(as_text=True)
    assert sandbox.call("GET", "/webhooks").get_json() == {"data": [endpoint]}
    assert sandbox.call("POST", f"/webhooks/{endpoint['id']}/test").status_code == 202
    assert sandbox.call("DELETE", f"/webhooks/{endpoint['id']}").status_code == 200
    assert sandbox.call("GET", "/webhooks").get_json() == {"data": []}
    assert sandbox.call("DELETE", f"/webhooks/{endpoint['id']}").status_code == 404
    assert sandbox.call("POST", f"/webhooks/{endpoint['id']}/test").status_code == 404


WRONG: list[tuple[str, Any, str]] = [
    ("/events", {}, "sessionId"),
    ("/events", {**EVENT, "eventType": "DANCED"}, "eventType"),
    ("/events", {"events": []}, "events"),
    ("/events", {"events": [EVENT] * 51}, "events"),
    ("/events", {"events": [EVENT, {**EVENT, "eventType": []}]}, "events.1.eventType"),
    ("/events", {"events": [{**EVENT, "metadata": {"a": {}}}]}, "events.0.metadata.a"),
    ("/events", {"events": ["x"]}, "events.0"),
    ("/conversions", {**ORDER, "platform": "magento"}, "platform"),
    ("/conversions", {**ORDER, "amountCents": 1.5}, "amountCents"),
    ("/conversions", {**ORDER, "amountCents": -1}, "amountCents"),
    ("/conversions", {**ORDER, "quantity": 0}, "quantity"),
    ("/conversions", {**ORDER, "attributionWindowMinutes": 0}, "attributionWindowMinutes"),
    ("/returns", {**ORDER}, "refundedAmountCents"),
    ("/webhooks", {**ENDPOINT, "url": "https://example.org/hook"}, "url"),
    ("/webhooks", {**ENDPOINT, "url": "http://127.0.0.1:x"}, "url"),
    ("/webhooks", {**ENDPOINT, "secret": ""}, "secret"),
    ("/webhooks", {**ENDPOINT, "events": []}, "events"),
    ("/webhooks", {**ENDPOINT, "events": ["tryon.danced"]}, "events"),
    ("/webhooks", {**ENDPOINT, "events": [{}]}, "events"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG, ids=lambda value: str(value)[:60])
def test_invalid_report_is_refused(
    sandbox: LocalGenvoris, path: str, body: Any, field: str
) -> None:
    """The error names the path of the invalid field."""
    answer = sandbox.call("POST", path, body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert field in answer.get_json()["detail"]


def test_events_of_the_try_on_host(sandbox: LocalGenvoris) -> None:
    """The try-on host accepts events too."""
    answer = sandbox.http.post("/api/v1/events", json=EVENT, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 202
    wrong = sandbox.http.post("/api/v1/events", json=EVENT, headers={"X-API-Key": "gvk_test_x"})
    assert (wrong.status_code, wrong.get_json()["error"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", ["/conversions", "/returns", "/webhooks"])
def test_reports_need_a_key(sandbox: LocalGenvoris, path: str) -> None:
    """Reports require the API key."""
    answer = sandbox.http.post(f"/api/v1{path}", json={}, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 401
