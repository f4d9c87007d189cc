"""The page "Texts": the shop's own wording of what shoppers read, one language at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import request

from ...core.locales import LANGUAGES, NAMES, direction
from ...core.locales.console import translate
from ...core.texts import LONGEST, Fault, Text, Texts, find_fault, known_texts, placeholders
from ...settings.changeable import CHANGEABLE
from ..consents import is_required
from ..errors import HttpError, page_language
from ..state import AppState, get_state
from .page import go_to
from .setup_fields import Form
from .setup_group import Answer, live_settings, removed, save_values, show_fields, without_database

TEXTS = CHANGEABLE["GENVORIS_TEXTS"]
# What shoppers read most, in the order in which they do. Others can be set in app.config.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "button": ("action.try_on",),
    "photo": ("title", "choose", "chooseHint", "camera", "goodPhoto", "change", "promise"),
    "consent": ("consent", "consent.text", "consent.depicted", "consent.age", "policy"),
    "count": ("balance", "expiring", "uses"),
    "waiting": ("sending", "queued", "running", "patience", "minimise", "ready"),
    "result": ("result", "honest", "opinion", "cart", "variants", "another", "download", "share"),
    "paywall": (
        *("paywall.no_plan.title", "paywall.no_plan.ledger"),
        *("paywall.quota_exhausted.title", "paywall.quota_exhausted.ledger"),
        *("paywall.paused.title", "paywall.paused.message"),
        *("paywall.cancelled.title", "paywall.cancelled.message"),
        *("paywall.credit_limit_reached.title", "paywall.credit_limit_reached.message"),
        "paywall.guest_limit.title",
        *("action.offer", "action.account", "option.checkout", "option.order", "option.wait"),
    ),
    "login": ("login", "loginText", "loginAction"),
    "account": ("account.title", "account.left", "account.more", "account.history"),
}
LONG = 60  # characters, from which on a text has several lines


@dataclass(frozen=True)
class Entry:
    """A field for a text, or for one of its plural forms.

    Attributes:
        name: Its name in the form.
        label: What this package says, in the language of the console's page.
        usual: What this package says, in the language that is edited.
        value: What the shop says instead, or what was typed; empty if nothing.
        current: What the shop says instead now; empty if nothing.
        problem: What is wrong with it.
        form: The plural form.
    """

    name: str
    label: str
    usual: str
    value: str
    current: str
    problem: str | None = None
    form: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it needs several lines."""
        return len(self.usual) > LONG

    @property
    def is_open(self) -> bool:
        """Whether it is to be seen at once."""
        return bool(self.value or self.problem or self.is_changed)

    @property
    def is_changed(self) -> bool:
        """Whether something else was typed than what applies now."""
        return _line(self.value) != _line(self.current)

    @property
    def placeholders(self) -> list[str]:
        """The placeholders that it has to have."""
        return placeholders(self.usual)


def show_wording() -> Answer:
    """Show the texts of a language."""
    state = get_state()
    if state.live is None:
        return without_database()
    live_settings(state)
    return _page(state, _language(request.args))


def change_wording() -> Answer:
    """Change the texts of a language, or return them to what ``app.config`` says."""
    state, form = get_state(), request.form
    if state.live is None:
        return without_database()
    language, live = _language(form), live_settings(state)
    if "reset" in form:
        refused = save_values(state, removed("wording", form))
    elif "reset_language" in form:
        usual = live.base.texts.get(language, {})
        refused = save_values(state, _change(state, language, usual))
    else:
        texts, faults = read_wording(form, language, state.settings.texts.get(language, {}))
        if faults:
            return _page(state, language, faults), 422
        refused = save_values(state, _change(state, language, texts))
    if refused is not None:
        if refused.is_outdated:
            return _page(state, language, {}, is_outdated=True), refused.status
        problem = next(iter(refused.problems.values()), None)
        return _page(state, language, {}, problem=problem), refused.status
    return go_to("/setup/wording", language=language, done="saved")


def read_wording(
    form: Form, language: str, current: Mapping[str, Text]
) -> tuple[dict[str, Text], dict[str, Fault]]:
    """Return a language's texts as a form has them, and what is wrong with some, by key.

    Args:
        form: The form. Texts that it does not have stay as they are; empty ones are the usual ones.
        language: The language.
        current: Its texts until now.
    """
    texts, faults = dict(current), {}
    for key, usual in known_texts(language).items():
        text = _typed(form, key, usual)
        if text is None or text == _untouched(current.get(key), usual):
            continue
        texts.pop(key, None)
        if text not in ("", usual):
            texts[key] = text
            if fault := find_fault(language, key, text):
                faults[key] = fault
    return texts, faults


