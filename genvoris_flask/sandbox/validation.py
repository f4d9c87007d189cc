"""Checks of what clients send; each refusal names the field."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

from flask import Request

from .refusal import RefusalError, invalid

MAX_JSON_BYTES = 256 * 1024
MAX_TEXT = 500
MAX_METADATA_KEYS = 20
MAX_METADATA_BYTES = 4096

Json = dict[str, Any]


def read_body(request: Request) -> Json:
    """Read a JSON object; no body at all is an empty one."""
    request.max_content_length = MAX_JSON_BYTES
    raw = request.get_data()
    if not raw:
        return {}
    if request.mimetype != "application/json":
        raise RefusalError(415, "unsupported_media_type", "Send Content-Type: application/json.")
    try:
        body = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise RefusalError(400, "invalid_body", "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise RefusalError(400, "invalid_body", "The body must be a JSON object.")
    return body


def text(body: Json, name: str, *, longest: int = MAX_TEXT, required: bool = False) -> str | None:
    """Give a text, or None when it is null or missing."""
    value = body.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise invalid(name, f"must be a text of 1 to {longest} characters")
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise invalid(name, "holds characters that are no text")
    return value


def whole_number(body: Json, name: str, low: int, high: int) -> int:
    """Give a whole number within a range."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(name, f"must be a whole number from {low} to {high}")
    return value


def number(body: Json, name: str, low: float, high: float) -> float:
    """Give a number within a range."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid(name, f"must be a number from {low:g} to {high:g}")
    return float(value)


def flag(body: Json, name: str, *, default: bool) -> bool:
    """Give true or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(name, "must be true or false")
    return value


def one_of(body: Json, name: str, choices: tuple[str, ...]) -> str:
    """Give one of a few texts."""
    value = body.get(name)
    if value not in choices:
        raise invalid(name, f"must be one of {', '.join(choices)}")
    return str(value)


def metadata(body: Json, path: str = "metadata") -> Json:
    """Give the metadata: at most 20 keys and 4 KB, scalars alone."""
    value = body.get(path)
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_METADATA_KEYS:
        raise invalid(path, f"must be an object of at most {MAX_METADATA_KEYS} keys")
    for name, item in value.items():
        if item is not None and not isinstance(item, str | int | float | bool):
            raise invalid(f"{path}.{name}", "must be a text, a number, true, false or null")
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        raise invalid(path, f"must be at most {MAX_METADATA_BYTES} bytes")
    return value


def iso(time: float) -> str:
    """Write a time as the quickstart does."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
