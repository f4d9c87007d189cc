"""Lookups at Stripe's API, with Stripe's own library, against a server with its lists."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe as stripe_library

from genvoris_flask.core.billing.stripe.lookup import NoLookup, StripeLookup, open_lookup
from genvoris_flask.core.billing.stripe.payloads import Item, Line
from genvoris_flask.errors import StripeEventError


def priced(prefix: str, number: int, price: str) -> dict[str, Any]:
    """Return an item that has a price, as Stripe's API does."""
    return {"id": f"{prefix}_{number}", "price": {"id": price, "object": "price"}}


def line(number: int, price: str, is_proration: bool) -> dict[str, Any]:
    """Return a line of an invoice, in the API's shape since basil."""
    details = {"proration": is_proration, "subscription": "sub_1", "subscription_item": "si_1"}
    return {
        "id": f"il_{number}",
        "object": "line_item",
        "parent": {"subscription_item_details": details, "type": "subscription_item_details"},
        "period": {"start": 1_780_000_000, "end": 1_790_000_000},
        "pricing": {"price_details": {"price": price}, "type": "price_details"},
    }


LISTS: dict[str, list[Any]] = {
    "/v1/checkout/sessions/cs_test_1/line_items": [
        *(priced("li", number, "socks") for number in range(120)),
        priced("li", 120, "pro"),
    ],
    "/v1/subscription_items?subscription=sub_1": [
        *(priced("si", number, "socks") for number in range(120)),
        priced("si", 120, "pro"),
    ],
    "/v1/invoices/in_1/lines": [
        *(line(number, "pro", is_proration=True) for number in range(120)),
        line(120, "pro", is_proration=False),
    ],
    "/v1/invoice_payments?pi_known": [
        {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
    ],
    "/v1/invoice_payments?pi_other": [],
}


class StripeApi(BaseHTTPRequestHandler):
    """Serves the lists of Stripe's API that lookups fetch, a page at a time."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        name = url.path
        for field in ("subscription", "payment[payment_intent]"):
            if field in query:
                is_filter = field == "subscription"
                name += f"?{field}={query[field]}" if is_filter else f"?{query[field]}"
        if name not in LISTS:
            self._answer(403, [])
            return
        everything, size = LISTS[name], int(query.get("limit", 10))
        ids = [each["id"] for each in everything]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        page = everything[start : start + size]
        self._answer(200, page, has_more=start + size < len(everything))

    def _answer(self, status: int, data: list[Any], *, has_more: bool = False) -> None:
        url = urlsplit(self.path).path
        payload: dict[str, Any] = {"object": "list", "data": data, "has_more": has_more, "url": url}
        if status != 200:
            payload = {"error": {"type": "invalid_request_error", "message": "rk_test_secret!"}}
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def lookup() -> Iterator[StripeLookup]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StripeApi)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield StripeLookup(stripe_library.StripeClient("rk_test_secret", base_addresses={"api": url}))
    server.shutdown()
    server.server_close()
    thread.join()


def test_lookup_pages(
    lookup: StripeLookup,
) -> None:
    """All pages of a list are fetched, and an invoice's prorations are left out."""
    assert lookup.items_of_checkout("cs_test_1") == [Item("socks")] * 120 + [Item("pro")]
    assert lookup.items_of_subscription("sub_1") == [Item("socks")] * 120 + [Item("pro")]
    assert lookup.lines_of_invoice("in_1") == [Line("pro", 1_790_000_000, 1_780_000_000)]


def test_lookup_invoice(lookup: StripeLookup) -> None:
    """Stripe is asked which invoice a payment paid."""
    assert lookup.invoice_of_payment("pi_known") == "in_1"
    assert lookup.invoice_of_payment("pi_other") is None


def test_lookup_forbidden(lookup: StripeLookup) -> None:
    """A key without the permission is an error that does not contain the key."""
    for ask, name in (
        (lookup.items_of_checkout, "cs_test_2"),
        (lookup.items_of_subscription, "sub_2"),
        (lookup.lines_of_invoice, "in_2"),
        (lookup.invoice_of_payment, "pi_2"),
    ):
        with pytest.raises(StripeEventError, match="GENVORIS_STRIPE_API_KEY") as caught:
            ask(name)
        assert "rk_test_secret" not in str(caught.value)


def test_no_lookup() -> None:
    """Without a key, Stripe is not asked."""
    assert isinstance(open_lookup(None), NoLookup)
    assert NoLookup().items_of_checkout("cs_1") == []
    assert NoLookup().invoice_of_payment("pi_1") is None
    assert isinstance(open_lookup("rk_test_1"), StripeLookup)
