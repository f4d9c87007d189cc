"""HEIC (ISO/IEC 14496-12 and 23008-12).

Its parts name each other by their distance from the start, so what does not belong to the picture
is blanked in its place.
"""

from __future__ import annotations

import struct

from .budget import Budget
from .container import AnimatedError, BrokenError, Container, sane
from .heic_boxes import Box, Extent, one, read_boxes, read_extents, read_items

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
SEQUENCES = {b"hevc", b"hevx", b"msf1"}
MAX_DATA_BOXES = 16  # writers make one, or one for each picture
_KEPT = {b"ftyp", b"meta", b"mdat"}
_TABLES = {b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"dinf", b"grpl"}
_NOTES = {b"Exif", b"mime", b"uri "}
_NOTE_PROPERTIES = {b"udes", b"uuid"}  # what a person wrote, and whatever a maker likes
# An EXIF block without entries, behind its offset (23008-12, A.2.1): readers stumble over zeros.
_EMPTY_NOTE = bytes(4) + b"MM\0*" + struct.pack(">I", 8) + bytes(6)
_HANDLER_NAME = 24  # its place in the body of hdlr


def read_heic(data: bytes, budget: Budget) -> Container:
    """Take a HEIC apart; the pictures' own rotation stays, since it is no note.

    Raises:
        BrokenError: It is not whole.
        AnimatedError: It moves.
    """
    if data[8:12] in SEQUENCES:
        raise AnimatedError
    top = _read_top(data, budget)
    meta = one(top, b"meta")
    tables = list(read_boxes(data, meta.body + 4, meta.end, budget))
    eraser = _Eraser(data, budget)
    eraser.free_all_but(_KEPT, top)
    eraser.free_all_but(_TABLES, tables)
    for box in tables:
        if box.name == b"hdlr":
            eraser.blank(box.body + _HANDLER_NAME, box.end)
    size = _read_size(one(tables, b"iprp"), eraser)
    end = max(box.end for box in top if box.name in _KEPT)
    homes = [box for box in top if box.name == b"mdat"]
    if len(homes) > MAX_DATA_BOXES:
        raise BrokenError
    homes += [box for box in tables if box.name == b"idat"]
    _erase_unused(homes, tables, end, eraser)
    dropped = [data[start:stop] for start, stop in eraser.erased]
    return Container(size, [bytes(eraser.clean[:end])], dropped, data[end:])


def _read_top(data: bytes, budget: Budget) -> list[Box]:
    """Return the file's boxes, up to loose bytes at its end as some phones write them.

    Where the file ends too soon, some item's bytes are missing.
    """
    found: list[Box] = []
    try:
        for box in read_boxes(data, 0, len(data), budget):
            if box.name == b"moov":
                raise AnimatedError
            found.append(box)
    except (BrokenError, struct.error):
        pass
    return found


def _read_size(properties: Box, eraser: _Eraser) -> tuple[int, int]:
    """Return the size of the largest picture, and erase notes (23008-12, 6.5.3)."""
    data, budget = eraser.data, eraser.budget
    container = one(list(read_boxes(data, properties.body, properties.end, budget)), b"ipco")
    sizes: list[tuple[int, int]] = []
    for box in read_boxes(data, container.body, container.end, budget):
        if box.name == b"ispe":
            width, height = struct.unpack_from(">II", data, box.body + 4)
            sizes.append((width, height))
        elif box.name in _NOTE_PROPERTIES:
            eraser.free(box)
    return sane(max(sizes, key=lambda each: each[0] * each[1], default=None))


def _erase_unused(homes: list[Box], tables: list[Box], end: int, eraser: _Eraser) -> None:
    """Erase notes, items' names, and all bytes in ``homes`` that are no item's.

    Raises:
        BrokenError: An item's bytes are not there, or are another's too.
    """
    pictures = set[int]()
    for item in read_items(eraser.data, one(tables, b"iinf"), eraser.budget):
        eraser.blank(item.names, item.end)
        if item.kind not in _NOTES:
            pictures.add(item.number)
    extents = _read_extents(tables, end, eraser)
    if not pictures or not extents:
        raise BrokenError
    number = 0
    for home in sorted(homes, key=lambda box: box.body):
        position = home.body
        while number < len(extents) and extents[number].start < home.end:
            extent = extents[number]
            eraser.blank(position, extent.start)
            position = max(position, extent.end)
            if extent.item not in pictures:
                _erase_note(extent, home, eraser)
            if extent.end > home.end:
                break
            number += 1
        eraser.blank(position, home.end)
    if any(extent.item not in pictures for extent in extents[number:]):
        raise BrokenError


def _read_extents(tables: list[Box], end: int, eraser: _Eraser) -> list[Extent]:
    """Return all items' ranges, which share no byte, in the order of the file."""
    in_meta = next((box.body for box in tables if box.name == b"idat"), end)
    iloc = one(tables, b"iloc")
    extents = sorted(read_extents(eraser.data, iloc, in_meta, eraser.budget))
    position = 0
    for extent in extents:
        if extent.start < position:
            raise BrokenError
        position = extent.end
    if position > end:
        raise BrokenError
    return extents


def _erase_note(extent: Extent, home: Box, eraser: _Eraser) -> None:
    # A note that claims to be elsewhere would have us erase what is read here.
    if extent.start < home.body or extent.end > home.end:
        raise BrokenError
    eraser.blank(extent.start, extent.end, _EMPTY_NOTE)


class _Eraser:
    """Overwrites ranges of a file.

    Attributes:
        data: The file as it was.
        budget: What may be spent.
        clean: The file as it is now.
        erased: What was overwritten.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.clean = bytearray(data)
        self.erased: list[tuple[int, int]] = []

    def blank(self, start: int, end: int, pattern: bytes = b"") -> None:
        """Overwrite a range with ``pattern`` and zeros."""
        if start < end:
            self.budget.spend(end - start)
            self.clean[start:end] = pattern[: end - start].ljust(end - start, b"\0")
            self.erased.append((start, end))

    def free(self, box: Box) -> None:
        """Make a box one that readers skip."""
        self.clean[box.start + 4 : box.start + 8] = b"free"
        self.blank(box.body, box.end)

    def free_all_but(self, names: set[bytes], boxes: list[Box]) -> None:
        """Make all boxes of other names such as readers skip."""
        for box in boxes:
            if box.name not in names:
                self.free(box)
