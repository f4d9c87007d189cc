"""PNG (W3C, third edition, clause 5)."""

from __future__ import annotations

import struct
import zlib

from .container import AnimatedError, BrokenError, Container, bounded, sane
from .exif import UPRIGHT, read_orientation, write_orientation

START = b"\x89PNG\r\n\x1a\n"
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_COLOUR = {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP", b"bKGD", b"pHYs"}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
# A profile is packed, and a few kilobytes of it may unfold to gigabytes.
MAX_PROFILE = 4 * 1024 * 1024


def read_png(data: bytes) -> Container:
    """Take a PNG apart.

    Raises:
        BrokenError: It is not whole, or holds what no reader knows.
        AnimatedError: It moves.
    """
    kept = [START]
    dropped: list[bytes] = []
    size: tuple[int, int] | None = None
    orientation = UPRIGHT
    position, name, seen = len(START), b"", set[bytes]()
    while name != b"IEND":
        bounded(len(kept) + len(dropped))
        start = position
        length, name = struct.unpack_from(">I4s", data, start)
        position = start + 12 + length
        if position > len(data) or (size is None) != (name == b"IHDR"):
            raise BrokenError
        body = data[start + 8 : start + 8 + length]
        if name == b"IHDR":
            size = _size(body)
        elif name == b"eXIf":
            orientation = read_orientation(body)
        if name == b"iCCP" and name in seen:  # each would be unfolded
            raise BrokenError
        seen.add(name)
        (kept if _belongs(name, body) else dropped).append(data[start:position])
    if b"IDAT" not in seen:
        raise BrokenError
    if orientation != UPRIGHT:
        kept.insert(2, _chunk(b"eXIf", write_orientation(orientation)))
    return Container(sane(size), kept, dropped, data[position:])


def _size(header: bytes) -> tuple[int, int]:
    if len(header) != 13:
        raise BrokenError
    width, height = struct.unpack_from(">II", header)
    return width, height


def _belongs(name: bytes, body: bytes) -> bool:
    """Say whether a chunk is needed to show the picture with its colours."""
    if name in _ANIMATION:
        raise AnimatedError
    if name in _CRITICAL or name in _COLOUR:
        return True
    if not name[0] & 0x20:  # a capital letter: critical, and unknown
        raise BrokenError
    return name == b"iCCP" and _unfolds_to_little(body)


def _unfolds_to_little(profile: bytes) -> bool:
    packed = profile.partition(b"\0")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, MAX_PROFILE)
    except zlib.error:
        return False
    return unpacker.eof


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
