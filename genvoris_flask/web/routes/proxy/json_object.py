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

from ....core.reserved_fields import is_reserved
from .fields import MAX_NAME, check_name
from .json_text import match_end, next_byte, scan_string
from .product_fields import ProductFields

MAX_DEPTH = 64
# Each costs some microseconds, and a photo's worth of bytes would hold millions of them.
MAX_VALUES = 2_000
# Characters of all names together: reading one takes some microseconds for each, since a single
# character may stand for eighteen (Unicode, NFKC).
MAX_NAMES = 32 * 1024
MAX_LITERAL = 400
MAX_PATH = 200  # of names that lead to a value; nothing of interest is deeper
_LONGEST_NAME = 6 * MAX_NAME + 2  # bytes, were each character written as \uXXXX
_LITERAL = re.compile(rb"[-+.0-9a-zA-Z]*")
_WHOLE_LITERAL = re.compile(rb"true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def rewrite_json(
    chunks: Iterable[bytes], fields: Mapping[str, str], product: ProductFields | None = None
) -> Iterator[bytes]:
    """Yield the object anew, in pieces.

    Args:
        chunks: The object as it comes in, in UTF-8.
        fields: What is put in; nothing of these names is let through, at any depth.
        product: Is told what the object says of a product.

    Raises:
        ValueError: It is not a JSON object, or holds too much or what parsers read differently.
    """
    rewriter = _Rewriter(fields, product)
    utf8 = codecs.getincrementaldecoder("utf-8")("strict")
    for chunk in chunks:
        utf8.decode(chunk)
        yield rewriter.feed(chunk)
    rewriter.finish()


@dataclass
class _Level:
    """An object or array that is open.

    Attributes:
        closes: The bracket that ends it.
        path: The names that lead to it, joined by dots.
        name: The path of the value that comes next in it.
        wrote: Whether anything was written in it.
    """

    closes: bytes
    path: str
    name: str
    wrote: bool = False


class _Rewriter:
    """Walks over the text. ``_step`` reads what must come next and returns where to go on."""

    def __init__(self, fields: Mapping[str, str], product: ProductFields | None) -> None:
        self._fields = fields
        self._product = product
        self._levels: list[_Level] = []
        self._step: Callable[[bytes, int], int] = self._top
        self._out: list[bytes] = []
        self._dropping_in: int | None = None  # how many levels were open when a member was dropped
        self._held = bytearray()
        self._noting = False  # whether ``_held`` gathers a text for ``_product``
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
        position, found = next_byte(data, position)
        if found:
            if found != b"{":
                raise ValueError("The JSON is not an object.")
            self._open(found, "")
            members = json.dumps(dict(self._fields))[1:-1].encode()
            self._levels[-1].wrote = bool(members)
            self._emit(members)
        return position

    def _first_name(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if found == b"}":
            self._close(found)
            return after
        return self._name(data, position)

    def _name(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            if found != b'"':
                raise ValueError("A JSON object lacks a name.")
            self._held = bytearray(found)
            self._step = self._in_name
        return position

    def _in_name(self, data: bytes, position: int) -> int:
        after, text, closed = self._take_string(data, position)
        self._held += text
        if len(self._held) > _LONGEST_NAME:
            raise ValueError("A name in the JSON is too long.")
        if closed:
            self._take_name(json.loads(self._held + b'"'))
            self._step = self._colon
        return after

    def _take_name(self, name: str) -> None:
        check_name(name)
        self._names += len(name)
        if self._names > MAX_NAMES:
            raise ValueError("The names in the JSON are too long together.")
        level = self._levels[-1]
        level.name = f"{level.path}.{name}"[:MAX_PATH]
        if not is_reserved(name):
            self._separate()
            self._emit(json.dumps(name).encode())
        elif self._dropping_in is None:
            self._dropping_in = len(self._levels)

    def _colon(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            if found != b":":
                raise ValueError("A name in the JSON lacks its colon.")
            self._emit(found)
            self._step = self._value
        return position

    def _first_element(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if found == b"]":
            self._close(found)
            return after
        return self._element(data, position)

    def _element(self, data: bytes, position: int) -> int:
        if next_byte(data, position)[1]:
            self._separate()
            return self._value(data, position)
        return len(data)

    def _value(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if not found:
            return after
        self._values += 1
        if self._values > MAX_VALUES:
            raise ValueError("The JSON holds too many values.")
        path = self._levels[-1].name
        if found in (b"{", b"["):
            self._open(found, path)
            return after
        self._held = bytearray()
        self._noting = self._product is not None and self._product.wants(path)
        if found == b'"':
            self._emit(found)
            self._step = self._in_text
            return after
        self._step = self._in_literal
        return after - 1

    def _in_text(self, data: bytes, position: int) -> int:
        after, text, closed = self._take_string(data, position)
        self._emit(text)
        if self._noting:
            self._held += text
            self._noting = len(self._held) <= ProductFields.LONGEST
        if closed:
            self._emit(b'"')
            self._note(b'"%b"' % bytes(self._held) if self._noting else b'""')
            self._end_value()
        return after

    def _in_literal(self, data: bytes, position: int) -> int:
        end = match_end(_LITERAL, data, position)
        self._held += data[position:end]
        if len(self._held) > MAX_LITERAL:
            raise ValueError("A number in the JSON is too long.")
        if end < len(data):
            if not _WHOLE_LITERAL.fullmatch(self._held):
                raise ValueError("The JSON holds what is no value.")
            literal = bytes(self._held)
            self._emit(literal)
            self._note(b'"%b"' % literal if literal[-1:].isdigit() else b'""')
            self._end_value()
        return end

    def _note(self, text: bytes) -> None:
        """Tell what was said of a product; numbers are told as they were written."""
        if self._noting and self._product is not None and self._dropping_in is None:
            self._product.note(self._levels[-1].name, json.loads(text))

    def _after(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found == b",":
            in_object = self._levels[-1].closes == b"}"
            self._step = self._name if in_object else self._element
        elif found:
            self._close(found)
        return position

    def _after_all(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            raise ValueError("There is more after the JSON object.")
        return position

    def _open(self, bracket: bytes, path: str) -> None:
        if len(self._levels) == MAX_DEPTH:
            raise ValueError("The JSON is nested too deeply.")
        self._emit(bracket)
        # Elements of a list go by the name of the list.
        self._levels.append(_Level(b"}" if bracket == b"{" else b"]", path, path))
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

    def _take_string(self, data: bytes, position: int) -> tuple[int, bytes, bool]:
        """Return where to go on, this chunk's part of a string, and whether the string ends."""
        end, closed = scan_string(data, position)
        if closed:
            return end + 1, data[position:end], True
        self._cut = data[end:]
        return len(data), data[position:end], False
