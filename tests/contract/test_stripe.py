"""``POST stripe`` with signed events, verified by Stripe's own library, against the sandbox."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import httpx
import pytest
import stripe as stripe_library
from flask import Flask, Response
from flask_wtf import CSRFProtect
from werkzeug.test import TestResponse

from genvoris_flask import ConfigurationError, GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.errors import NotFoundError
from genvoris_flask.testing.sandbox import API_KEY as KEY
from genvoris_flask.web.state import get_state
from tests.support.streams import Unread
from tests.support.stripe_payloads import SECRET, Stripe, signed

PLANS = [{"name": "Pro", "monthly_try_ons": 5, "external_price_id": "pro"}]
OLD_SECRET = "whsec_the_one_before"


class StripeApp:
    """A shop that receives Stripe's events, with CSRF protection as real shops have.

    Its clock is ``ahead`` of the machine's by so many seconds.
    """

    ahead = 0.0

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
        self.genvoris = GenvorisFlask()
        self.genvoris.init_app(self.app, clock=lambda: time.time() + self.ahead)
        self.csrf = CSRFProtect(self.app)
        self.browser = self.app.test_client()

    def post(self, event: Any, path: str = "/genvoris/stripe", **how: Any) -> TestResponse:
        return self.browser.post(path, **signed(event, **how))


@pytest.fixture
def shop(sandbox_url: str) -> StripeApp:
    shop = StripeApp(sandbox_url)
    get_state(shop.app).billing.sync_plans()
    return shop


@pytest.fixture
def stripe() -> Stripe:
    return Stripe(basil=True)


@pytest.fixture(params=["basil", "acacia"])
def versioned(request: pytest.FixtureRequest) -> Stripe:
    """Return payloads in the shapes of a version of Stripe's API."""
    return Stripe(request.param == "basil")


def test_subscription(shop: StripeApp, versioned: Stripe, client: GenvorisClient) -> None:
    """A subscription is followed from its checkout to its end."""
    stripe, name = versioned, f"ada-{versioned.customer}"
    created = stripe.change("created")
    early = shop.post(created)
    assert early.status_code == 500, "the shopper is not known yet: Stripe delivers it again"
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


def test_concurrent_deliveries(shop: StripeApp, stripe: Stripe, client: GenvorisClient) -> None:
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


def test_single_payment(shop: StripeApp, versioned: Stripe, client: GenvorisClient) -> None:
    """It gives a plan; a dispute pauses it until it is won, and a refund ends it."""
    stripe, name = versioned, f"hal-{versioned.customer}"
    shop.post(stripe.one_off(reference=name, metadata={"genvoris_price_id": "pro"}))
    assert client.customers.usage(name).plan_name == "Pro"
    shop.post(stripe.disputed(month=None, at=60))
    assert client.customers.usage(name).status == "PAUSED"
    shop.post(stripe.disputed("closed", status="won", month=None, at=70))
    assert client.customers.usage(name).status == "ACTIVE"
    shop.post(stripe.refunded(month=None))
    assert client.customers.usage(name).plan_name is None


def test_incomplete_list(shop: StripeApp, versioned: Stripe, client: GenvorisClient) -> None:
    """A list that is cut off is an error that says what to do."""
    stripe, name = versioned, f"ida-{versioned.customer}"
    shop.post(stripe.checkout(name))
    shop.post(stripe.change("created"))
    answer = shop.post(stripe.change(at=10, more=10))
    assert answer.status_code == 500
    assert "GENVORIS_STRIPE_API_KEY" in answer.get_json()["detail"]
    assert client.customers.usage(name).status == "ACTIVE"


def test_stripe_shopper(shop: StripeApp, stripe: Stripe, client: GenvorisClient) -> None:
    """The shop's own function may identify the customer."""

    @shop.genvoris.stripe_shopper
    def of(customer: str) -> str | None:
        return f"user-of-{customer}" if customer == stripe.customer else None

    assert shop.post(stripe.change("created")).status_code == 200
    assert client.customers.usage(f"user-of-{stripe.customer}").plan_name == "Pro"


def test_rotation(shop: StripeApp, stripe: Stripe) -> None:
    """The former secret stays valid while it is being replaced."""
    assert shop.post(stripe.checkout("dora"), secret=OLD_SECRET).status_code == 200


