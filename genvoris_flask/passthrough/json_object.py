"""Rewrites a JSON object while it streams: drops the members that are ours, and puts them in.

A photo may come as base64 in a member, so the whole is never held. The reader is strict (RFC 8259):
what a lenient one might read otherwise is refused, text that is not UTF-8 included.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .fields import MAX_NAME, check_name, is_ours

MAX_DEPTH = 64
# Each costs some microseconds, and a photo's worth of bytes would hold millions of them.
MAX_VALUES = 2_000
# Characters of all names together: reading one takes some microseconds for each, since a single
# character may stand for eighteen (Unicode, NFKC).
MAX_NAMES = 32 * 1024
MAX_LITERAL = 400
_LONGEST_NAME = 6 * MAX_NAME + 2  # bytes, were each character written as \uXXXX
_SPACE = re.compile(rb"[ \t\r\n]*")
# Half a surrogate pair is text to some parsers and an error to others, so it takes both.
_TEXT = re.compile(
    rb'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?")
_LITERAL = re.compile(rb"[-+.0-9a-zA-Z]*")
_WHOLE_LITERAL = re.compile(rb"true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def rewrite_json(chunks: Iterable[bytes], fields: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the object anew, in pieces.

    Args:
        chunks: The object as it comes in, in UTF-8.
        fields: What is put in; nothing of these names is let through, at any depth.

    Raises:
        ValueError: It is not a JSON object, or holds too much or what parsers read differently.
    """
    rewriter = _Rewriter(fields)
    utf8 = codecs.getincrementaldecoder("utf-8")("strict")
    for chunk in chunks:
        utf8.decode(chunk)
        yield rewriter.feed(chunk)
    rewriter.finish()


@dataclass
class _Level:
    """An object or array that is open."""

    closes: bytes
    wrote: bool = False


