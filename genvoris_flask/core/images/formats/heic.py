"""HEIC (ISO/IEC 14496-12 and 23008-12).

A HEIC file refers to its parts by their offsets, so that nothing can be cut out: whatever does not
belong to the picture is overwritten in place.
"""

from __future__ import annotations

import struct

from ..container import AnimatedError, BrokenError, Budget, Container, require_size
from .heic_boxes import Box, Extent, only_box, read_boxes, read_extents, read_items

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
SEQUENCES = {b"hevc", b"hevx", b"msf1"}
MAX_DATA_BOXES = 16  # writers make one, or one for each picture
_KEPT = {b"ftyp", b"meta", b"mdat"}
_TABLES = {b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"dinf", b"grpl"}
_METADATA = {b"Exif", b"mime", b"uri "}
_METADATA_PROPERTIES = {b"udes", b"uuid"}  # descriptions by users, extensions by vendors
# An EXIF block without entries, after its offset (23008-12, A.2.1): some readers reject zeros.
_EMPTY_EXIF = bytes(4) + b"MM\0*" + struct.pack(">I", 8) + bytes(6)
_HANDLER_NAME = 24  # its offset in the body of hdlr


def read_heic(data: bytes, budget: Budget) -> Container:
    """Take a HEIC file apart. The rotation of its pictures stays, as it is no metadata.

    Raises:
        BrokenError: The file is damaged, or too expensive to read.
        AnimatedError: It holds a sequence of pictures or a film.
    """
    if data[8:12] in SEQUENCES:
        raise AnimatedError
    top = _read_top(data, budget)
    meta = only_box(top, b"meta")
    tables = list(read_boxes(data, meta.body + 4, meta.end, budget))
    eraser = _Eraser(data, budget)
    eraser.free_all_but(_KEPT, top)
    eraser.free_all_but(_TABLES, tables)
    for box in tables:
        if box.name == b"hdlr":
            eraser.blank(box.body + _HANDLER_NAME, box.end)
    size = _read_size(only_box(tables, b"iprp"), eraser)
    end = max(box.end for box in top if box.name in _KEPT)
    stores = [box for box in top if box.name == b"mdat"]
    if len(stores) > MAX_DATA_BOXES:
        raise BrokenError
    stores += [box for box in tables if box.name == b"idat"]
    _erase_unused(stores, tables, end, eraser)
    dropped = [data[start:stop] for start, stop in eraser.erased]
    return Container(size, [bytes(eraser.clean[:end])], dropped, data[end:])


def _read_top(data: bytes, budget: Budget) -> list[Box]:
    """Return the file's boxes, up to the loose bytes that some phones write at the end.

    A truncated file is noticed later, as the bytes of an item are missing.
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
    """Return the size of the largest picture, and erase metadata (23008-12, 6.5.3)."""
    data, budget = eraser.data, eraser.budget
    container = only_box(list(read_boxes(data, properties.body, properties.end, budget)), b"ipco")
    sizes: list[tuple[int, int]] = []
    for box in read_boxes(data, container.body, container.end, budget):
        if box.name == b"ispe":
            width, height = struct.unpack_from(">II", data, box.body + 4)
            sizes.append((width, height))
        elif box.name in _METADATA_PROPERTIES:
            eraser.free(box)
    return require_size(max(sizes, key=lambda each: each[0] * each[1], default=None))


def _erase_unused(stores: list[Box], tables: list[Box], end: int, eraser: _Eraser) -> None:
    """Erase metadata, the names of items, and all bytes in ``stores`` that no item refers to.

    Raises:
        BrokenError: Bytes of an item are missing, or belong to another item too.
    """
    pictures = set[int]()
    for item in read_items(eraser.data, only_box(tables, b"iinf"), eraser.budget):
        eraser.blank(item.names, item.end)
        if item.kind not in _METADATA:
            pictures.add(item.number)
    extents = _read_extents(tables, end, eraser)
    if not pictures or not extents:
        raise BrokenError
    number = 0
    for store in sorted(stores, key=lambda box: box.body):
        position = store.body
        while number < len(extents) and extents[number].start < store.end:
            extent = extents[number]
            eraser.blank(position, extent.start)
            position = max(position, extent.end)
            if extent.item not in pictures:
                _erase_metadata(extent, store, eraser)
            if extent.end > store.end:
                break
            number += 1
        eraser.blank(position, store.end)
    if any(extent.item not in pictures for extent in extents[number:]):
        raise BrokenError


def _read_extents(tables: list[Box], end: int, eraser: _Eraser) -> list[Extent]:
    """Return the ranges of all items in the order of the file.

    Raises:
        BrokenError: Two ranges overlap, or one is beyond the end.
    """
    in_meta = next((box.body for box in tables if box.name == b"idat"), end)
    iloc = only_box(tables, b"iloc")
    extents = sorted(read_extents(eraser.data, iloc, in_meta, eraser.budget))
    position = 0
    for extent in extents:
        if extent.start < position:
            raise BrokenError
        position = extent.end
    if position > end:
        raise BrokenError
    return extents


def _erase_metadata(extent: Extent, store: Box, eraser: _Eraser) -> None:
    # Metadata that claims bytes outside would have this code overwrite the tables it reads.
    if extent.start < store.body or extent.end > store.end:
        raise BrokenError
    eraser.blank(extent.start, extent.end, _EMPTY_EXIF)


class _Eraser:
    """Overwrites ranges of a file.

    Attributes:
        data: The original file.
        budget: What reading and erasing may cost.
        clean: The file with its ranges overwritten.
        erased: The start and end of each overwritten range.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.clean = bytearray(data)
        self.erased: list[tuple[int, int]] = []

    def blank(self, start: int, end: int, pattern: bytes = b"") -> None:
        """Overwrite a range with ``pattern``, filled up with zeros."""
        if start < end:
            self.budget.spend(end - start)
            self.clean[start:end] = pattern[: end - start].ljust(end - start, b"\0")
            self.erased.append((start, end))

    def free(self, box: Box) -> None:
        """Turn a box into a ``free`` box, which readers skip."""
        self.clean[box.start + 4 : box.start + 8] = b"free"
        self.blank(box.body, box.end)

    def free_all_but(self, names: set[bytes], boxes: list[Box]) -> None:
        """Turn all boxes of other names into ``free`` boxes."""
        for box in boxes:
            if box.name not in names:
                self.free(box)
