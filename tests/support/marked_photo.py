"""A photo with a mark, which tests look for everywhere but in the shop's own code."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from genvoris_flask.core.images.photos import clean_photo
from tests.support.pictures import png_chunk

MARK = b"MARKED-PIXELS-OF-A-PHOTO"
_ROW = b"\0" + MARK * 20
# A piece of more than a kilobyte: glibc overwrites no smaller ones that were given back to it.
PIECE = _ROW * 3


def marked_photo() -> bytes:
    """Return a photo whose pixels contain the mark as it is, since they are not compressed."""
    width, height = len(MARK) // 3 * 20, 320
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(_ROW * height, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    photo = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert PIECE in clean_photo(photo).data
    return photo


def files_with(folder: Path, mark: bytes) -> list[str]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each.name for each in files if mark in each.read_bytes()]
