"""``POST stripe`` with signed events, verified by Stripe's own library, against the sandbox."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import stripe as stripe_library
from flask import Flask, Response
from flask_wtf import CSRFProtect
from werkzeug.test import TestResponse

from genvoris_flask import ConfigurationError, GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.billing.stripe.api_lookup import StripeLookup
from genvoris_flask.core.billing.stripe.lookup import NoLookup, open_lookup
from genvoris_flask.core.billing.stripe.payloads import Line
from genvoris_flask.errors import NotFoundError, StripeEventError
from genvoris_flask.testing.sandbox import API_KEY as KEY
from genvoris_flask.web.state import get_state
from tests.support.streams import Unread
from tests.support.stripe_payloads import SECRET, Stripe, signed

PLANS = [{"name": "Pro", "monthly_try_ons": 5, "external_price_id": "pro"}]
OLD_SECRET = "whsec_the_one_before"


class Shop:
    """A shop that takes Stripe's events; CSRF protection is on, as in real ones."""

    def __init__(self, url: str, **config: Any) -> None:
        self.app = Flask("shop")
        self.app.config.update(
            SECRET_KEY="s",
            GENVORIS_API_KEY=KEY,
            GENVORIS_API_URL=f"{url}/api/v1",
            GENVORIS_PLANS=PLANS,
            GENVORIS_STRIPE_WEBHOOK_SECRET=[SECRET, OLD_SECRET],
        )
        self.app.config.update(config)
        self.genvoris = GenvorisFlask(self.app)
        self.csrf = CSRFProtect(self.app)
        self.browser = self.app.test_client()

    def post(self, event: Any, path: str = "/genvoris/stripe", **how: Any) -> TestResponse:
        return self.browser.post(path, **signed(event, **how))


@pytest.fixture
def shop(sandbox_url: str) -> Shop:
    shop = Shop(sandbox_url)
    get_state(shop.app).billing.sync_plans()
    return shop


