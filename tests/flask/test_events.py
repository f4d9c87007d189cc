"""What the widget reports, and what of it reaches Genvoris."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from flask import Flask, session

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.api.models import EVENT_TYPES
from genvoris_flask.core.ratings import Rating
from genvoris_flask.signals import tryon_rated
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

EVENT = {"sessionId": "visit-0001", "eventType": "WIDGET_OPENED"}


def sent(shop: Shop) -> list[dict[str, Any]]:
    """Return the events that have been sent to Genvoris."""
    assert shop.state.events.join(60)
    calls = [each for each in shop.transport.requests if each.url.path == "/api/v1/events"]
    return [event for call in calls for event in json.loads(call.content)["events"]]


def test_batch_is_accepted_and_sent(shop: Shop) -> None:
    """With the shop's key; all types of events."""
    events = [{**EVENT, "eventType": kind, "productTitle": "Shirt"} for kind in EVENT_TYPES]
    answer = shop.post("/api/v1/events", json={"events": events})
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": len(EVENT_TYPES)})
    assert answer.headers["Cache-Control"] == "no-store"
    assert sent(shop) == events
    call = next(each for each in shop.transport.requests if each.url.path == "/api/v1/events")
    assert call.headers["Authorization"] == f"Bearer {API_KEY}"


RATING = {
    **EVENT,
    "eventType": "TRYON_RATED",
    "productId": "s1",
    "productTitle": "Shirt",
    "metadata": {"tryOn": "job-1", "liked": False, "reasons": "likeness quality"},
}


def test_rating_is_the_shops(shop: Shop) -> None:
    """The shop gets it by a signal; Genvoris, which does not know it, gets the other events."""
    heard: list[Rating] = []

    def listener(_sender: Any, rating: Rating) -> None:
        heard.append(rating)
        raise LookupError("the shop's own fault")

    with tryon_rated.connected_to(listener, sender=shop.app):
        answer = shop.post("/api/v1/events", json={"events": [RATING, EVENT]})
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": 2})
    assert heard == [
        Rating("job-1", False, ("likeness", "quality"), "s1", "Shirt", Shopper("ada")),
    ]
    assert sent(shop) == [EVENT]


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"liked": True},
        {"tryOn": "job-1"},
        {"tryOn": "job-1", "liked": "yes"},
        {"tryOn": 7, "liked": True},
        {"tryOn": "x" * 101, "liked": True},
        {"tryOn": "job-1", "liked": False, "reasons": "ugly"},
    ],
)
def test_unclear_rating_is_refused(shop: Shop, metadata: Any) -> None:
    """A shop's figures contain what the dialog can ask."""
    answer = shop.post("/api/v1/events", json={**RATING, "metadata": metadata})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "metadata")


def test_single_event_beacon_and_double_slash(shop: Shop) -> None:
    """All are ways in which the widget reports."""
    assert shop.post("/api/v1/events", json=EVENT).status_code == 202
    beacon = shop.post("//api/v1/events", data=json.dumps(EVENT), content_type="text/plain")
    assert beacon.status_code == 202
    assert sent(shop) == [EVENT, EVENT]


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2028", "\u3000", "\ufeff", "\u200b", "\x00 "])
def test_blank_text_is_dropped(shop: Shop, blank: str) -> None:
    """Genvoris would refuse the whole batch."""
    texts = {"productId": blank, "productTitle": blank * 2}
    answer = shop.post("/api/v1/events", json={"events": [EVENT, {**EVENT, **texts}, EVENT]})
    assert answer.get_json() == {"accepted": 3}
    assert sent(shop) == [EVENT] * 3
    assert shop.transport.count("/events") == 1


@pytest.mark.parametrize("blank", ["", " ", "\ufeff", "\u2028"])
def test_blank_session_is_refused(shop: Shop, blank: str) -> None:
    """The response names the field."""
    answer = shop.post("/api/v1/events", json={**EVENT, "sessionId": blank})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "sessionId")


def test_guests_may_report(shop: Shop) -> None:
    """They see the widget too."""
    shop.log_in(None)
    assert shop.post("/api/v1/events", json=EVENT).status_code == 202


def test_unknown_and_personal_fields_are_dropped(shop: Shop) -> None:
    """Such as the query of the page, and keys in the metadata."""
    event = {
        **EVENT,
        "pageUrl": "https://ann:pw@shop.example/p/1?email=ann@example.com&token=t#top",
        "api_key": "k",
        "end_customer_token": "t",
        "email": "ann@example.com",
        "metadata": {"variations": 2, "apiKey": "k"},
    }
    shop.post("/api/v1/events", json=event)
    expected = {"pageUrl": "https://shop.example/p/1", "metadata": {"variations": 2}}
    assert sent(shop) == [{**EVENT, **expected}]


