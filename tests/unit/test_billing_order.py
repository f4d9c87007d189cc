"""Events of the billing system keep the order in which they were first delivered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvoris_flask.core.billing.service import Billing
from genvoris_flask.errors import ForbiddenError, GenvorisError, NotFoundError, UnknownPriceError
from tests.support.billing_shop import BillingShop, Fault, Killed, is_change

pytestmark = pytest.mark.thorough

Call = Callable[[Billing], object]


@dataclass(frozen=True)
class Scenario:
    """Two events of one shopper, who has bought the plan ``pro`` before.

    Attributes:
        first: The older event.
        then: The newer one.
        end: Status and plan after both.
        fills: How often the quota is filled in all.
    """

    first: Call
    then: Call
    end: tuple[str, str | None]
    fills: int
    before: Call = lambda _billing: None


def sale(price: str, event_id: str) -> Call:
    return lambda billing: billing.activate("ada", price_id=price, event_id=event_id)


def move(price: str, event_id: str) -> Call:
    return lambda billing: billing.change_plan("ada", price_id=price, event_id=event_id)


def pause(billing: Billing) -> object:
    return billing.pause("ada", event_id="p")


def resume(billing: Billing) -> object:
    return billing.resume("ada", event_id="r")


def cancel(billing: Billing) -> object:
    return billing.cancel("ada", event_id="c")


def refund(billing: Billing) -> object:
    return billing.refund("ada", sale_id="o0", event_id="f")


def renew(billing: Billing) -> object:
    return billing.renew("ada", price_id="max", event_id="in_1")


SCENARIOS = {
    "pause, resume": Scenario(pause, resume, ("ACTIVE", "pln_pro"), 1),
    "resume, pause": Scenario(resume, pause, ("PAUSED", "pln_pro"), 1, before=cancel),
    "cancel, buy": Scenario(cancel, sale("pro", "o1"), ("ACTIVE", "pln_pro"), 2),
    "buy, cancel": Scenario(sale("max", "o1"), cancel, ("CANCELLED", "pln_max"), 2),
    "buy, pause": Scenario(sale("max", "o1"), pause, ("PAUSED", "pln_max"), 2),
    "refund, buy": Scenario(refund, sale("pro", "o1"), ("ACTIVE", "pln_pro"), 2),
    "buy, refund of what was before": Scenario(sale("max", "o1"), refund, ("ACTIVE", "pln_max"), 2),
    "move, move back": Scenario(move("max", "m1"), move("pro", "m2"), ("ACTIVE", "pln_pro"), 1),
    "move, pause": Scenario(move("max", "m1"), pause, ("PAUSED", "pln_max"), 1),
    "buy, move back": Scenario(sale("max", "o1"), move("pro", "m"), ("ACTIVE", "pln_pro"), 2),
    "buy, buy": Scenario(sale("max", "o1"), sale("pro", "o2"), ("ACTIVE", "pln_pro"), 3),
    "renew, buy": Scenario(renew, sale("pro", "o1"), ("ACTIVE", "pln_pro"), 3),
    "renew, move back": Scenario(renew, move("pro", "m"), ("ACTIVE", "pln_pro"), 2),
}


def shop_for(scenario: Scenario) -> BillingShop:
    shop = BillingShop()
    shop.activate("o0")
    scenario.before(shop.billing)
    return shop


FAULTS = [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_ANSWER, Fault.SERVER_ERROR]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_interrupted_event(name: str, fault: Fault) -> None:
    """An interrupted event that is delivered again does not undo a newer one."""
    scenario = SCENARIOS[name]
    shop = shop_for(scenario)
    shop.inject(fault)
    with pytest.raises((GenvorisError, Killed)):
        scenario.first(shop.billing)
    shop.clear_faults()
    scenario.then(shop.billing)
    assert shop.account == scenario.end
    for again in (scenario.first, scenario.then, scenario.first):
        again(shop.billing)
    assert (shop.account, shop.fills) == (scenario.end, scenario.fills)


def writes(scenario: Scenario) -> int:
    """Count what the older event writes down."""
    shop, count = shop_for(scenario), [0]

    def tick(_key: str, _value: bytes) -> None:
        count[0] += 1

    shop.store.at_write = tick
    scenario.first(shop.billing)
    return count[0]


@pytest.mark.parametrize("name", SCENARIOS)
def test_death_at_any_record(name: str) -> None:
    """A process may die at any record; one that dies before the first has received nothing."""
    scenario = SCENARIOS[name]
    for last in range(2, writes(scenario) + 1):
        shop, left = shop_for(scenario), [last]

        def die(_key: str, _value: bytes, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        shop.store.at_write = die
        with pytest.raises(Killed):
            scenario.first(shop.billing)
        shop.clear_faults()
        for each in (scenario.then, scenario.first, scenario.then):
            each(shop.billing)
        assert (shop.account, shop.fills) == (scenario.end, scenario.fills), f"record {last}"


@pytest.mark.parametrize("refusal", ["plan_not_found", "rate_limited"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_refused_event(name: str, refusal: str) -> None:
    """A refused event that is delivered again takes effect where nothing newer did."""
    scenario = SCENARIOS[name]
    shop = shop_for(scenario)
    answer = httpx.Response(
        403 if refusal == "plan_not_found" else 429, json={"error": refusal, "detail": "No."}
    )
    shop.genvoris.before = lambda request: answer if is_change(request) else None
    with pytest.raises(GenvorisError):
        scenario.first(shop.billing)
    shop.clear_faults()
    scenario.then(shop.billing)
    for again in (scenario.first, scenario.then, scenario.first):
        again(shop.billing)
    assert shop.account == scenario.end
    assert shop.fills <= scenario.fills


def test_late_plan() -> None:
    """A sale whose plan is created later does not replace a newer sale."""
    shop = BillingShop()
    late = sale("gold", "o1")
    with pytest.raises(UnknownPriceError):
        late(shop.billing)
    shop.activate("o2")
    shop.genvoris.plans[1]["externalPriceId"] = "gold"
    late(shop.billing)
    assert shop.account == ("ACTIVE", "pln_pro")
    assert shop.fills == 2, "its quota was paid for"


def test_repeat_without_plan() -> None:
    """A repeat needs no plan: the event was carried out already."""
    shop = BillingShop()
    shop.activate("o1")
    shop.genvoris.plans[0]["externalPriceId"] = "another"
    shop.activate("o1")
    assert shop.fills == 1


def test_cancellation_before_sale() -> None:
    """A cancellation that Genvoris answered 404 does not end a later purchase."""
    shop = BillingShop()
    with pytest.raises(NotFoundError):
        cancel(shop.billing)
    shop.activate("o1")
    cancel(shop.billing)
    assert shop.account == ("ACTIVE", "pln_pro")


def test_permanent_refusal() -> None:
    """An interrupted event that Genvoris now refuses does not block newer events."""
    shop = shop_for(SCENARIOS["pause, resume"])
    shop.inject(Fault.LOST_ANSWER)
    with pytest.raises(GenvorisError):
        move("max", "m")(shop.billing)
    shop.clear_faults()
    refused = httpx.Response(403, json={"error": "plan_not_found", "detail": "No."})
    shop.genvoris.before = lambda request: (
        refused if is_change(request) and b"pln_max" in request.content else None
    )
    shop.activate("o1")
    assert shop.account == ("ACTIVE", "pln_pro")
    move("max", "m")(shop.billing)
    assert shop.account == ("ACTIVE", "pln_pro")


def test_temporary_failure() -> None:
    """An interrupted event that cannot be finished yet blocks newer ones, to keep their order."""
    shop = shop_for(SCENARIOS["pause, resume"])
    shop.inject(Fault.KILLED_BEFORE)
    with pytest.raises(Killed):
        pause(shop.billing)
    shop.clear_faults()
    shop.genvoris.before = lambda request: (
        httpx.Response(429, json={"error": "rate_limited"}) if is_change(request) else None
    )
    with pytest.raises(GenvorisError):
        move("max", "m")(shop.billing)
    shop.clear_faults()
    move("max", "m")(shop.billing)
    assert shop.account == ("PAUSED", "pln_max")


def test_shoppers_are_independent() -> None:
    """An interrupted event is finished by the same shopper's next event only."""
    shop = shop_for(SCENARIOS["pause, resume"])
    shop.inject(Fault.KILLED_BEFORE)
    with pytest.raises(Killed):
        pause(shop.billing)
    shop.clear_faults()
    shop.billing.activate("bea", price_id="pro", event_id="o9")
    assert shop.account == ("ACTIVE", "pln_pro")
    shop.genvoris.before = lambda request: (
        httpx.Response(403, json={"error": "plan_not_found"}) if is_change(request) else None
    )
    with pytest.raises(ForbiddenError):
        sale("max", "o8")(shop.billing)


CALLS: list[tuple[str, Call]] = [
    ("pause", pause),
    ("resume", resume),
    ("cancel", cancel),
    ("buy pro", sale("pro", "o1")),
    ("buy max", sale("max", "o2")),
    ("move", move("max", "m1")),
    ("move back", move("pro", "m2")),
    ("renew", renew),
]


@settings(max_examples=60, deadline=None)
@given(st.permutations(CALLS), st.data())
def test_any_interruptions(calls: list[tuple[str, Call]], data: st.DataObject) -> None:
    """Events end as if each had been carried out at its first delivery, whatever fails."""
    faults = data.draw(st.lists(st.sampled_from((None, *FAULTS)), min_size=8, max_size=8))
    broken, whole = BillingShop(), BillingShop()
    for shop in (broken, whole):
        shop.activate("o0")
    for (_name, call), fault in zip(calls, faults, strict=True):
        call(whole.billing)
        broken.inject(fault)
        try:
            call(broken.billing)
        except (GenvorisError, Killed):
            assert fault is not None
        broken.clear_faults()
    again = data.draw(st.lists(st.sampled_from(calls), max_size=8))
    for _name, call in [*calls, *again]:
        call(broken.billing)
    assert broken.account == whole.account
