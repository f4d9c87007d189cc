"""A closed account leaves nothing to whoever has its id next."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from genvoris_flask.errors import GenvorisError, StoreUnavailableError
from tests.support.billing_shop import Death, Shop, is_change
from tests.support.fake_genvoris import Clock
from tests.support.stripe_payloads import T0, Stripe
from tests.support.stripe_shop import StripeShop, beginning


def customer(shop: Shop) -> dict[str, Any]:
    return shop.genvoris.customers["ada"]


def test_the_next_shopper_of_that_id_has_no_plan_and_nothing_used() -> None:
    """At Genvoris they are as somebody new."""
    shop = Shop()
    shop.billing.activate("ada", price_id="max", email="ada@example.com", event_id="o1")
    customer(shop)["metadata"] = {"size": "M"}
    closed = shop.billing.close_account("ada")
    assert closed is not None
    assert shop.standing == ("ACTIVE", None)
    assert (customer(shop)["email"], customer(shop)["metadata"]) == (None, None)
    assert shop.fills == 2, "a period of their own begins"
    assert shop.tokens.forgotten == ["ada"]


def test_with_a_plan_for_newcomers_the_next_shopper_has_that() -> None:
    """A paused account is as good as new too."""
    shop = Shop(default_plan="pln_free")
    shop.activate("o1")
    shop.billing.pause("ada", event_id="p1")
    shop.billing.close_account("ada")
    assert shop.standing == ("ACTIVE", "pln_free")


def test_an_account_that_genvoris_does_not_know_is_closed_too() -> None:
    """They never tried anything on."""
    shop = Shop()
    assert shop.billing.close_account("ada") is None
    assert shop.tokens.forgotten == ["ada"]
    assert shop.genvoris.customers == {}


def test_closing_twice_is_closing_once() -> None:
    """With an event id, even when somebody else has bought a plan under that id since."""
    shop = Shop()
    shop.activate("o1")
    for _ in range(2):
        shop.billing.close_account("ada", event_id="deleted-42")
    assert shop.fills == 2
    shop.billing.activate("ada", price_id="max", event_id="o2")
    shop.billing.close_account("ada", event_id="deleted-42")
    assert shop.standing == ("ACTIVE", "pln_max")


def test_old_events_change_nothing_for_the_next_shopper() -> None:
    """Those that were carried out, refused, or broke off before the account was closed."""
    shop = Shop()
    shop.activate("o1")
    shop.genvoris.before = lambda request: httpx.Response(403) if is_change(request) else None
    with pytest.raises(GenvorisError):
        shop.activate("o2", price_id="max")
    shop.genvoris.before = lambda request: httpx.Response(503) if is_change(request) else None
    with pytest.raises(GenvorisError):
        shop.activate("o3", price_id="max")
    shop.heal()
    shop.billing.close_account("ada")
    for event_id in ("o1", "o2", "o3"):
        shop.activate(event_id, price_id="max")
    assert (shop.standing, shop.fills) == (("ACTIVE", None), 2)
    shop.activate("o4")
    shop.billing.refund("ada", sale_id="o1", event_id="r1")
    assert shop.standing == ("ACTIVE", "pln_pro"), "the refund was of the one before"


def test_a_closing_that_broke_off_is_finished_by_the_next_call() -> None:
    """It dies after Genvoris has it; what comes next is the new shopper's."""
    shop = Shop()
    shop.activate("o1")

    def die(request: httpx.Request) -> None:
        if is_change(request):
            raise Death

    for when in ("before", "after"):
        setattr(shop.genvoris, when, die)
        with pytest.raises(Death):
            shop.billing.close_account("ada", event_id=f"d-{when}")
        shop.heal()
    shop.activate("o2")
    shop.billing.close_account("ada", event_id="d-after")
    assert shop.standing == ("ACTIVE", "pln_pro")


def test_without_the_store_nothing_is_closed() -> None:
    """Old events would not be known for old ones afterwards."""
    shop = Shop()
    shop.activate("o1")
    shop.store.away = True
    with pytest.raises(StoreUnavailableError):
        shop.billing.close_account("ada")
    assert shop.standing == ("ACTIVE", "pln_pro")


@pytest.mark.parametrize("basil", [True, False], ids=["basil", "acacia"])
def test_what_was_bought_by_stripe_gives_the_next_shopper_nothing(
    basil: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The old subscription continues at Stripe; the shop is told to cancel it."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe(basil, metadata={"genvoris_external_id": "ada"})
    single = Stripe(basil)
    shop.take_as_stripe_delivers(*beginning(old))
    shop.take(single.one_off(metadata={"genvoris_price_id": "max"}, at=40))
    shop.billing.close_account("ada")
    assert shop.standing == ("ACTIVE", None)
    shop.take(old.paid(month=1, at=2000), old.change(price="max", at=2010))
    shop.take(single.refunded(month=None), single.disputed(month=None))
    assert (shop.standing, shop.fills) == (("ACTIVE", None), 3)
    assert "cancel it there" in caplog.text
    assert "ada" not in caplog.text


def test_an_unseen_purchase_of_the_old_customer_counts_for_nobody() -> None:
    """Its event comes late, after the account was closed."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe()
    shop.take_as_stripe_delivers(*beginning(old))
    unseen = Stripe(born=900, metadata={"genvoris_external_id": "ada"})
    unseen.customer = old.customer
    shop.billing.close_account("ada")
    shop.take(unseen.change("created", price="max", at=900))
    assert shop.standing == ("ACTIVE", None)


def test_who_has_the_id_next_buys_as_anybody() -> None:
    """Also as the same Stripe customer, when the account is opened again."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe()
    shop.take_as_stripe_delivers(*beginning(old))
    shop.billing.close_account("ada")
    new = Stripe()
    shop.take_as_stripe_delivers(*beginning(new, "max"))
    assert shop.standing == ("ACTIVE", "pln_max")
    shop.take(old.change("deleted", status="canceled", at=1500))
    assert shop.standing == ("ACTIVE", "pln_max")
    back = Stripe(born=2000)
    back.customer = old.customer
    shop.take(new.change("deleted", price="max", status="canceled", at=1900))
    shop.take_as_stripe_delivers(*beginning(back, "pro", at=2000))
    assert shop.standing == ("ACTIVE", "pln_pro")