def test_unstorable_characters_are_dropped(shop: Shop) -> None:
    """They would cost other events of the batch."""
    event = {**EVENT, "productTitle": "a\0\ud800", "metadata": {"\ud800k": "\ud800\0v"}}
    shop.post("/api/v1/events", json=event)
    assert sent(shop) == [{**EVENT, "productTitle": "a", "metadata": {"k": "v"}}]


WRONG: list[tuple[Any, str]] = [
    ([], "body"),
    ("x", "body"),
    ({}, "eventType"),
    ({"events": []}, "events"),
    ({"events": [EVENT] * 51}, "events"),
    ({"events": {"0": EVENT}}, "events"),
    ({"events": [EVENT, 7]}, "events.1"),
    ({**EVENT, "eventType": "BOUGHT"}, "eventType"),
    ({**EVENT, "eventType": ["WIDGET_OPENED"]}, "eventType"),
    ({"eventType": "CLOSED"}, "sessionId"),
    ({**EVENT, "sessionId": 7}, "sessionId"),
    ({**EVENT, "sessionId": "x" * 201}, "sessionId"),
    ({**EVENT, "productTitle": "x" * 301}, "productTitle"),
    ({**EVENT, "pageUrl": "javascript:alert(1)"}, "pageUrl"),
    ({**EVENT, "pageUrl": "https://["}, "pageUrl"),
    ({**EVENT, "metadata": []}, "metadata"),
    ({**EVENT, "metadata": {"a": {"b": 1}}}, "metadata"),
    ({**EVENT, "metadata": {str(n): n for n in range(21)}}, "metadata"),
    ({**EVENT, "metadata": {"a": "x" * 5000}}, "metadata"),
    ({**EVENT, "metadata": {"a": float("nan")}}, "metadata"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=range(len(WRONG)))
def test_invalid_batch_is_refused(shop: Shop, body: Any, field: str) -> None:
    """As a whole; the response names the field."""
    answer = shop.post("/api/v1/events", json=body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert answer.get_json()["field"] == field
    assert sent(shop) == []


def test_invalid_body_is_refused(shop: Shop) -> None:
    """No JSON, too deep, or too large."""
    for data, status in ((b"\xff", 400), (b"[" * 100_000, 400), (b" " * 600_000, 413)):
        assert shop.post("/api/v1/events", data=data).status_code == status


def test_hanging_genvoris_delays_no_browser(shop: Shop) -> None:
    """Events wait in the background."""
    over = threading.Event()

    def hang(request: httpx.Request) -> httpx.Response:
        over.wait(60)
        return httpx.Response(503)

    shop.transport.fault = hang
    for _ in range(20):
        assert shop.post("/api/v1/events", json=EVENT).status_code == 202
    over.set()
    assert len(sent(shop)) < 100


def test_last_visit_has_its_own_cookie(shop: Shop) -> None:
    """The shop's session is left alone."""
    shop.post("/api/v1/events", json={"events": [EVENT, {**EVENT, "sessionId": "visit-0002"}]})
    kept = shop.browser.get_cookie("genvoris_visit")
    assert kept
    assert kept.value == "visit-0002"
    with shop.browser.session_transaction() as cookies:
        assert dict(cookies) == {"user": "ada"}


def test_shop_needs_no_secret_key() -> None:
    """Events use no session."""
    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY=API_KEY)
    genvoris = GenvorisFlask()
    genvoris.shopper_loader(lambda: None)
    genvoris.init_app(app, transport=httpx.MockTransport(lambda request: httpx.Response(202)))
    answer = app.test_client().post("/genvoris/api/v1/events", json=EVENT, headers=SAME_ORIGIN)
    assert answer.status_code == 202
    with app.test_request_context():
        assert not session


def test_events_are_limited_by_shopper(genvoris: LocalGenvoris) -> None:
    """With GENVORIS_LIMIT_EVENTS."""
    shop = Shop(genvoris, GENVORIS_LIMIT_EVENTS="1/hour")
    shop.log_in()
    codes = [shop.post("/api/v1/events", json=EVENT).status_code for _ in range(2)]
    assert codes == [202, 429]


def test_failing_loader_costs_no_events(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The shopper only matters to the limits."""

    @shop.extension.shopper_loader
    def broken() -> Shopper | None:
        raise LookupError("the shop's own fault")

    shop.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert shop.post("/api/v1/events", json=EVENT).status_code == 202
    assert "who is shopping failed" in caplog.text
