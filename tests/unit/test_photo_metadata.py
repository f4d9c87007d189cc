"""The metadata of a photo never leaves the shop, except for its orientation and colours."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from genvoris_flask.core.images.container import read_orientation
from genvoris_flask.core.images.photos import PhotoError, check_photo, clean_photo
from tests.support.heic import EXIF, PICTURE, Item, box, heic
from tests.support.pictures import (
    SECRET,
    XMP,
    exif,
    noise,
    opened,
    picture,
    png_chunk,
    refusal,
    two_colours,
    with_metadata,
)

pytestmark = pytest.mark.thorough

KINDS = ["JPEG", "PNG", "WEBP", "HEIF"]


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_is_removed(kind: str) -> None:
    """Place, time, device and comments are removed."""
    data = with_metadata(kind)
    assert SECRET in data
    photo = clean_photo(data)
    assert SECRET not in photo.data
    metadata = opened(photo.data).getexif()
    assert set(metadata) <= {0x0112}
    assert not metadata.get_ifd(0x8825)
    assert b"x:xmpmeta" not in photo.data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pixels_and_orientation_stay(kind: str, orientation: int) -> None:
    """A cleaned photo looks the same, in its orientation too."""
    before, after = (
        opened(with_metadata(kind, orientation)),
        opened(clean_photo(with_metadata(kind, orientation)).data),
    )
    assert before.size == after.size
    upright = [ImageOps.exif_transpose(image).convert("RGB") for image in (before, after)]
    assert upright[0].size == upright[1].size
    assert upright[0].tobytes() == upright[1].tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_colour_profile_stays(kind: str) -> None:
    """The colour profile is kept, as the colours depend on it."""
    data = with_metadata(kind)
    assert opened(data).info["icc_profile"]
    assert opened(clean_photo(data).data).info["icc_profile"] == opened(data).info["icc_profile"]


@pytest.mark.parametrize("kind", KINDS)
def test_cleaning_is_idempotent(kind: str) -> None:
    """A cleaned photo is not changed again."""
    once = clean_photo(with_metadata(kind))
    assert clean_photo(once.data) == once
    assert check_photo(once.data) == once


@pytest.mark.parametrize("progressive", [False, True])
def test_all_jpeg_scans_are_kept(progressive: bool) -> None:
    """No scan or restart marker of a JPEG file is lost."""
    file = io.BytesIO()
    image = noise((200, 200), 90).convert("RGB")
    image.save(file, "JPEG", progressive=progressive, exif=exif(3), restart_marker_rows=1)
    after = clean_photo(file.getvalue())
    assert opened(after.data).tobytes() == opened(file.getvalue()).tobytes()
    assert SECRET not in after.data


def test_bytes_after_jpeg_are_removed() -> None:
    """A film or a second picture after a JPEG file is removed."""
    plain = picture("JPEG")
    for behind in (with_metadata("JPEG"), b"\0\0\0\x18ftypmp42" + SECRET * 100, b"\0" * 4096):
        assert clean_photo(plain + behind).data == clean_photo(plain).data


def test_kept_jpeg_segments_are_stripped() -> None:
    """Thumbnails and trailing bytes in segments that stay are removed."""
    plain = picture("JPEG")
    small_picture = b"JFIF\0\1\1\0\0\1\0\1\1\4" + SECRET + b"\0"
    jfif = b"\xff\xe0" + struct.pack(">H", len(small_picture) + 2) + small_picture
    adobe = b"Adobe\0\x64\0\0\0\0\1" + SECRET
    adobe = b"\xff\xee" + struct.pack(">H", len(adobe) + 2) + adobe
    after = clean_photo(plain[:2] + jfif + adobe + plain[20:]).data
    assert SECRET not in after
    assert b"Adobe\0\x64\0\0\0\0\1" in after
    assert opened(after).size == opened(plain).size


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_webp_variants(lossless: bool, alpha: bool) -> None:
    """Lossy and lossless WebP files keep their pixels and transparency."""
    file = io.BytesIO()
    image = two_colours()
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(file, "WEBP", lossless=lossless, exif=exif(6), xmp=XMP)
    after = clean_photo(file.getvalue())
    assert opened(after.data).tobytes() == opened(file.getvalue()).tobytes()
    assert SECRET not in after.data
    assert opened(after.data).getexif()[0x0112] == 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_modes(mode: str) -> None:
    """PNG files of every mode keep their pixels."""
    file = io.BytesIO()
    image = Image.new("I;16", (9, 9), 700) if mode == "I;16" else two_colours((9, 9)).convert(mode)
    image.save(file, "PNG", exif=exif(6))
    after = clean_photo(file.getvalue())
    assert opened(after.data).tobytes() == opened(file.getvalue()).tobytes()
    assert opened(after.data).mode == opened(file.getvalue()).mode


# What is refused


def png_with(name: bytes, body: bytes, trailing: bytes = b"") -> bytes:
    """Insert a chunk after the header of a PNG file."""
    data = picture("PNG", (20, 20))
    return data[:33] + png_chunk(name, body) + data[33:] + trailing


def jpeg_with(marker: int, body: bytes) -> bytes:
    """Insert a segment after the start of a JPEG file."""
    data = picture("JPEG", (20, 20))
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def webp_with(name: bytes, body: bytes) -> bytes:
    """Append a chunk to a WebP file."""
    data = picture("WEBP", (20, 20)) + name + struct.pack("<I", len(body)) + body
    data += bytes(len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def heic_with(name: bytes, body: bytes) -> bytes:
    """Append a box to a HEIC file."""
    return picture("HEIF", (64, 64)) + struct.pack(">I", len(body) + 8) + name + body


def animated(kind: str) -> bytes:
    """Return an animated picture."""
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (shade, 0, 0)) for shade in (0, 120, 250)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def heic_sequence() -> bytes:
    """Return a HEIC file that claims to be a sequence."""
    data = picture("HEIF", (64, 64))
    return data[:8] + b"msf1" + data[12:]


ZIP_END = b"PK\x05\x06" + bytes(18)
REFUSED = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo"),
    "svg with declaration": (b"<?xml version='1.0'?><svg/>", "not_a_photo"),
    "gif": (animated("GIF"), "not_a_photo"),
    "avif": (b"\0\0\0\x1cftypavif" + bytes(60), "not_a_photo"),
    "bmp": (b"BM" + bytes(60), "not_a_photo"),
    "tiff": (b"II*\0" + bytes(60), "not_a_photo"),
    "page before jpeg": (b"<html>" + picture(), "not_a_photo"),
    "animated png": (animated("PNG"), "animated_photo"),
    "animated webp": (animated("WEBP"), "animated_photo"),
    "heic sequence": (heic_sequence(), "animated_photo"),
    "heic with film": (heic_with(b"moov", bytes(40)), "animated_photo"),
    "jpeg and zip": (picture() + b"PK\x03\x04..." + ZIP_END, "not_a_photo"),
    "png and zip": (picture("PNG") + ZIP_END, "not_a_photo"),
    "webp and zip": (picture("WEBP") + ZIP_END, "not_a_photo"),
    "jpeg and page": (picture() + b"<html><script>alert(1)</script>", "not_a_photo"),
    "jpeg with script in comment": (jpeg_with(0xFE, b"*/<ScRiPt>alert(1)//"), "not_a_photo"),
    "jpeg and pdf": (jpeg_with(0xFE, b"%PDF-1.7 ..."), "not_a_photo"),
    "jpeg with pdf in reserved segment": (jpeg_with(0xF0, b"%PDF-1.7 ..."), "not_a_photo"),
    "jpeg with page in unneeded segment": (jpeg_with(0xEE, b"<html>"), "not_a_photo"),
    "jpeg without pixels": (picture()[: picture().find(b"\xff\xda")] + b"\xff\xd9", "broken_photo"),
    "jpeg and php": (jpeg_with(0xE1, b"<?php system('id'); ?>"), "not_a_photo"),
    "png with page as text": (png_with(b"tEXt", b"a\0<!DOCTYPE html>"), "not_a_photo"),
    "png and page": (png_with(b"tEXt", b"a\0b", b"<html>"), "not_a_photo"),
    "webp with script": (webp_with(b"XMP ", b"<script>alert(1)</script>"), "not_a_photo"),
    "heic with script": (heic_with(b"uuid", b"<script>alert(1)</script>"), "not_a_photo"),
    "png with unknown critical chunk": (png_with(b"EVIL", b"x"), "broken_photo"),
    "png with two headers": (png_with(b"IHDR", bytes(13)), "broken_photo"),
    "png without pixels": (picture("PNG")[:33] + bytes(4) + b"IEND" + bytes(4), "broken_photo"),
    "jpeg with two frames": (jpeg_with(0xC0, b"\x08\0\x10\0\x10\x03" + bytes(9)), "broken_photo"),
    "webp with frame beyond canvas": (
        webp_with(b"VP8 ", bytes(6) + struct.pack("<HH", 16383, 16383)),
        "photo_too_many_pixels",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused(name: str) -> None:
    """Polyglots, animations, and damaged or other files are refused."""
    data, code = REFUSED[name]
    assert refusal(data) == code


def countless_parts() -> dict[str, bytes]:
    """Return files of as many parts as fit into ten megabytes."""
    iloc = b"\0\0\0\0" + b"\0\0" + b"\xff\xff" + b"\0\1\0\0\xff\xff" * 65535
    iinf = b"\0\0\0\0\0\1" + struct.pack(">I4s", 20, b"infe") + b"\2\0\0\0\0\1\0\0Exif"
    boxes = struct.pack(">I4s", len(iinf) + 8, b"iinf") + iinf
    boxes += struct.pack(">I4s", len(iloc) + 8, b"iloc") + iloc
    meta = struct.pack(">I4s", len(boxes) + 12, b"meta") + bytes(4) + boxes
    ftyp = struct.pack(">I4s", 16, b"ftyp") + b"heic" + bytes(4)
    riff = (b"VP8 " + bytes(4)) * 1_200_000
    return {
        "jpeg": b"\xff\xd8" + b"\xff\xfe\0\2" * 2_500_000 + picture()[2:],
        "png": picture("PNG")[:33] + (bytes(4) + b"tEXt" + bytes(4)) * 800_000,
        "png profiles": picture("PNG")[:33] + 2 * (bytes(4) + b"iCCP" + bytes(4)),
        "webp": b"RIFF" + struct.pack("<I", len(riff) + 4) + b"WEBP" + riff,
        "heic boxes": ftyp + struct.pack(">I4s", 8, b"free") * 1_200_000,
        "heic sizes": ftyp
        + struct.pack(">I4s", 8_000_012, b"meta")
        + bytes(4)
        + b"ispe" * 2_000_000,
        "heic extents": ftyp + meta,
    }


@pytest.mark.parametrize("name", countless_parts())
def test_countless_parts_are_refused(name: str) -> None:
    """Reading ends once a file has cost too much."""
    assert refusal(countless_parts()[name]) == "broken_photo"


def test_decompression_bomb_is_removed() -> None:
    """A profile that would decompress to a large size is dropped."""
    packed = zlib.compress(bytes(64 * 1024 * 1024), 9)
    data = png_with(b"iCCP", b"x\0\0" + packed)
    assert len(data) < 100_000
    assert b"iCCP" not in clean_photo(data).data


def test_tiled_heic() -> None:
    """A HEIC file of tiles, as written by phones, keeps its grid and tiles and no metadata."""
    grid = struct.pack(">BBBBHH", 0, 0, 1, 1, 1024, 1024)
    tiles = [Item(PICTURE, [(100 * number, 100)]) for number in range(4)]
    data = heic(
        [
            *tiles,
            Item(b"grid", [(0, len(grid))], in_meta=True),
            Item(EXIF, [(400, 40)]),
            Item(EXIF, [(len(grid), len(SECRET))], in_meta=True),
        ],
        bytes(range(200)) * 2 + SECRET.ljust(40, b"."),
        size=(1024, 1024),
        tables=box(b"idat", grid + SECRET) + box(b"uuid", SECRET),
    )
    photo = clean_photo(data)
    assert (photo.width, photo.height) == (1024, 1024)
    assert SECRET not in photo.data
    assert grid in photo.data
    assert bytes(range(200)) * 2 in photo.data
    assert len(photo.data) == len(data)
    assert clean_photo(photo.data) == photo


def test_unneeded_heic_boxes_are_erased() -> None:
    """Unneeded boxes are removed at the end, and overwritten where offsets must stay valid."""
    data = picture("HEIF", (64, 64))
    extra = box(b"uuid", SECRET)
    assert clean_photo(data + extra).data == clean_photo(data).data
    ftyp = struct.unpack_from(">I", data)[0]
    # Before other boxes it is only overwritten, as offsets are counted from the start.
    assert SECRET not in clean_photo(data[:ftyp] + extra + data[ftyp:]).data


@given(st.binary(max_size=80))
def test_any_exif_has_an_orientation(block: bytes) -> None:
    """Whatever an EXIF block contains, the orientation is from 1 to 8."""
    assert 1 <= read_orientation(b"II*\0" + block) <= 8
    assert 1 <= read_orientation(b"MM\0*\0\0\0\x08" + block) <= 8


@settings(deadline=None)  # the first drawing of a kind takes its time
@given(st.data())
def test_corrupted_photo(data: st.DataObject) -> None:
    """A photo with changed bytes is cleaned or refused, and stays bounded in size."""
    kind = data.draw(st.sampled_from(KINDS))
    changed = bytearray(with_metadata(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        once = clean_photo(bytes(changed))
    except PhotoError as error:
        assert error.code  # noqa: PT017
    else:
        again = check_photo(once.data)
        assert again.width * again.height <= once.width * once.height
