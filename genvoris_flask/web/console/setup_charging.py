"""The page "Charging": the ways to charge, what would become of shoppers, plans and prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from ...core.charging.change import given_up
from ...core.charging.ways import Way, problems, read_ways
from ...core.tryon.paywall import Refusal
from ...errors import ConfigurationError, GenvorisError
from ..paywalls import ways_on
from ..state import AppState, get_state
from .page import go_to
from .setup_group import Answer, live_settings, save, show_fields, without_database
from .setup_plans import answer_form

# A page must not wait for all customers of a large shop; the command shows all of them.
CUSTOMERS = 20
TIMEOUT = 5.0


@dataclass(frozen=True)
class PlanRow:
    """A plan, as the shop has declared it and as Genvoris has it.

    Attributes:
        name: Its name.
        try_ons: Its try-ons a month.
        price: Its price as shoppers read it, or its id in the shop's billing system.
        is_declared: Whether it is in GENVORIS_PLANS.
        at_genvoris: Whether Genvoris has it; None if Genvoris does not answer.
    """

    name: str
    try_ons: int
    price: str
    is_declared: bool
    at_genvoris: bool | None


@dataclass(frozen=True)
class DryRun:
    """What would become of shoppers if the shop charged in other ways.

    Attributes:
        ways: The ways.
        lacking: Those that lack a setting.
        given_up: How many shoppers have something by a way that would be given up.
        is_free_now: Whether everybody could try on for nothing.
        moved: Those of the newest customers whose plans at Genvoris would be moved into the ledger.
        is_failing: Whether Genvoris could not be asked.
    """

    ways: tuple[Way, ...]
    lacking: list[Way]
    given_up: dict[Way, int]
    is_free_now: bool
    moved: list[Any]
    is_failing: bool


def show_charging() -> Answer:
    """Show how the shop charges."""
    state = get_state()
    return without_database() if state.live is None else _show(state)


def change_charging() -> Answer:
    """Change how the shop charges or the plans at Genvoris, or show what would come of it."""
    state = get_state()
    if state.live is None:
        return without_database()
    if "dry_run" in request.form:
        live_settings(state)
        return show_fields(state, "charging", {}, dry_run=dry_run(state), **_sold(state))
    if "plans" in request.form:
        return _answer_plans(state)
    refused = save(state, "charging")
    if refused is None:
        return go_to("/setup/charging", done="saved")
    return refused.show(state, "charging", **_sold(state))


def _answer_plans(state: AppState) -> Answer:
    preview = answer_form(state)
    if preview is None:
        return go_to("/setup/charging", done="plans")
    page = show_fields(state, "charging", plan_preview=preview, **_sold(state))
    return page, preview.status


def _show(state: AppState) -> str:
    return show_fields(state, "charging", **_sold(state))


def _sold(state: AppState) -> dict[str, Any]:
    """Return what the shop sells, and what a refused shopper is offered."""
    refusal = Refusal("no_plan")
    return {
        "plans": plan_rows(state),
        "has_plans": state.settings.plans is not None,
        "options": ways_on(refusal),
    }


def plan_rows(state: AppState) -> list[PlanRow]:
    """Return the plans of GENVORIS_PLANS and those that Genvoris has."""
    found = _plans_at_genvoris(state)
    names = None if found is None else {plan.name for plan in found}
    declared = state.settings.plans or ()
    rows = [
        PlanRow(
            plan.name,
            plan.monthly_try_ons,
            str(
                plan.own.get("price_text") or plan.own.get("price") or plan.external_price_id or ""
            ),
            is_declared=True,
            at_genvoris=None if names is None else plan.name in names,
        )
        for plan in declared
    ]
    known = {plan.name for plan in declared}
    further = [plan for plan in found or [] if plan.name not in known]
    return rows + [
        PlanRow(
            plan.name,
            plan.monthly_try_ons,
            plan.external_price_id or "",
            is_declared=False,
            at_genvoris=True,
        )
        for plan in further
    ]


def _plans_at_genvoris(state: AppState) -> list[Any] | None:
    try:
        return list(state.client.with_timeout(TIMEOUT).plans.list())
    except GenvorisError:
        return None


def dry_run(state: AppState) -> DryRun:
    """Return what would become of shoppers in the ways of the form. Nothing is changed."""
    try:
        ways = read_ways("charging", request.form.getlist("charging"))
    except ConfigurationError:
        ways = ()
    spending, settings = state.spending, state.settings
    holdings = spending.holdings() if spending else []
    moved, is_failing = _moved(state)
    return DryRun(
        ways,
        lacking=[way for way in ways if any(problems((way,), settings.means))],
        given_up=given_up(settings.charging, ways, holdings),
        is_free_now="free" in ways and "free" not in settings.charging,
        moved=moved,
        is_failing=is_failing,
    )


def _moved(state: AppState) -> tuple[list[Any], bool]:
    """Return who would be moved from plans at Genvoris, and whether Genvoris fails."""
    from ..ledger import open_plan_move  # imports SQLAlchemy, an extra

    try:
        found = open_plan_move(state).run(dry_run=True, limit=CUSTOMERS)
        return [each for each in found if each.outcome == "moved"], False
    except GenvorisError:
        return [], True
