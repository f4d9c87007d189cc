"""The page "History": who changed what, and what it was before and after."""

from __future__ import annotations

from flask import request

from ..state import get_state
from .page import render

PAGE = 50


def show_history() -> str:
    """Show the latest entries of the audit log."""
    state = get_state()
    if state.database is None:
        return render("no_database.html", "common.nav.history", "history")
    from ...core.ledger.audit import AuditLog  # imports SQLAlchemy, an extra

    before = request.args.get("before", type=int)
    found = AuditLog(state.database, state.clock).entries(PAGE + 1, before=before)
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render(
        "history.html", "common.nav.history", "history", entries=found[:PAGE], older=older
    )
