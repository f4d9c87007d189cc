"""The parts of JSON text (RFC 8259) in a chunk: space, and what a string may hold."""

from __future__ import annotations

import re

_SPACE = re.compile(rb"[ \t\r\n]*")
# Half a surrogate pair is text to some parsers and an error to others, so it takes both.
_TEXT = re.compile(
    rb'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?")


def next_byte(data: bytes, position: int) -> tuple[int, bytes]:
    """Skip space; return where to go on and the next byte, which is empty at the chunk's end."""
    position = match_end(_SPACE, data, position)
    return min(position + 1, len(data)), data[position : position + 1]


def scan_string(data: bytes, position: int) -> tuple[int, bool]:
    """Return where the part of a string in this chunk ends, and whether its closing quote is next.

    A part that ends before the chunk does, without a quote, leaves an escape that the chunk cuts.

    Raises:
        ValueError: The string holds what must be escaped, or an escape that there is not.
    """
    end = match_end(_TEXT, data, position)
    if data[end : end + 1] == b'"':
        return end, True
    if end < len(data) and not _CUT_ESCAPE.fullmatch(data, end):
        raise ValueError("A text in the JSON holds what must be escaped, or no such escape.")
    return end, False


def match_end(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    """Return where a pattern that may match nothing ends."""
    found = pattern.match(data, position)
    return found.end() if found else position
