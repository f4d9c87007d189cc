"""The plans of GENVORIS_PLANS: what would change at Genvoris, and changing it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request

from ...core.billing.plan_sync import PlanChange
from ...errors import (
    ApiError,
    LockTimeoutError,
    MalformedAnswerError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from ..errors import HttpError
from ..state import AppState
from .access import actor

log: logging.Logger = logging.getLogger("genvoris_flask.console")

CONFLICT, UNAVAILABLE = 409, 503
AWAY = (UnreachableError, MalformedAnswerError)


@dataclass(frozen=True)
class PlanPreview:
    """What bringing the plans to Genvoris would change.

    Attributes:
        changes: The steps of the synchronisation.
        problem: Why they are unknown or were not taken: the text ``setup.plans.problem.NAME``.
    """

    changes: tuple[PlanChange, ...] = ()
    problem: str | None = None

    @property
    def seen(self) -> str:
        """A digest of the steps, by which a form names those that were shown."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()

    @property
    def status(self) -> int:
        """The answer's HTTP status."""
        if self.problem is None:
            return 200
        return CONFLICT if self.problem in ("meanwhile", "busy") else UNAVAILABLE


def answer_form(state: AppState) -> PlanPreview | None:
    """Do what the form about plans asks for; return what to show, or None if all is done.

    Raises:
        HttpError: 404: GENVORIS_PLANS is not set.
    """
    if state.settings.plans is None:
        raise HttpError("path_not_allowed")
    preview = preview_plans(state)
    if request.form["plans"] != "bring" or preview.problem:
        return preview
    if not preview.changes:  # the form was sent twice, say
        return None
    if request.form.get("seen") != preview.seen:
        return replace(preview, problem="meanwhile")
    return _bring(state)


def preview_plans(state: AppState) -> PlanPreview:
    """Return what would change at Genvoris. Nothing is changed."""
    try:
        return PlanPreview(tuple(state.billing.plans.sync(dry_run=True)))
    except (*AWAY, RateLimitedError, ServerError):
        return PlanPreview(problem="away")
    except ApiError:
        return PlanPreview(problem="refused")


def _bring(state: AppState) -> PlanPreview | None:
    """Change the plans at Genvoris; return why it stopped, if it did."""
    try:
        state.billing.plans.sync(dry_run=False, on_change=_recorder(state))
    except LockTimeoutError:
        return PlanPreview(problem="busy")
    except (ApiError, *AWAY) as error:
        log.warning("Bringing the plans to Genvoris stopped: %s", error)
        return PlanPreview(problem="stopped")
    return None


def _recorder(state: AppState) -> Callable[[PlanChange], None]:
    """Return a function that writes a step into the audit log once it is taken.

    Each step has an entry of its own: if a later one fails, the log has what was done.
    """
    from ...core.ledger.audit import AuditLog, Change  # imports SQLAlchemy, an extra

    assert state.database is not None  # noqa: S101
    audit, who = AuditLog(state.database, state.clock), actor(state)

    def record(step: PlanChange) -> None:
        change = Change(who, f"plan.{step.action}", step.name)
        before, after = _sides(step)
        audit.record(change, before, after)

    return record


def _sides(step: PlanChange) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what a step changes, before and after."""
    if step.action == "disable":
        return {"active": True}, {"active": False}
    return step.before, step.after
