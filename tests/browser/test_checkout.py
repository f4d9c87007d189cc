"""Single try-ons in a real browser: from the paywall to a checkout, and back with the photo."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect, render_template_string, request, send_file, session
from playwright.sync_api import Locator, Page, expect

from genvoris_flask import Shopper
from genvoris_flask.core.charging.packs import Pack
from genvoris_flask.core.products import Product
from tests.support.dialog_steps import (
    dialog,
    expect_accessible,
    expect_heading,
    open_dialog,
    press,
    try_on,
)
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris, product_png
from tests.support.served_shop import serving
from tests.support.stripe_checkouts import FakeCheckouts
from tests.support.stripe_payloads import SECRET, signed

PACKS = [
    {"try_ons": 1, "price": "0.99 €", "external_price_id": "price_one"},
    {"try_ons": 5, "price": "3.99 €", "external_price_id": "price_five"},
]
PRODUCT = """<!doctype html><html lang="en"><title>Shirt</title>{{ genvoris_widget() }}
<main><h1>Shirt</h1>{{ genvoris_button(image="/shirt.png", title="Shirt", id="7") }}</main></html>
"""
PAYMENT = """<!doctype html><html lang="en"><title>Stripe</title><main><h1>Pay</h1>
<a href="/paid/{name}">Pay</a> <a href="{back}">Back to the shop</a></main></html>"""


class StripePages:
    """Stripe's page for the sessions that its double has made, and the events that follow."""

    def __init__(self) -> None:
        self.checkouts = FakeCheckouts()
        self.app = Flask("stripe")
        self.app.add_url_rule("/c/<name>", view_func=self.page)
        self.app.add_url_rule("/paid/<name>", view_func=self.pay)

    def page(self, name: str) -> str:
        return PAYMENT.format(name=name, back=html.escape(self._asked(name)["cancel_url"]))

    def pay(self, name: str) -> Any:
        self.checkouts.pay(name)
        url = self._asked(name)["success_url"]
        return redirect(url.replace("{CHECKOUT_SESSION_ID}", name), 303)

    def deliver(self, shop: Shop, name: str) -> None:
        """Deliver the event of a session that was paid."""
        now = shop.genvoris.clock.now
        event = {
            "id": f"evt_{name}",
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(now),
            "data": {"object": self.checkouts.sessions[name]},
        }
        answer = shop.app.test_client().post("/genvoris/stripe", **signed(event))
        assert answer.status_code == 200, answer.get_json()

    def _asked(self, name: str) -> dict[str, str]:
        return self.checkouts.asked[list(self.checkouts.sessions).index(name)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a shop that sells single try-ons, in which Ada has been given one."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())
    shop = ledger_shop(
        genvoris,
        tmp_path,
        GENVORIS_CHARGING="pay_per_use",
        GENVORIS_PACKS=PACKS,
        GENVORIS_STRIPE_API_KEY="rk_test_1",
        GENVORIS_STRIPE_WEBHOOK_SECRET=SECRET,
    )
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 1, event_id="welcome")

    def product() -> str:
        return render_template_string(PRODUCT)

    def shirt() -> Any:
        return send_file(io.BytesIO(product_png()), "image/png")

    def log_in() -> Any:
        session["user"] = "ada"
        return redirect("/products/7")

    shop.app.add_url_rule("/products/7", view_func=product)
    shop.app.add_url_rule("/shirt.png", view_func=shirt)
    shop.app.add_url_rule("/login", view_func=log_in)
    return shop


def lots(shop: Shop) -> dict[str, tuple[int, int]]:
    """Return how many try-ons of each lot were granted and used."""
    with shop.app.app_context():
        found = shop.extension.billing.balance("ada").lots
    return {lot.kind: (lot.granted, lot.used) for lot in found}


def offer(page: Page, words: str) -> Locator:
    return dialog(page).get_by_role("link", name=re.compile(words))


