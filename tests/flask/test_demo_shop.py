"""The pages of the demo shop, with a local Genvoris in this process."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, request, request_started
from flask.testing import FlaskClient

from examples.demo_shop.app import create_app
from examples.demo_shop.catalogue import GARMENTS, PRODUCTS
from examples.demo_shop.samples import PASSWORD, SAMPLES
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.web.state import get_state
from tests.support.local_genvoris import API_KEY, LocalGenvoris

# Flask-Login 0.6 calls what newer Pythons warn about.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
SECRET = "whsec_of_the_tests"
PAGES = ["/", "/product/harbour-shirt", "/cart", "/login", "/plans"]


class Network(httpx.BaseTransport):
    """Carries requests to the local Genvoris until ``down`` is set."""

    def __init__(self, genvoris: LocalGenvoris) -> None:
        self.down = False
        self._inner = genvoris.transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        return self._inner.handle_request(request)


@pytest.fixture
def network(local_genvoris: LocalGenvoris) -> Network:
    return Network(local_genvoris)


@pytest.fixture
def local_genvoris(tmp_path: Path) -> LocalGenvoris:
    return LocalGenvoris(tmp_path / "genvoris")


@pytest.fixture
def app(
    tmp_path: Path,
    local_genvoris: LocalGenvoris,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
) -> Flask:
    from examples.demo_shop.genvoris import genvoris

    init_app = genvoris.init_app

    def init_with_transport(app: Flask) -> None:
        init_app(app, transport=network, clock=local_genvoris.clock)

    monkeypatch.setattr(genvoris, "init_app", init_with_transport)
    app = create_app(
        {
            "SECRET_KEY": "secret",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'shop.sqlite3'}",
            "GENVORIS_API_KEY": API_KEY,
            "GENVORIS_API_URL": "http://127.0.0.1:8787/api/v1",
            "GENVORIS_TRYON_URL": "http://127.0.0.1:8787",
            "GENVORIS_WEBHOOK_SECRET": SECRET,
        }
    )
    with app.app_context():
        get_state(app).billing.sync_plans()
    return app


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def post(browser: FlaskClient, path: str, **fields: str) -> Any:
    with browser.session_transaction() as cookies:
        token = cookies.setdefault("form_token", "t")
    return browser.post(path, data={"form_token": token, **fields})


def log_in(browser: FlaskClient, **more: str) -> Any:
    return post(browser, "/login", email="ada@example.com", password=PASSWORD, **more)


def close(app: Flask) -> None:
    from examples.demo_shop.models import db

    with app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _closed(app: Flask) -> Any:
    yield
    close(app)


def test_products(app: Flask) -> None:
    """There are enough products, and each has its picture."""
    static = Path(str(app.static_folder))
    assert len(PRODUCTS) >= 8
    for product in PRODUCTS:
        assert (static / "products" / f"{product.slug}.webp").stat().st_size > 10_000


@pytest.mark.parametrize("logged_in", [False, True], ids=["logged out", "logged in"])
@pytest.mark.parametrize("path", PAGES)
def test_strict_policy(browser: FlaskClient, path: str, logged_in: bool) -> None:
    """Each page has a strict Content Security Policy."""
    if logged_in:
        log_in(browser)
    response = browser.get(path)
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)' 'strict-dynamic'", policy)
    assert nonce
    scripts = re.findall(r"<script[^>]*>", response.text)
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert "style=" not in response.text
    assert API_KEY not in response.text


def test_product_pages(browser: FlaskClient) -> None:
    """Every product has a page with a try-on button."""
    for product in PRODUCTS:
        page = browser.get(f"/product/{product.slug}").text
        assert "data-genvoris-trigger" in page
        assert 'data-api-url="/genvoris"' in page


def test_not_found(browser: FlaskClient) -> None:
    """An unknown page is rendered by the shop."""
    response = browser.get("/product/nothing")
    assert response.status_code == 404
    assert "Marlow" in response.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
    ],
)
def test_redirect_to_other_site_is_ignored(browser: FlaskClient, target: str) -> None:
    """A redirect to another site is not followed."""
    assert log_in(browser, next=target).headers["Location"] == "/"


def test_redirect_within_shop(browser: FlaskClient) -> None:
    """A redirect within the shop is followed."""
    assert log_in(browser, next="/product/plain-tee?x=1").headers["Location"] == (
        "/product/plain-tee?x=1"
    )


@pytest.mark.parametrize("path", ["/login", "/logout", "/cart", "/checkout/price_wardrobe"])
def test_form_needs_token(browser: FlaskClient, path: str) -> None:
    """A form without its token changes nothing."""
    assert browser.post(path, data={}).status_code == 400


def test_wrong_password(browser: FlaskClient) -> None:
    """A wrong password is refused."""
    answer = post(browser, "/login", email="ada@example.com", password="wrong")
    assert answer.status_code == 401
    assert "do not go together" in answer.text


def test_cart_total(browser: FlaskClient) -> None:
    """The cart adds up."""
    for _ in range(2):
        post(browser, "/cart", slug="plain-tee", size="M")
    post(browser, "/cart", slug="harbour-shirt", size="S")
    assert "€167" in browser.get("/cart").text
    post(browser, "/cart/change", slug="plain-tee", size="M", step="-1")
    assert "€128" in browser.get("/cart").text
    post(browser, "/cart/change", slug="plain-tee", size="M", step="-1")
    assert "Plain tee" not in browser.get("/cart").text
    assert post(browser, "/cart", slug="plain-tee", size="XXXL").status_code == 400
    post(browser, "/checkout")
    assert "It is empty" in browser.get("/cart").text


def test_sale(browser: FlaskClient, local_genvoris: LocalGenvoris) -> None:
    """A sale registers the shopper and redirects back."""
    log_in(browser)
    answer = post(browser, "/checkout/price_wardrobe", next="/product/plain-tee")
    assert answer.headers["Location"] == "/product/plain-tee"
    customers = local_genvoris.call("GET", "/customers").get_json()["data"]
    assert [each["externalId"] for each in customers] == ["user_1"]
    assert "30 left" in browser.get("/account").text
    assert "Your plan" in browser.get("/plans").text


def test_paused_plan_can_be_resumed(browser: FlaskClient, local_genvoris: LocalGenvoris) -> None:
    """A paused plan can be resumed."""
    log_in(browser)
    post(browser, "/checkout/price_wardrobe")
    local_genvoris.call("PATCH", "/customers/user_1", {"status": "PAUSED"})
    assert "Wake my plan up" in browser.get("/account").text
    post(browser, "/account/resume")
    assert "Wake my plan up" not in browser.get("/account").text


def test_pages_without_genvoris(browser: FlaskClient, network: Network) -> None:
    """The pages work while Genvoris is unavailable."""
    log_in(browser)
    network.down = True
    for path in [*PAGES, "/account"]:
        assert browser.get(path).status_code == 200
    answer = post(browser, "/checkout/price_wardrobe")
    assert "/checkout/price_wardrobe" in answer.headers["Location"]


def test_sample_shoppers(browser: FlaskClient) -> None:
    """The log-in page lists the sample shoppers."""
    page = browser.get("/login").text
    for sample in SAMPLES:
        assert sample.name in page
        assert sample.about in page


def test_colours(browser: FlaskClient) -> None:
    """Every colour has a page, a picture, and the others as variants."""
    tees = GARMENTS["plain-tee"]
    assert [tee.colour for tee in tees] == ["Clay", "Moss", "Ink"]
    for tee in tees:
        page = browser.get(f"/product/{tee.slug}").text
        others = [each for each in tees if each is not tee]
        variants = re.search(r'data-product-variants="([^"]*)"', page)
        assert variants
        offered = json.loads(html.unescape(variants[1]))
        assert [each["id"] for each in offered] == [each.slug for each in others]
        for each in offered:
            with browser.get(each["image"]) as picture:
                assert picture.status_code == 200


def test_colour_in_cart(browser: FlaskClient) -> None:
    """Another colour has its own name in the cart."""
    post(browser, "/cart", slug="plain-tee-moss", size="M")
    page = browser.get("/cart").text
    assert "size M, is in your cart" in page
    assert "Moss, M" in page


def test_language(browser: FlaskClient) -> None:
    """The try-on uses the language that the shopper chose."""
    assert "data-language" not in browser.get("/product/plain-tee").text
    answer = post(browser, "/language", language="ar", next="/product/plain-tee")
    assert answer.headers["Location"] == "/product/plain-tee"
    assert 'data-language="ar"' in browser.get("/product/plain-tee").text
    assert post(browser, "/language", language="tlh").status_code == 400
    assert post(browser, "/language", language="de", next="//evil").headers["Location"] == "/"


def test_privacy_policy_link(browser: FlaskClient) -> None:
    """The product page links the privacy policy."""
    assert 'data-privacy-url="/privacy"' in browser.get("/product/plain-tee").text
    assert "Delete my photo" in browser.get("/privacy").text


def deliver(app: Flask, kind: str, event_id: str, data: dict[str, Any]) -> None:
    raw = json.dumps({"id": event_id, "type": kind, "created": 1, "data": data}).encode()
    headers = {HEADER: sign(SECRET, raw, get_state(app).clock())}
    answer = app.test_client().post("/genvoris/webhook", data=raw, headers=headers)
    assert answer.status_code == 200


def as_owner(browser: FlaskClient) -> None:
    post(browser, "/login", email="fen@example.com", password=PASSWORD)


def test_plans_page(app: Flask, browser: FlaskClient) -> None:
    """The plans page shows the declared plans."""
    app.config["GENVORIS_PLANS"] = [
        {"name": "Pocket", "monthly_try_ons": 7, "external_price_id": "price_pocket"}
    ]
    page = browser.get("/plans").text
    assert "7 try-ons a month" in page
    assert "Wardrobe" not in page
    assert post(browser, "/checkout/price_nothing").status_code in (302, 404)


def test_free_plan_fills_once(browser: FlaskClient, local_genvoris: LocalGenvoris) -> None:
    """Choosing the free plan again does not refill its quota."""
    log_in(browser)
    post(browser, "/checkout/price_pocket")
    local_genvoris.spend(3, "user_1")
    post(browser, "/checkout/price_pocket")
    local_genvoris.call("PATCH", "/customers/user_1", {"status": "CANCELLED"})
    post(browser, "/checkout/price_pocket")
    assert local_genvoris.used("user_1") == 3
    assert "2 left" in browser.get("/account").text


def test_ended_plan_cannot_be_resumed(browser: FlaskClient, local_genvoris: LocalGenvoris) -> None:
    """A plan that ended cannot be resumed."""
    log_in(browser)
    post(browser, "/checkout/price_wardrobe")
    local_genvoris.call("PATCH", "/customers/user_1", {"status": "CANCELLED"})
    post(browser, "/account/resume")
    customer = local_genvoris.call("GET", "/customers/user_1").get_json()
    assert customer["status"] == "CANCELLED"


def test_double_payment_is_one_sale(browser: FlaskClient, local_genvoris: LocalGenvoris) -> None:
    """Paying twice by accident is one sale."""
    log_in(browser)
    browser.get("/checkout/price_wardrobe")
    with browser.session_transaction() as cookies:
        sale = cookies["sale"]
    post(browser, "/checkout/price_wardrobe")
    local_genvoris.spend(3, "user_1")
    with browser.session_transaction() as cookies:
        cookies["sale"] = sale  # the second click of the same page
    post(browser, "/checkout/price_wardrobe")
    assert local_genvoris.used("user_1") == 3


def test_pages_of_the_owner(browser: FlaskClient) -> None:
    """Only the owner is led to the console, and sees the demo's controls."""
    paths = ("/admin/", "/demo/", "/demo/news")
    for path in paths:
        assert "/login" in browser.get(path).headers["Location"]
    log_in(browser)
    for path in paths:
        assert browser.get(path).status_code == 403
    assert browser.get("/genvoris/console/").status_code == 404
    assert post(browser, "/demo/test").status_code == 403
    as_owner(browser)
    assert browser.get("/admin/").location == "/genvoris/console/"
    assert browser.get("/genvoris/console/").status_code == 200


