"""WebP (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .container import AnimatedError, BrokenError, Container, bounded, sane
from .exif import UPRIGHT, read_orientation, write_orientation

_PIXELS = {b"VP8 ", b"VP8L"}
_KEPT = {*_PIXELS, b"ALPH", b"ICCP"}
_ANIMATION, _XMP, _EXIF = 0x02, 0x04, 0x08  # flags of the extended header (2.7)


def read_webp(data: bytes) -> Container:
    """Take a WebP apart.

    Raises:
        BrokenError: It is not whole.
        AnimatedError: It moves.
    """
    kept: list[bytes] = []
    dropped: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    orientation = UPRIGHT
    extended = b""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise BrokenError
    for name, body in _chunks(data[12 : 8 + length]):
        bounded(len(kept) + len(dropped))
        match name:
            case b"VP8X":
                extended = _still(body)
                sizes.append(_canvas(body))
            case b"ANIM" | b"ANMF":
                raise AnimatedError
            case b"EXIF":
                orientation = read_orientation(body)
        if name in _PIXELS:
            sizes.append(_frame(name, body))
        if name != b"VP8X":
            (kept if name in _KEPT else dropped).append(_chunk(name, body))
    if not any(piece[:4] in _PIXELS for piece in kept):
        raise BrokenError
    size = max(sizes, key=lambda each: each[0] * each[1])
    trailing = data[8 + length + length % 2 :]
    return Container(sane(size), _write(extended, kept, orientation), dropped, trailing)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length
        if end > len(data):
            raise BrokenError
        yield name, data[position + 8 : end]
        position = end + length % 2


def _still(header: bytes) -> bytes:
    if len(header) < 10:
        raise BrokenError
    if header[0] & _ANIMATION:
        raise AnimatedError
    return header


def _canvas(header: bytes) -> tuple[int, int]:
    width = int.from_bytes(header[4:7], "little") + 1
    height = int.from_bytes(header[7:10], "little") + 1
    return width, height


def _frame(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _write(extended: bytes, kept: list[bytes], orientation: int) -> list[bytes]:
    """Put a file together again, its header in step with what is left."""
    chunks = list(kept)
    if extended:
        flags = extended[0] & ~(_XMP | _EXIF)
        if orientation != UPRIGHT:
            flags |= _EXIF
            chunks.append(_chunk(b"EXIF", write_orientation(orientation)))
        chunks.insert(0, _chunk(b"VP8X", bytes([flags]) + extended[1:]))
    length = 4 + sum(map(len, chunks))
    return [b"RIFF" + struct.pack("<I", length) + b"WEBP", *chunks]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
