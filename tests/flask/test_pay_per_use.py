"""Single try-ons: from the paywall to a checkout, back to the product, and used within a day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask import GenvorisError, Shopper
from genvoris_flask.core.charging.packs import Pack
from genvoris_flask.core.products import Product
from genvoris_flask.signals import refund_due
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.stripe_checkouts import FakeCheckouts

DAY = 24 * 3600
PACKS = [
    {"try_ons": 1, "price": "0.99 €", "external_price_id": "price_one"},
    {"try_ons": 5, "price": "3.99 €", "external_price_id": "price_five"},
]
FIVE = "/checkout?try_ons=5&product_id=7&page_url=/product/7"


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop that sells single try-ons, in which Ada is logged in."""
    return ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="pay_per_use", GENVORIS_PACKS=PACKS)


def status(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.browser.get("/genvoris/status").get_json()
    return found


def paid(shop: Shop, order_id: str, try_ons: int = 1) -> None:
    with shop.app.app_context():
        shop.extension.billing.order_paid(
            order_id, external_id="ada", try_ons=try_ons, paid=99, currency="EUR"
        )


class TestCheckout:
    def test_leads_to_the_shops_checkout(self, shop: Shop) -> None:
        """The shop's function gets shopper, product, the way back and what is bought."""
        asked: list[tuple[Shopper, Product | None, str, Pack]] = []

        @shop.extension.checkout
        def checkout(shopper: Shopper, product: Product | None, return_url: str, pack: Pack) -> str:
            asked.append((shopper, product, return_url, pack))
            return f"/buy/{pack.try_ons}"

        assert status(shop)["paywall"]["action_url"] is None, "there are no plans to see"
        options = status(shop)["options"]
        assert [(each["kind"], each["price"], each["url"]) for each in options] == [
            ("checkout", "0.99 €", "/genvoris/checkout?try_ons=1"),
            ("checkout", "3.99 €", "/genvoris/checkout?try_ons=5"),
        ]
        answer = shop.post(FIVE)
        assert (answer.status_code, answer.get_json()) == (200, {"url": "/buy/5"})
        ((shopper, product, return_url, pack),) = asked
        assert (shopper.external_id, product and product.id) == ("ada", "7")
        assert (return_url, pack.try_ons) == ("http://localhost/product/7", 5)

    def test_form_is_redirected(self, shop: Shop) -> None:
        """A form in the shop's own page needs no script."""
        shop.extension.checkout(lambda *_: "https://pay.example/1")
        answer = shop.post(FIVE, headers={"Accept": "text/html,*/*;q=0.8"})
        assert (answer.status_code, answer.location) == (303, "https://pay.example/1")

    def test_link_of_the_paywall(self, shop: Shop) -> None:
        """The option's own link leads there from the dialog, and back to its product."""
        found: list[str] = []

        @shop.extension.checkout
        def checkout(_shopper: Any, _product: Any, return_url: str, _pack: Any) -> str:
            found.append(return_url)
            return "https://pay.example/1"

        query = {"product_id": "7", "page_url": "/product/7?size=m"}
        status = shop.browser.get("/genvoris/status", query_string=query).get_json()
        url = status["options"][0]["url"]
        answer = shop.browser.get(url, headers=SAME_ORIGIN)
        assert (answer.status_code, answer.location) == (303, "https://pay.example/1")
        assert found == ["http://localhost/product/7?size=m"]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {},
            {**SAME_ORIGIN, "Sec-Purpose": "prefetch;prerender"},
        ],
    )
    def test_links_elsewhere(self, shop: Shop, headers: dict[str, str]) -> None:
        """A link of another site, or a prefetch, starts nothing."""
        shop.extension.checkout(lambda *_: "https://pay.example/1")
        answer = shop.browser.get(f"/genvoris{FIVE}", headers=headers)
        assert answer.location == "http://localhost/product/7"

    def test_link_that_cannot_be_followed(self, shop: Shop) -> None:
        """A person is led to the log-in, or back, rather than to JSON."""
        answer = shop.browser.get(f"/genvoris{FIVE}", headers=SAME_ORIGIN)
        assert answer.location == "http://localhost/product/7"
        shop.log_in(None)
        assert shop.browser.get(f"/genvoris{FIVE}", headers=SAME_ORIGIN).location == "/login"

    def test_page_of_another_site(self, shop: Shop) -> None:
        """The way back leads to this shop, whatever the address says."""
        found: list[str] = []

        @shop.extension.checkout
        def checkout(_shopper: Any, _product: Any, return_url: str, _pack: Any) -> str:
            found.append(return_url)
            return "/buy"

        shop.post("/checkout?try_ons=1&page_url=https://evil.example/")
        assert found == ["http://localhost/"]

    def test_only_from_the_shops_pages(self, shop: Shop) -> None:
        """Another site's page cannot start a checkout, nor can somebody who is not logged in."""
        shop.extension.checkout(lambda *_: "/buy")
        refused = shop.post(FIVE, headers={"Sec-Fetch-Site": "cross-site"})
        assert (refused.status_code, refused.get_json()["error"]) == (403, "cross_origin")
        shop.log_in(None)
        assert shop.post(FIVE).get_json()["error"] == "login_required"

    def test_what_is_not_sold(self, shop: Shop) -> None:
        """There is no pack of another size, and nothing without a function or Stripe."""
        assert status(shop)["options"] == []
        assert shop.post(FIVE).status_code == 404
        shop.extension.checkout(lambda *_: "/buy")
        for query in ("?try_ons=3", "?try_ons=x", ""):
            assert shop.post(f"/checkout{query}").status_code == 404

    @pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", 7])
    def test_wrong_function(self, shop: Shop, url: Any) -> None:
        """What is not the URL of a checkout is an error, and the merchant's log says so."""
        shop.extension.checkout(lambda *_: url)
        assert shop.post(FIVE).get_json()["error"] == "internal_error"

    def test_failing_function(self, shop: Shop) -> None:
        """A function that raises does not break the dialog."""

        @shop.extension.checkout
        def checkout(*_: Any) -> str:
            raise RuntimeError("broken")

        assert shop.post(FIVE).get_json()["error"] == "internal_error"

    def test_shop_without_single_try_ons(self, genvoris: LocalGenvoris) -> None:
        """A shop that sells none has no such route."""
        assert Shop(genvoris).post(FIVE).get_json()["error"] == "path_not_allowed"


