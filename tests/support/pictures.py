"""Pictures for tests, as bytes."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
from PIL import Image

RED = (190, 60, 60)


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 900)) -> bytes:
    """Make a whole picture: JPEG, PNG, WEBP or HEIF."""
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, kind)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """Make a small PNG that says it is of any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """Make a JPEG whose frame header says it is of any size."""
    data = bytearray(picture("JPEG", (16, 16)))
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)
