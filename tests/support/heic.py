"""Builds HEIC files from their boxes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

EXIF, PICTURE = b"Exif", b"hvc1"


def box(name: bytes, body: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I4s", len(body) + 8, name) + body


@dataclass(frozen=True)
class Item:
    """An item, whose ranges are offsets in the body of the last ``mdat``.

    Attributes:
        in_meta: Whether they are offsets in ``idat`` instead.
    """

    kind: bytes
    extents: Sequence[tuple[int, int]]
    name: bytes = b""
    in_meta: bool = False


def heic(
    items: Sequence[Item],
    data: bytes,
    *,
    size: tuple[int, int] = (64, 64),
    metas: int = 1,
    before: bytes = b"",
    properties: bytes = b"",
    tables: bytes = b"",
) -> bytes:
    """Return a file of one or more equal ``meta`` boxes, other boxes, and an ``mdat`` box.

    Args:
        items: The items of the file.
        data: The body of ``mdat``.
        size: The size that the picture claims.
        metas: The number of ``meta`` boxes.
        before: Boxes before ``mdat``.
        properties: More boxes for ``ipco``.
        tables: More boxes for ``meta``, such as ``idat``.
    """
    ftyp = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    length = len(_meta(items, 0, size, properties, tables)) * metas
    origin = len(ftyp) + length + len(before) + 8
    meta = _meta(items, origin, size, properties, tables)
    return ftyp + meta * metas + before + box(b"mdat", data)


def _meta(
    items: Sequence[Item], origin: int, size: tuple[int, int], properties: bytes, tables: bytes
) -> bytes:
    infe = b"".join(
        box(b"infe", struct.pack(">IHH4s", 2 << 24, number, 0, item.kind) + item.name + b"\0")
        for number, item in enumerate(items, 1)
    )
    iinf = box(b"iinf", struct.pack(">IH", 0, len(items)) + infe)
    iloc = struct.pack(">IHH", 1 << 24, 0x4440, len(items))
    for number, item in enumerate(items, 1):
        base = 0 if item.in_meta else origin
        iloc += struct.pack(">HHHIH", number, item.in_meta, 0, base, len(item.extents))
        iloc += b"".join(struct.pack(">II", *extent) for extent in item.extents)
    ispe = box(b"ispe", struct.pack(">III", 0, *size))
    iprp = box(b"iprp", box(b"ipco", ispe + properties))
    hdlr = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    return box(b"meta", bytes(4) + hdlr + iinf + box(b"iloc", iloc) + iprp + tables)