def test_events_are_recorded_once(app: Flask, browser: FlaskClient) -> None:
    """An event is recorded once and shown."""
    ada = {"customer": {"id": "ec_1", "externalId": "user_1"}, "quota": {"used": 5, "limit": 5}}
    deliver(app, "customer.quota_exhausted", "evt_1", ada)
    deliver(app, "tryon.completed", "evt_2", {"external_id": "user_1", "product_title": "<b>Tee"})
    deliver(app, "credit.low_balance", "evt_3", {"balance": 12})
    deliver(app, "tryon.completed", "evt_2", {})
    deliver(app, "end_customer.updated", "evt_4", {"external_id": "user_2", "status": "PAUSED"})
    as_owner(browser)
    page = browser.get("/demo/").text
    assert "Ada has used all 5 try-ons." in page
    assert "Ada tried on: &lt;b&gt;Tee." in page
    assert "Only 12 credits are left" in page
    assert "The plan of Ben is paused." in page
    assert page.count("<li class=") == 4


def test_only_newer_events_are_returned(app: Flask, browser: FlaskClient) -> None:
    """Only events newer than those on the page are returned."""
    deliver(app, "webhook.test", "evt_1", {})
    as_owner(browser)
    first = browser.get("/demo/news").text
    newest = re.search(r'data-id="(\d+)"', first)
    assert newest
    path = f"/demo/news?after={newest[1]}"
    assert browser.get(path).text.strip() == ""
    deliver(app, "moon.landed", "evt_2", {})
    assert "Something new." in browser.get(path).text


def test_order_has_widget_session(
    app: Flask, browser: FlaskClient, local_genvoris: LocalGenvoris
) -> None:
    """An order is reported with the try-on's widget session."""
    seen: list[Any] = []

    def see(_app: Flask, **_: object) -> None:
        seen.append(request.get_json())

    request_started.connect(see, local_genvoris.app)
    post(browser, "/cart", slug="plain-tee", size="M")
    browser.set_cookie("genvoris_visit", "visit-one")
    post(browser, "/checkout")
    assert get_state(app).outbox.flush(60)
    assert [(each["amountCents"], each["sessionId"]) for each in seen] == [(3900, "visit-one")]
