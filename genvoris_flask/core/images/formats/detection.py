"""Finds out the format of a file, and reads its container."""

from __future__ import annotations

import struct
from collections.abc import Callable

from . import heic, jpeg, png, webp
from .container import BrokenError, Budget, Container

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
