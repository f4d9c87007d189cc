"""What a camera notes in a photo never leaves the shop; which way is up stays."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from genvoris_flask.core.images.formats.metadata import read_orientation
from genvoris_flask.core.images.photos import PhotoError, check_photo, clean_photo
from tests.support.heic import EXIF, PICTURE, Item, box, heic
from tests.support.pictures import picture

SECRET = b"SECRET-NOTE"
KINDS = ["JPEG", "PNG", "WEBP", "HEIF"]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>' + SECRET + b"</place></x:xmpmeta>"

pillow_heif.register_heif_opener()


def two_colours(size: tuple[int, int] = (64, 96)) -> Image.Image:
    """Draw red over blue, so that it shows which way is up."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (0, size[1] // 2, *size))
    return image


def exif(orientation: int) -> bytes:
    notes = Image.Exif()
    notes[0x0112] = orientation
    notes[0x010F] = SECRET.decode()
    notes.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: SECRET.decode()})
    notes.get_ifd(0x8769).update({0x9286: SECRET})
    return notes.tobytes()


@functools.cache
def noted(kind: str, orientation: int = 6) -> bytes:
    """Make a photo with EXIF, GPS, XMP, a comment and a colour profile."""
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


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("kind", KINDS)
def test_place_time_device_and_comments_are_gone(kind: str) -> None:
    data = noted(kind)
    assert SECRET in data
    photo = clean_photo(data)
    assert SECRET not in photo.data
    notes = opened(photo.data).getexif()
    assert set(notes) <= {0x0112}
    assert not notes.get_ifd(0x8825)
    assert b"x:xmpmeta" not in photo.data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_picture_is_the_same_and_the_same_way_up(kind: str, orientation: int) -> None:
    before, after = (
        opened(noted(kind, orientation)),
        opened(clean_photo(noted(kind, orientation)).data),
    )
    assert before.size == after.size
    upright = [ImageOps.exif_transpose(image).convert("RGB") for image in (before, after)]
    assert upright[0].size == upright[1].size
    assert upright[0].tobytes() == upright[1].tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_colour_profile_stays(kind: str) -> None:
    data = noted(kind)
    assert opened(data).info["icc_profile"]
    assert opened(clean_photo(data).data).info["icc_profile"] == opened(data).info["icc_profile"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_photo_is_left_as_it_is(kind: str) -> None:
    once = clean_photo(noted(kind))
    assert clean_photo(once.data) == once
    assert check_photo(once.data) == once


@pytest.mark.parametrize("progressive", [False, True])
def test_every_scan_of_a_jpeg_is_kept(progressive: bool) -> None:
    file = io.BytesIO()
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    noise.save(file, "JPEG", progressive=progressive, exif=exif(3), restart_marker_rows=1)
    after = clean_photo(file.getvalue())
    assert opened(after.data).tobytes() == opened(file.getvalue()).tobytes()
    assert SECRET not in after.data


def test_a_film_or_a_second_picture_behind_a_jpeg_is_left_off() -> None:
    plain = picture("JPEG")
    for behind in (noted("JPEG"), b"\0\0\0\x18ftypmp42" + SECRET * 100, b"\0" * 4096):
        assert clean_photo(plain + behind).data == clean_photo(plain).data


def test_what_the_kept_parts_of_a_jpeg_carry_besides_is_cut_off() -> None:
    plain = picture("JPEG")
    small_picture = b"JFIF\0\1\1\0\0\1\0\1\1\4" + SECRET + b"\0"
    jfif = b"\xff\xe0" + struct.pack(">H", len(small_picture) + 2) + small_picture
    adobe = b"Adobe\0\x64\0\0\0\0\1" + SECRET
    ours = plain[:2] + jfif + b"\xff\xee" + struct.pack(">H", len(adobe) + 2) + adobe + plain[20:]
    after = clean_photo(ours).data
    assert SECRET not in after
    assert b"Adobe\0\x64\0\0\0\0\1" in after
    assert opened(after).size == opened(plain).size


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_kind_of_webp_survives(lossless: bool, alpha: bool) -> None:
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
def test_every_kind_of_png_survives(mode: str) -> None:
    file = io.BytesIO()
    image = Image.new("I;16", (9, 9), 700) if mode == "I;16" else two_colours((9, 9)).convert(mode)
    image.save(file, "PNG", exif=exif(6))
    after = clean_photo(file.getvalue())
    assert opened(after.data).tobytes() == opened(file.getvalue()).tobytes()
    assert opened(after.data).mode == opened(file.getvalue()).mode


# What is refused


def png_with(name: bytes, body: bytes, trailing: bytes = b"") -> bytes:
    """Put a chunk behind the header of a PNG."""
    data = picture("PNG", (20, 20))
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data[:33] + chunk + data[33:] + trailing


def jpeg_with(marker: int, body: bytes) -> bytes:
    """Put a segment behind the start of a JPEG."""
    data = picture("JPEG", (20, 20))
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def webp_with(name: bytes, body: bytes) -> bytes:
    data = picture("WEBP", (20, 20)) + name + struct.pack("<I", len(body)) + body
    data += bytes(len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def heic_with(name: bytes, body: bytes) -> bytes:
    return picture("HEIF", (64, 64)) + struct.pack(">I", len(body) + 8) + name + body


def moving(kind: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (shade, 0, 0)) for shade in (0, 120, 250)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def heic_sequence() -> bytes:
    data = picture("HEIF", (64, 64))
    return data[:8] + b"msf1" + data[12:]


ZIP_END = b"PK\x05\x06" + bytes(18)
REFUSED = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo"),
    "svg with a declaration": (b"<?xml version='1.0'?><svg/>", "not_a_photo"),
    "gif": (moving("GIF"), "not_a_photo"),
    "avif": (b"\0\0\0\x1cftypavif" + bytes(60), "not_a_photo"),
    "bmp": (b"BM" + bytes(60), "not_a_photo"),
    "tiff": (b"II*\0" + bytes(60), "not_a_photo"),
    "a page before a photo": (b"<html>" + picture(), "not_a_photo"),
    "a moving png": (moving("PNG"), "animated_photo"),
    "a moving webp": (moving("WEBP"), "animated_photo"),
    "a heic sequence": (heic_sequence(), "animated_photo"),
    "a heic with a film": (heic_with(b"moov", bytes(40)), "animated_photo"),
    "jpeg and zip": (picture() + b"PK\x03\x04..." + ZIP_END, "not_a_photo"),
    "png and zip": (picture("PNG") + ZIP_END, "not_a_photo"),
    "webp and zip": (picture("WEBP") + ZIP_END, "not_a_photo"),
    "jpeg and page": (picture() + b"<html><script>alert(1)</script>", "not_a_photo"),
    "jpeg with a script as comment": (jpeg_with(0xFE, b"*/<ScRiPt>alert(1)//"), "not_a_photo"),
    "jpeg and pdf": (jpeg_with(0xFE, b"%PDF-1.7 ..."), "not_a_photo"),
    "jpeg with a pdf in a reserved part": (jpeg_with(0xF0, b"%PDF-1.7 ..."), "not_a_photo"),
    "jpeg with a page in a part of no use": (jpeg_with(0xEE, b"<html>"), "not_a_photo"),
    "jpeg without pixels": (picture()[: picture().find(b"\xff\xda")] + b"\xff\xd9", "broken_photo"),
    "jpeg and php": (jpeg_with(0xE1, b"<?php system('id'); ?>"), "not_a_photo"),
    "png with a page as text": (png_with(b"tEXt", b"a\0<!DOCTYPE html>"), "not_a_photo"),
    "png and page": (png_with(b"tEXt", b"a\0b", b"<html>"), "not_a_photo"),
    "webp with a script": (webp_with(b"XMP ", b"<script>alert(1)</script>"), "not_a_photo"),
    "heic with a script": (heic_with(b"uuid", b"<script>alert(1)</script>"), "not_a_photo"),
    "png with a critical chunk that nobody knows": (png_with(b"EVIL", b"x"), "broken_photo"),
    "png with two headers": (png_with(b"IHDR", bytes(13)), "broken_photo"),
    "png without pixels": (picture("PNG")[:33] + bytes(4) + b"IEND" + bytes(4), "broken_photo"),
    "jpeg with two frames": (jpeg_with(0xC0, b"\x08\0\x10\0\x10\x03" + bytes(9)), "broken_photo"),
    "webp with a frame beyond its canvas": (
        webp_with(b"VP8 ", bytes(6) + struct.pack("<HH", 16383, 16383)),
        "photo_too_many_pixels",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_more_or_other_than_a_photo_is_refused(name: str) -> None:
    data, code = REFUSED[name]
    with pytest.raises(PhotoError) as caught:
        clean_photo(data)
    assert caught.value.code == code


def countless() -> dict[str, bytes]:
    """Make files of as many parts as fit into ten megabytes."""
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


@pytest.mark.parametrize("name", countless())
def test_a_file_of_countless_parts_is_given_up(name: str) -> None:
    with pytest.raises(PhotoError) as caught:
        clean_photo(countless()[name])
    assert caught.value.code == "broken_photo"


def test_a_profile_that_unfolds_to_gigabytes_is_left_off() -> None:
    packed = zlib.compress(bytes(64 * 1024 * 1024), 9)
    data = png_with(b"iCCP", b"x\0\0" + packed)
    assert len(data) < 100_000
    assert b"iCCP" not in clean_photo(data).data


def test_a_heic_of_tiles_keeps_its_grid_and_tiles_and_loses_its_notes() -> None:
    """As phones write them: the grid in the metadata, the tiles and the notes in the data."""
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


def test_boxes_that_heic_does_not_need_are_blanked() -> None:
    data = picture("HEIF", (64, 64))
    note = box(b"uuid", SECRET)
    assert clean_photo(data + note).data == clean_photo(data).data
    ftyp = struct.unpack_from(">I", data)[0]
    # In front of the rest it has to keep its place: distances are counted from the start.
    assert SECRET not in clean_photo(data[:ftyp] + note + data[ftyp:]).data


@given(st.binary(max_size=80))
def test_any_exif_gives_an_orientation(notes: bytes) -> None:
    assert 1 <= read_orientation(b"II*\0" + notes) <= 8
    assert 1 <= read_orientation(b"MM\0*\0\0\0\x08" + notes) <= 8


@settings(deadline=None)  # the first drawing of a kind takes its time
@given(st.data())
def test_a_changed_photo_is_cleaned_or_refused_but_never_crashes(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    changed = bytearray(noted(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        once = clean_photo(bytes(changed))
    except PhotoError as error:
        assert error.code  # noqa: PT017
    else:
        again = check_photo(once.data)
        assert again.width * again.height <= once.width * once.height
