"""The page "Set-up": what was changed here, whether Genvoris is reached, and the way out of it."""

from __future__ import annotations

import time

from flask import request

from ...settings.changeable import CHANGEABLE, in_order
from ...settings.export import export_settings
from ..errors import HttpError
from ..health_checks import genvoris as checks
from ..health_checks.finding import Finding
from ..state import get_state
from .setup_fields import changed_value
from .setup_group import live_settings, render_setup, without_database

FORMATS = ("python", "env", "json")


def show_setup() -> str:
    """Show what was changed here, and where to change what."""
    return _overview([])


def test_connection() -> str:
    """Ask Genvoris for something with the shop's key, and show what came of it."""
    state = get_state()
    findings = [checks.check_environment(state)]
    if findings[0].ok:
        findings += [*checks.check_connection(state, time.time), checks.check_keys(state)]
    return _overview(findings)


def _overview(findings: list[Finding]) -> str:
    state = get_state()
    if state.live is None:
        return without_database()
    stored = live_settings(state).table.read().values
    rows = [
        (each.name, changed_value(each, getattr(state.settings, each.name)), each.key)
        for each in map(CHANGEABLE.get, in_order(stored))
        if each is not None
    ]
    return render_setup(
        "setup.html",
        "overview",
        rows=rows,
        problems=state.live.problems,
        findings=findings,
        is_test=state.settings.api_key.startswith("gvk_test_"),
    )


def show_export() -> str:
    """Show what was changed here as configuration, without any key or secret."""
    state = get_state()
    if state.live is None:
        return without_database()
    form = request.args.get("format", FORMATS[0])
    match form:
        case "python" | "env" | "json":
            text = export_settings(live_settings(state).table.read().values, form)
        case _:
            raise HttpError("path_not_allowed")
    return render_setup("setup_export.html", "export", text=text, form=form, formats=FORMATS)
