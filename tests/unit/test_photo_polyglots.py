"""Files that other programs open as their own are refused, and ordinary photos are not."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image, ImageCms

from genvoris_flask.core.images.container import is_polyglot
from genvoris_flask.core.images.photos import clean_photo
from tests.support.heic import PICTURE, Item, box, heic
from tests.support.pictures import noise, picture, png_chunk, refusal

pytestmark = pytest.mark.thorough

PAGE = b"<script>alert(document.domain)</script>"
PHP = b"<?php system($_GET['c']); ?>"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj trailer<</Root 1 0 R>>"
ZIP = b"PK\x01\x02" + bytes(42) + b"a" + b"PK\x05\x06" + bytes(4) + b"\1\0\1\0" + bytes(10)
SVG = b"<svg/onload=alert(document.domain)>"
PAYLOADS = {"page": PAGE, "svg": SVG, "php": PHP, "pdf": PDF, "zip": ZIP}


def png(*chunks: bytes, colour_type: int = 2) -> bytes:
    """Return a PNG file with chunks between its header and its pixels."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, colour_type, 0, 0, 0)
    row = b"\0" + bytes(8 * {0: 1, 2: 3, 3: 1}[colour_type])
    pixels = png_chunk(b"IDAT", zlib.compress(row * 8))
    signature = b"\x89PNG\r\n\x1a\n"
    return (
        signature + png_chunk(b"IHDR", header) + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")
    )


def jpeg(marker: int, body: bytes) -> bytes:
    """Return a JPEG file with an additional segment."""
    data = picture("JPEG", (20, 20))
    return data[:20] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[20:]


def webp(*chunks: tuple[bytes, bytes], flags: int = 0x30) -> bytes:
    """Return an extended WebP file with chunks before its pixels."""
    pixels = picture("WEBP", (20, 20))[12:]
    parts = [(b"VP8X", bytes([flags, 0, 0, 0, 19, 0, 0, 19, 0, 0])), *chunks]
    body = b"WEBP"
    for name, part in parts:
        body += name + struct.pack("<I", len(part)) + part + bytes(len(part) % 2)
    body += pixels
    return b"RIFF" + struct.pack("<I", len(body)) + body


