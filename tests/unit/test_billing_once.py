"""An event of the billing system fills the quota once, whatever fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvoris_flask.core.billing.service import Billing
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import (
    ForbiddenError,
    GenvorisError,
    LockTimeoutError,
    ServerError,
    StoreUnavailableError,
    UnreachableError,
)
from tests.support.billing_shop import BillingShop, FakeTokens, Fault, FaultyStore, Killed
from tests.support.fake_genvoris import Clock
from tests.support.quota_server import QuotaServer


@pytest.fixture
def shop() -> BillingShop:
    return BillingShop()


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.REFUSED])
def test_interrupted_sale(shop: BillingShop, fault: Fault) -> None:
    """A sale that was interrupted anywhere is completed by the next delivery, once."""
    shop.inject(fault)
    with pytest.raises((Killed, UnreachableError, ServerError)):
        shop.activate()
    assert (shop.linked, shop.tokens.replaced) == ([], [])
    shop.clear_faults()
    for deliveries in (1, 2):
        shop.activate()
        assert shop.fills == 1
        assert shop.linked == [("ada", "ec_ada")] * deliveries
        assert shop.tokens.replaced == ["ada"] * deliveries


def test_lost_answer(shop: BillingShop) -> None:
    """A renewal whose answer was lost is not made twice."""
    shop.activate()
    shop.inject(Fault.LOST_ANSWER)
    with pytest.raises(UnreachableError):
        shop.billing.renew("ada", event_id="in_1")
    shop.clear_faults()
    shop.billing.renew("ada", event_id="in_1")
    assert shop.fills == 2


def test_lost_request_of_another_plan(shop: BillingShop) -> None:
    """A sale that never arrived is repeated, although a new period has begun since."""
    shop.activate()
    shop.inject(Fault.KILLED_BEFORE)
    with pytest.raises(Killed):
        shop.billing.activate("ada", price_id="max", event_id="e2")
    shop.clear_faults()
    shop.genvoris.fill(shop.genvoris.customers["ada"])
    shop.billing.activate("ada", price_id="max", event_id="e2")
    assert shop.account == ("ACTIVE", "pln_max")


def test_refused_sale_after_new_period(shop: BillingShop) -> None:
    """A refused sale had no effect, so a period that began since does not count as its."""
    shop.activate()
    shop.inject(Fault.REFUSED)
    with pytest.raises(ForbiddenError):
        shop.activate("e2")
    shop.clear_faults()
    shop.genvoris.fill(shop.genvoris.customers["ada"])  # the month ends meanwhile
    shop.activate("e2")
    assert shop.fills == 3


def test_store_unavailable(shop: BillingShop) -> None:
    """Without the store nothing is sent, and the error asks for another delivery."""
    shop.store.is_away = True
    for call in (shop.billing.pause, shop.billing.renew, shop.billing.refund):
        with pytest.raises(StoreUnavailableError, match="delivers it again"):
            call("ada", event_id="e1")
    assert shop.genvoris.calls == []


def test_store_lost_after_call(
    shop: BillingShop,
) -> None:
    """A store that fails after the request is an error, and nothing happens twice."""

    def lose_store(_key: str, value: bytes) -> None:
        if b"done_for" in value:
            raise StoreUnavailableError("Redis does not answer.")

    shop.store.at_write = lose_store
    with pytest.raises(StoreUnavailableError, match="delivers it again"):
        shop.activate()
    shop.store.at_write = lambda _key, _value: None
    shop.activate()
    assert shop.fills == 1


def test_refund_after_death_between_records(shop: BillingShop) -> None:
    """A refund finds its sale even if the process died before the ledger was written."""

    def kill_at_ledger(_key: str, value: bytes) -> None:
        if b'"sale": "e2"' in value:
            raise Killed

    shop.activate("e1")
    shop.store.at_write = kill_at_ledger
    with pytest.raises(Killed):
        shop.activate("e2")
    shop.store.at_write = lambda _key, _value: None
    shop.activate("e2")
    assert shop.fills == 2
    shop.billing.refund("ada", sale_id="e2", event_id="r1")
    assert shop.genvoris.customers["ada"]["planId"] is None


def test_records_last_35_days() -> None:
    """An event happens once, until 35 days after its last delivery."""
    clock = Clock()
    genvoris = QuotaServer("pro")
    billing = Billing(genvoris.client, MemoryStore(clock), FakeTokens(), lambda *_: None)
    for _ in range(4):
        billing.activate("ada", price_id="pro", event_id="e1")
        clock.now += 34 * 24 * 3600
    assert genvoris.fills["ada"] == 1


@pytest.mark.parametrize("wrong", [7, ""])
def test_invalid_event_id(shop: BillingShop, wrong: Any) -> None:
    """An event id that is not a string, or is empty, is rejected before anything is sent."""
    for call in (shop.activate, lambda event_id: shop.billing.pause("ada", event_id=event_id)):
        with pytest.raises(ValueError, match=r"event_id must be a .* str\(order.id\)"):
            call(wrong)
    with pytest.raises(ValueError, match="sale_id must be a non-empty string"):
        shop.billing.refund("ada", sale_id=wrong, event_id="r1")
    assert not shop.genvoris.fills


def test_no_event_id(shop: BillingShop) -> None:
    """Without an event id the store is not used."""
    shop.store.is_away = True
    shop.billing.activate("ada", price_id="pro")
    shop.billing.pause("ada")
    assert shop.genvoris.customers["ada"]["status"] == "PAUSED"


def test_lock_timeout(shop: BillingShop) -> None:
    """A delivery that waits too long for another one asks for another delivery."""

    class Held(FaultyStore):
        def lock(self, name: str, *, wait: float, hold: float) -> Any:
            return super().lock(name, wait=0.01, hold=hold)

    store = Held()
    billing = Billing(shop.genvoris.client, store, shop.tokens, lambda *_: None)
    with (
        store.lock("billing:ada", wait=0, hold=1),
        pytest.raises(LockTimeoutError, match="delivers this one again"),
    ):
        billing.pause("ada", event_id="e")
    assert shop.genvoris.calls == []


def test_tokens(
    shop: BillingShop,
) -> None:
    """Pausing and cancelling drop the token; buying and resuming mint a new one."""
    shop.activate()
    shop.billing.pause("ada", event_id="p")
    shop.billing.resume("ada", event_id="r")
    shop.billing.cancel("ada", event_id="c")
    assert shop.tokens.replaced == ["ada", "ada"]
    assert shop.tokens.forgotten == ["ada", "ada"]


def test_sale_is_one_change(shop: BillingShop) -> None:
    """A sale that leaves the shopper active needs one change at Genvoris."""
    shop.activate()
    assert [call for call in shop.genvoris.calls if not call.startswith("GET")] == [
        "POST /customers"
    ]


def test_sale_ends_pause(shop: BillingShop) -> None:
    """A shopper whom a sale leaves paused at Genvoris is made active."""
    shop.genvoris.sold_as = "PAUSED"
    shop.activate()
    assert shop.genvoris.customers["ada"]["status"] == "ACTIVE"
    assert shop.fills == 1


FAULTS = [None, *Fault]


def deliver(shop: BillingShop, fault: Fault | None, call: Callable[[], object]) -> bool:
    """Deliver an event under a fault; return whether it succeeded."""
    shop.inject(fault)
    try:
        call()
    except (GenvorisError, Killed):
        return False
    return True


sale_deliveries = st.lists(
    st.tuples(st.sampled_from(["e1", "e2", "e3"]), st.sampled_from(FAULTS)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(sale_deliveries)
def test_each_sale_fills_once(deliveries: list[tuple[str, Fault | None]]) -> None:
    """A sale fills the quota once if it is delivered until it succeeds."""
    shop = BillingShop()
    for event_id in ("e1", "e2", "e3"):
        # One event at a time: its own deliveries, then the one that succeeds.
        for each, fault in deliveries:
            if each == event_id:
                deliver(shop, fault, partial(shop.activate, event_id))
        assert deliver(shop, None, partial(shop.activate, event_id))
    for event_id, fault in deliveries:
        deliver(shop, fault, partial(shop.activate, event_id))
    assert shop.fills == 3


@settings(max_examples=60, deadline=None)
@given(sale_deliveries)
def test_interleaved_sales_fill_once(deliveries: list[tuple[str, Fault | None]]) -> None:
    """Three sales fill the quota three times, however their deliveries interleave and fail."""
    shop, succeeded = BillingShop(), set()
    for event_id, fault in [*deliveries, ("e1", None), ("e2", None), ("e3", None)]:
        if deliver(shop, fault, partial(shop.activate, event_id)):
            succeeded.add(event_id)
        assert len(succeeded) <= shop.fills <= 3, "no sale that succeeded is lost"
    assert shop.fills == 3
