"""Files that browsers open are accepted, and repaired if something is missing."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from genvoris_flask.core.images.photos import clean_photo
from tests.support.heic import EXIF, PICTURE, Item, box, heic
from tests.support.pictures import noise, opened, picture, refusal

pytestmark = pytest.mark.thorough


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def soft(size: tuple[int, int]) -> Image.Image:
    """Draw a picture that compresses like a photo."""
    small = noise((size[0] // 16 + 1, size[1] // 16 + 1), 60)
    return small.convert("RGB").resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    "between",
    [b"\xff\xff\xff", b"\0\0", b"\0", b"loose", b"\xff\0\x12", b"\xff\xd0", b"\xff\x01"],
    ids=["fill bytes", "two zeros", "one zero", "text", "a stuffed byte", "a restart", "TEM"],
)
@pytest.mark.parametrize("where", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda", b"\xff\xd9"])
def test_bytes_between_jpeg_segments_are_skipped(between: bytes, where: bytes) -> None:
    """Loose bytes between segments are removed, as libjpeg ignores them."""
    data = picture("JPEG", (40, 60))
    at = data.rindex(where)
    loose = data[:at] + between + data[at:]
    if where != b"\xff\xd9":  # before the end marker they count as pixels
        assert clean_photo(loose).data == clean_photo(data).data
    assert opened(clean_photo(loose).data).size == (40, 60)


def test_second_jpeg_start_is_refused() -> None:
    """A second start marker is refused, as by browsers."""
    data = picture("JPEG", (40, 60))
    assert refusal(data[:20] + b"\xff\xd8" + data[20:]) == "broken_photo"


FILES = {
    "flat": picture("JPEG", (600, 900)),
    "small": saved(soft((90, 70))),
    "photo": saved(soft((1201, 803))),
    "noise": saved(noise((640, 480), 90).convert("RGB")),
    "full colour": saved(soft((300, 500)), subsampling=0),
    "grey": saved(soft((300, 500)).convert("L")),
    "CMYK": saved(soft((300, 500)).convert("CMYK")),
    "optimised": saved(soft((300, 500)), optimize=True),
    "restarts": saved(soft((300, 500)), restart_marker_blocks=7),
    "progressive": saved(soft((300, 500)), progressive=True),
}


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("name", FILES)
def test_missing_jpeg_end_is_restored(name: str, missing: int) -> None:
    """The end marker is restored if all pixels are there."""
    whole = FILES[name]
    assert clean_photo(whole[:-missing]) == clean_photo(whole)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", [each for each in FILES if each != "progressive"])
def test_truncated_jpeg_is_refused(name: str, share: float) -> None:
    """A picture whose lower part would be grey is refused."""
    whole = FILES[name]
    assert refusal(whole[: int(len(whole) * share)]) == "broken_photo"


def test_small_jpeg_truncated_anywhere_is_refused() -> None:
    """All blocks of a small picture are counted."""
    whole = FILES["small"]
    start = whole.index(b"\xff\xda") + 14
    for end in range(start, len(whole) - 4):
        assert refusal(whole[:end]) == "broken_photo"


def test_progressive_jpeg_without_last_refinement() -> None:
    """The last refinement may be missing, as nobody sees it; earlier scans must be complete."""
    whole = FILES["progressive"]
    last = whole.rindex(b"\xff\xda")
    mended = opened(clean_photo(whole[: last + 60]).data).convert("RGB")
    difference = ImageChops.difference(opened(whole).convert("RGB"), mended)
    assert max(ImageStat.Stat(difference).mean) < 2
    before = whole.rindex(b"\xff\xda", 0, last)
    for end in (last, (before + last) // 2):
        assert refusal(whole[:end]) == "broken_photo"


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_missing_png_checksum_is_restored(missing: int) -> None:
    """The last checksum may be missing, as decoders do not read it."""
    whole = picture("PNG", (40, 60))
    assert clean_photo(whole[:-missing]) == clean_photo(whole)


LOOSE = {
    "zeros": bytes(400),
    "a phone's trailer": b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFHk\0\0\0SEFT",
    "text": b"loose bytes",
    "one byte": b"\0",
    "half a header": b"\0\0\0\x10mp",
    "a box of a strange name": box(b"\x01\x02\x03\x04", b"x") + b"more",
}


@pytest.mark.parametrize("name", LOOSE)
@pytest.mark.parametrize("made", ["library", "by hand"])
def test_bytes_after_heic_are_removed(name: str, made: str) -> None:
    """Some phones write a directory of their own after the picture."""
    plain = picture("HEIF", (64, 64)) if made == "library" else heic([PART], bytes(100))
    assert clean_photo(plain + LOOSE[name]) == clean_photo(plain)


PART = Item(PICTURE, [(0, 100)])


def test_truncated_heic_is_refused() -> None:
    """Missing pixels are not taken for loose bytes."""
    whole = heic([PART, Item(EXIF, [(100, 30)])], bytes(130))
    for end in range(len(whole)):
        assert refusal(whole[:end]) in ("broken_photo", "not_a_photo", "no_photo")


# Which way is up


def tiff(orientation: int, kind: int = 3, order: str = "<") -> bytes:
    """Return an EXIF block whose orientation has any value and type."""
    value = struct.pack(
        f"{order}I" if kind == 4 else f"{order}HH", *[orientation, 0][: 6 - kind - 1]
    )
    entry = struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def jpeg_with_exif(*blocks: bytes) -> bytes:
    """Return a JPEG file with EXIF blocks."""
    data = picture("JPEG", (40, 60))
    segments = [
        b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block for block in blocks
    ]
    return data[:20] + b"".join(segments) + data[20:]


def png_with_exif(*blocks: bytes) -> bytes:
    """Return a PNG file with EXIF blocks."""
    data = picture("PNG", (40, 60))
    chunks = [
        struct.pack(">I", len(block))
        + b"eXIf"
        + block
        + struct.pack(">I", zlib.crc32(b"eXIf" + block))
        for block in blocks
    ]
    return data[:33] + b"".join(chunks) + data[33:]


def webp_with_exif(*blocks: bytes) -> bytes:
    """Return a WebP file with EXIF blocks."""
    data = saved(Image.new("RGB", (40, 60)), "WEBP", exif=b"Exif\0\0" + blocks[0])
    for block in blocks[1:]:
        data += b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


NONE = b"II*\0\x08\0\0\0\0\0\0\0\0\0"


@pytest.mark.parametrize("noted", [jpeg_with_exif, png_with_exif, webp_with_exif])
@pytest.mark.parametrize(
    ("blocks", "turned"),
    [
        ([tiff(6)], True),
        ([tiff(8, order=">")], True),
        ([tiff(9)], False),
        ([tiff(0)], False),
        ([tiff(6, kind=4)], False),
        ([tiff(6, kind=4, order=">")], False),
        ([tiff(6), tiff(1)], True),
        ([tiff(1), tiff(6)], False),
        ([NONE, tiff(6)], False),
        ([tiff(9), tiff(6)], False),
    ],
    ids=["6", "8", "9", "0", "LONG", "big LONG", "6 then 1", "1 then 6", "none then 6", "9 then 6"],
)
def test_orientation(noted: Any, blocks: list[bytes], turned: bool) -> None:
    """Like in browsers, the first block counts, and only a SHORT from 1 to 8."""
    cleaned = clean_photo(noted(*blocks)).data
    assert ImageOps.exif_transpose(opened(cleaned)).size == ((60, 40) if turned else (40, 60))
    assert len(opened(cleaned).getexif()) == turned


def test_restored_jpeg_is_the_same() -> None:
    """A truncated and an extended file of one photo are cleaned to the same bytes."""
    whole = FILES["photo"]
    assert clean_photo(whole + b"a film").data == clean_photo(whole[:-2]).data
