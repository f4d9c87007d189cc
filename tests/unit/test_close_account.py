"""A closed account leaves nothing to the next owner of its id."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from genvoris_flask.errors import GenvorisError, StoreUnavailableError
from tests.support.billing_shop import BillingShop, Killed, is_change
from tests.support.fake_genvoris import Clock
from tests.support.stripe_payloads import T0, Stripe
from tests.support.stripe_shop import StripeShop, start_events


def customer(shop: BillingShop) -> dict[str, Any]:
    return shop.genvoris.customers["ada"]


def test_like_a_new_shopper() -> None:
    """The next owner of the id has no plan, no metadata, and a full period."""
    shop = BillingShop()
    shop.billing.activate("ada", price_id="max", email="ada@example.com", event_id="o1")
    customer(shop)["metadata"] = {"size": "M"}
    closed = shop.billing.close_account("ada")
    assert closed is not None
    assert shop.account == ("ACTIVE", None)
    assert (customer(shop)["email"], customer(shop)["metadata"]) == (None, None)
    assert shop.fills == 2, "a new period starts"
    assert shop.tokens.forgotten == ["ada"]


def test_with_default_plan() -> None:
    """The next owner has the default plan, even if the account was paused."""
    shop = BillingShop(default_plan="pln_free")
    shop.activate("o1")
    shop.billing.pause("ada", event_id="p1")
    shop.billing.close_account("ada")
    assert shop.account == ("ACTIVE", "pln_free")


def test_unknown_shopper() -> None:
    """Closing the account of a shopper unknown to Genvoris drops the token only."""
    shop = BillingShop()
    assert shop.billing.close_account("ada") is None
    assert shop.tokens.forgotten == ["ada"]
    assert shop.genvoris.customers == {}


def test_repeat() -> None:
    """With an event id, a repeat does not touch what was bought under the id since."""
    shop = BillingShop()
    shop.activate("o1")
    for _ in range(2):
        shop.billing.close_account("ada", event_id="deleted-42")
    assert shop.fills == 2
    shop.billing.activate("ada", price_id="max", event_id="o2")
    shop.billing.close_account("ada", event_id="deleted-42")
    assert shop.account == ("ACTIVE", "pln_max")


def test_old_events() -> None:
    """Events from before, done, refused or interrupted, change nothing when repeated."""
    shop = BillingShop()
    shop.activate("o1")
    shop.genvoris.before = lambda request: httpx.Response(403) if is_change(request) else None
    with pytest.raises(GenvorisError):
        shop.activate("o2", price_id="max")
    shop.genvoris.before = lambda request: httpx.Response(503) if is_change(request) else None
    with pytest.raises(GenvorisError):
        shop.activate("o3", price_id="max")
    shop.clear_faults()
    shop.billing.close_account("ada")
    for event_id in ("o1", "o2", "o3"):
        shop.activate(event_id, price_id="max")
    assert (shop.account, shop.fills) == (("ACTIVE", None), 2)
    shop.activate("o4")
    shop.billing.refund("ada", sale_id="o1", event_id="r1")
    assert shop.account == ("ACTIVE", "pln_pro"), "the refund was for the former owner"


def test_interrupted_closing() -> None:
    """An interrupted closing is finished by the next call."""
    shop = BillingShop()
    shop.activate("o1")

    def die(request: httpx.Request) -> None:
        if is_change(request):
            raise Killed

    for when in ("before", "after"):
        setattr(shop.genvoris, when, die)
        with pytest.raises(Killed):
            shop.billing.close_account("ada", event_id=f"d-{when}")
        shop.clear_faults()
    shop.activate("o2")
    shop.billing.close_account("ada", event_id="d-after")
    assert shop.account == ("ACTIVE", "pln_pro")


def test_store_unavailable() -> None:
    """Without the store nothing is closed, since old events could not be recognised."""
    shop = BillingShop()
    shop.activate("o1")
    shop.store.is_away = True
    with pytest.raises(StoreUnavailableError):
        shop.billing.close_account("ada")
    assert shop.account == ("ACTIVE", "pln_pro")


@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_stripe_purchases(basil: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Purchases by Stripe give no plan any more, and a running subscription is logged."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe(basil, metadata={"genvoris_external_id": "ada"})
    single = Stripe(basil)
    shop.deliver(*start_events(old))
    shop.apply(single.one_off(metadata={"genvoris_price_id": "max"}, at=40))
    shop.billing.close_account("ada")
    assert shop.account == ("ACTIVE", None)
    shop.apply(old.paid(month=1, at=2000), old.change(price="max", at=2010))
    shop.apply(single.refunded(month=None), single.disputed(month=None))
    assert (shop.account, shop.fills) == (("ACTIVE", None), 3)
    assert "cancel it there" in caplog.text
    assert "ada" not in caplog.text


def test_late_stripe_purchase() -> None:
    """A purchase whose event comes after the closing gives no plan."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe()
    shop.deliver(*start_events(old))
    unseen = Stripe(born=900, metadata={"genvoris_external_id": "ada"})
    unseen.customer = old.customer
    shop.billing.close_account("ada")
    shop.apply(unseen.change("created", price="max", at=900))
    assert shop.account == ("ACTIVE", None)


def test_next_purchases() -> None:
    """The next owner can buy, even as the same Stripe customer."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe()
    shop.deliver(*start_events(old))
    shop.billing.close_account("ada")
    new = Stripe()
    shop.deliver(*start_events(new, "max"))
    assert shop.account == ("ACTIVE", "pln_max")
    shop.apply(old.change("deleted", status="canceled", at=1500))
    assert shop.account == ("ACTIVE", "pln_max")
    back = Stripe(born=2000)
    back.customer = old.customer
    shop.apply(new.change("deleted", price="max", status="canceled", at=1900))
    shop.deliver(*start_events(back, "pro", at=2000))
    assert shop.account == ("ACTIVE", "pln_pro")