class TestStripe:
    @pytest.fixture
    def checkouts(self) -> FakeCheckouts:
        return FakeCheckouts()

    @pytest.fixture
    def shop(self, genvoris: LocalGenvoris, tmp_path: Path, checkouts: FakeCheckouts) -> Shop:
        shop = ledger_shop(
            genvoris,
            tmp_path,
            GENVORIS_CHARGING="pay_per_use",
            GENVORIS_PACKS=PACKS,
            GENVORIS_STRIPE_API_KEY="rk_test_1",
            GENVORIS_STRIPE_WEBHOOK_SECRET="whsec_1",
        )
        shop.state.checkout_sessions = lambda: checkouts.client
        return shop

    def test_session(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """Stripe is told whose it is and how many, and leads back to this shop only."""
        url = shop.post(FIVE).get_json()["url"]
        assert url == "https://checkout.stripe.com/c/cs_test_1"
        (asked,) = checkouts.asked
        assert asked["line_items[0][price]"] == "price_five"
        for prefix in ("metadata", "payment_intent_data[metadata]"):
            assert asked[f"{prefix}[genvoris_external_id]"] == "ada"
            assert asked[f"{prefix}[genvoris_try_ons]"] == "5"
        assert asked["cancel_url"] == "http://localhost/product/7"
        assert asked["success_url"] == (
            "http://localhost/genvoris/checkout/return"
            "?session_id={CHECKOUT_SESSION_ID}&next=%2Fproduct%2F7"
        )

    def test_repeated_click(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """The same attempt is the same session; another pack or shopper is another one."""
        headers = {"Idempotency-Key": "k"}
        assert len({shop.post(FIVE, headers=headers).get_json()["url"] for _ in range(2)}) == 1
        shop.post("/checkout?try_ons=1&page_url=/product/7", headers=headers)
        shop.log_in("ben")
        shop.post(FIVE, headers=headers)
        assert len(checkouts.sessions) == 3

    def test_two_clicks(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """Two clicks on the paywall lead to one session, and to a new one once it was paid."""
        first = [shop.browser.get(f"/genvoris{FIVE}", headers=SAME_ORIGIN) for _ in range(2)]
        assert {each.location for each in first} == {"https://checkout.stripe.com/c/cs_test_1"}
        shop.browser.get("/genvoris/checkout?try_ons=5&page_url=/product/8", headers=SAME_ORIGIN)
        assert len(checkouts.sessions) == 2, "it leads back to another product"
        checkouts.pay("cs_test_1")
        shop.browser.get("/genvoris/checkout/return?session_id=cs_test_1&next=/product/7")
        again = shop.browser.get(f"/genvoris{FIVE}", headers=SAME_ORIGIN)
        assert again.location == "https://checkout.stripe.com/c/cs_test_3"

    def test_way_back(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """The shopper finds what they paid for, and goes on at the product they left."""
        shop.post(FIVE)
        query = {"session_id": "cs_test_1", "next": "/product/7"}
        shop.browser.get("/genvoris/checkout/return", query_string=query)
        assert balance(shop).available == 0, "nothing is paid yet"
        checkouts.pay("cs_test_1")
        for _each in range(2):
            answer = shop.browser.get("/genvoris/checkout/return", query_string=query)
            assert (answer.status_code, answer.location) == (303, "http://localhost/product/7")
        assert balance(shop).available == 5
        event = {
            "id": "evt_1",
            "type": "checkout.session.completed",
            "created": int(shop.genvoris.clock.now),
            "data": {"object": checkouts.sessions["cs_test_1"]},
        }
        assert shop.state.apply_stripe_event(event) == "applied"
        assert [lot.granted for lot in balance(shop).lots] == [5]

    def test_old_way_back(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """What was bought once is not given again when its books have been deleted."""
        shop.post(FIVE)
        checkouts.pay("cs_test_1")
        for available in (5, 0):
            shop.browser.get("/genvoris/checkout/return?session_id=cs_test_1&next=/product/7")
            assert balance(shop).available == available
            for _each in range(2):
                shop.genvoris.clock.now += 11 * 366 * DAY
                with shop.app.app_context():
                    shop.extension.privacy.sweep()

    def test_stripe_refuses(self, shop: Shop, checkouts: FakeCheckouts) -> None:
        """An error of Stripe's is one in the log, without the key."""
        with shop.app.test_request_context(), pytest.raises(GenvorisError) as caught:
            checkouts.client.find("cs_other")
        assert "rk_test_secret" not in str(caught.value)

    def test_foreign_return_url(self, shop: Shop) -> None:
        """The shop's own code cannot be led to another site either."""
        with shop.app.test_request_context(), pytest.raises(ValueError, match="this shop"):
            shop.extension.billing.stripe_checkout(
                Shopper("ada"), Pack(1, "1 €", None, "p"), "https://evil.example/"
            )

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil"])
    def test_return_stays_here(self, shop: Shop, target: str) -> None:
        """The way back is no way to another site, and an unknown session changes nothing."""
        path = "/genvoris/checkout/return"
        for session_id in ("cs_unknown", "../x", ""):
            query = {"session_id": session_id, "next": target}
            answer = shop.browser.get(path, query_string=query)
            assert (answer.status_code, answer.location) == (303, "/")


class TestSingleTryOns:
    def test_a_day_to_use_it(self, shop: Shop) -> None:
        """A paid one can be used within a day, and not afterwards."""
        paid(shop, "o1", 2)
        (lot,) = balance(shop).lots
        assert (lot.kind, lot.available) == ("single", 2)
        assert shop.finish(shop.tryon())["state"] == "done"
        shop.genvoris.clock.now += DAY
        assert status(shop)["reason"] == "no_plan"

    def test_subscriber_buys_one(self, shop: Shop) -> None:
        """A subscriber of 100 who has used 2 and buys one has 99."""
        with shop.app.app_context():
            shop.extension.billing.grant("ada", 100, event_id="plan")
        for _each in range(2):
            shop.finish(shop.tryon())
        paid(shop, "o1")
        assert balance(shop).available == 99

    def test_three_failures(self, shop: Shop) -> None:
        """A failed one stays theirs; three in a row are reported once, and a picture ends a row."""
        found: list[tuple[str, str]] = []

        def receive(_app: Any, shopper: Shopper, sale: str) -> None:
            found.append((shopper.external_id, sale))

        fail, succeed = (lambda _: httpx.Response(500)), (lambda _: None)

        def fault(is_broken: bool) -> None:
            answer = fail if is_broken else succeed
            shop.transport.fault = lambda request: (
                answer(request) if request.url.path.endswith("/api/tryon") else None
            )

        with refund_due.connected_to(receive, shop.app):
            paid(shop, "o1", 2)
            for is_broken in (True, True, False, True, True):
                fault(is_broken)
                shop.finish(shop.tryon())
            assert found == []
            fault(True)
            for _each in range(2):
                shop.finish(shop.tryon())
        assert found == [("ada", "order:o1/order")]
        assert balance(shop).available == 1

    def test_credits_beside_it(self, genvoris: LocalGenvoris, tmp_path: Path) -> None:
        """Where orders bring credits too, an order says which of the two it is."""
        shop = ledger_shop(
            genvoris, tmp_path, GENVORIS_CHARGING="credits,pay_per_use", GENVORIS_PACKS=PACKS
        )
        with shop.app.app_context():
            billing = shop.extension.billing
            billing.order_paid("o1", external_id="ada", try_ons=1)
            billing.order_paid("o2", external_id="ada", try_ons=1, single=True)
        assert [lot.kind for lot in balance(shop).lots] == ["order", "single"]


def balance(shop: Shop) -> Any:
    with shop.app.app_context():
        return shop.extension.billing.balance("ada")
