"""Parses JSON leniently, since Genvoris's documents and servers do not agree on every form.

Keys may be in snake_case or camelCase, single objects bare or in ``{"data": …}``, times in ISO 8601
or Unix seconds (docs/genvoris-api.md).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ...errors import MalformedAnswerError

Json = Mapping[str, Any]
_LEAP_SECOND = re.compile(r"(\d\d:\d\d):60")
_UNKEEPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What JavaScript's trim takes away; Python's strip leaves the last one.
_SPACE = (
    " \xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# Unicode's Default_Ignorable_Code_Point, and the blank pattern of Braille.
_IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
IGNORABLE = re.compile(f"[{_IGNORABLE}]")
_UNSEEN = re.compile(f"[{_SPACE}{_IGNORABLE}]*")


def read_json(body: bytes, what: str) -> Json:
    """Parse a body that must be a JSON object.

    Raises:
        MalformedAnswerError: It is anything else, such as a proxy's HTML page.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise MalformedAnswerError(f"The answer to {what} is not a JSON object.")
    return parsed


def read_object(body: bytes, what: str) -> Json:
    """Parse a single object, bare or in ``{"data": …}``."""
    parsed = read_json(body, what)
    inner = parsed.get("data")
    return inner if isinstance(inner, dict) else parsed


def read_list(body: bytes, what: str) -> tuple[list[Json], str | None]:
    """Parse a list and the cursor of its next page."""
    parsed = read_json(body, what)
    items = parsed.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedAnswerError(f"The answer to {what} holds no list of objects in 'data'.")
    return items, as_text(pick(parsed, "next_cursor"))


def pick(payload: Json, name: str) -> Any:
    """Return the value under a snake_case name, or under the same name in camelCase."""
    if name in payload:
        return payload[name]
    return payload.get(re.sub(r"_(\w)", lambda match: match[1].upper(), name))


def need_text(payload: Json, name: str, what: str) -> str:
    """Return a string that the response must contain.

    Raises:
        MalformedAnswerError: The string is missing.
    """
    text = as_text(pick(payload, name))
    if not text:
        raise MalformedAnswerError(f"The answer to {what} has no {name}.")
    return text


def as_text(value: Any) -> str | None:
    """Return a non-empty string, or None."""
    if not isinstance(value, str) or not value:
        return None
    # JSON can hold half a character (\\ud800), which cannot be encoded.
    return value.encode(errors="replace").decode()


def as_int(value: Any) -> int | None:
    """Return a whole number of at most 64 bits, or None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) <= value < 2**63 else None  # JSON has larger ones than anything here


def as_time(value: Any) -> dt.datetime | None:
    """Return a time with its zone, from ISO 8601 or Unix seconds, or None."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        if isinstance(value, str) and value:
            time = dt.datetime.fromisoformat(_without_leap_second(value))
            return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def as_http_date(value: str) -> dt.datetime | None:
    """Return the time of an HTTP header such as ``Date`` (RFC 9110, 5.6.7), or None."""
    try:
        time = parsedate_to_datetime(_without_leap_second(value))
    except (ValueError, TypeError, OverflowError):
        return None
    return time if time.tzinfo else None


def _without_leap_second(text: str) -> str:
    """Return a time whose second is 59 if it was 60, which Python's datetime does not have."""
    return _LEAP_SECOND.sub(r"\1:59", text)


def plain_text(text: str) -> str:
    """Return a string without characters that cannot be stored, and without space around it.

    Control characters and half surrogate pairs are removed: some databases refuse a zero byte, for
    one, and the call would fail. A string without visible characters becomes empty, since Genvoris
    refuses those too.
    """
    text = _UNKEEPABLE.sub("", text).strip(_SPACE)
    return "" if _UNSEEN.fullmatch(text) else text


def text_length(text: str) -> int:
    """Return a string's length in UTF-16 code units, as services in JavaScript count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_text(text: str, longest: int) -> str:
    """Return at most ``longest`` UTF-16 code units of a string, cut between characters."""
    return text.encode("utf-16-le")[: 2 * longest].decode("utf-16-le", "ignore")
