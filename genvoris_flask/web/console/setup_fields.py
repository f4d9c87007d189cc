"""The fields of the pages "Set-up": read from their forms, shown again, and what is wrong."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from ...core.button_design import FIELDS as DESIGN_FIELDS
from ...core.charging.packs import FIELDS as PACK_FIELDS
from ...core.charging.ways import WAYS, problems
from ...core.figures.holdout import MAX_SHARE
from ...core.locales import NAMES
from ...core.locales.console import translate
from ...core.products import CATEGORIES
from ...core.validators import Number
from ...errors import ConfigurationError
from ...settings import Settings
from ...settings.changeable import CHANGEABLE, Changeable, Group, plain
from ..errors import page_language
from .page import Text, label

Form = MultiDict[str, str]
EMPTY_PACKS = 2  # rows for further packs
# Where the console's texts have names of what kinds of settings consist of.
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("ways", "categories"), "setup.choice"),
    "button": "setup.design",
    "packs": "setup.pack",
    "credits": "setup.credits",
}


@dataclass(frozen=True)
class Field:
    """A setting on a page.

    Attributes:
        declared: The setting.
        value: What the form shows.
        is_changed: Whether it was changed here, over ``app.config``.
        is_function: Whether a function of the shop's own decides.
        configured: What it is without the change.
        problem: What is wrong with what was sent.
        now: What applies now, if that is to be shown beside what was sent.
    """

    declared: Changeable
    value: Any
    is_changed: bool = False
    is_function: bool = False
    configured: Any = None
    problem: str | None = None
    now: str | None = None

    @property
    def name(self) -> str:
        """Its name in the form."""
        return self.declared.name

    @property
    def typed(self) -> str:
        """Its value as it is typed."""
        if self.value is None:
            return ""
        if self.declared.kind == "share" and isinstance(self.value, float):
            return percent(self.value)
        return str(self.value)

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen, if there are choices."""
        return {"ways": WAYS, "categories": CATEGORIES}.get(self.declared.kind, ())

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The rows of packs, with a few empty ones."""
        return [*(self.value or ()), *({} for _ in range(EMPTY_PACKS))]


def of_group(group: Group) -> list[Changeable]:
    """Return the settings of a page."""
    found = [each for each in CHANGEABLE.values() if each.group == group]
    # How the shop charges comes first, though it depends on the others.
    return sorted(found, key=lambda each: each.kind != "ways")


def read_value(declared: Changeable, form: Form) -> Any:
    """Return what a form says of a setting, as ``app.config`` would have it; None if nothing."""
    name = declared.name
    text = form.get(name, "").strip()
    match declared.kind:
        case "flag":
            return bool(text)
        case "ways" | "categories":
            return form.getlist(name) or (None if declared.kind == "ways" else [])
        case "button":
            return _design(form) or None
        case "packs":
            return list(_rows(form)) or None
        case "credits":
            return {form.get(f"{name}_per", ""): _whole(text)} if text else None
        case "number":
            return _whole(text) if text else None
        case "share":
            return _share(text) if text else None
    return text or None


def is_new(declared: Changeable, value: Any, settings: Settings) -> bool:
    """Return whether a value differs from what applies now; a wrong one does."""
    current = getattr(settings, declared.name)
    if value is None and is_function(current):
        return False
    try:
        return bool(declared.check(value) != current)
    except ConfigurationError:
        return True


def is_function(value: Any) -> bool:
    """Return whether a setting is a function of the shop's own."""
    return callable(value) or getattr(value, "function", None) is not None


def words(declared: Changeable, value: Any, settings: Settings, t: Text) -> str:
    """Return what is wrong with a value, in the language of the page.

    Args:
        declared: The setting.
        value: The value, as ``app.config`` would have it.
        settings: All settings as they would be, but for the ways to charge.
        t: Returns texts.
    """
    if declared.kind == "ways":
        for way in WAYS:
            if way in (value or ()) and any(problems((way,), settings.means)):
                return t(f"setup.lacks.{way}")
    if declared.kind == "share":
        return t("setup.problem.share", high=percent(MAX_SHARE))
    if (allowed := declared.range) is not None:
        return t("setup.problem.number", low=f"{allowed.low:g}", high=f"{allowed.high:g}")
    return t(f"setup.problem.{declared.kind}")


def percent(share: float) -> str:
    """Return a share as a number of per cent."""
    return f"{100 * share:g}"


def changed_value(declared: Changeable, value: Any) -> str:
    """Return a setting's value as one line of text in the page's language; empty for none."""
    if declared.kind == "share":
        return percent(value)
    shown = plain(value)
    if declared.kind == "wording":
        # Each apart from the others' direction.
        counts = (f"\u2068{NAMES[code]}: {len(texts)}\u2069" for code, texts in value.items())
        return ", ".join(counts)
    return "" if shown is None else _in_words(shown, _NAMES.get(declared.kind))


def _in_words(value: Any, names: str | None) -> str:
    """Return a value or a part of one, with names in the page's language.

    Args:
        value: The value, as ``app.config`` has it.
        names: What the keys of its names in the console's texts begin with, if it has any.
    """
    t: Text = functools.partial(translate, language=page_language())
    match value:
        case bool():
            return t("setup.yes" if value else "setup.no")
        case list():
            return "; ".join(_in_words(each, names) for each in value)
        case Mapping():
            return " · ".join(
                f"{label(t, f'{names}.{name}', name)}: {_in_words(each, f'{names}.{name}')}"
                for name, each in value.items()
            )
        case str() if names:
            return label(t, f"{names}.{value}", value)
    return str(value)


def _whole(text: str) -> int | str:
    """Return a whole number, or the text, which the setting's validator then refuses."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else text


def _share(text: str) -> float | str:
    """Return a number of per cent as a share, or the text, which the validator then refuses."""
    try:
        return float(text.rstrip(" %\u066a").replace(",", ".").replace("\u066b", ".")) / 100
    except ValueError:
        return text


def _design(form: Form) -> dict[str, Any]:
    """Return the fields of a button's design that say something."""
    fields: dict[str, Any] = {}
    for name, (_, check) in DESIGN_FIELDS.items():
        text = form.get(f"button_{name}", "").strip()
        if text:
            fields[name] = _whole(text) if isinstance(check, Number) else text
    shows = fields.pop("showOnCards", None)
    return fields if shows else {**fields, "showOnCards": False}


def _rows(form: Form) -> Iterator[dict[str, Any]]:
    columns = [form.getlist(f"packs_{name}") for name in PACK_FIELDS]
    for cells in zip(*columns, strict=False):
        filled = {name: text.strip() for name, text in zip(PACK_FIELDS, cells, strict=True)}
        row = {name: text for name, text in filled.items() if text}
        if row:
            yield row | ({"try_ons": _whole(row["try_ons"])} if "try_ons" in row else {})