def come_to_the_paywall(page: Page, url: str, photo: Path) -> None:
    """Log in, use the last try-on, and ask for another picture."""
    page.goto(f"{url}/login")
    open_dialog(page)
    try_on(page, photo)
    expect_heading(page, "Here you are")
    press(page, "Make it again")
    expect_heading(page, "That was your last try-on")
    expect(offer(page, "1 try-on")).to_contain_text("0.99")
    expect_accessible(page)
    dialog(page).get_by_role("checkbox", name=re.compile("Keep my photo")).check()


def go_on(page: Page, url: str) -> None:
    """Find the dialog on the product again, with the photo, and try it on."""
    expect(page).to_have_url(f"{url}/products/7")
    expect(dialog(page)).to_contain_text("Your photo is still here")
    expect_accessible(page)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    picture = dialog(page).get_by_role("img", name="You, with Shirt")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)")


def test_paid_at_stripe(shop: Shop, desktop_page: Page, photo: Path) -> None:
    """Not now, back without paying, then paid: one more picture of the same photo, charged once."""
    page, stripe = desktop_page, StripePages()
    shop.state.checkout_sessions = lambda: stripe.checkouts.client
    with serving(shop.app) as url, serving(stripe.app, "localhost") as stripe_url:
        stripe.checkouts.page = stripe_url
        come_to_the_paywall(page, url, photo)

        press(page, "Not now")
        expect(dialog(page)).to_be_hidden()
        assert stripe.checkouts.sessions == {}
        open_dialog(page)
        expect_heading(page, "That was your last try-on")
        dialog(page).get_by_role("checkbox", name=re.compile("Keep my photo")).check()

        offer(page, "5 try-ons").click()
        page.get_by_role("link", name="Back to the shop").click()
        expect(page).to_have_url(f"{url}/products/7")
        expect_heading(page, "That was your last try-on")
        keep = dialog(page).get_by_role("checkbox", name=re.compile("Keep my photo"))
        expect(keep).to_be_checked()
        assert lots(shop) == {"gift": (1, 1)}

        offer(page, "1 try-on").click()
        page.get_by_role("link", name="Pay", exact=True).click()
        go_on(page, url)
        assert lots(shop) == {"gift": (1, 1), "single": (1, 1)}

        # The event of the payment, which comes after its shopper, changes nothing.
        stripe.deliver(shop, "cs_test_2")
        assert lots(shop) == {"gift": (1, 1), "single": (1, 1)}
        assert shop.genvoris.used() == 2
        press(page, "Make it again")
        expect_heading(page, "That was your last try-on")


def test_paid_in_the_shop(shop: Shop, desktop_page: Page, photo: Path) -> None:
    """A checkout of the shop's own leads back to the dialog too, with what it has reported."""
    page = desktop_page
    bought: list[tuple[Product | None, int]] = []

    @shop.extension.checkout
    def checkout(_shopper: Shopper, product: Product | None, return_url: str, pack: Pack) -> str:
        bought.append((product, pack.try_ons))
        return f"/pay?try_ons={pack.try_ons}&back={return_url}"

    def pay() -> str:
        shop.extension.billing.order_paid(
            "order-1",
            external_id="ada",
            try_ons=int(request.args["try_ons"]),
            paid=99,
            currency="EUR",
        )
        return f'<a href="{html.escape(request.args["back"])}">Done</a>'

    shop.app.add_url_rule("/pay", view_func=pay)
    with serving(shop.app) as url:
        come_to_the_paywall(page, url, photo)
        offer(page, "1 try-on").click()
        expect(page.get_by_role("link", name="Done")).to_be_visible()
        page.reload()  # the order is told twice
        page.get_by_role("link", name="Done").click()
        go_on(page, url)
    ((product, number),) = bought
    assert (product and product.id, number) == ("7", 1)
    assert lots(shop) == {"gift": (1, 1), "single": (1, 1)}
