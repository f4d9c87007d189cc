"""Whole lives of shoppers at Stripe, shuffled, repeated and interrupted, against a model."""

from __future__ import annotations

import httpx
import pytest

from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import Killed, is_change
from tests.support.stripe_life import Life
from tests.support.stripe_shop import StripeShop

pytestmark = pytest.mark.thorough

LIVES = 40  # of each kind, or a fraction of them


def kill_at_random(shop: StripeShop, life: Life) -> None:
    """Kill the process now and then, at a record or around a request to Genvoris."""
    chance = life.random.choice([0.01, 0.05])

    def maybe_die(*_: object) -> None:
        if life.random.random() < chance:
            raise Killed

    def at_change(request: httpx.Request) -> None:
        if is_change(request):
            maybe_die()

    shop.store.at_write = maybe_die
    shop.genvoris.before = shop.genvoris.after = at_change


def check(shop: StripeShop, life: Life) -> None:
    """Assert that the shopper has what the model says, and that a repeat changes nothing."""
    assert shop.account in life.model.end()
    fills = shop.fills
    assert fills <= life.model.sales, "no sale fills twice"
    assert fills >= (shop.account[0] != "NONE"), "a known shopper has had a quota"
    shop.apply(*life.events)
    assert shop.account in life.model.end()
    assert shop.fills == fills, "no sale was left unfilled"


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_in_order(basil: bool, default_plan: str | None) -> None:
    """Lives end as the model says, with exactly its fills, when Stripe delivers in order."""
    for seed in range(LIVES // 5):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.deliver(*life.events)
        assert shop.fills == life.model.fills
        check(shop, life)


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_shuffled_and_repeated(basil: bool, default_plan: str | None) -> None:
    """Lives end as the model says in any order, and whatever is delivered twice."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.deliver(*life.deliveries())
        check(shop, life)


@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_with_deaths(basil: bool) -> None:
    """Lives end as the model says although processes die, and other events go before."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, None)
        shop = StripeShop()
        kill_at_random(shop, life)
        broken = []
        for event in [*life.deliveries(), *life.deliveries()]:
            try:
                shop.apply(event)
            except (Killed, GenvorisError):
                broken.append(event)
        shop.store.clear_faults()
        shop.genvoris.clear_faults()
        life.random.shuffle(broken)
        shop.deliver(*broken)
        check(shop, life)