REFUSED: dict[str, dict[str, Any]] = {
    "another's signature": {"secret": "whsec_wrong"},
    "an old one": {"at": time.time() - 400},
}


@pytest.mark.parametrize("what", REFUSED)
def test_forged_event(shop: StripeApp, stripe: Stripe, what: str) -> None:
    """Forged and expired events are refused and change nothing."""
    answer = shop.post(stripe.checkout("eve"), **REFUSED[what])
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_signature"
    assert shop.post(stripe.change("created")).status_code == 500, "the refused event had no effect"


@pytest.mark.parametrize(
    "header", ["", "t=1", "t=1,v1=", "nonsense", "t=x,v1=00", "v1=00", "t=1,v1=é"]
)
def test_malformed_header(shop: StripeApp, stripe: Stripe, header: str) -> None:
    """A missing or malformed signature header is refused."""
    request = signed(stripe.checkout("eve"))
    request["headers"]["Stripe-Signature"] = header
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400
    del request["headers"]["Stripe-Signature"]
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400


@pytest.mark.parametrize("header", ["", "t=1", "nonsense", "t=1,v1=00," + "v0=00," * 1000])
def test_refused_before_reading(shop: StripeApp, header: str) -> None:
    """A request without a plausible signature is refused before its body is read."""
    answer = shop.browser.post(
        "/genvoris/stripe",
        input_stream=Unread(),
        headers={"Stripe-Signature": header},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_signature")


def test_changed_body(shop: StripeApp, stripe: Stripe) -> None:
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
def test_not_an_event(shop: StripeApp, event: Any) -> None:
    """A signed body that is not a snapshot event is refused."""
    assert shop.post(event).status_code == 400


def test_not_utf8(shop: StripeApp) -> None:
    """Bytes that are not UTF-8 are refused."""
    request = {"data": b"\xff\xfe{}", "headers": {"Stripe-Signature": "t=1,v1=00"}}
    assert shop.browser.post("/genvoris/stripe", **request).status_code == 400


def test_large_body(shop: StripeApp, stripe: Stripe) -> None:
    """A body beyond one mebibyte is refused."""
    event = stripe.checkout("eve", padding="x" * 2**20)
    assert shop.post(event).status_code == 413


def test_other_type(shop: StripeApp, stripe: Stripe) -> None:
    """An event of another type is answered 200 and ignored."""
    answer = shop.post(stripe.event("product.created", {"id": "prod_1", "object": "product"}))
    assert answer.get_json() == {"received": True, "outcome": "ignored"}


def test_genvoris_unreachable(sandbox_url: str, stripe: Stripe, client: GenvorisClient) -> None:
    """While Genvoris is unreachable, Stripe is asked to deliver again."""
    away = StripeApp("http://127.0.0.1:9")
    event = stripe.change("created")
    answer = away.post(event)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
    assert answer.headers["Retry-After"]


def test_genvoris_rate_limit(
    sandbox_url: str, shop: StripeApp, stripe: Stripe, client: GenvorisClient
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
    shop.ahead = 61
    assert shop.post(event).get_json()["outcome"] == "applied"
    assert client.customers.usage(name).plan_name == "Pro"


def test_secrets_stay_secret(
    shop: StripeApp, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    """No secret reaches a response or the log."""
    caplog.set_level(logging.DEBUG)
    answers = [shop.post(stripe.checkout("eve"), secret="whsec_wrong")]
    answers.append(shop.post(stripe.change("created")))
    texts = [caplog.text, *(answer.get_data(as_text=True) for answer in answers)]
    assert not any(secret in text for text in texts for secret in (SECRET, OLD_SECRET, KEY))


def test_no_secret(sandbox_url: str, stripe: Stripe) -> None:
    """Without a secret there is no route."""
    shop = StripeApp(sandbox_url, GENVORIS_STRIPE_WEBHOOK_SECRET=None)
    assert shop.post(stripe.checkout("eve")).status_code == 404


def test_own_view(shop: StripeApp, stripe: Stripe, client: GenvorisClient) -> None:
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


def test_wrong_kind_of_key(sandbox_url: str) -> None:
    """A publishable key is a configuration error that does not contain the key."""
    with pytest.raises(ConfigurationError, match="rk_ or sk_") as caught:
        StripeApp(sandbox_url, GENVORIS_STRIPE_API_KEY="pk_live_secret")
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
