"""Reads single fields of Stripe's objects, which may be missing, expanded or of another type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def as_id(value: Any) -> str | None:
    """Return the id of an object, which may be expanded or be given as its id."""
    return as_text(value.get("id") if isinstance(value, Mapping) else value)


def currency_of(payload: Json) -> str | None:
    """Return the ISO code of an object's currency."""
    currency = as_text(payload.get("currency"))
    return currency.upper() if currency else None


def as_items(value: Any) -> list[Json]:
    """Return the objects on a page of a list."""
    data = as_dict(value).get("data")
    return [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []


def is_whole(value: Any) -> bool:
    """Return whether a page of a list is all of it."""
    return not as_dict(value).get("has_more")


def as_dict(value: Any) -> Json:
    """Return an object; an empty one if the value is none."""
    return value if isinstance(value, Mapping) else {}


def as_text(value: Any) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def as_count(value: Any) -> int | None:
    """Return a number of metadata, whose values are text."""
    text = as_text(value) or ""
    is_number = text.isascii() and text.isdigit() and len(text) <= 6
    return int(text) or None if is_number else None


def as_number(value: Any) -> int:
    """Return a whole number; 0 if the value is none."""
    return value if isinstance(value, int) else 0
