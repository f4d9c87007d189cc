"""The design of the try-on button: the fields of Genvoris's button designer, validated."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import ConfigurationError
from . import validators as checks

ICONS = ("none", "camera", "sparkles", "shirt", "eye", "wand")
POSITIONS = ("inline", "floating-right", "floating-left")
LONGEST_LABEL = 20


@dataclass(frozen=True, kw_only=True)
class ButtonDesign:
    """The design of the button. None leaves a property to the shop's own style sheet.

    Attributes:
        label: The button's text, 1 to 20 characters.
        border_radius: Of the corners, 0 to 40 px.
        font_size: 10 to 24 px.
        padding_x: Left and right of the text, 4 to 60 px.
        padding_y: Above and below the text, 4 to 40 px.
        icon: In front of the text: none, camera, sparkles, shirt, eye or wand.
        position: inline, where the template puts it, or floating-right or floating-left, in a
            lower corner of the window.
        show_on_cards: Whether buttons with ``card=True`` are shown.
    """

    label: str | None = None
    border_radius: int | None = None
    font_size: int | None = None
    padding_x: int | None = None
    padding_y: int | None = None
    icon: str | None = None
    position: str | None = None
    show_on_cards: bool = True

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The design as attributes of the widget's tag; only the fields that are set."""
        attributes = {
            "data-button-label": self.label,
            "data-button-border-radius": self.border_radius,
            "data-button-font-size": self.font_size,
            "data-button-padding-x": self.padding_x,
            "data-button-padding-y": self.padding_y,
            "data-button-icon": self.icon,
            "data-button-position": self.position,
        }
        return {name: str(value) for name, value in attributes.items() if value is not None}


PLAIN = ButtonDesign()
DesignFunction = Callable[[], "Mapping[str, Any] | ButtonDesign"]


def design(key: str, value: Any) -> ButtonDesign | DesignFunction:
    """Validate GENVORIS_BUTTON: a dict, or a function whose result is validated when called."""
    if callable(value):
        function: DesignFunction = value
        return function
    return read_design(key, value)


def read_design(key: str, value: Any) -> ButtonDesign:
    """Return the design in a dict with Genvoris's names (``borderRadius``).

    Args:
        key: The setting, for error messages.
        value: The dict, in which None counts as not set; or a design, which is returned unchanged.

    Raises:
        ConfigurationError: It is not a dict, or a field is unknown or out of range.
    """
    if isinstance(value, ButtonDesign):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{key} must be a dict such as {{"label": "Try it on"}}.')
    values: dict[str, Any] = {}
    for name, given in value.items():
        if name not in FIELDS:
            near = difflib.get_close_matches(str(name), FIELDS, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(FIELDS)}."
            raise ConfigurationError(f"{key} has no field {name!r}: {hint}")
        if given is not None:
            field, check = FIELDS[name]
            values[field] = check(f"{key}[{name!r}]", given)
    return ButtonDesign(**values)


def _label(key: str, value: Any) -> str:
    label = checks.text(key, value)
    if len(label) > LONGEST_LABEL:
        raise ConfigurationError(
            f"{key} must be a string of 1 to {LONGEST_LABEL} characters, not {len(label)}."
        )
    return label


def _one_of(words: tuple[str, ...]) -> checks.Check:
    def check(key: str, value: Any) -> str:
        if value not in words:
            raise ConfigurationError(f"{key} must be one of {', '.join(words)}, not {value!r}.")
        return str(value)

    return check


FIELDS: dict[str, tuple[str, checks.Check]] = {
    "label": ("label", _label),
    "borderRadius": ("border_radius", checks.number(0, 40, "px", int)),
    "fontSize": ("font_size", checks.number(10, 24, "px", int)),
    "paddingX": ("padding_x", checks.number(4, 60, "px", int)),
    "paddingY": ("padding_y", checks.number(4, 40, "px", int)),
    "icon": ("icon", _one_of(ICONS)),
    "position": ("position", _one_of(POSITIONS)),
    "showOnCards": ("show_on_cards", checks.flag),
}
