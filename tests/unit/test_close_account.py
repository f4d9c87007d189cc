"""A closed account leaves nothing to the next owner of its id."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from genvoris_flask.core.ledger.allowances import Policy
from genvoris_flask.core.ledger.schema import records
from genvoris_flask.errors import GenvorisError, StoreUnavailableError
from tests.support.billing_shop import BillingShop, Killed, is_change
from tests.support.fake_genvoris import Clock
from tests.support.stripe_ledger import StripeLedgerShop
from tests.support.stripe_payloads import MONTH, T0, Stripe
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


def named_by(shop: StripeShop, keys: set[str]) -> set[str]:
    """Return the keys, out of some, whose records name Ada."""
    found = {key: shop.store.get(key) or b"" for key in keys}
    return {key for key, value in found.items() if re.search(rb"\bada\b", value)}


@pytest.mark.parametrize("metadata", [{}, {"genvoris_external_id": "ada"}], ids=["plain", "named"])
def test_stripe_records(metadata: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """They forget whose purchases these were, also when further events of Stripe's come."""
    clock, keys = Clock(), set[str]()
    clock.now = T0 + 1000.0
    shop, old, single = StripeShop(clock=clock), Stripe(metadata=metadata), Stripe()
    shop.store.at_write = lambda key, _value: keys.add(key)
    shop.deliver(*start_events(old))
    shop.apply(single.one_off(metadata={"genvoris_price_id": "max"}, at=40))
    assert named_by(shop, keys)
    shop.billing.close_account("ada")
    assert named_by(shop, keys) == set()
    shop.apply(old.paid(month=1, at=2000), old.change(price="max", at=2010))
    shop.apply(old.refunded(), single.refunded(month=None), single.disputed(month=None))
    shop.apply(old.change("deleted", price="max", status="canceled", at=2020))
    assert named_by(shop, keys) == set()
    assert (shop.account, shop.fills) == (("ACTIVE", None), 3)
    assert "cancel it there" in caplog.text


def test_customer_who_bought_something_else() -> None:
    """Nor do they name whoever has paid by Stripe for other things only."""
    shop, keys, single = StripeShop(), set[str](), Stripe()
    shop.store.at_write = lambda key, _value: keys.add(key)
    shop.lookup.prices = ["shoes"]
    shop.apply(single.one_off())
    assert named_by(shop, keys)
    shop.billing.close_account("ada")
    assert named_by(shop, keys) == set()


def test_overdue_subscription() -> None:
    """Of an overdue subscription, too, and nothing is paused when its days of grace end."""
    clock, keys = Clock(), set[str]()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe()
    shop.store.at_write = lambda key, _value: keys.add(key)
    shop.deliver(*start_events(old), old.change(status="past_due", at=100))
    assert "stripe:overdue" in named_by(shop, keys)
    shop.billing.close_account("ada")
    assert named_by(shop, keys) == set()
    clock.now += 60 * 24 * 3600.0
    assert shop.events.end_grace() == 0


def test_moved_subscription() -> None:
    """A subscription that was moved to another shopper is theirs, whoever closes their account."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, stripe = StripeShop(clock=clock), Stripe(metadata={"genvoris_external_id": "ada"})
    shop.deliver(*start_events(stripe))
    shop.billing.close_account("ada")
    stripe.metadata = {"genvoris_external_id": "bob"}
    shop.deliver(stripe.change(at=1010))
    assert shop.genvoris.customers["bob"]["planId"] == "pln_pro"
    shop.billing.close_account("ada")
    shop.deliver(stripe.paid(month=1, at=2000))
    assert shop.genvoris.fills["bob"] == 2


@pytest.mark.parametrize("metadata", [{}, {"genvoris_external_id": "ada"}], ids=["plain", "named"])
def test_records_of_a_ledger(metadata: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """The ledger's records of Stripe forget it as well, and the log says what continues."""
    shop, old, single = StripeLedgerShop(), Stripe(metadata=metadata), Stripe()

    def named() -> list[str]:
        with shop.fixture.database.engine.connect() as connection:
            rows = connection.execute(select(records.c.key, records.c.value)).all()
        return [row.key for row in rows if re.search(r"\bada\b", row.value)]

    shop.lookup.prices = ["shoes"]
    shop.deliver(*start_events(old), single.bought(), Stripe().one_off())
    assert named()
    shop.ledger.close("ada")
    assert named() == []
    shop.deliver(old.paid(month=1, at=2000), old.change(price="max", at=2010), single.refunded())
    assert (named(), shop.available()) == ([], 0)
    assert f"{old.subscription} continues at Stripe" in caplog.text


