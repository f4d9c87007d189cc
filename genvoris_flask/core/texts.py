"""GENVORIS_TEXTS: the shop's own wording of what shoppers read, by language and key.

The keys are those of the widget's sentences, and of the backend's messages that a shop may want to
write in its own words. A text that is not given, or is empty, stays as this package has it.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ConfigurationError, see
from . import locales
from .built_widget import find_folder

Text = str | Mapping[str, str]
Texts = Mapping[str, Mapping[str, Text]]

# The backend's own: the button's label, what a refused shopper or one who agrees reads, and their
# account.
BACKEND = re.compile(r"(paywall|action|option|account)\..+|consent\.(text|depicted|age)")
LONGEST = 2000  # characters
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a text.

    Attributes:
        kind: ``lacks`` or ``unknown`` for placeholders, ``braces`` for others in braces, ``long``,
            or ``form`` for what is neither a string nor a dict of plural forms.
        names: The placeholders, in braces, or the plural forms that there may be.
    """

    kind: Literal["lacks", "unknown", "braces", "long", "form"]
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in English."""
        names = ", ".join(self.names)
        if self.kind == "form":
            forms = f", or a dict of plural forms with other: {names}" if names else ""
            return f"must be a string{forms}."
        return {
            "lacks": f"lacks {names}, which a value replaces.",
            "unknown": f"has {names}, which is no placeholder of this text: remove it.",
            "braces": "has braces that are not part of a placeholder.",
            "long": f"must have at most {LONGEST} characters.",
        }[self.kind]


def read_texts(key: str, value: Any) -> dict[str, dict[str, Text]]:
    """Return the texts of a setting, without empty ones.

    Args:
        key: The setting's name.
        value: ``{"de": {"title": "Jetzt anprobieren"}}``. A text with a number may be a dict of its
            plural forms, as in ``{"one": "…", "other": "…"}``.

    Raises:
        ConfigurationError: A language or a key is unknown, or a text is wrong.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"{key} must be a dict of languages, such as "
            f'{{"de": {{"title": "Jetzt anprobieren"}}}}, not {value!r}.'
        )
    found = {language: _of_language(key, language, texts) for language, texts in value.items()}
    return {language: texts for language, texts in found.items() if texts}


def _of_language(key: str, language: Any, texts: Any) -> dict[str, Text]:
    if language not in locales.LANGUAGES:
        raise ConfigurationError(
            f"{key} has {language!r}, which is no language of the widget: use one of "
            f"{', '.join(locales.LANGUAGES)}."
        )
    if not isinstance(texts, Mapping):
        raise ConfigurationError(f"{key}: {language} must be a dict of texts, not {texts!r}.")
    known = known_texts(language)
    found: dict[str, Text] = {}
    for name, text in texts.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"{see('texts.md')} lists all."
            raise ConfigurationError(f"{key}: {language} has {name!r}, which is no text: {hint}")
        if text is None or (isinstance(text, str) and not text.strip()):
            continue
        if fault := find_fault(language, name, text):
            raise ConfigurationError(f"{key}: {name} in {language} {fault}")
        found[name] = text if isinstance(text, str) else dict(text)
    return found


def valid_texts(value: Any) -> dict[str, dict[str, Text]]:
    """Return those texts of a setting that ``read_texts`` accepts, such as after an upgrade."""
    found: dict[str, dict[str, Text]] = {}
    for language, texts in value.items() if isinstance(value, Mapping) else ():
        for name, text in texts.items() if isinstance(texts, Mapping) else ():
            with suppress(ConfigurationError):
                for code, own in read_texts("", {language: {name: text}}).items():
                    found.setdefault(code, {}).update(own)
    return found


@functools.cache
def known_texts(language: str) -> Mapping[str, Text]:
    """Return this package's wording of each text that may be changed, by key."""
    backend = {k: text for k, text in locales.LANGUAGES[language].items() if BACKEND.fullmatch(k)}
    return {**_built()["phone"][language], **_built()["dialog"][language], **backend}


def find_fault(language: str, key: str, text: Any) -> Fault | None:
    """Return what is wrong with a text of a known language and key, if anything is."""
    known = known_texts(language)[key]
    if isinstance(known, str):
        return _wording_fault(text, known) if isinstance(text, str) else Fault("form")
    forms = {"other": text} if isinstance(text, str) else text
    if not isinstance(forms, Mapping) or not {"other"} <= forms.keys() <= known.keys():
        return Fault("form", tuple(known))
    if not all(isinstance(each, str) and each.strip() for each in forms.values()):
        return Fault("form", tuple(known))
    faults = (_wording_fault(each, known["other"], {"{count}"}) for each in forms.values())
    return next(filter(None, faults), None)


def _wording_fault(text: str, known: str, optional: Collection[str] = ()) -> Fault | None:
    """Compare a wording with this package's."""
    there, wanted = _PLACEHOLDER.findall(text), _PLACEHOLDER.findall(known)
    if lacking := [name for name in wanted if name not in there and name not in optional]:
        return Fault("lacks", tuple(lacking))
    if unknown := [name for name in there if name not in wanted]:
        return Fault("unknown", tuple(unknown))
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        return Fault("braces")
    return Fault("long") if len(text) > LONGEST else None


def placeholders(text: Text) -> list[str]:
    """Return a text's placeholders, in braces."""
    return _PLACEHOLDER.findall(text if isinstance(text, str) else text["other"])


def for_dialog(texts: Texts) -> dict[str, dict[str, Text]]:
    """Return those texts that the dialog shows, as the attribute ``data-strings`` has them."""
    shown = {language: _of_part(texts, language, "dialog") for language in texts}
    return {language: own for language, own in shown.items() if own}


def for_phone(texts: Texts, language: str) -> dict[str, Text]:
    """Return those texts of a language that the page on a shopper's phone shows."""
    return _of_part(texts, language, "dialog") | _of_part(texts, language, "phone")


def _of_part(texts: Texts, language: str, part: str) -> dict[str, Text]:
    known = _built()[part][locales.DEFAULT]
    return {key: text for key, text in texts.get(language, {}).items() if key in known}


def translator(texts: Texts) -> locales.Translate:
    """Return a function like ``locales.translate`` that prefers a shop's own texts."""

    def translate(key: str, language: str = locales.DEFAULT, **values: object) -> str:
        own = texts.get(language, {}).get(key)
        if isinstance(own, str):
            return own.format(**values)
        return locales.translate(key, language, **values)

    return translate


@functools.cache
def _built() -> Mapping[str, Mapping[str, Mapping[str, Text]]]:
    """Return the widget's sentences, of the dialog and of the phone's page, by language and key."""
    written = (find_folder() / "texts.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Mapping[str, Text]]] = json.loads(written)
    return found
