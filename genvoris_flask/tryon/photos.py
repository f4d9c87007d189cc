"""Looks at a photo's bytes, and at nothing that the browser says of them.

Only the container is walked: its type, its size in pixels and whether it is whole. Nothing is
decoded, so a picture that would unfold to gigabytes costs nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_PIXELS = 50_000_000


class PhotoError(Exception):
    """A photo cannot be used.

    Attributes:
        code: ``no_photo``, ``not_a_photo``, ``broken_photo`` or ``photo_too_many_pixels``.
        detail: A sentence for the shopper.
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True)
class Photo:
    """A photo that passed the check. ``width`` and ``height`` are in pixels, before rotation."""

    data: bytes = field(repr=False)
    mimetype: str
    width: int
    height: int


class _BrokenError(Exception):
    """The container ends too soon or contradicts itself."""


def check_photo(data: bytes) -> Photo:
    """Give the photo, if it is a whole JPEG, PNG, WebP or HEIC of a reasonable size.

    Raises:
        PhotoError: It is not.
    """
    if not data:
        raise PhotoError("no_photo", "The photo is empty. Please choose it once more.")
    mimetype, measure = _kind(data)
    try:
        width, height = measure(data)
    except (_BrokenError, IndexError, struct.error):
        raise PhotoError(
            "broken_photo",
            "This photo is damaged or did not arrive whole. Please choose it once more, or "
            "another one.",
        ) from None
    if width * height > MAX_PIXELS:
        raise PhotoError(
            "photo_too_many_pixels",
            f"This photo has {width} by {height} pixels, which is more than we can take. Please "
            "choose a smaller one.",
        )
    return Photo(data, mimetype, width, height)


_Measure = Callable[[bytes], tuple[int, int]]
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}


def _kind(data: bytes) -> tuple[str, _Measure]:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", _measure_jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", _measure_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", _measure_webp
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "image/heic", _measure_heic
    raise PhotoError(
        "not_a_photo", "This file is not a photo. Please choose a JPEG, PNG, WebP or HEIC picture."
    )


def _measure_jpeg(data: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header (ITU T.81, B.2) and look for the end marker."""
    size: tuple[int, int] | None = None
    position = 2
    while True:
        if data[position] != 0xFF:
            raise _BrokenError
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        (length,) = struct.unpack_from(">H", data, position + 1)
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 4)
            size = (width, height)
        position += 1 + length
        if marker == 0xDA:
            break
    # Cameras may append a film or padding behind the picture, so the end is looked for.
    if data.find(b"\xff\xd9", position) < 0:
        raise _BrokenError
    return _sane(size)


def _measure_png(data: bytes) -> tuple[int, int]:
    """Walk the chunks from IHDR to IEND (PNG specification, 5.3)."""
    if data[12:16] != b"IHDR":
        raise _BrokenError
    size = struct.unpack_from(">II", data, 16)
    position = 8
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            if position > len(data):
                break
            return _sane((size[0], size[1]))
    raise _BrokenError


def _measure_webp(data: bytes) -> tuple[int, int]:
    """Read the first chunk's own header (RFC 9649, 2.5 to 2.7)."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise _BrokenError
    match data[12:16]:
        case b"VP8X":
            width = int.from_bytes(data[24:27], "little") + 1
            height = int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        case _:
            raise _BrokenError
    return _sane((width, height))


def _measure_heic(data: bytes) -> tuple[int, int]:
    """Walk the boxes and take the largest picture (ISO/IEC 23008-12, ``ispe``)."""
    position = 0
    sizes: list[tuple[int, int]] = []
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
        length = length or len(data) - position
        if length < 8 or position + length > len(data):
            raise _BrokenError
        if name == b"meta":
            sizes = _heic_sizes(data[position : position + length])
        position += length
    return _sane(max(sizes, key=lambda size: size[0] * size[1], default=None))


def _heic_sizes(meta: bytes) -> list[tuple[int, int]]:
    sizes = []
    position = meta.find(b"ispe")
    while position >= 0:
        width, height = struct.unpack_from(">II", meta, position + 8)
        sizes.append((width, height))
        position = meta.find(b"ispe", position + 4)
    return sizes


def _sane(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None or 0 in size:
        raise _BrokenError
    return size
