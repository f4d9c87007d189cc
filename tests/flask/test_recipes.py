"""The recipes of docs/billing.md: each runs as it is written there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genvoris_flask import Shopper
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

PAGE = (Path(__file__).parents[2] / "docs" / "billing.md").read_text()
USER = SimpleNamespace(id="ada")


def recipe(heading: str) -> list[str]:
    """Return the Python blocks below a heading."""
    text = re.split(r"^### ", PAGE.partition(f"\n### {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"```python\n(.*?)```", text.split("\n## ")[0], re.DOTALL)


def settings_of(code: str) -> dict[str, Any]:
    """Return the settings that a block assigns."""
    names: dict[str, Any] = {}
    exec(code, names)
    return {name: value for name, value in names.items() if name.startswith("GENVORIS_")}


class Recipe:
    """A shop with a recipe's settings, which runs its other blocks."""

    def __init__(self, genvoris: LocalGenvoris, folder: Path, code: str = "", **more: Any) -> None:
        config = settings_of(code)
        # Shoppers are returned by a loader here.
        config.pop("GENVORIS_EMAIL_VERIFIED_ATTRIBUTE", None)
        self.shop: Shop = ledger_shop(genvoris, folder, **{**config, **more})

    def run(self, code: str, **names: Any) -> dict[str, Any]:
        """Run a block in the app, and return its names."""
        scope: dict[str, Any] = {"genvoris": self.shop.extension, "user": USER, **names}
        with self.shop.app.test_request_context():
            exec(code, scope)
        return scope

    @property
    def available(self) -> int:
        """How many try-ons Ada has."""
        with self.shop.app.app_context():
            return self.shop.extension.billing.balance("ada").available

    def status(self) -> dict[str, Any]:
        """Return the status of Ada's dialog."""
        found: dict[str, Any] = self.shop.browser.get("/genvoris/status").get_json()
        return found


def test_free(genvoris: LocalGenvoris) -> None:
    """Everyone may try on."""
    (config,) = recipe("Free")
    shop = Shop(genvoris, **settings_of(config))
    assert shop.finish(shop.tryon())["state"] == "done"


def test_subscription(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The calls of a billing system start a month and renew it; the paywall has the price."""
    config, calls = recipe("Subscription")
    made = Recipe(genvoris, tmp_path, config)
    assert made.status()["options"][0]["price"] == "9 € a month"
    began, renewed, _ended = (line for line in calls.splitlines() if line)
    made.run(began, event=SimpleNamespace(id="e1"))
    assert made.available == 100
    made.shop.genvoris.clock.now += 31 * 24 * 3600
    assert made.available == 0
    made.run(renewed, renewal=SimpleNamespace(id="e2"))
    assert made.available == 100
    made.run(calls, **{name: SimpleNamespace(id=name) for name in ("event", "renewal", "end")})


def test_credits(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """An order brings five, and half of it refunded takes two; a rule and a guest's link work."""
    config, calls, rule, guest, signal = recipe("Credits with an order")
    made = Recipe(genvoris, tmp_path, config)
    made.run(calls, order=SimpleNamespace(id=1))
    assert made.available == 3
    link = made.run(guest, order=SimpleNamespace(id=2, email="guest@example.com"))["link"]
    made.shop.browser.get(link.removeprefix("http://localhost"))
    assert made.available == 8
    assert settings_of(rule)["GENVORIS_CREDITS"](SimpleNamespace(paid=10000)) == 10
    sent: list[str] = []
    names = made.run(signal, send_mail=lambda _who, text: sent.append(text))
    assert callable(names["remind"])
    made.shop.genvoris.clock.now += 84 * 24 * 3600
    made.status()
    assert [text.split(" end")[0] for text in sent] == ["3 try-ons", "5 try-ons"]


def test_pay_per_use(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The paywall leads to the shop's checkout, and what is paid can be used."""
    config, code = recipe("Pay per use")
    made = Recipe(genvoris, tmp_path, config)
    asked: list[str] = []

    def start_payment(shopper: str, price: str, back_to: str) -> Any:
        asked.extend([shopper, price, back_to])
        return SimpleNamespace(url="https://pay.example/1")

    names = made.run(code, start_payment=start_payment)
    option = made.status()["options"][1]
    url = made.shop.post(option["url"].removeprefix("/genvoris")).get_json()["url"]
    assert (url, asked) == ("https://pay.example/1", ["ada", "3.99 €", "http://localhost/"])
    with made.shop.app.app_context():
        names["on_paid"](SimpleNamespace(id="p1", user_id="ada", try_ons=5))
    assert made.available == 5


def test_freemium(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shopper with a verified address has three."""
    (config,) = recipe("Freemium")
    made = Recipe(genvoris, tmp_path, config)
    made.shop.extension.shopper_loader(
        lambda: Shopper("ada", "ada@example.com", email_verified=True)
    )
    assert made.status()["remaining"] == 3


@pytest.mark.parametrize("refund_first", [False, True])
def test_own_order_system(genvoris: LocalGenvoris, tmp_path: Path, refund_first: bool) -> None:
    """Two calls carry orders and refunds in any order; disputes are a third."""
    (code,) = recipe("Your own order system")
    made = Recipe(genvoris, tmp_path)
    changed = made.run(code)["order_changed"]
    order = SimpleNamespace(id="o1", user_id="ada", try_ons=10, paid=1000, refunded=0, dispute=None)
    with made.shop.app.app_context():
        if refund_first:
            made.shop.extension.billing.order_refunded("o1", refunded=300)
        changed(order)
        order.refunded = 300
        for _each in range(2):
            changed(order)
        assert made.available == 7
        order.dispute = "opened"
        changed(order)
        assert made.available == 0
        order.dispute = "won"
        changed(order)
    assert made.available == 7


def test_paypal(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """PayPal's events become the same calls."""
    (code,) = recipe("PayPal, or another provider")
    made = Recipe(genvoris, tmp_path)
    names = made.run(code, user_of=lambda _order: "ada", order_of=lambda _resource: "o1")
    handle = names["on_paypal_event"]
    refund = {"total_refunded_amount": {"value": "4.00", "currency_code": "EUR"}}
    events: list[tuple[str, dict[str, Any]]] = [
        ("CAPTURE.REFUNDED", {"custom_id": "o1", "seller_payable_breakdown": refund}),
        (
            "CAPTURE.COMPLETED",
            {"custom_id": "o1", "amount": {"value": "10.00", "currency_code": "EUR"}},
        ),
    ]
    with made.shop.app.app_context():
        for kind, resource in events * 2:
            handle({"event_type": f"PAYMENT.{kind}", "resource": resource})
        assert made.available == 3
        handle({"event_type": "CUSTOMER.DISPUTE.CREATED", "resource": {}})
        assert made.available == 0
        outcome = {"dispute_outcome": {"outcome_code": "RESOLVED_SELLER_FAVOUR"}}
        handle({"event_type": "CUSTOMER.DISPUTE.RESOLVED", "resource": outcome})
    assert made.available == 3