class _Rewriter:
    """Walks over the text. ``_step`` reads what must come next and returns where to go on."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self._levels: list[_Level] = []
        self._step: Callable[[bytes, int], int] = self._top
        self._out: list[bytes] = []
        self._dropping_in: int | None = None  # how many levels were open when a member was dropped
        self._held = bytearray()
        self._cut = b""  # the start of an escape whose end is in the next chunk
        self._values = 0
        self._names = 0

    def feed(self, data: bytes) -> bytes:
        """Take a chunk, and return what is to be passed on by now."""
        data, self._cut = self._cut + data, b""
        position = 0
        while position < len(data):
            position = self._step(data, position)
        out, self._out = b"".join(self._out), []
        return out

    def finish(self) -> None:
        """Raise ``ValueError`` if the object is not whole."""
        if self._step != self._after_all:
            raise ValueError("The JSON ends too soon.")

    def _top(self, data: bytes, position: int) -> int:
        position, found = _next(data, position)
        if found:
            if found != b"{":
                raise ValueError("The JSON is not an object.")
            self._open(found)
            members = json.dumps(dict(self._fields))[1:-1].encode()
            self._levels[-1].wrote = bool(members)
            self._emit(members)
        return position

    def _first_name(self, data: bytes, position: int) -> int:
        after, found = _next(data, position)
        if found == b"}":
            self._close(found)
            return after
        return self._name(data, position)

    def _name(self, data: bytes, position: int) -> int:
        position, found = _next(data, position)
        if found:
            if found != b'"':
                raise ValueError("A JSON object lacks a name.")
            self._held = bytearray(found)
            self._step = self._in_name
        return position

    def _in_name(self, data: bytes, position: int) -> int:
        end, closed = self._scan_text(data, position)
        self._held += data[position : end - len(self._cut)]
        if len(self._held) > _LONGEST_NAME:
            raise ValueError("A name in the JSON is too long.")
        if closed:
            self._take_name(json.loads(self._held))
            self._step = self._colon
        return end

    def _take_name(self, name: str) -> None:
        check_name(name)
        self._names += len(name)
        if self._names > MAX_NAMES:
            raise ValueError("The names in the JSON are too long together.")
        if not is_ours(name):
            self._separate()
            self._emit(json.dumps(name).encode())
        elif self._dropping_in is None:
            self._dropping_in = len(self._levels)

    def _colon(self, data: bytes, position: int) -> int:
        position, found = _next(data, position)
        if found:
            if found != b":":
                raise ValueError("A name in the JSON lacks its colon.")
            self._emit(found)
            self._step = self._value
        return position

    def _first_element(self, data: bytes, position: int) -> int:
        after, found = _next(data, position)
        if found == b"]":
            self._close(found)
            return after
        return self._element(data, position)

    def _element(self, data: bytes, position: int) -> int:
        if _next(data, position)[1]:
            self._separate()
            return self._value(data, position)
        return len(data)

    def _value(self, data: bytes, position: int) -> int:
        after, found = _next(data, position)
        if not found:
            return after
        self._values += 1
        if self._values > MAX_VALUES:
            raise ValueError("The JSON holds too many values.")
        if found in (b"{", b"["):
            self._open(found)
        elif found == b'"':
            self._emit(found)
            self._step = self._in_text
        else:
            self._held = bytearray()
            self._step = self._in_literal
            return after - 1
        return after

    def _in_text(self, data: bytes, position: int) -> int:
        end, closed = self._scan_text(data, position)
        self._emit(data[position : end - len(self._cut)])
        if closed:
            self._end_value()
        return end

    def _in_literal(self, data: bytes, position: int) -> int:
        end = _match(_LITERAL, data, position)
        self._held += data[position:end]
        if len(self._held) > MAX_LITERAL:
            raise ValueError("A number in the JSON is too long.")
        if end < len(data):
            if not _WHOLE_LITERAL.fullmatch(self._held):
                raise ValueError("The JSON holds what is no value.")
            self._emit(bytes(self._held))
            self._end_value()
        return end

    def _after(self, data: bytes, position: int) -> int:
        position, found = _next(data, position)
        if found == b",":
            in_object = self._levels[-1].closes == b"}"
            self._step = self._name if in_object else self._element
        elif found:
            self._close(found)
        return position

    def _after_all(self, data: bytes, position: int) -> int:
        position, found = _next(data, position)
        if found:
            raise ValueError("There is more after the JSON object.")
        return position

    def _open(self, bracket: bytes) -> None:
        if len(self._levels) == MAX_DEPTH:
            raise ValueError("The JSON is nested too deeply.")
        self._emit(bracket)
        self._levels.append(_Level(b"}" if bracket == b"{" else b"]"))
        self._step = self._first_name if bracket == b"{" else self._first_element

    def _close(self, bracket: bytes) -> None:
        if self._levels[-1].closes != bracket:
            raise ValueError("The JSON lacks a comma or a bracket.")
        self._levels.pop()
        self._emit(bracket)
        self._end_value()

    def _end_value(self) -> None:
        if self._dropping_in == len(self._levels):
            self._dropping_in = None
        self._step = self._after if self._levels else self._after_all

    def _separate(self) -> None:
        """Write the comma before a member, unless it is the first of those that are kept."""
        level = self._levels[-1]
        if level.wrote:
            self._emit(b",")
        level.wrote = True

    def _emit(self, data: bytes) -> None:
        if self._dropping_in is None:
            self._out.append(data)

    def _scan_text(self, data: bytes, position: int) -> tuple[int, bool]:
        """Return where this chunk's part of a string ends, and whether the string does.

        An escape that the chunk cuts in two is kept in ``_cut`` for the next one.
        """
        end = _match(_TEXT, data, position)
        if end == len(data):
            return end, False
        if data[end : end + 1] == b'"':
            return end + 1, True
        if _CUT_ESCAPE.fullmatch(data, end):
            self._cut = data[end:]
            return len(data), False
        raise ValueError("A text in the JSON holds what must be escaped, or no such escape.")


def _next(data: bytes, position: int) -> tuple[int, bytes]:
    """Skip space; return where to go on and the next byte, which is empty at the chunk's end."""
    position = _match(_SPACE, data, position)
    return min(position + 1, len(data)), data[position : position + 1]


def _match(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    found = pattern.match(data, position)
    return found.end() if found else position
