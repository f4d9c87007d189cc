"""Synchronisation turns any plans at Genvoris into the declared ones."""

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
    # Several plans may have no price id, so the plan itself stands in for it.
    unique_by=(lambda plan: plan.name, lambda plan: plan.external_price_id or plan),
)
existing_lists = st.lists(st.tuples(names, quotas, prices, st.booleans()), max_size=8)


def plan(
    number: int, name: str = "Pro", quota: int = 100, price: str | None = None, active: bool = True
) -> Plan:
    return Plan(f"pln_{number}", name, quota, price, active, None, None)


def applied(plans: Iterable[Plan], changes: Iterable[PlanChange]) -> list[Plan]:
    """Apply changes to a list of plans, as Genvoris would."""
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
def test_reaches_declared_plans(
    declared: list[DeclaredPlan], rows: list[tuple[str, int, str | None, bool]]
) -> None:
    """Any plans become the declared ones, and then nothing is left to do."""
    existing = [plan(number, *row) for number, row in enumerate(rows)]
    after = applied(existing, plan_changes(declared, existing))
    assert sold(after) == set(declared)
    assert sum(each.active for each in after) == len(declared)
    assert plan_changes(declared, after) == []


@given(declared_lists, existing_lists, st.integers(0, 12))
def test_interrupted_sync(
    declared: list[DeclaredPlan], rows: list[tuple[str, int, str | None, bool]], done: int
) -> None:
    """A synchronisation interrupted anywhere is completed by the next one."""
    existing = [plan(number, *row) for number, row in enumerate(rows)]
    halfway = applied(existing, plan_changes(declared, existing)[:done])
    after = applied(halfway, plan_changes(declared, halfway))
    assert sold(after) == set(declared)


def test_price_before_name() -> None:
    """A plan is matched by its price before its name."""
    existing = [plan(1, "Pro"), plan(2, "Old", price="price_pro")]
    assert plan_changes([PRO], existing) == [
        PlanChange("change", "Pro", "pln_2", {"name": "Old"}, {"name": "Pro"}),
        PlanChange("disable", "Pro", "pln_1"),
    ]


def test_new_price() -> None:
    """A new price moves to the plan with that name, so that its shoppers keep it."""
    [change] = plan_changes([PRO], [plan(1, price="price_old")])
    assert change.before == {"external_price_id": "price_old"}
    assert change.after == {"external_price_id": "price_pro"}


def test_disabled_plan() -> None:
    """A disabled plan is made active again rather than created twice."""
    [change] = plan_changes([PRO], [plan(1, price="price_pro", active=False)])
    assert (change.action, change.plan_id, change.after) == ("change", "pln_1", {"active": True})


def test_same_price_twice() -> None:
    """Of two plans with the same price, one active plan remains."""
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
def test_step_as_text(existing: list[Plan], line: str) -> None:
    """Each step reads as one line."""
    assert [str(change) for change in plan_changes([FREE], existing)] == [line]
