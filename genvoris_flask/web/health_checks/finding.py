"""What a health check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | list[str]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether try-ons can work with it as it is.
        text: What is wrong and what to do, or what is right.
        warning: Whether it works but should be looked at; ``text`` says why.
        sentence: The text before its placeholders are replaced. ``core/locales/checks`` has the
            same in other languages.
        values: What replaces the placeholders; lists are written with "and".
    """

    name: str
    ok: bool
    text: str
    warning: bool = False
    sentence: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


def good(name: str, sentence: str, **values: object) -> Finding:
    """Return that there is nothing to do."""
    return _finding(name, sentence, values, ok=True)


def warn(name: str, sentence: str, **values: object) -> Finding:
    """Return that something works, but should be looked at."""
    return _finding(name, sentence, values, ok=True, warning=True)


def wrong(name: str, sentence: str, **values: object) -> Finding:
    """Return that something keeps try-ons from working."""
    return _finding(name, sentence, values, ok=False)


def _finding(
    name: str, sentence: str, values: Mapping[str, object], *, ok: bool, warning: bool = False
) -> Finding:
    plain: dict[str, Value] = {
        key: [str(each) for each in value] if isinstance(value, list | tuple) else str(value)
        for key, value in values.items()
    }
    text = sentence
    if plain:
        text = sentence.format(**{key: joined(each, " and ") for key, each in plain.items()})
    return Finding(name, ok, text, warning, sentence, plain)


def joined(value: Value, separator: str) -> str:
    """Return a value as it is written in a sentence."""
    return value if isinstance(value, str) else separator.join(value)