def _typed(form: Form, key: str, usual: Text) -> Text | None:
    """Return what was typed for a text; None if the form does not have it."""
    if isinstance(usual, str):
        return _line(form[f"text.{key}"]) if f"text.{key}" in form else None
    given = {name: form.get(f"text.{key}.{name}") for name in usual}
    if None in given.values():
        return None
    return {name: _line(text or "") or usual[name] for name, text in given.items()}


def _untouched(own: Text | None, usual: Text) -> Text:
    """Return what ``_typed`` returns for a text that nobody has touched."""
    if isinstance(usual, str):
        return _line(_of_form(own, "") or "")
    return {form: _line(_of_form(own, form) or "") or text for form, text in usual.items()}


def _of_form(own: Text | None, form: str) -> str | None:
    """Return the shop's wording of a plural form. One that is not given is as ``other``."""
    return own if isinstance(own, str | None) else own.get(form, own["other"])


def _line(text: str) -> str:
    """Return a text as one line. Its no-break spaces stay."""
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


def _change(state: AppState, language: str, texts: Mapping[str, Text]) -> dict[str, Texts]:
    """Return what changes, with new texts of one language: the setting by its key, or nothing."""
    every = {**state.settings.texts, language: texts}
    filled = {code: own for code, own in every.items() if own}
    return {} if filled == state.settings.texts else {TEXTS.key: filled}


def _page(
    state: AppState,
    language: str,
    faults: Mapping[str, Fault] | None = None,
    *,
    problem: str | None = None,
    is_outdated: bool = False,
) -> str:
    own = state.settings.texts
    shown = sections(state, language, faults)
    return show_fields(
        state,
        "wording",
        sections=shown,
        edited=language,
        edited_name=NAMES[language],
        edited_direction=direction(language),
        languages=[(code, NAMES[code], len(own.get(code, {}))) for code in LANGUAGES],
        is_own=own.get(language, {}) != live_settings(state).base.texts.get(language, {}),
        problem=problem,
        is_outdated=is_outdated,
    )


def sections(
    state: AppState, language: str, faults: Mapping[str, Fault] | None = None
) -> dict[str, list[Entry]]:
    """Return the fields of a language, by section.

    Args:
        state: The state of the app.
        language: The language.
        faults: What is wrong with what was sent, by key; None shows what applies now.
    """
    unused, known, labels = _unused(state), known_texts(language), known_texts(page_language())
    own = state.settings.texts.get(language, {})
    return {
        section: [
            entry
            for key in keys
            if key not in unused
            for entry in _entries(key, known[key], labels[key], own.get(key), faults)
        ]
        for section, keys in SECTIONS.items()
    }


def _unused(state: AppState) -> set[str]:
    """Return the texts that shoppers of this shop do not read."""
    if not is_required(state):
        return {"consent.text", "consent.depicted", "consent.age"}
    return {"consent", "" if state.settings.minimum_age else "consent.age"}


def _entries(
    key: str, usual: Text, label: Text, own: Text | None, faults: Mapping[str, Fault] | None
) -> Iterator[Entry]:
    """Yield the field of a text, or one for each of its plural forms."""
    problem = _words((faults or {})[key]) if key in (faults or {}) else None
    forms = {"": usual} if isinstance(usual, str) else usual
    for form, text in forms.items():
        name = f"text.{key}" + (f".{form}" if form else "")
        current = _own(_of_form(own, form), text)
        typed = None if faults is None else request.form.get(name)
        value = current if typed is None else _own(typed, text)
        said = label if isinstance(label, str) else label.get(form, label["other"])
        yield Entry(name, said, text, value, current, problem, form)


def _own(text: str | None, usual: str) -> str:
    """Return a wording of the shop's own; empty if it is the usual one."""
    return text if text and text != usual else ""


def _words(fault: Fault) -> str:
    """Return what is wrong with a text, in the language of the page."""
    key = f"setup.wording.problem.{fault.kind}"
    return translate(key, page_language(), names=", ".join(fault.names), most=LONGEST)


def _language(fields: Form) -> str:
    """Return the language that a form or an address names, else the page's.

    Raises:
        HttpError: 404: There is no such language.
    """
    language = fields.get("language", page_language())
    if language not in LANGUAGES:
        raise HttpError("path_not_allowed")
    return language
