"""Finds what makes the plans at Genvoris those that the shop declares, and does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..api.models import Plan
from ..api.resources import Plans
from .plans import DeclaredPlan

Action = Literal["create", "change", "disable"]


@dataclass(frozen=True)
class PlanChange:
    """One step of a synchronisation.

    Attributes:
        action: What is done.
        name: The plan's name, as declared; of one that is disabled, as it is.
        plan_id: Genvoris's id of it; None for one that is yet to be created.
        before: The fields that change, as they are.
        after: The same, as they will be.
    """

    action: Action
    name: str
    plan_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in a line."""
        if self.action == "disable":
            return f"disable {self.name} ({self.plan_id})"
        if self.action == "create":
            told = ", ".join(f"{name} {value}" for name, value in self.after.items())
            return f"create {self.name}: {told}"
        told = ", ".join(
            f"{name} {self.before[name]} → {value}" for name, value in self.after.items()
        )
        return f"change {self.name} ({self.plan_id}): {told}"


def plan_changes(
    declared: Sequence[DeclaredPlan],
    existing: Iterable[Plan],
    keep: Callable[[Plan], bool] = lambda _plan: False,
) -> list[PlanChange]:
    """Return the steps from the plans that are there to those that are declared.

    A declared plan is matched by its external price id, then by its name; of several that fit, an
    active one first, then the oldest. Active plans that match none are disabled, and disabled
    ones that match are active again.

    Args:
        declared: What the shop wants; names and price ids are unique.
        existing: All plans at Genvoris, the inactive ones too, oldest first.
        keep: Says of a plan that matches none whether it is left as it is all the same.
    """
    free = sorted(existing, key=lambda plan: not plan.active)  # stable: the oldest stay first
    matches = _match(declared, free)
    kept = {plan.id for plan in matches.values()}
    changes = [
        change
        for each in declared
        if (change := _change(each, matches[each]) if each in matches else _create(each))
    ]
    spare = [plan for plan in free if plan.active and plan.id not in kept]
    disabled = [plan for plan in spare if not keep(plan)]
    return changes + [PlanChange("disable", plan.name, plan.id) for plan in disabled]


def apply_changes(plans: Plans, changes: Iterable[PlanChange]) -> Iterator[PlanChange]:
    """Do the steps, and yield each one that was done, with the id of what was created.

    What is sold is made before what is no longer sold is taken away. Breaking off and starting
    anew does no harm, except that a create whose answer was lost may have made a plan; the next
    synchronisation finds it.
    """
    for change in changes:
        plan_id = change.plan_id
        match change.action:
            case "create":
                plan_id = plans.create(**change.after).id
            case "change":
                plans.update(str(plan_id), **change.after)
            case "disable":
                plans.disable(str(plan_id))
        yield PlanChange(change.action, change.name, plan_id, change.before, change.after)


def _match(declared: Sequence[DeclaredPlan], existing: Sequence[Plan]) -> dict[DeclaredPlan, Plan]:
    free = list(existing)
    matches: dict[DeclaredPlan, Plan] = {}
    for by in ("external_price_id", "name"):
        for each in declared:
            wanted = getattr(each, by)
            if each in matches or wanted is None:
                continue
            found = next((plan for plan in free if getattr(plan, by) == wanted), None)
            if found:
                free.remove(found)
                matches[each] = found
    return matches


def _create(wanted: DeclaredPlan) -> PlanChange:
    after = {name: value for name, value in wanted.as_told().items() if value is not None}
    return PlanChange("create", wanted.name, None, {}, after)


def _change(wanted: DeclaredPlan, found: Plan) -> PlanChange | None:
    goal = {**wanted.as_told(), "active": True}
    after = {name: value for name, value in goal.items() if getattr(found, name) != value}
    if not after:
        return None
    before = {name: getattr(found, name) for name in after}
    return PlanChange("change", wanted.name, found.id, before, after)
