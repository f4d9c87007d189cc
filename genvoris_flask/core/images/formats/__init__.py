"""Finds out the format of a file, and reads its container.

JPEG, PNG, WebP and HEIC have a module each, and HEIC and JPEG a second. Each reader takes a file's
bytes and a `Budget`, and returns a `Container`: the picture's size, the parts that draw it, and the
parts to drop. Nothing is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ..container import BrokenError, Budget, Container
from . import heic, jpeg, png, webp

_Reader = Callable[[bytes, Budget], Container]


def open_container(data: bytes) -> tuple[str, Container] | None:
    """Return the MIME type and the container of a file, or None if it is in no known format.

    Raises:
        AnimatedError: It is an animation.
        BrokenError: It is damaged or incomplete.
    """
    found = find_format(data)
    if found is None:
        return None
    mimetype, read = found
    try:
        return mimetype, read(data, Budget(len(data)))
    except (IndexError, struct.error) as error:
        raise BrokenError from error


def find_format(data: bytes) -> tuple[str, _Reader] | None:
    """Return the MIME type and the reader that the first bytes of a file call for, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", jpeg.read_jpeg
    if data.startswith(png.START):
        return "image/png", png.read_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", webp.read_webp
    if data[4:8] == b"ftyp" and data[8:12] in heic.BRANDS | heic.SEQUENCES:
        return "image/heic", heic.read_heic
    return None
