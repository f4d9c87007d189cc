"""Whole lives of shoppers at Stripe, shuffled, doubled and broken off, against a plain model."""

from __future__ import annotations

import httpx
import pytest

from genvoris_flask.errors import GenvorisError
from tests.support.billing_shop import Death, is_change
from tests.support.stripe_life import Life
from tests.support.stripe_shop import StripeShop

LIVES = 80  # of each kind, or a part of them


def strike_at_random(shop: StripeShop, life: Life) -> None:
    """Let the process die now and then, at a record or around a call to Genvoris."""
    chance = life.random.choice([0.01, 0.05])

    def maybe_die(*_: object) -> None:
        if life.random.random() < chance:
            raise Death

    def at_change(request: httpx.Request) -> None:
        if is_change(request):
            maybe_die()

    shop.store.at_write = maybe_die
    shop.genvoris.before = shop.genvoris.after = at_change


def check(shop: StripeShop, life: Life) -> None:
    assert shop.standing in life.model.end()
    assert shop.fills <= life.model.sales, "no sale fills twice"
    if shop.standing[0] != "NONE":
        assert shop.fills >= 1
    shop.take(*life.events)
    assert shop.standing in life.model.end(), "a repeat changes nothing"


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_in_order(basil: bool, default_plan: str | None) -> None:
    """Lives end as the model says, with exactly its fills, when Stripe delivers in order."""
    for seed in range(LIVES // 5):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.take_as_stripe_delivers(*life.events)
        check(shop, life)


@pytest.mark.parametrize("default_plan", [None, "pln_free"])
@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_shuffled_and_repeated(basil: bool, default_plan: str | None) -> None:
    """Lives end as the model says in any order, and whatever is delivered twice."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, default_plan)
        shop = StripeShop(default_plan)
        shop.take_as_stripe_delivers(*life.deliveries())
        check(shop, life)


@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_with_deaths(basil: bool) -> None:
    """Lives end as the model says although processes die, and other events go before."""
    for seed in range(LIVES // 2):
        life = Life(seed, basil, None)
        shop = StripeShop()
        strike_at_random(shop, life)
        broken = []
        for event in [*life.deliveries(), *life.deliveries()]:
            try:
                shop.take(event)
            except (Death, GenvorisError):
                broken.append(event)
        shop.store.heal()
        shop.genvoris.heal()
        life.random.shuffle(broken)
        shop.take_as_stripe_delivers(*broken)
        check(shop, life)
