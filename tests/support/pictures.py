"""Pictures for tests, as bytes."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from genvoris_flask.core.images.marking import PictureMark
from genvoris_flask.core.images.photos import PhotoError, clean_photo, read_picture

RED = (190, 60, 60)
SECRET = b"SECRET-NOTE"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>' + SECRET + b"</place></x:xmpmeta>"

pillow_heif.register_heif_opener()


@functools.cache  # most tests want the same few, and a HEIF file takes long to encode
def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 900)) -> bytes:
    """Return a plain picture as a JPEG, PNG, WEBP or HEIF file."""
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, kind)
    return file.getvalue()


def noise(size: tuple[int, int], spread: int = 60) -> Image.Image:
    """Return grey noise around the middle, the same in every run."""
    values = random.Random(7).randbytes(size[0] * size[1])
    return Image.frombytes("L", size, values).point(lambda v: 128 + (v - 128) * spread // 128)


def marked(data: bytes, credit: str | None = None) -> bytes:
    """Return a finished picture as a shop serves it: with the mark that a model made it."""
    return PictureMark(credit).apply(read_picture(data)).data


def png_claiming(width: int, height: int) -> bytes:
    """Return a small PNG file that claims any size."""

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def jpeg_claiming(width: int, height: int) -> bytes:
    """Return a JPEG file whose frame header claims any size."""
    data = bytearray(picture("JPEG", (16, 16)))
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def opened(data: bytes) -> Image.Image:
    """Decode a file with Pillow."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def refusal(data: bytes) -> str:
    """Return the code with which a photo is refused."""
    with pytest.raises(PhotoError) as caught:
        clean_photo(data)
    return caught.value.code


def two_colours(size: tuple[int, int] = (64, 96)) -> Image.Image:
    """Draw red above blue, to show which side is up."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (0, size[1] // 2, *size))
    return image


def exif(orientation: int) -> bytes:
    """Return an EXIF block with an orientation and secrets."""
    metadata = Image.Exif()
    metadata[0x0112] = orientation
    metadata[0x010F] = SECRET.decode()
    metadata.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: SECRET.decode()})
    metadata.get_ifd(0x8769).update({0x9286: SECRET})
    return metadata.tobytes()


@functools.cache
def with_metadata(kind: str, orientation: int = 6) -> bytes:
    """Return a photo with EXIF, GPS, XMP, a comment and a colour profile."""
    file = io.BytesIO()
    options: dict[str, Any] = {"exif": exif(orientation), "xmp": XMP}
    if kind == "JPEG":
        options["comment"] = SECRET
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Author", SECRET.decode())
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        info.add_text("Packed", SECRET.decode() * 9, zip=True)
        del options["xmp"]
        options["pnginfo"] = info
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    two_colours().save(file, kind, icc_profile=profile, **options)
    return file.getvalue()
