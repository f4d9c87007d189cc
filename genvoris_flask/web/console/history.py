"""The page "History": who changed what, and what it was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import request

from ...settings.changeable import CHANGEABLE, Changeable
from ..state import get_state
from .names import names_of, people_in
from .page import render
from .setup_fields import changed_value

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ...core.ledger.audit import AuditEntry

PAGE = 50


def show_history() -> str:
    """Show the latest entries of the audit log."""
    state = get_state()
    if state.database is None:
        return render("no_database.html", "common.nav.history", "history")
    from ...core.ledger.audit import AuditLog  # imports SQLAlchemy, an extra

    before = request.args.get("before", type=int)
    found = AuditLog(state.database, state.clock).entries(PAGE + 1, before=before)
    shown = found[:PAGE]
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render(
        "history.html",
        "common.nav.history",
        "history",
        entries=[_as_in_setup(each) for each in shown],
        names=names_of(state, people_in(shown)),
        older=older,
        settings={key: each.name for key, each in CHANGEABLE.items()},
    )


def _as_in_setup(entry: AuditEntry) -> AuditEntry:
    """Return an entry with a setting's values as the set-up shows them."""
    declared = CHANGEABLE.get(entry.change.subject or "")
    if entry.change.action != "setting.change" or declared is None:
        return entry
    before, after = (_shown(declared, fields) for fields in (entry.before, entry.after))
    return replace(entry, before=before, after=after)


def _shown(declared: Changeable, fields: Mapping[str, Any]) -> dict[str, Any]:
    # Of many texts, the log has those that were changed instead.
    is_value = declared.kind != "wording"
    return {
        name: changed_value(declared, value) or "\N{EN DASH}" if is_value else value
        for name, value in fields.items()
    }
