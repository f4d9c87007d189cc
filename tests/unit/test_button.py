"""The button's design: which fields there are, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from genvoris_flask.core.button_design import ICONS, POSITIONS, ButtonDesign, design, read_design
from genvoris_flask.errors import ConfigurationError

WHOLE: dict[str, Any] = {
    "label": "See it on me",
    "borderRadius": 12,
    "fontSize": 16,
    "paddingX": 20,
    "paddingY": 10,
    "icon": "sparkles",
    "position": "floating-right",
    "showOnCards": False,
}


def read(**fields: Any) -> ButtonDesign:
    return read_design("GENVORIS_BUTTON", fields)


def test_all_fields() -> None:
    """Every field becomes an attribute."""
    button = read(**WHOLE)
    assert button.show_on_cards is False
    assert button.attributes == {
        "data-button-label": "See it on me",
        "data-button-border-radius": "12",
        "data-button-font-size": "16",
        "data-button-padding-x": "20",
        "data-button-padding-y": "10",
        "data-button-icon": "sparkles",
        "data-button-position": "floating-right",
    }


def test_unset_fields() -> None:
    """Unset fields become no attributes."""
    assert read(borderRadius=0, icon=None).attributes == {"data-button-border-radius": "0"}
    assert read().show_on_cards is True


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [("borderRadius", 0, 40), ("fontSize", 10, 24), ("paddingX", 4, 60), ("paddingY", 4, 40)],
)
def test_number_range(field: str, low: int, high: int) -> None:
    """Numbers out of range are refused."""
    assert read(**{field: low}).attributes != read(**{field: high}).attributes
    for wrong in (low - 1, high + 1, low + 0.5, "wide", True, float("nan")):
        with pytest.raises(ConfigurationError, match=rf"{field}.*from {low} to {high}"):
            read(**{field: wrong})


@pytest.mark.parametrize(("field", "words"), [("icon", ICONS), ("position", POSITIONS)])
def test_choices(field: str, words: tuple[str, ...]) -> None:
    """Words must be in the list."""
    for word in words:
        assert list(read(**{field: word}).attributes.values()) == [word]
    with pytest.raises(ConfigurationError, match=", ".join(words)):
        read(**{field: "banner"})
    with pytest.raises(ConfigurationError, match=", ".join(words)):
        read(**{field: [words[0]]})


@pytest.mark.parametrize("label", ["", "   ", "x" * 21, 7, None])
def test_label_length(label: object) -> None:
    """A label has 1 to 20 characters."""
    if label is None:
        assert read(label=label).label is None
        return
    with pytest.raises(ConfigurationError, match="label"):
        read(label=label)


def test_label_in_any_script() -> None:
    """Characters of any script count as one."""
    assert read(label="جرّبها على صورتك").label == "جرّبها على صورتك"
    assert read(label="é" * 20).label == "é" * 20


def test_misspelt_field() -> None:
    """The error suggests the right name."""
    with pytest.raises(ConfigurationError, match="did you mean borderRadius"):
        read(border_radius=4)
    with pytest.raises(ConfigurationError, match=r"it has label, .*showOnCards"):
        read(zzz=4)


@pytest.mark.parametrize("value", ["blue", 7, ["label"]])
def test_design_is_a_dict(value: object) -> None:
    """Other values are refused."""
    with pytest.raises(ConfigurationError, match="GENVORIS_BUTTON must be a dict"):
        design("GENVORIS_BUTTON", value)


def test_ready_design() -> None:
    """So a function may return what ``genvoris.client.widget.button_design()`` gave."""
    known = ButtonDesign(label="See it")
    assert read_design("GENVORIS_BUTTON", known) is known
