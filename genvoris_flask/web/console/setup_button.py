"""The page "Button": its design, as it looks on a page of the shop before it is saved."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from flask import make_response, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ...core.button_design import FIELDS, LONGEST_LABEL
from ...core.locales.console import translate
from ...core.validators import Number
from ...errors import ConfigurationError, GenvorisError
from ...settings.changeable import CHANGEABLE, plain
from ..errors import page_language
from ..preview import preview_url
from ..state import AppState, get_state
from .page import Text, go_to
from .setup_fields import Form, read_value
from .setup_group import Answer, render_setup, save, show_fields, without_database
from .urls import POLICY

BUTTON, PAGE = CHANGEABLE["GENVORIS_BUTTON"], CHANGEABLE["GENVORIS_PREVIEW_PAGE"]
# Of a decoded path, what would end it, or be decoded again.
_QUOTED = str.maketrans({"%": "%25", "?": "%3F", "#": "%23"})
TIMEOUT = 5.0


def show_button() -> Answer | Response:
    """Show the design, or that of Genvoris's portal, which is not saved yet."""
    state = get_state()
    if state.live is None:
        return without_database()
    portal, is_failing = None, False
    if request.args.get("from") == "genvoris":
        try:
            found = state.client.with_timeout(TIMEOUT).widget.button_design()
            portal = plain(found) or {}
        except GenvorisError:
            is_failing = True
    design = plain(state.settings.button) if portal is None else portal
    return _designer(state, design or {}, is_portal=portal is not None, is_failing=is_failing)


def change_button() -> Answer | Response:
    """Save the design, or show what is wrong with it."""
    state = get_state()
    if state.live is None:
        return without_database()
    refused = save(state, "button")
    if refused is None:
        return go_to("/setup/button", done="saved")
    design = read_value(BUTTON, request.form) or {}
    response = _designer(
        state,
        design,
        problems=refused.problems,
        is_outdated=refused.is_outdated,
        design_problems=design_problems(design, _texts()),
        page=read_value(PAGE, request.form),
    )
    response.status_code = refused.status
    return response


def show_preview() -> Answer | Response:
    """Show a page of the shop with the design of the address, in light and in dark."""
    state = get_state()
    if state.live is None:
        return without_database()
    form: Form = MultiDict(request.args)
    design, path = read_value(BUTTON, form) or {}, read_value(PAGE, form)
    problems = design_problems(design, _texts())
    is_wrong = bool(problems)
    try:
        path = PAGE.check(path or _last_page(state))
    except ConfigurationError:
        path, is_wrong = None, True
    url = preview_url(state, path, design) if path and not is_wrong else None
    text = render_setup("setup_preview.html", "button", url=url, is_wrong=is_wrong)
    return _with_frames(text, framed=True)


def design_problems(design: Mapping[str, Any], t: Text) -> dict[str, str]:
    """Return what is wrong with each field of a design."""
    found = {}
    for name, value in design.items():
        check = FIELDS[name][1]
        try:
            check(name, value)
        except ConfigurationError:
            bounds = check if isinstance(check, Number) else None
            found[name] = (
                t("setup.problem.number", low=f"{bounds.low:g}", high=f"{bounds.high:g}")
                if bounds
                else t("setup.problem.label", most=LONGEST_LABEL)
            )
    return found


def _designer(state: AppState, design: Mapping[str, Any], **more: Any) -> Response:
    values = {"design_problems": {}, "page": state.settings.preview_page, **more}
    query = {f"button_{name}": value for name, value in design.items() if name != "showOnCards"}
    if design.get("showOnCards", True):
        query["button_showOnCards"] = "yes"
    text = show_fields(
        state,
        "button",
        design=design,
        design_fields=FIELDS,
        usual_page=_last_page(state),
        query={**query, "preview_page": values["page"]},
        **values,
    )
    return _with_frames(text, framed=False)


def _with_frames(text: str, *, framed: bool) -> Response:
    """Return a page that has the shop's own pages in frames, or that is in one itself."""
    response = make_response(text)
    policy = f"{POLICY}; frame-src 'self'"
    if framed:
        policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Content-Security-Policy"] = policy
    return response


def _texts() -> Text:
    return functools.partial(translate, language=page_language())


def _last_page(state: AppState) -> str | None:
    """Return the path of the last page with a button, quoted here rather than on each page."""
    return state.button_page and state.button_page.translate(_QUOTED)