def move_to_bob(shop: StripeShop) -> Stripe:
    """Let Ada buy a subscription, and move it to Bob."""
    stripe = Stripe(metadata={"genvoris_external_id": "ada"})
    shop.deliver(*start_events(stripe))
    stripe.metadata = {"genvoris_external_id": "bob"}
    shop.deliver(stripe.change(at=1010))
    return stripe


def test_closed_after_moving() -> None:
    """A subscription that was moved gives its former owner no plan once the new one is gone."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop = StripeShop(clock=clock)
    move_to_bob(shop)
    shop.billing.close_account("bob")
    shop.deliver(*start_events(Stripe(), "free", at=1020))
    assert shop.account == ("ACTIVE", "pln_free")


def test_customer_of_a_moved_subscription() -> None:
    """Its customer stays the new owner's when the former owner's account is closed."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, single = StripeShop(clock=clock), Stripe()
    single.customer = move_to_bob(shop).customer
    shop.billing.close_account("ada")
    shop.apply(single.one_off(reference=None, metadata={"genvoris_price_id": "max"}, at=1100))
    assert shop.genvoris.customers["bob"]["planId"] == "pln_max"


def test_name_from_before_the_closing() -> None:
    """An invoice of before the move does not bring the subscription back to its first owner."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, stripe = StripeShop(clock=clock), Stripe(metadata={"genvoris_external_id": "ada"})
    late = stripe.paid(month=1, at=2000)
    shop.deliver(*start_events(stripe))
    stripe.metadata = {"genvoris_external_id": "bob"}
    shop.deliver(stripe.change(at=1010))
    shop.billing.close_account("bob")
    shop.deliver(late)
    assert (shop.account, shop.fills) == (("ACTIVE", None), 1)


@pytest.mark.parametrize("closed_at", [MONTH - 10, MONTH + 10], ids=["during", "after"])
@pytest.mark.parametrize("rolls_over", [False, True], ids=["lapses", "rolls over"])
def test_moved_with_a_ledger(rolls_over: bool, closed_at: int) -> None:
    """It gives the new owner each further period, and nothing of what the former one had."""
    shop = StripeLedgerShop(Policy(rolls_over=rolls_over))
    stripe = Stripe(metadata={"genvoris_external_id": "ada"})
    shop.deliver(*start_events(stripe))
    shop.at(closed_at)
    shop.ledger.close("ada")
    stripe.metadata = {"genvoris_external_id": "bob"}
    shop.deliver(stripe.change(at=closed_at + 1))
    assert (shop.available("ada"), shop.available("bob")) == (0, 0)
    shop.at(MONTH + 20)
    shop.deliver(stripe.paid(month=1, at=MONTH + 15))
    assert (shop.available("ada"), shop.available("bob")) == (0, 5)


def test_overdue_after_closing() -> None:
    """A subscription that becomes overdue after the closing names nobody."""
    clock, keys = Clock(), set[str]()
    clock.now = T0 + 1000.0
    shop, old = StripeShop(clock=clock), Stripe(metadata={"genvoris_external_id": "ada"})
    shop.store.at_write = lambda key, _value: keys.add(key)
    shop.deliver(*start_events(old))
    shop.billing.close_account("ada")
    shop.apply(old.change(status="past_due", at=2000))
    assert named_by(shop, keys) == set()


def test_customer_with_another_account() -> None:
    """What continues gives nothing to another shopper who buys as the same Stripe customer."""
    clock = Clock()
    clock.now = T0 + 1000.0
    shop, old, single = StripeShop(clock=clock), Stripe(), Stripe()
    shop.deliver(*start_events(old, "max"))
    shop.billing.close_account("ada")
    single.customer = old.customer
    named = {"genvoris_external_id": "bob", "genvoris_price_id": "pro"}
    shop.deliver(single.one_off(metadata=named, at=1100))
    shop.deliver(old.paid(month=1, price="max", at=2000))
    assert shop.genvoris.customers["bob"]["planId"] == "pln_pro"
