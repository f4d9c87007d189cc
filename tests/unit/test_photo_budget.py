"""What a photo costs is bounded by its length, whatever it says about itself."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable

import pytest

from genvoris_flask.core.images.formats.container import BrokenError, Budget, Container
from genvoris_flask.core.images.formats.heic import MAX_DATA_BOXES, read_heic
from genvoris_flask.core.images.formats.heic_boxes import MAX_PARTS
from genvoris_flask.core.images.formats.jpeg import MAX_SCANS, read_jpeg
from genvoris_flask.core.images.formats.png import read_png
from genvoris_flask.core.images.formats.webp import read_webp
from genvoris_flask.core.images.photos import PhotoError, clean_photo
from tests.support.heic import EXIF, PICTURE, Item, box, heic
from tests.support.meter import measure
from tests.support.pictures import picture

WHOLE = Item(PICTURE, [(0, 100)])


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def segment(marker: int, body: bytes = b"") -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoError) as caught:
        clean_photo(data)
    return caught.value.code


def many_notes(count: int, length: int) -> bytes:
    """Make a HEIC whose notes all claim the same bytes."""
    notes = [Item(EXIF, [(0, length)]) for _ in range(count)]
    return heic([*notes, WHOLE], bytes(length))


EXPENSIVE = {
    "tables that are multiplied by boxes": heic(
        [Item(EXIF, [(0, 8)] * 250), WHOLE], bytes(200), metas=4, before=box(b"mdat", b"") * 600
    ),
    "notes that share their bytes": many_notes(300, 100_000),
    "items of no bytes": heic([Item(PICTURE, [(0, 0)] * 3000), WHOLE], bytes(100)),
    "boxes of nothing": heic([WHOLE], bytes(100), before=box(b"free", b"") * 20_000),
    "segments of nothing": b"\xff\xd8" + segment(0xFE) * 50_000 + picture()[2:],
    "fill bytes": b"\xff\xd8" + b"\xff" * 300_000 + b"\xda",
    "markers without a segment": b"\xff\xd8" + b"\xff\x01" * 50_000 + picture()[2:],
    "scans of nothing": b"\xff\xd8" + (segment(0xDA, b"\0\0\0\0") + b"\0") * 20_000 + b"\xff\xd9",
    "chunks of nothing": picture("PNG")[:33] + chunk(b"tEXt") * 20_000 + chunk(b"IEND"),
    "WebP chunks of nothing": webp(*[b"NOTE" + bytes(4)] * 20_000),
    "directories that claim more than they have": picture("PNG")[:33]
    + chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + bytes(60_000)) * 5
    + picture("PNG")[33:],
}


@pytest.mark.parametrize("name", EXPENSIVE)
def test_no_file_costs_more_than_its_length_justifies(name: str) -> None:
    """Steps and bytes are bounded by the length, for files that multiply their parts."""
    data = EXPENSIVE[name]

    def read() -> None:
        with contextlib.suppress(PhotoError):
            clean_photo(data)

    cost = measure(read)
    assert cost.steps <= 10_000 + 2 * len(data)
    assert cost.held <= 100_000 + 6 * len(data)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_jpeg, picture("JPEG", (1200, 1800))),
        (read_png, picture("PNG", (1200, 1800))),
        (read_webp, picture("WEBP", (1200, 1800))),
        (read_heic, picture("HEIF", (1200, 1800))),
    ],
)
def test_ordinary_photos_need_less_than_a_half_of_their_budget(
    read: Callable[[bytes, Budget], Container], data: bytes
) -> None:
    """The bound is out of the way of photos."""
    budget = Budget(len(data))
    read(data, budget)
    assert 0 < budget.spent < budget.limit / 2


def test_the_budget_grows_with_the_length_alone() -> None:
    """Twice the bytes have twice as much to spend, beside what every file has."""
    start = Budget(0).limit
    assert Budget(2_000_000).limit - start == 2 * (Budget(1_000_000).limit - start)


def test_a_spent_budget_ends_the_reading() -> None:
    """The part that goes beyond the limit is not read any more."""
    budget = Budget(1000)
    budget.spend(budget.limit // 2)
    with pytest.raises(BrokenError):
        budget.spend(budget.limit // 2)


@pytest.mark.parametrize(
    "data",
    [
        heic([WHOLE], bytes(100), metas=2),
        heic([WHOLE], bytes(100), before=box(b"mdat", b"") * MAX_DATA_BOXES),
        heic([WHOLE, Item(PICTURE, [(99, 1)])], bytes(100)),
        heic([WHOLE, Item(EXIF, [(40, 4)])], bytes(100)),
        heic([Item(PICTURE, [(0, 60), (50, 50)])], bytes(100)),
        heic([Item(PICTURE, [(0, 101)])], bytes(100)),
        heic([Item(PICTURE, [(0, 0)] * (MAX_PARTS + 1)), WHOLE], bytes(100)),
        heic([Item(EXIF, [(0, 100)])], bytes(100)),
        heic([WHOLE, Item(EXIF, [(-20 % 2**32, 4)])], bytes(100)),
    ],
    ids=[
        "two tables",
        "many data boxes",
        "pictures that share a byte",
        "a note within a picture",
        "a picture that overlaps itself",
        "a picture beyond the end",
        "too many ranges",
        "no picture",
        "a note outside",
    ],
)
def test_a_heic_that_no_camera_writes_is_refused(data: bytes) -> None:
    """One table, few data boxes, and ranges that share no byte."""
    assert refusal(data) == "broken_photo"


def test_a_heic_may_have_several_data_boxes() -> None:
    """Some writers make one for each picture."""
    data = heic([WHOLE], bytes(100), before=box(b"mdat", b"") * (MAX_DATA_BOXES - 1))
    assert clean_photo(data).width == 64


def test_a_jpeg_of_countless_scans_is_refused() -> None:
    """Decoders draw the whole picture for each of them."""
    data = picture()
    start = data.index(b"\xff\xda")
    scan = data[start:-2]
    assert clean_photo(data[:start] + scan * MAX_SCANS + data[-2:]).width == 600
    assert refusal(data[:start] + scan * (MAX_SCANS + 1) + data[-2:]) == "broken_photo"
