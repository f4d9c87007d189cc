"""The pages "Set-up" that are a form with settings: shown, and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from ...core.locales.console import translate
from ...settings.changeable import (
    CHANGEABLE,
    Group,
    SettingsRefusedError,
    plain,
    with_good_changes,
)
from ...settings.live import LiveSettings
from ..errors import HttpError, page_language
from ..state import AppState, get_state
from .access import actor
from .assets import load_asset
from .page import go_to, link, render
from .setup_fields import (
    Field,
    Form,
    changed_value,
    is_function,
    is_new,
    of_group,
    read_value,
    words,
)

PAGES = ("overview", "charging", "button", "texts", "wording", "limits", "products")
OWN_TEMPLATES = ("charging", "button", "wording")
CONFLICT, UNPROCESSABLE = 409, 422
Answer = str | tuple[str, int] | Response


def show_group(group: Group) -> Answer:
    """Show the settings of a page."""
    state = get_state()
    return without_database() if state.live is None else show_fields(state, group)


def change_group(group: Group) -> Answer:
    """Change settings of a page, or return one to what ``app.config`` says."""
    state = get_state()
    if state.live is None:
        return without_database()
    refused = save(state, group)
    return go_to(f"/setup/{group}", done="saved") if refused is None else refused.show(state, group)


@dataclass(frozen=True)
class Refused:
    """Why a form was not saved.

    Attributes:
        problems: What is wrong with each setting, by key.
        is_outdated: Whether somebody else has changed settings meanwhile.
    """

    problems: Mapping[str, str]
    is_outdated: bool = False

    @property
    def status(self) -> int:
        """The answer's HTTP status."""
        return CONFLICT if self.is_outdated else UNPROCESSABLE

    def show(self, state: AppState, group: Group, **more: Any) -> tuple[str, int]:
        """Return the page with what was sent, and what is wrong with it; see ``show_fields``."""
        text = show_fields(state, group, self.problems, is_outdated=self.is_outdated, **more)
        return text, self.status


def save(state: AppState, group: Group) -> Refused | None:
    """Save the form of a page; return why it was not saved, if it was not."""
    form = request.form
    return save_values(state, removed(group, form) if "reset" in form else _posted(state, group))


def save_values(state: AppState, new: Mapping[str, Any]) -> Refused | None:
    """Save settings by key, as the form of the request was opened with them; see ``save``."""
    live = live_settings(state)
    if not new:
        return None
    from ...core.ledger.changed_settings import OutdatedChangeError  # imports SQLAlchemy, an extra

    try:
        live.change(new, actor=actor(state), version=_version(request.form))
    except SettingsRefusedError as error:
        return Refused(_in_words(state, new, error.problems))
    except OutdatedChangeError:
        return Refused({}, is_outdated=True)
    return None


def show_fields(
    state: AppState,
    group: Group,
    problems: Mapping[str, str] | None = None,
    *,
    is_outdated: bool = False,
    **more: Any,
) -> str:
    """Return the page of a group.

    Args:
        state: The state of the app.
        group: The page.
        problems: What is wrong with what was sent, by key; None shows what applies now.
        is_outdated: Whether somebody else has changed settings since the form was opened. It then
            also shows what applies now, wherever something else was sent.
        more: What else the template has.
    """
    live = live_settings(state)
    stored = live.table.read()
    fields = []
    for declared in of_group(group):
        current = getattr(state.settings, declared.name)
        value = plain(current) if problems is None else read_value(declared, request.form)
        is_other = is_outdated and is_new(declared, value, state.settings)
        field = Field(
            declared,
            value,
            is_changed=declared.key in stored.values,
            is_function=is_function(current),
            configured=changed_value(declared, getattr(live.base, declared.name)),
            problem=(problems or {}).get(declared.key),
            now=changed_value(declared, current) if is_other else None,
        )
        fields.append(field)
    template = f"setup_{group}.html" if group in OWN_TEMPLATES else "setup_group.html"
    # What was sent is shown with its own version, or saving it would undo others' changes unseen.
    version = stored.version if is_outdated else request.form.get("version", stored.version)
    frame = {"version": version, "is_outdated": is_outdated}
    return render_setup(template, group, fields=fields, **frame, **more)


def render_setup(template: str, section: str, **values: Any) -> str:
    """Return one of the pages "Set-up", which have a navigation of their own."""
    assets = {
        f"setup_{kind}": link(f"/assets/{load_asset(name).hashed_name}")
        for kind, name in (("style", "setup.css"), ("script", "setup.js"))
    }
    frame: dict[str, Any] = {"section": section, "pages": PAGES, **assets}
    return render(template, f"setup.{section}", "setup", **frame, **values)


def without_database() -> str:
    """Return the page of a shop that has no database for changes."""
    return render("no_database.html", "setup.overview", "setup")


def live_settings(state: AppState) -> LiveSettings:
    """Return an app's live settings, up to date.

    Raises:
        HttpError: 404: The app has no database.
    """
    if state.live is None:
        raise HttpError("path_not_allowed")
    state.live.refresh()
    return state.live


def removed(group: Group, form: Form) -> dict[str, Any]:
    """Return the change that undoes the one which a form names.

    Raises:
        HttpError: 404: It is not of this page.
    """
    from ...core.ledger.changed_settings import REMOVED  # imports SQLAlchemy, an extra

    key = form["reset"]
    if key not in [each.key for each in of_group(group)]:
        raise HttpError("path_not_allowed")
    return {key: REMOVED}


def _posted(state: AppState, group: Group) -> dict[str, Any]:
    values = {declared.key: read_value(declared, request.form) for declared in of_group(group)}
    settings = state.settings
    return {key: value for key, value in values.items() if is_new(CHANGEABLE[key], value, settings)}


def _version(form: Form) -> int | None:
    """Return the version that a form was opened with; None if it has none.

    One that is no number is no version that there is, so the form counts as outdated.
    """
    given = form.get("version")
    try:
        return None if given is None else int(given)
    except ValueError:
        return -1


def _in_words(
    state: AppState, new: Mapping[str, Any], problems: Mapping[str, str]
) -> dict[str, str]:
    """Return what is wrong with each setting, in the language of the page."""
    language = page_language()

    def t(key: str, **values: object) -> str:
        return translate(key, language, **values)

    means = {key: value for key, value in new.items() if key != "GENVORIS_CHARGING"}
    settings, _ = with_good_changes(state.settings, means)
    return {
        key: words(CHANGEABLE[key], new.get(key), settings, t)
        for key in problems
        if key in CHANGEABLE
    }
