"""The ways to go on that a paywall lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from genvoris_flask.core.billing.plans import declared_plans
from genvoris_flask.core.charging.options import Offers, options_for
from genvoris_flask.core.charging.packs import Pack
from genvoris_flask.core.ledger.models import Balance, LotBalance
from genvoris_flask.core.tryon.paywall import Refusal

END = datetime(2027, 1, 2, tzinfo=UTC)
PLANS = declared_plans(
    "PLANS",
    [
        {"name": "Free", "monthly_try_ons": 3},
        {"name": "Pro", "monthly_try_ons": 100, "external_price_id": "p1", "price": "9 €"},
        {"name": "Max", "monthly_try_ons": 500, "external_price_id": "p2", "price_text": "29 €"},
    ],
)
PACKS = (Pack(1, "0.99 €"), Pack(20, "9.99 €", "Weekend"))


def offers(*ways: Any, **changes: Any) -> Offers:
    fields: dict[str, Any] = {
        "plans": PLANS,
        "packs": PACKS,
        "plans_url": "/plans",
        "pack_url": lambda pack: f"/checkout?try_ons={pack.try_ons}",
    }
    return Offers(ways=ways, **(fields | changes))


def allowance(source: str, granted: int, end: datetime | None = END) -> LotBalance:
    return LotBalance("allowance", "spent", source, granted, 0, granted, 0, end)


def balance(*lots: LotBalance) -> Balance:
    return Balance(0, 0, lots, None)


def titles(refusal: Refusal, shop: Offers, **more: Any) -> list[str]:
    return [option.title for option in options_for(refusal, shop, **more)]


NOTHING = Refusal("no_plan")
SPENT = Refusal("quota_exhausted", 3, 3)


def test_everything_that_is_sold() -> None:
    """Each way is listed with its price as the shop writes it."""
    shop = offers("subscription", "pay_per_use", "credits", per_order=5)
    found = [option.fields() for option in options_for(NOTHING, shop, language="en")]
    assert [list(each.values()) for each in found] == [
        ["subscribe", "Pro", "9 €", "/plans", 100, None],
        ["subscribe", "Max", "29 €", "/plans", 500, None],
        ["checkout", "Pay once", "0.99 €", "/checkout?try_ons=1", 1, None],
        ["checkout", "Weekend", "9.99 €", "/checkout?try_ons=20", 20, None],
        ["order", "Try-ons with your next order", None, None, 5, None],
    ]


def test_only_the_ways_of_the_shop() -> None:
    """What the shop does not sell is not offered."""
    assert titles(NOTHING, offers("credits")) == ["Try-ons with your next order"]
    assert titles(NOTHING, offers("pay_per_use", packs=())) == []
    assert titles(NOTHING, offers()) == []


def test_larger_plans() -> None:
    """A shopper who has used up a plan is offered larger ones."""
    refusal = Refusal("quota_exhausted", 100, 100)
    assert titles(refusal, offers("subscription")) == ["Max"]
    lots = balance(allowance("stripe:sub/1", 100), allowance("free:x/1", 200))
    assert titles(SPENT, offers("subscription"), balance=lots)[0] == "Max"


def test_when_there_are_new_ones() -> None:
    """The next free ones, or the next period's, are a reason to wait."""
    (option,) = options_for(SPENT, offers("freemium"), balance=balance(allowance("free:x/1", 3)))
    assert (option.kind, option.url, option.at) == ("wait", None, END)
    (option,) = options_for(SPENT, offers("freemium"), renews_at=END)
    assert option.at == END


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal("credit_limit_reached"), []),
        (Refusal("paused"), ["Pay once", "Weekend"]),
        (Refusal("cancelled"), ["Pro", "Max", "Pay once", "Weekend"]),
    ],
)
def test_other_refusals(refusal: Refusal, expected: list[str]) -> None:
    """Nothing is sold while the shop has no credit, and no plan to whom has a paused one."""
    shop = offers("subscription", "pay_per_use")
    assert titles(refusal, shop, renews_at=END) == expected


def test_plan_with_a_page_of_its_own() -> None:
    """A plan may say where it is sold, if a link can lead there."""
    plan = {"name": "Pro", "monthly_try_ons": 9, "external_price_id": "p"}
    for url, expected in (("/pro", "/pro"), ("javascript:x", "/plans"), (7, "/plans")):
        plans = declared_plans("PLANS", [{**plan, "url": url, "price": 900}])
        (option,) = options_for(NOTHING, offers("subscription", plans=plans))
        assert (option.url, option.price) == (expected, None)
