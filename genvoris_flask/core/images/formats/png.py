"""PNG (W3C, third edition, clause 5)."""

from __future__ import annotations

import struct
import zlib
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

START = b"\x89PNG\r\n\x1a\n"
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
_GREY, _RGB, _PALETTE = 0, 2, 3
# Chunks that affect the colours, by name, and the length that they must have to be kept.
_COLOUR = {b"gAMA": 4, b"sRGB": 1, b"cICP": 4, b"cHRM": 32}
_LARGEST_CHROMATICITY = 0xFFFFF  # about ten; real values are below one
# A few kilobytes may decompress to gigabytes; real profiles compress to a tenth at best.
MAX_PROFILE = 4 * 1024 * 1024
_PROFILE_BASE, _MAX_RATIO = 256 * 1024, 16


@dataclass
class _Picture:
    """What has been read so far."""

    kept: list[bytes] = field(default_factory=lambda: [START])
    dropped: list[bytes] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    header: bytes = b""
    exif: bytes | None = None

    @property
    def colour_type(self) -> int:
        return self.header[9]


def read_png(data: bytes, budget: Budget) -> Container:
    """Take a PNG file apart.

    Raises:
        BrokenError: The file is damaged, too expensive to read, or has an unknown critical chunk.
        AnimatedError: It is animated.
    """
    picture = _Picture()
    position, name = len(START), b""
    while name != b"IEND":
        start = position
        length, name = struct.unpack_from(">I4s", data, start)
        position = start + 12 + length
        if name == b"IEND" and not length:
            position = min(position, len(data))  # readers do not look at its checksum
        if position > len(data) or bool(picture.header) != (name != b"IHDR"):
            raise BrokenError
        budget.spend(3 * length)
        _take(name, data[start + 8 : start + 8 + length], data[start:position], picture)
    if b"IDAT" not in picture.seen:
        raise BrokenError
    if picture.exif and (orientation := read_orientation(picture.exif)) != UPRIGHT:
        picture.kept.insert(2, _chunk(b"eXIf", write_orientation(orientation)))
    size = require_size(struct.unpack_from(">II", picture.header))
    return Container(size, [*picture.kept, _chunk(b"IEND", b"")], picture.dropped, data[position:])


def _take(name: bytes, body: bytes, chunk: bytes, picture: _Picture) -> None:
    """Record what a chunk says, and keep or drop it."""
    if name in _ANIMATION:
        raise AnimatedError
    is_first = name not in picture.seen
    picture.seen.add(name)
    if name == b"IHDR":
        if len(body) != 13:
            raise BrokenError
        picture.header = body
    if name == b"eXIf" and picture.exif is None:
        picture.exif = body
    if name == b"IDAT" or (name == b"IHDR" and is_first):
        picture.kept.append(chunk)
    elif name == b"PLTE" and picture.colour_type == _PALETTE:
        if not is_first or len(body) % 3 or len(body) > 768:
            raise BrokenError
        picture.kept.append(chunk)
    elif is_first and b"IDAT" not in picture.seen and (colour := _colours(name, body, picture)):
        picture.kept.append(_chunk(name, colour))
    elif name in (b"PLTE", b"IEND") or name[0] & 0x20:
        picture.dropped.append(body)
    else:  # a capital letter marks a critical chunk
        raise BrokenError


def _colours(name: bytes, body: bytes, picture: _Picture) -> bytes:
    """Return the body of a chunk that affects the colours, or nothing if it is not needed."""
    if name == b"iCCP":
        return _bare_profile(body)
    if name == b"tRNS":
        longest = {_GREY: 2, _RGB: 6, _PALETTE: 256}.get(picture.colour_type, 0)
        is_whole = len(body) <= longest if picture.colour_type == _PALETTE else len(body) == longest
        return body if is_whole else b""
    if len(body) != _COLOUR.get(name):
        return b""
    if name == b"cHRM" and max(struct.unpack(">8I", body)) > _LARGEST_CHROMATICITY:
        return b""
    return body


def _bare_profile(body: bytes) -> bytes:
    """Return a profile without its name, or nothing if it is invalid or too large."""
    compressed = body.partition(b"\0")[2][1:]
    decompressor = zlib.decompressobj()
    try:
        most = min(MAX_PROFILE, _PROFILE_BASE + _MAX_RATIO * len(compressed))
        profile = decompressor.decompress(compressed, most)
    except zlib.error:
        return b""
    if not decompressor.eof or not is_profile(profile):
        return b""
    return b"icc\0\0" + compressed[: len(compressed) - len(decompressor.unused_data)]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
