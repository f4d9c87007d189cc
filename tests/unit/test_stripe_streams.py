"""Whole lives of shoppers at Stripe, shuffled and repeated, against models."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.payment_life import PaymentLife
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.subscription_life import SubscriptionLife

pytestmark = pytest.mark.thorough

# Each is one stream of events. Set it to 2000 or more for a long run.
STREAMS = int(os.environ.get("GENVORIS_TEST_STREAMS", "80"))
PAYMENTS = int(os.environ.get("GENVORIS_TEST_STREAMS", "15"))


@pytest.fixture
def shop() -> Iterator[StripeLedgerShop]:
    """Return a shop with an empty ledger; afterwards its sums must be right."""
    made = StripeLedgerShop()
    yield made
    made.fixture.check()


def test_at_once(shop: StripeLedgerShop) -> None:
    """Streams that come at once, in any order and partly twice, end as the model says."""
    wrong = []
    for seed in range(0, STREAMS, 2):
        life = SubscriptionLife(seed, f"shopper-{seed}")
        shop.at(life.now)
        shop.deliver(*life.shuffled())
        if shop.available(life.shopper) != life.available:
            wrong.append((seed, shop.available(life.shopper), life.available))
    assert wrong == []


def test_delayed(shop: StripeLedgerShop) -> None:
    """Streams that come late while time passes end as the model says."""
    wrong = []
    for seed in range(1, STREAMS, 2):
        life = SubscriptionLife(seed, f"shopper-{seed}")
        for at, event in life.delayed():
            shop.at(min(at, life.now))
            shop.apply(event)
        shop.at(life.now)
        if shop.available(life.shopper) != life.available:
            wrong.append((seed, shop.available(life.shopper), life.available))
    assert wrong == []


def test_single_payments(shop: StripeLedgerShop) -> None:
    """What is paid for once, in any order and partly twice, ends as the model says."""
    wrong = []
    for seed in range(PAYMENTS):
        life = PaymentLife(seed, f"buyer-{seed}")
        shop.lookup.items |= life.items
        shop.at(life.now)
        shop.deliver(*life.shuffled())
        if shop.available(life.shopper) != life.available:
            wrong.append((seed, shop.available(life.shopper), life.available))
    assert wrong == []
