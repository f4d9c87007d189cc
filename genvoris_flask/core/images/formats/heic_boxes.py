"""The boxes of a HEIC file, and the tables that map its items to ranges of bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..container import BrokenError, Budget

MAX_PARTS = 4000  # in one box; a photo of 50 megapixels in tiles of 512 by 512 has 200 items
_IN_FILE, _IN_META = 0, 1  # construction methods: where an extent's offset is counted from


@dataclass(frozen=True)
class Box:
    """A box: its name, and the offsets of its start, its body and its end."""

    name: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, order=True)
class Extent:
    """A range of the file that belongs to an item."""

    start: int
    end: int
    item: int


@dataclass(frozen=True)
class Item:
    """An entry of the item table.

    Attributes:
        number: Its id in other tables.
        kind: Its type, such as ``hvc1`` or ``Exif``.
        names: The offset where its name and other text starts.
        end: The offset where they end.
    """

    number: int
    kind: bytes
    names: int
    end: int


def read_boxes(data: bytes, start: int, end: int, budget: Budget) -> Iterator[Box]:
    """Yield the boxes that fill a range.

    Raises:
        BrokenError: They do not fill it exactly, or there are too many.
    """
    for _ in range(MAX_PARTS):
        if start == end:
            return
        budget.spend()
        box = _read_box(data, start, end)
        yield box
        start = box.end
    raise BrokenError


def _read_box(data: bytes, start: int, end: int) -> Box:
    length, name = struct.unpack_from(">I4s", data, start)
    body = start + 8
    if length == 1:
        (length,) = struct.unpack_from(">Q", data, body)
        body += 8
    length = length or end - start
    if start + length > end or body > start + length:
        raise BrokenError
    return Box(name, start, body, start + length)


def only_box(boxes: list[Box], name: bytes) -> Box:
    """Return the only box of a name.

    Raises:
        BrokenError: There is none, or more than one.
    """
    found = [box for box in boxes if box.name == name]
    if len(found) != 1:
        raise BrokenError
    return found[0]


def read_items(data: bytes, iinf: Box, budget: Budget) -> Iterator[Item]:
    """Yield the entries of the item table (14496-12, 8.11.6).

    Raises:
        BrokenError: The table is damaged or of a version that HEIC does not use.
    """
    wide = data[iinf.body] > 0
    for box in read_boxes(data, iinf.body + (8 if wide else 6), iinf.end, budget):
        version = data[box.body]
        if version < 2:
            raise BrokenError
        layout = ">HH4s" if version == 2 else ">IH4s"
        number, _, kind = struct.unpack_from(layout, data, box.body + 4)
        yield Item(number, kind, box.body + 4 + struct.calcsize(layout), box.end)


def read_extents(data: bytes, iloc: Box, in_meta: int, budget: Budget) -> Iterator[Extent]:
    """Yield the ranges of all items, without empty ones (14496-12, 8.11.3).

    Args:
        data: The file.
        iloc: The table that holds the ranges.
        in_meta: The offset of the bytes that ``meta`` itself holds (in ``idat``).
        budget: What reading may cost.

    Raises:
        BrokenError: The table is damaged or too long.
    """
    reader = _Reader(data, iloc)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    start_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    parts = 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        item = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else _IN_FILE
        reader.number(2)
        base = reader.number(base_size) + (in_meta if method == _IN_META else 0)
        count = reader.number(2)
        parts += count + 1
        if parts > MAX_PARTS:  # each field may be zero bytes wide
            raise BrokenError
        budget.spend()
        for _ in range(count):
            budget.spend()
            reader.number(index_size)
            start = base + reader.number(start_size)
            length = reader.number(length_size)
            if length and method in (_IN_FILE, _IN_META):
                yield Extent(start, start + length, item)


class _Reader:
    """Reads the numbers of a box in sequence."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data = data
        self._position = box.body
        self._end = box.end

    def number(self, size: int) -> int:
        """Return the next ``size`` bytes as an unsigned number."""
        end = self._position + size
        if end > self._end:
            raise BrokenError
        value = int.from_bytes(self._data[self._position : end], "big")
        self._position = end
        return value
