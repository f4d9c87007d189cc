"""What becomes of a shopper's token when something was sold to them."""

from __future__ import annotations

import httpx

from genvoris_flask.core.sessions.shopper import Shopper
from tests.support.waiting import until
from tests.unit.test_broker import ADA, Shop


def mints(shop: Shop) -> int:
    return sum(call.endswith("/sessions") for call in shop.genvoris.calls)


def test_who_had_a_token_gets_a_new_one_without_asking_and_the_old_one_is_revoked() -> None:
    shop = Shop()
    old = shop.session()
    shop.broker.replace(ADA)
    until(lambda: shop.broker.remembered(ADA) is not None)
    new = shop.broker.remembered(ADA)
    assert new is not None
    assert new.token != old.token
    assert f"DELETE /customers/ec_ada/sessions/{old.jti}" in shop.genvoris.calls


def test_who_is_not_here_costs_no_mint() -> None:
    shop = Shop()
    shop.session()
    shop.broker.replace(Shopper("bea"))
    shop.broker.replace(ADA)  # waits its turn behind the one before
    until(lambda: mints(shop) == 2)
    assert not any("bea" in call for call in shop.genvoris.calls)


def test_while_genvoris_is_away_the_token_is_dropped_all_the_same() -> None:
    shop = Shop()
    shop.session()
    shop.genvoris.fault = lambda: httpx.Response(401, json={"error": "invalid_key"})
    shop.broker.replace(ADA)
    until(lambda: len(shop.genvoris.calls) >= 2)
    assert shop.broker.remembered(ADA) is None
