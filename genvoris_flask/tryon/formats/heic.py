"""HEIC (ISO/IEC 14496-12 and 23008-12).

Its parts name each other by their distance from the start, so what does not belong to the picture
is blanked in its place.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .container import AnimatedError, BrokenError, Container, bounded, sane

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
SEQUENCES = {b"hevc", b"hevx", b"msf1"}
_KEPT = {b"ftyp", b"meta", b"mdat"}
_NOTES = {b"Exif", b"mime", b"uri "}
# An EXIF block without entries, behind its offset (23008-12, A.2.1): readers stumble over zeros.
_EMPTY_NOTE = bytes(4) + b"MM\0*" + struct.pack(">I", 8) + bytes(6)
MAX_ITEMS = 2000  # a photo of 50 megapixels in tiles of half a thousand by as much has 200
_IN_FILE, _IN_META = 0, 1  # where iloc says that an item's bytes are


@dataclass(frozen=True)
class _Box:
    """A box: its name, where it and its body start, and where it ends."""

    name: bytes
    start: int
    body: int
    end: int


def read_heic(data: bytes) -> Container:
    """Take a HEIC apart; the pictures' own rotation stays, since it is no note.

    Raises:
        BrokenError: It is not whole.
        AnimatedError: It moves.
    """
    if data[8:12] in SEQUENCES:
        raise AnimatedError
    clean = bytearray(data)
    sizes: list[tuple[int, int]] = []
    last = 0
    for box in _boxes(data, 0, len(data)):
        if box.name == b"moov":
            raise AnimatedError
        if box.name not in _KEPT:
            _free(clean, box)
            continue
        last = box.end
        if box.name == b"meta":
            sizes += _sizes(data[box.start : box.end])
            for start, end in _notes(data, box):
                clean[start:end] = _EMPTY_NOTE[: end - start].ljust(end - start, b"\0")
    dropped = [data[box.start : box.end] for box in _boxes(data, 0, last) if box.name not in _KEPT]
    size = max(sizes, key=lambda each: each[0] * each[1], default=None)
    return Container(sane(size), [bytes(clean[:last])], dropped, data[last:])


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    count = 0
    while start < end:
        count += 1
        bounded(count, MAX_ITEMS)
        length, name = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, body)
            body += 8
        length = length or end - start
        if start + length > end or body > start + length:
            raise BrokenError
        yield _Box(name, start, body, start + length)
        start += length


def _free(clean: bytearray, box: _Box) -> None:
    clean[box.start + 4 : box.start + 8] = b"free"
    clean[box.body : box.end] = bytes(box.end - box.body)


def _sizes(meta: bytes) -> Iterator[tuple[int, int]]:
    """Give the size of each picture and tile (23008-12, 6.5.3)."""
    bounded(meta.count(b"ispe"), MAX_ITEMS)
    position = meta.find(b"ispe")
    while position >= 0:
        width, height = struct.unpack_from(">II", meta, position + 8)
        yield width, height
        position = meta.find(b"ispe", position + 4)


def _notes(data: bytes, meta: _Box) -> Iterator[tuple[int, int]]:
    """Give where the bytes of notes are: EXIF, XMP and the like."""
    boxes = {box.name: box for box in _boxes(data, meta.body + 4, meta.end)}
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return
    notes = {item for item, kind in _items(data, boxes[b"iinf"]) if kind in _NOTES}
    in_meta = [box for box in (boxes.get(b"idat"),) if box]
    in_file = [box for box in _boxes(data, 0, len(data)) if box.name == b"mdat"]
    for item, method, start, length in _extents(data, boxes[b"iloc"]):
        if item not in notes or method not in (_IN_FILE, _IN_META):
            continue
        if method == _IN_META:
            start += in_meta[0].body
        homes = in_meta if method == _IN_META else in_file
        # A note that claims to be elsewhere would have us blank out what is checked here.
        if not any(box.body <= start and start + length <= box.end for box in homes):
            raise BrokenError
        yield start, start + length


def _items(data: bytes, iinf: _Box) -> Iterator[tuple[int, bytes]]:
    """Give each item's number and kind (14496-12, 8.11.6)."""
    wide = data[iinf.body] > 0
    for box in _boxes(data, iinf.body + (8 if wide else 6), iinf.end):
        version = data[box.body]
        if version < 2:
            raise BrokenError
        item, _, kind = struct.unpack_from(">HH4s" if version == 2 else ">IH4s", data, box.body + 4)
        yield item, kind


def _extents(data: bytes, iloc: _Box) -> Iterator[tuple[int, int, int, int]]:
    """Give item, method, start and length of each extent (14496-12, 8.11.3)."""
    reader = _Reader(data, iloc.body)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    start_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    total = 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        item = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else _IN_FILE
        reader.number(2)
        base = reader.number(base_size)
        count = reader.number(2)
        total += count + 1
        bounded(total, MAX_ITEMS)  # extents may be of no bytes at all
        for _ in range(count):
            reader.number(index_size)
            start = reader.number(start_size)
            yield item, method, base + start, reader.number(length_size)


class _Reader:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def number(self, size: int) -> int:
        """Read an unsigned number of so many bytes."""
        end = self._position + size
        if end > len(self._data):
            raise BrokenError
        value = int.from_bytes(self._data[self._position : end], "big")
        self._position = end
        return value
