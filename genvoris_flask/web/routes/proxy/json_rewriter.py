"""Rewrites a JSON object while it streams: drops reserved members and adds the given ones.

A member may hold a photo as base64, so the object is never held as a whole. The reader is stricter
than most: it refuses anything that two parsers could read differently, and text that is not UTF-8.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ....core.reserved_fields import is_reserved
from .allow_list import MAX_NAME, ProductFields, check_name
from .json_scanner import is_literal, next_byte, scan_literal, scan_string

MAX_DEPTH = 64
# Reading a value takes some microseconds, and a body as large as a photo could hold millions.
MAX_VALUES = 2_000
# Characters of all names together. Checking a name takes some microseconds for each character, as
# one may expand to eighteen (Unicode, NFKC).
MAX_NAMES = 32 * 1024
MAX_LITERAL = 400
MAX_PATH = 200  # characters of the names that lead to a value; product fields are not deeper
_MAX_ESCAPED_NAME = 6 * MAX_NAME + 2  # bytes, if each character is written as \uXXXX


def rewrite_json(
    chunks: Iterable[bytes], fields: Mapping[str, str], product: ProductFields | None = None
) -> Iterator[bytes]:
    """Yield the rewritten object in pieces.

    Args:
        chunks: The object as it arrives, in UTF-8.
        fields: The members to add. Reserved members of the original are dropped at any depth.
        product: Collects what the object says about a product.

    Raises:
        ValueError: It is not a JSON object, is too complex, or could be read in different ways.
    """
    rewriter = _Rewriter(fields, product)
    utf8 = codecs.getincrementaldecoder("utf-8")("strict")
    for chunk in chunks:
        utf8.decode(chunk)
        yield rewriter.feed(chunk)
    rewriter.finish()


@dataclass
class _OpenContainer:
    """An object or array whose end has not been read yet.

    Attributes:
        closing: The bracket that ends it.
        path: The names that lead to it, joined by dots.
        value_path: The path of the value that comes next in it.
        is_empty: Whether nothing has been written into it so far.
    """

    closing: bytes
    path: str
    value_path: str
    is_empty: bool = True


class _Rewriter:
    """A state machine that copies an object except for its reserved members.

    ``_read`` is the current state: a method that reads what must come next. Each such method takes
    a chunk and a position in it, returns the position after what it read, and sets the next state.
    A state that finds only a part of what it needs keeps it, and goes on in the next chunk.
    """

    def __init__(self, fields: Mapping[str, str], product: ProductFields | None) -> None:
        self._fields = fields
        self._product = product
        self._read: Callable[[bytes, int], int] = self._read_start
        self._open: list[_OpenContainer] = []
        self._output: list[bytes] = []
        self._dropped_depth: int | None = None  # of the reserved member that is being skipped
        self._buffer = bytearray()  # the part of a name, literal or recorded string read so far
        self._is_recorded = False  # whether the current value is about a product
        self._split_escape = b""  # the start of an escape that goes on in the next chunk
        self._value_count = 0
        self._names_length = 0

    def feed(self, data: bytes) -> bytes:
        """Read a chunk, and return what can be written by now."""
        data, self._split_escape = self._split_escape + data, b""
        position = 0
        while position < len(data):
            position = self._read(data, position)
        output, self._output = b"".join(self._output), []
        return output

    def finish(self) -> None:
        """Raise ``ValueError`` if the object is not complete."""
        if self._read != self._read_end:
            raise ValueError("The JSON ends too soon.")

    # The whole text

    def _read_start(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            if found != b"{":
                raise ValueError("The JSON is not an object.")
            self._open_container(found, "")
            members = json.dumps(dict(self._fields))[1:-1].encode()
            self._open[-1].is_empty = not members
            self._write(members)
        return position

    def _read_end(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            raise ValueError("There is more after the JSON object.")
        return position

    # Objects

    def _read_first_name(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if found == b"}":
            self._close_container(found)
            return after
        return self._read_name(data, position)

    def _read_name(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            if found != b'"':
                raise ValueError("A JSON object lacks a name.")
            self._buffer = bytearray(found)
            self._read = self._read_rest_of_name
        return position

    def _read_rest_of_name(self, data: bytes, position: int) -> int:
        after, text, is_closed = self._read_string_part(data, position)
        self._buffer += text
        if len(self._buffer) > _MAX_ESCAPED_NAME:
            raise ValueError("A name in the JSON is too long.")
        if is_closed:
            self._take_name(json.loads(self._buffer + b'"'))
            self._read = self._read_colon
        return after

    def _take_name(self, name: str) -> None:
        check_name(name)
        self._names_length += len(name)
        if self._names_length > MAX_NAMES:
            raise ValueError("The names in the JSON are too long in total.")
        container = self._open[-1]
        container.value_path = f"{container.path}.{name}"[:MAX_PATH]
        if not is_reserved(name):
            self._write_comma()
            self._write(json.dumps(name).encode())
        elif self._dropped_depth is None:
            self._dropped_depth = len(self._open)

    def _read_colon(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found:
            if found != b":":
                raise ValueError("A name in the JSON lacks its colon.")
            self._write(found)
            self._read = self._read_value
        return position

    # Arrays

    def _read_first_element(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if found == b"]":
            self._close_container(found)
            return after
        return self._read_element(data, position)

    def _read_element(self, data: bytes, position: int) -> int:
        if next_byte(data, position)[1]:
            self._write_comma()
            return self._read_value(data, position)
        return len(data)

    # Values

    def _read_value(self, data: bytes, position: int) -> int:
        after, found = next_byte(data, position)
        if not found:
            return after
        self._value_count += 1
        if self._value_count > MAX_VALUES:
            raise ValueError("The JSON holds too many values.")
        path = self._open[-1].value_path
        if found in (b"{", b"["):
            self._open_container(found, path)
            return after
        self._buffer = bytearray()
        self._is_recorded = self._product is not None and self._product.knows(path)
        if found == b'"':
            self._write(found)
            self._read = self._read_string
            return after
        self._read = self._read_literal
        return after - 1

    def _read_string(self, data: bytes, position: int) -> int:
        after, text, is_closed = self._read_string_part(data, position)
        self._write(text)
        if self._is_recorded:
            self._buffer += text
            self._is_recorded = len(self._buffer) <= ProductFields.MAX_VALUE
        if is_closed:
            self._write(b'"')
            self._record(b'"%b"' % bytes(self._buffer) if self._is_recorded else b'""')
            self._end_value()
        return after

    def _read_literal(self, data: bytes, position: int) -> int:
        end = scan_literal(data, position)
        self._buffer += data[position:end]
        if len(self._buffer) > MAX_LITERAL:
            raise ValueError("A number in the JSON is too long.")
        if end < len(data):
            literal = bytes(self._buffer)
            if not is_literal(literal):
                raise ValueError("The JSON holds an invalid value.")
            self._write(literal)
            self._record(b'"%b"' % literal if literal[-1:].isdigit() else b'""')
            self._end_value()
        return end

    def _end_value(self) -> None:
        if self._dropped_depth == len(self._open):
            self._dropped_depth = None
        self._read = self._read_separator if self._open else self._read_end

    def _read_separator(self, data: bytes, position: int) -> int:
        position, found = next_byte(data, position)
        if found == b",":
            is_object = self._open[-1].closing == b"}"
            self._read = self._read_name if is_object else self._read_element
        elif found:
            self._close_container(found)
        return position

    # What the states share

    def _open_container(self, bracket: bytes, path: str) -> None:
        if len(self._open) == MAX_DEPTH:
            raise ValueError("The JSON is nested too deeply.")
        self._write(bracket)
        # The elements of an array have the path of the array itself.
        self._open.append(_OpenContainer(b"}" if bracket == b"{" else b"]", path, path))
        self._read = self._read_first_name if bracket == b"{" else self._read_first_element

    def _close_container(self, bracket: bytes) -> None:
        if self._open[-1].closing != bracket:
            raise ValueError("The JSON lacks a comma or a bracket.")
        self._open.pop()
        self._write(bracket)
        self._end_value()

    def _read_string_part(self, data: bytes, position: int) -> tuple[int, bytes, bool]:
        """Return the next position, this chunk's part of a string, and whether the string ends."""
        end, is_closed = scan_string(data, position)
        if is_closed:
            return end + 1, data[position:end], True
        self._split_escape = data[end:]
        return len(data), data[position:end], False

    def _record(self, text: bytes) -> None:
        """Record a string about a product, or a number as it was written."""
        if self._is_recorded and self._product is not None and self._dropped_depth is None:
            self._product.add(self._open[-1].value_path, json.loads(text))

    def _write_comma(self) -> None:
        """Write the comma before a value, unless it is the first that is kept."""
        container = self._open[-1]
        if not container.is_empty:
            self._write(b",")
        container.is_empty = False

    def _write(self, data: bytes) -> None:
        if self._dropped_depth is None:
            self._output.append(data)
