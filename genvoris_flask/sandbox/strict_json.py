"""Reads JSON that clients send, and refuses what is none or could not be kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from .refusal import RefusalError, invalid

DEEPEST = 20
LARGEST_EXACT = 2**53


def read_json(raw: bytes) -> Any:
    """Give what the bytes say (RFC 8259).

    Refuses with 400 what is no JSON, NaN and numbers beyond all bounds, a key that is given twice,
    half characters, and what is nested deeper than 20 levels.
    """
    try:
        value = json.loads(
            raw.decode(),
            parse_int=_whole,
            parse_float=_number,
            object_pairs_hook=_pairs,
        )
    except ValueError:
        raise RefusalError(400, "invalid_body", "The body is not valid JSON.") from None
    except RecursionError:
        raise invalid("The body", f"is nested deeper than {DEEPEST} levels") from None
    for path, each in _walk(value):
        if isinstance(each, _Twice):
            raise invalid(".".join([*path, each.name]), "is given twice")
        if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
            raise invalid(".".join(path), "holds characters that are no text")
        if isinstance(each, float) and not math.isfinite(each):
            raise invalid(".".join(path) or "The body", "must be a number that JSON can write")
        if len(path) > DEEPEST:
            raise invalid(".".join(path[:3]), f"is nested deeper than {DEEPEST} levels")
    return value


class _Twice(dict[str, Any]):
    """An object in which a key came twice."""

    name = ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found = _Twice(found)
        found.name = next(name for name in names if names.count(name) > 1)
    return found


def _walk(value: Any) -> Iterator[tuple[list[str], Any]]:
    """Give every value and its path, keys as values too; without recursion, however deep it is."""
    waiting: list[tuple[list[str], Any]] = [([], value)]
    while waiting:
        path, each = waiting.pop()
        yield path, each
        if len(path) > DEEPEST:
            continue
        if isinstance(each, dict):
            for name, inner in each.items():
                yield path, name
                waiting.append(([*path, name], inner))
        elif isinstance(each, list):
            waiting.extend(([*path, str(at)], inner) for at, inner in enumerate(each))


def _number(text: str) -> float | int:
    number = float(text)
    # JSON knows one kind of number: 3.0 is as whole as 3.
    whole = number.is_integer() and abs(number) < LARGEST_EXACT
    return int(number) if whole else number


def _whole(text: str) -> float | int:
    try:
        return int(text)
    except ValueError:  # of more digits than Python reads
        return math.inf