@pytest.fixture(params=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    return Stripe(request.param == "basil")


def test_subscription(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """A subscription is followed from its checkout to its end."""
    name = f"ada-{stripe.customer}"
    created = stripe.change("created")
    early = shop.post(created)
    assert early.status_code == 500, "it is not known yet whose it is: Stripe delivers it again"
    assert "client_reference_id" in early.get_json()["detail"]
    assert shop.post(stripe.checkout(name)).get_json() == {"received": True, "outcome": "applied"}
    usage = client.customers.usage(name)
    assert (usage.plan_name, usage.status, len(usage.history)) == ("Pro", "ACTIVE", 0)
    assert shop.post(created).get_json()["outcome"] == "applied"
    assert shop.post(created).get_json()["outcome"] == "repeated"
    shop.post(stripe.paid("subscription_create", month=0))
    client.tryons.track(end_customer_token=client.sessions.mint(name).token)
    assert client.customers.usage(name).used == 1
    renewal = stripe.paid(month=1)
    for _ in range(2):
        assert shop.post(renewal).status_code == 200
    assert (client.customers.usage(name).used, len(client.customers.usage(name).history)) == (0, 1)
    shop.post(stripe.change("paused", status="paused", at=10))
    assert client.customers.usage(name).status == "PAUSED"
    shop.post(stripe.change("resumed", at=20))
    assert client.customers.usage(name).status == "ACTIVE"
    shop.post(stripe.change("deleted", status="canceled", at=30))
    assert client.customers.usage(name).status == "CANCELLED"


def test_concurrent_deliveries(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """Eight deliveries of an event at once are applied once."""
    name = f"bea-{stripe.customer}"
    shop.post(stripe.checkout(name))
    event = stripe.change("created")
    outcomes: list[str] = []

    def deliver() -> None:
        answer = shop.app.test_client().post("/genvoris/stripe", **signed(event))
        outcomes.append(answer.get_json()["outcome"])

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", *["repeated"] * 7]
    assert client.customers.usage(name).history == ()


def test_dispute(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """A dispute of a single payment pauses the plan until it is won."""
    name = f"hal-{stripe.customer}"
    shop.post(stripe.one_off(reference=name, metadata={"genvoris_price_id": "pro"}))
    shop.post(stripe.disputed(month=None, at=60))
    assert client.customers.usage(name).status == "PAUSED"
    shop.post(stripe.disputed("closed", status="won", month=None, at=70))
    assert client.customers.usage(name).status == "ACTIVE"


def test_incomplete_list(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """A list that is cut off is an error that says what to do."""
    name = f"ida-{stripe.customer}"
    shop.post(stripe.checkout(name))
    shop.post(stripe.change("created"))
    answer = shop.post(stripe.change(at=10, more=10))
    assert answer.status_code == 500
    assert "GENVORIS_STRIPE_API_KEY" in answer.get_json()["detail"]
    assert client.customers.usage(name).status == "ACTIVE"


def test_refund(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """A single payment gives a plan until it is refunded."""
    name = f"cleo-{stripe.customer}"
    shop.post(stripe.one_off(reference=name, metadata={"genvoris_price_id": "pro"}))
    assert client.customers.usage(name).plan_name == "Pro"
    shop.post(stripe.refunded(month=None))
    assert client.customers.usage(name).plan_name is None


def test_stripe_shopper(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """The shop's own function may identify the customer."""

    @shop.genvoris.stripe_shopper
    def of(customer: str) -> str | None:
        return f"user-of-{customer}" if customer == stripe.customer else None

    assert shop.post(stripe.change("created")).status_code == 200
    assert client.customers.usage(f"user-of-{stripe.customer}").plan_name == "Pro"


def test_rotation(shop: Shop, stripe: Stripe) -> None:
    """The former secret stays valid while it is being replaced."""
    assert shop.post(stripe.checkout("dora"), secret=OLD_SECRET).status_code == 200


REFUSED: dict[str, dict[str, Any]] = {
    "another's signature": {"secret": "whsec_wrong"},
    "an old one": {"at": time.time() - 400},
}


@pytest.mark.parametrize("what", REFUSED)
def test_forged_event(shop: Shop, stripe: Stripe, what: str) -> None:
    """Forged and expired events are refused and change nothing."""
    answer = shop.post(stripe.checkout("eve"), **REFUSED[what])
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_signature"
    assert shop.post(stripe.change("created")).status_code == 500, "nobody's: nothing was learnt"


@pytest.mark.parametrize(
    "header", ["", "t=1", "t=1,v1=", "nonsense", "t=x,v1=00", "v1=00", "t=1,v1=é"]
)
def test_malformed_header(shop: Shop, stripe: Stripe, header: str) -> None:
    """A missing or malformed signature header is refused."""
    request = signed(stripe.checkout("eve"))
    request["headers"]["Stripe-Signature"] = header
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400
    del request["headers"]["Stripe-Signature"]
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400


@pytest.mark.parametrize("header", ["", "t=1", "nonsense", "t=1,v1=00," + "v0=00," * 1000])
def test_refused_before_reading(shop: Shop, header: str) -> None:
    """A request without a plausible signature is refused before its body is read."""
    answer = shop.browser.post(
        "/genvoris/stripe",
        input_stream=Unread(),
        headers={"Stripe-Signature": header},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_signature")


def test_changed_body(shop: Shop, stripe: Stripe) -> None:
    """A changed body is refused."""
    request = signed(stripe.checkout("eve"))
    request["data"] = request["data"].replace(b"eve", b"ada")
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400


@pytest.mark.parametrize(
    "event",
    [
        *([], "x", {}, {"id": "e", "type": "x"}, {"id": 1, "type": "invoice.paid"}),
        {"id": "e", "type": "x", "created": 1, "data": None},
    ],
)
def test_not_an_event(shop: Shop, event: Any) -> None:
    """A signed body that is not a snapshot event is refused."""
    assert shop.post(event).status_code == 400


def test_not_utf8(shop: Shop) -> None:
    """Bytes that are not UTF-8 are refused."""
    request = {"data": b"\xff\xfe{}", "headers": {"Stripe-Signature": "t=1,v1=00"}}
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400


def test_large_body(shop: Shop, stripe: Stripe) -> None:
    """A body beyond one mebibyte is refused."""
    event = stripe.checkout("eve", padding="x" * 2**20)
    assert shop.post(event).status_code == 413


def test_other_type(shop: Shop, stripe: Stripe) -> None:
    """An event of another type is answered 200 and ignored."""
    answer = shop.post(stripe.event("product.created", {"id": "prod_1", "object": "product"}))
    assert answer.get_json() == {"received": True, "outcome": "ignored"}


def test_genvoris_unreachable(sandbox_url: str, stripe: Stripe, client: GenvorisClient) -> None:
    """While Genvoris is unreachable, Stripe is asked to deliver again."""
    away = Shop("http://127.0.0.1:9")
    event = stripe.change("created")
    answer = away.post(event)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
    assert answer.headers["Retry-After"]


def test_genvoris_rate_limit(
    sandbox_url: str, shop: Shop, stripe: Stripe, client: GenvorisClient
) -> None:
    """While Genvoris limits sales, Stripe is asked to deliver again."""
    name = f"gus-{stripe.customer}"
    shop.post(stripe.checkout(name))
    fault = {"kind": "status", "path": "/api/v1/customers", "method": "POST", "count": 1}
    limit = {**fault, "status": 429, "error": "rate_limited", "retryAfter": 60}
    httpx.put(f"{sandbox_url}/sandbox/faults", json={"faults": [limit]}).raise_for_status()
    event = stripe.change("created")
    answer = shop.post(event)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
    assert shop.post(event).get_json()["outcome"] == "applied"
    assert client.customers.usage(name).plan_name == "Pro"


def test_secrets_stay_secret(shop: Shop, stripe: Stripe, caplog: pytest.LogCaptureFixture) -> None:
    """No secret reaches a response or the log."""
    caplog.set_level(logging.DEBUG)
    answers = [shop.post(stripe.checkout("eve"), secret="whsec_wrong")]
    answers.append(shop.post(stripe.change("created")))
    texts = [caplog.text, *(answer.get_data(as_text=True) for answer in answers)]
    assert not any(secret in text for text in texts for secret in (SECRET, OLD_SECRET, KEY))


def test_no_secret(sandbox_url: str, stripe: Stripe) -> None:
    """Without a secret there is no route."""
    shop = Shop(sandbox_url, GENVORIS_STRIPE_WEBHOOK_SECRET=None)
    assert shop.post(stripe.checkout("eve")).status_code == 404


def test_own_view(shop: Shop, stripe: Stripe, client: GenvorisClient) -> None:
    """A view of the shop's own may receive events at another address."""

    @shop.app.post("/payments/stripe")
    def hook() -> Response:
        return shop.genvoris.billing.stripe_webhook()

    shop.csrf.exempt(hook)

    name = f"finn-{stripe.customer}"
    shop.post(stripe.checkout(name), "/payments/stripe")
    with pytest.raises(NotFoundError):
        client.customers.usage(name)
    assert shop.post(stripe.change("created"), "/payments/stripe").status_code == 200
    assert client.customers.usage(name).plan_name == "Pro"
    assert shop.post(stripe.checkout(name), "/payments/stripe", secret="x").status_code == 400


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
    """The lists of Stripe's API that are asked for, a page at a time, in its shapes."""

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
    assert lookup.prices_of_checkout("cs_test_1") == ["socks"] * 120 + ["pro"]
    assert lookup.prices_of_subscription("sub_1") == ["socks"] * 120 + ["pro"]
    assert lookup.lines_of_invoice("in_1") == [Line("pro", 1_790_000_000)]


def test_lookup_invoice(lookup: StripeLookup) -> None:
    """Stripe is asked which invoice a payment paid."""
    assert lookup.invoice_of_payment("pi_known") == "in_1"
    assert lookup.invoice_of_payment("pi_other") is None


def test_lookup_forbidden(lookup: StripeLookup) -> None:
    """A key without the permission is an error that does not contain the key."""
    for ask, name in (
        (lookup.prices_of_checkout, "cs_test_2"),
        (lookup.prices_of_subscription, "sub_2"),
        (lookup.lines_of_invoice, "in_2"),
        (lookup.invoice_of_payment, "pi_2"),
    ):
        with pytest.raises(StripeEventError, match="GENVORIS_STRIPE_API_KEY") as caught:
            ask(name)
        assert "rk_test_secret" not in str(caught.value)


def test_no_lookup(sandbox_url: str) -> None:
    """Without a key, Stripe is not asked."""
    assert isinstance(open_lookup(None), NoLookup)
    assert NoLookup().prices_of_checkout("cs_1") == []
    assert NoLookup().invoice_of_payment("pi_1") is None
    assert isinstance(open_lookup("rk_test_1"), StripeLookup)


def test_wrong_kind_of_key(sandbox_url: str) -> None:
    """A publishable key is a configuration error that does not contain the key."""
    with pytest.raises(ConfigurationError, match="rk_ or sk_") as caught:
        Shop(sandbox_url, GENVORIS_STRIPE_API_KEY="pk_live_secret")
    assert "pk_live_secret" not in str(caught.value)


def fields(of: type) -> set[str]:
    return {"object", "invoice", *of.__annotations__}


def test_payload_fields() -> None:
    """The payloads of these tests have only fields that Stripe's library knows."""
    stripe = Stripe(basil=True)
    invoice = stripe.paid()["data"]["object"]
    line = invoice["lines"]["data"][0]
    subscription = stripe.change()["data"]["object"]
    payment = stripe.invoice_payment()["data"]["object"]
    library: Any = stripe_library
    known = [
        (stripe.checkout()["data"]["object"], library.checkout.Session),
        (subscription, library.Subscription),
        (subscription["items"]["data"][0], library.SubscriptionItem),
        (invoice, library.Invoice),
        (invoice["parent"], library.Invoice.Parent),
        (invoice["parent"]["subscription_details"], library.Invoice.Parent.SubscriptionDetails),
        (line, library.InvoiceLineItem),
        (line["pricing"], library.InvoiceLineItem.Pricing),
        (line["pricing"]["price_details"], library.InvoiceLineItem.Pricing.PriceDetails),
        (payment, library.InvoicePayment),
        (payment["payment"], library.InvoicePayment.Payment),
        (stripe.refunded()["data"]["object"], library.Charge),
        (stripe.disputed()["data"]["object"], library.Dispute),
        (stripe.paid(), library.Event),
    ]
    for payload, model in known:
        assert set(payload) <= fields(model), model.__name__