@functools.cache
def profile(extra: bytes = b"") -> bytes:
    """Return a colour profile with bytes after its last tag."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + extra
    return struct.pack(">I", len(data)) + data[4:]


def stored(data: bytes) -> bytes:
    """Compress bytes so that they stay readable."""
    return zlib.compress(data, 0)


def dqt(body: bytes) -> bytes:
    """Return a JPEG file with a quantisation table of these bytes."""
    return jpeg(0xDB, b"\x03" + body.ljust(64, b"\x01")[:64])


# Parts that the picture needs and decoders accept, with a payload in them.
NEEDED: dict[str, Callable[[bytes], bytes]] = {
    "jpeg profile": lambda payload: jpeg(0xE2, b"ICC_PROFILE\0\1\1" + profile(payload)),
    "jpeg quantisation table": dqt,
    "jpeg pixels": lambda payload: picture("JPEG")[:-2] + payload + b"\xff\xd9",
    "png profile": lambda payload: png(png_chunk(b"iCCP", b"x\0\0" + stored(profile(payload)))),
    "png palette": lambda payload: png(
        png_chunk(b"PLTE", payload.ljust(768, b"\0")), colour_type=3
    ),
    "png transparency": lambda payload: png(
        png_chunk(b"PLTE", bytes(768)), png_chunk(b"tRNS", payload.ljust(256, b"\0")), colour_type=3
    ),
    "png pixels": lambda payload: png(png_chunk(b"IDAT", payload)),
    "webp profile": lambda payload: webp((b"ICCP", profile(payload))),
    "webp transparency": lambda payload: webp((b"ALPH", b"\0" + payload.ljust(400, b"\0"))),
    "heic pixels": lambda payload: heic([Item(PICTURE, [(0, len(payload))])], payload),
    "heic properties": lambda payload: heic(
        [Item(PICTURE, [(0, 9)])], bytes(9), properties=box(b"hvcC", payload)
    ),
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", NEEDED)
def test_payload_in_needed_part_is_refused(place: str, payload: str) -> None:
    """Parts that have to stay are searched for payloads."""
    if place == "jpeg quantisation table" and len(PAYLOADS[payload]) > 64:
        place = "jpeg pixels"  # it would not fit
    assert refusal(NEEDED[place](PAYLOADS[payload])) == "not_a_photo"


WORD = b"<?=`id -a | wc`?>"  # its first three bytes occur in pixels by chance
NEEDLESS: dict[str, bytes] = {
    "png profile name": png(png_chunk(b"iCCP", WORD + b"\0\0" + zlib.compress(profile()))),
    "png invalid profile": png(png_chunk(b"iCCP", b"x\0\0" + stored(WORD))),
    "png after profile": png(png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile()) + WORD)),
    "png gamma": png(png_chunk(b"gAMA", WORD)),
    "png density": png(png_chunk(b"pHYs", WORD)),
    "png background": png(png_chunk(b"bKGD", WORD)),
    "png significant bits": png(png_chunk(b"sBIT", WORD)),
    "png rendering": png(png_chunk(b"sRGB", WORD)),
    "png chromaticity": png(png_chunk(b"cHRM", WORD.ljust(32, b"?"))),
    "png transparency of a wrong length": png(png_chunk(b"tRNS", WORD)),
    "png suggested palette": png(png_chunk(b"PLTE", WORD.ljust(18, b"?"))),
    "png end": png()[:-12] + png_chunk(b"IEND", WORD),
    "jpeg invalid profile": jpeg(0xE2, b"ICC_PROFILE\0\1\1" + WORD),
    "jpeg incomplete profile": jpeg(0xE2, b"ICC_PROFILE\0\1\2" + profile() + WORD),
    "webp header": webp()[:20] + webp()[20:].replace(b"\x30\0\0\0", b"\x30$_[", 1),
    "webp invalid profile": webp((b"ICCP", WORD)),
    "webp second transparency": webp((b"ALPH", bytes(9)), (b"ALPH", WORD)),
    "heic name": heic([Item(PICTURE, [(0, 9)], name=WORD)], bytes(9)),
    "heic unused bytes": heic([Item(PICTURE, [(20, 9)])], WORD.ljust(40, b"\0")),
    "heic description": heic([Item(PICTURE, [(0, 9)])], bytes(9), properties=box(b"udes", WORD)),
}


@pytest.mark.parametrize("place", NEEDLESS)
def test_unneeded_bytes_are_removed(place: str) -> None:
    """No part is kept for its name alone."""
    data = NEEDLESS[place]
    assert WORD in data or b"$_[" in data
    cleaned = clean_photo(data).data
    assert WORD not in cleaned
    assert b"$_[" not in cleaned
    assert clean_photo(cleaned).data == cleaned


@pytest.mark.parametrize(
    "data",
    [
        jpeg(0xDB, b"\x03" + bytes(64) + WORD),
        jpeg(0xC4, b"\x03" + bytes(16) + WORD),
        jpeg(0xDD, b"\0\0" + WORD),
        png(png_chunk(b"PLTE", bytes(771)), colour_type=3),
    ],
    ids=["quantisation", "huffman", "restarts", "palette"],
)
def test_overlong_table_is_refused(data: bytes) -> None:
    """A table that is longer than its content is refused, as by decoders."""
    assert refusal(data) == "broken_photo"


# Ordinary photos


@functools.cache
def noisy_image() -> Image.Image:
    """Draw a picture with edges, gradients and noise."""
    image = Image.merge("RGB", [noise((160, 240), spread) for spread in (20, 60, 100)])
    image.paste((200, 160, 140), (40, 30, 120, 200))
    image.paste(Image.linear_gradient("L").resize((40, 60)), (60, 60))
    return image


def profiles() -> Iterator[tuple[str, bytes]]:
    """Yield real colour profiles, with tables and with curves."""
    srgb = ImageCms.createProfile("sRGB")
    for name, made in (
        ("sRGB", srgb),
        ("Lab", ImageCms.createProfile("LAB")),
        ("XYZ", ImageCms.createProfile("XYZ")),
    ):
        yield name, ImageCms.ImageCmsProfile(made).tobytes()


SAVED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "jpeg": ("JPEG", "RGB", {"quality": 92}),
    "jpeg grey": ("JPEG", "L", {}),
    "jpeg CMYK": ("JPEG", "CMYK", {}),
    "jpeg progressive": ("JPEG", "RGB", {"progressive": True, "optimize": True}),
    "jpeg full colour": ("JPEG", "RGB", {"subsampling": 0, "quality": 100}),
    "jpeg half colour": ("JPEG", "RGB", {"subsampling": 1}),
    "jpeg restarts": ("JPEG", "RGB", {"restart_marker_blocks": 5}),
    "jpeg density": ("JPEG", "RGB", {"dpi": (300, 300), "comment": "a holiday"}),
    "png": ("PNG", "RGB", {}),
    "png grey": ("PNG", "L", {}),
    "png alpha": ("PNG", "RGBA", {"dpi": (72, 72)}),
    "png palette": ("PNG", "P", {"transparency": 3}),
    "png 16 bits": ("PNG", "I;16", {}),
    "png 1 bit": ("PNG", "1", {}),
    "png optimized": ("PNG", "RGB", {"optimize": True}),
    "webp": ("WEBP", "RGB", {}),
    "webp lossless": ("WEBP", "RGB", {"lossless": True}),
    "webp alpha": ("WEBP", "RGBA", {"quality": 70}),
    "webp exact": ("WEBP", "RGBA", {"lossless": True, "exact": True}),
    "heic": ("HEIF", "RGB", {}),
    "heic alpha": ("HEIF", "RGBA", {}),
    "heic grey": ("HEIF", "L", {}),
}


@pytest.mark.parametrize("profile_name", ["none", "sRGB", "Lab", "XYZ"])
@pytest.mark.parametrize("name", SAVED)
def test_ordinary_photo_is_accepted(name: str, profile_name: str) -> None:
    """The pixels and colours of any encoding and profile stay."""
    kind, mode, options = SAVED[name]
    image = noisy_image()
    image = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)
    written = io.BytesIO()
    icc = dict(profiles()).get(profile_name)
    image.save(written, kind, **options, **({"icc_profile": icc} if icc else {}))
    before = Image.open(io.BytesIO(written.getvalue()))
    after = Image.open(io.BytesIO(clean_photo(written.getvalue()).data))
    assert (after.mode, after.size) == (before.mode, before.size)
    assert after.tobytes() == before.tobytes()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert after.info.get("transparency") == before.info.get("transparency")


def test_noise_is_no_polyglot() -> None:
    """The patterns are too long to occur in pixels by chance."""
    noise = random.Random(7).randbytes(24 * 1024 * 1024)
    assert not is_polyglot(noise)
    for short in (
        b"<svg\n\xff\0",
        b"<img/\x01",
        b"PK\x05\x06\x91",
        b"%PDF-\xff",
        b"<?php\xff",
        b"<?=",
    ):
        assert not is_polyglot(noise[:5000] + short + noise[5000:9000])
