"""Compares the plans at Genvoris with those that the shop declares, and makes them match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..api.models import Plan
from ..api.resources.customers import Plans
from .plans import DeclaredPlan

Action = Literal["create", "change", "disable"]


@dataclass(frozen=True)
class PlanChange:
    """One step of a synchronisation.

    Attributes:
        action: What happens to the plan.
        name: The plan's name as declared, or for a plan to be disabled, its current name.
        plan_id: Genvoris's id of the plan; None if it has not been created yet.
        before: The current values of the fields that change.
        after: Their new values.
    """

    action: Action
    name: str
    plan_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the step as one line of text."""
        if self.action == "disable":
            return f"disable {self.name} ({self.plan_id})"
        if self.action == "create":
            fields = ", ".join(f"{name} {value}" for name, value in self.after.items())
            return f"create {self.name}: {fields}"
        fields = ", ".join(
            f"{name} {self.before[name]} → {value}" for name, value in self.after.items()
        )
        return f"change {self.name} ({self.plan_id}): {fields}"


def plan_changes(
    declared: Sequence[DeclaredPlan],
    existing: Iterable[Plan],
    keep: Callable[[Plan], bool] = lambda _plan: False,
) -> list[PlanChange]:
    """Return the steps that turn the existing plans into the declared ones.

    A declared plan is matched by its external price id, then by its name; among several matches
    an active plan is preferred, then the oldest. Active plans that match none are disabled, and
    disabled plans that match are made active again.

    Args:
        declared: The shop's plans; names and price ids are unique.
        existing: All plans at Genvoris, inactive ones included, oldest first.
        keep: Returns whether an unmatched plan stays active.
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
    """Take the steps, and yield each one that was taken, with the id of a created plan.

    Plans are created before others are disabled. Starting over after an interruption is safe: a
    plan that was created although the answer got lost is found by the next synchronisation.
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
    after = {name: value for name, value in wanted.as_payload().items() if value is not None}
    return PlanChange("create", wanted.name, None, {}, after)


def _change(wanted: DeclaredPlan, found: Plan) -> PlanChange | None:
    target = {**wanted.as_payload(), "active": True}
    after = {name: value for name, value in target.items() if getattr(found, name) != value}
    if not after:
        return None
    before = {name: getattr(found, name) for name in after}
    return PlanChange("change", wanted.name, found.id, before, after)
