"""WebP (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..container import (
    UPRIGHT,
    AnimatedError,
    BrokenError,
    Budget,
    Container,
    is_profile,
    read_orientation,
    require_size,
    write_orientation,
)

_PIXELS = {b"VP8 ", b"VP8L"}
_ANIMATION, _XMP, _EXIF, _ALPHA, _PROFILE = 0x02, 0x04, 0x08, 0x10, 0x20  # flags (2.7)
_EXTENDED_BODY = 10


@dataclass
class _Picture:
    """What has been read so far."""

    kept: dict[bytes, bytes] = field(default_factory=dict)
    dropped: list[bytes] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    exif: bytes | None = None
    extended: bytes = b""


def read_webp(data: bytes, budget: Budget) -> Container:
    """Take a WebP file apart.

    Raises:
        BrokenError: The file is damaged, or too expensive to read.
        AnimatedError: It is animated.
    """
    picture = _Picture()
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise BrokenError
    for name, body in _chunks(data, 8 + length):
        budget.spend(3 * len(body))
        _take(name, body, picture)
    if not picture.kept.keys() & _PIXELS:
        raise BrokenError
    size = max(picture.sizes, key=lambda each: each[0] * each[1])
    trailing = data[8 + length + length % 2 :]
    return Container(require_size(size), _write(picture), picture.dropped, trailing)


def _chunks(data: bytes, end: int) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position < end:
        name, length = struct.unpack_from("<4sI", data, position)
        start = position + 8
        position = start + length
        if position > end:
            raise BrokenError
        yield name, data[start:position]
        position += length % 2


def _take(name: bytes, body: bytes, picture: _Picture) -> None:
    """Record what a chunk says, and keep or drop it."""
    match name:
        case b"VP8X":
            picture.sizes.append(_canvas(body))
            picture.extended = picture.extended or body
        case b"ANIM" | b"ANMF":
            raise AnimatedError
        case b"EXIF" if picture.exif is None:
            picture.exif = body
    if name in _PIXELS:
        picture.sizes.append(_frame(name, body))
    # Decoders take the first of several, and one picture is enough.
    is_first = name not in picture.kept and not (name in _PIXELS and picture.kept.keys() & _PIXELS)
    is_needed = name in _PIXELS or name == b"ALPH" or (name == b"ICCP" and is_profile(body))
    if is_first and is_needed:
        picture.kept[name] = body
    else:
        picture.dropped.append(body)


def _canvas(header: bytes) -> tuple[int, int]:
    if len(header) < _EXTENDED_BODY:
        raise BrokenError
    if header[0] & _ANIMATION:
        raise AnimatedError
    width = int.from_bytes(header[4:7], "little") + 1
    height = int.from_bytes(header[7:10], "little") + 1
    return width, height


def _frame(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _write(picture: _Picture) -> list[bytes]:
    """Return the parts of a new file, whose header matches the chunks that were kept."""
    chunks = [_chunk(name, body) for name, body in picture.kept.items()]
    if picture.extended:
        flags = picture.extended[0] & _ALPHA
        flags |= _PROFILE if b"ICCP" in picture.kept else 0
        if picture.exif and (orientation := read_orientation(picture.exif)) != UPRIGHT:
            flags |= _EXIF
            chunks.append(_chunk(b"EXIF", write_orientation(orientation)))
        header = bytes([flags, 0, 0, 0]) + picture.extended[4:_EXTENDED_BODY]
        chunks.insert(0, _chunk(b"VP8X", header))
    length = 4 + sum(map(len, chunks))
    return [b"RIFF" + struct.pack("<I", length) + b"WEBP", *chunks]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
