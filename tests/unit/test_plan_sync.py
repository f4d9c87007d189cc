"""From any list of plans at Genvoris to the declared one, and no further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.api.models import Plan
from genvoris_flask.core.billing.plan_sync import PlanChange, plan_changes
from genvoris_flask.core.billing.plans import DeclaredPlan

PRO = DeclaredPlan("Pro", 100, "price_pro")
FREE = DeclaredPlan("Free", 3)

names = st.sampled_from(["Free", "Pro", "Atelier", "Extra"])
prices = st.none() | st.sampled_from(["price_1", "price_2", "price_3"])
quotas = st.sampled_from([1, 100, 1_000_000])
declared_lists = st.lists(
    st.builds(DeclaredPlan, names, quotas, prices),
    # A price id of None may be there many times, so the plan itself stands for it.
    unique_by=(lambda plan: plan.name, lambda plan: plan.external_price_id or plan),
)
existing_lists = st.lists(st.tuples(names, quotas, prices, st.booleans()), max_size=8)


def plan(
    number: int, name: str = "Pro", quota: int = 100, price: str | None = None, active: bool = True
) -> Plan:
    return Plan(f"pln_{number}", name, quota, price, active, None, None)


def applied(plans: Iterable[Plan], changes: Iterable[PlanChange]) -> list[Plan]:
    """Do to a list of plans what Genvoris would."""
    by_id = {each.id: each for each in plans}
    for change in changes:
        if change.action == "create":
            made = plan(1000 + len(by_id))
            by_id[made.id] = replace(made, **change.after)
        elif change.action == "change":
            by_id[str(change.plan_id)] = replace(by_id[str(change.plan_id)], **change.after)
        else:
            by_id[str(change.plan_id)] = replace(by_id[str(change.plan_id)], active=False)
    return list(by_id.values())


def sold(plans: Iterable[Plan]) -> set[DeclaredPlan]:
    return {
        DeclaredPlan(each.name, each.monthly_try_ons or 0, each.external_price_id)
        for each in plans
        if each.active
    }


@given(declared_lists, existing_lists)
def test_from_any_list_it_reaches_the_declared_one_and_then_does_nothing(
    declared: list[DeclaredPlan], rows: list[tuple[str, int, str | None, bool]]
) -> None:
    existing = [plan(number, *row) for number, row in enumerate(rows)]
    after = applied(existing, plan_changes(declared, existing))
    assert sold(after) == set(declared)
    assert sum(each.active for each in after) == len(declared)
    assert plan_changes(declared, after) == []


@given(declared_lists, existing_lists, st.integers(0, 12))
def test_broken_off_anywhere_the_next_run_still_gets_there(
    declared: list[DeclaredPlan], rows: list[tuple[str, int, str | None, bool]], done: int
) -> None:
    existing = [plan(number, *row) for number, row in enumerate(rows)]
    halfway = applied(existing, plan_changes(declared, existing)[:done])
    after = applied(halfway, plan_changes(declared, halfway))
    assert sold(after) == set(declared)


def test_a_plan_is_matched_by_its_price_before_its_name() -> None:
    existing = [plan(1, "Pro"), plan(2, "Old", price="price_pro")]
    assert plan_changes([PRO], existing) == [
        PlanChange("change", "Pro", "pln_2", {"name": "Old"}, {"name": "Pro"}),
        PlanChange("disable", "Pro", "pln_1"),
    ]


def test_a_new_price_moves_to_the_plan_of_that_name_so_that_its_shoppers_keep_it() -> None:
    [change] = plan_changes([PRO], [plan(1, price="price_old")])
    assert change.before == {"external_price_id": "price_old"}
    assert change.after == {"external_price_id": "price_pro"}


def test_a_disabled_plan_is_sold_again_rather_than_made_twice() -> None:
    [change] = plan_changes([PRO], [plan(1, price="price_pro", active=False)])
    assert (change.action, change.plan_id, change.after) == ("change", "pln_1", {"active": True})


def test_of_two_with_the_same_price_the_active_one_is_kept_and_the_other_stays_away() -> None:
    twins = [plan(1, price="price_pro", active=False), plan(2, price="price_pro")]
    assert plan_changes([PRO], twins) == []
    both = [plan(1, price="price_pro"), plan(2, price="price_pro")]
    assert plan_changes([PRO], both) == [PlanChange("disable", "Pro", "pln_2")]


@pytest.mark.parametrize(
    ("existing", "line"),
    [
        ([], "create Free: name Free, monthly_try_ons 3"),
        ([plan(1, "Free", 2)], "change Free (pln_1): monthly_try_ons 2 → 3"),
        ([plan(1, "Free", 3), plan(2, "Pro")], "disable Pro (pln_2)"),
    ],
)
def test_each_step_is_told_in_a_line(existing: list[Plan], line: str) -> None:
    assert [str(change) for change in plan_changes([FREE], existing)] == [line]
