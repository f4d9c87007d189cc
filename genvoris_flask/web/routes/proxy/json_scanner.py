"""Scans the parts of a JSON text (RFC 8259) that lie in one chunk: space, strings and literals.

Each function takes a chunk and a position in it, and returns the position after what it read.
"""

from __future__ import annotations

import re

_SPACE = re.compile(rb"[ \t\r\n]*")
# Half a surrogate pair is text to some parsers and an error to others, so it takes both halves.
_TEXT = re.compile(
    rb'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)
_SPLIT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?")
_LITERAL = re.compile(rb"[-+.0-9a-zA-Z]*")
_COMPLETE_LITERAL = re.compile(rb"true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def next_byte(data: bytes, position: int) -> tuple[int, bytes]:
    """Skip space, and return the next byte too, which is empty at the end of the chunk."""
    position = _match_end(_SPACE, data, position)
    return min(position + 1, len(data)), data[position : position + 1]


def scan_string(data: bytes, position: int) -> tuple[int, bool]:
    """Scan the inside of a string, and return too whether its closing quote comes next.

    If it does not, and there is more in the chunk, then the rest is an escape that the chunk's end
    splits.

    Raises:
        ValueError: The string has a control character or an invalid escape.
    """
    end = _match_end(_TEXT, data, position)
    if data[end : end + 1] == b'"':
        return end, True
    if end < len(data) and not _SPLIT_ESCAPE.fullmatch(data, end):
        raise ValueError("A string in the JSON has a control character or an invalid escape.")
    return end, False


def scan_literal(data: bytes, position: int) -> int:
    """Scan a number, ``true``, ``false`` or ``null``, or whatever looks like one."""
    return _match_end(_LITERAL, data, position)


def is_literal(text: bytes) -> bool:
    """Return whether a text is a valid number, ``true``, ``false`` or ``null``."""
    return _COMPLETE_LITERAL.fullmatch(text) is not None


def _match_end(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    found = pattern.match(data, position)
    return found.end() if found else position
