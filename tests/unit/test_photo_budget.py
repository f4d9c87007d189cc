"""The cost of reading a photo is bounded by its length, whatever it claims."""

from __future__ import annotations

import contextlib
import multiprocessing
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import pytest

from genvoris_flask.core.images.container import BrokenError, Budget, Container
from genvoris_flask.core.images.formats.heic import MAX_DATA_BOXES, read_heic
from genvoris_flask.core.images.formats.heic_boxes import MAX_PARTS
from genvoris_flask.core.images.formats.jpeg import MAX_SCANS, read_jpeg
from genvoris_flask.core.images.formats.png import read_png
from genvoris_flask.core.images.formats.webp import read_webp
from genvoris_flask.core.images.photos import PhotoError, clean_photo
from tests.support.heic import EXIF, PICTURE, Item, box, heic
from tests.support.meter import Cost, measure
from tests.support.pictures import picture, png_chunk, refusal

# On one worker, so that the process of these tests is started once.
pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("photo budget")]

WHOLE = Item(PICTURE, [(0, 100)])


def segment(marker: int, body: bytes = b"") -> bytes:
    """Return a JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def webp(*chunks: bytes) -> bytes:
    """Return a WebP file of some chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def overlapping_metadata(count: int, length: int) -> bytes:
    """Return a HEIC file whose metadata items all claim the same bytes."""
    metadata = [Item(EXIF, [(0, length)]) for _ in range(count)]
    return heic([*metadata, WHOLE], bytes(length))


EXPENSIVE = {
    "tables multiplied by boxes": heic(
        [Item(EXIF, [(0, 8)] * 250), WHOLE], bytes(200), metas=4, before=box(b"mdat", b"") * 600
    ),
    "overlapping metadata": overlapping_metadata(300, 100_000),
    "empty items": heic([Item(PICTURE, [(0, 0)] * 3000), WHOLE], bytes(100)),
    "empty boxes": heic([WHOLE], bytes(100), before=box(b"free", b"") * 20_000),
    "empty segments": b"\xff\xd8" + segment(0xFE) * 50_000 + picture()[2:],
    "fill bytes": b"\xff\xd8" + b"\xff" * 300_000 + b"\xda",
    "markers without a segment": b"\xff\xd8" + b"\xff\x01" * 50_000 + picture()[2:],
    "empty scans": b"\xff\xd8" + (segment(0xDA, b"\0\0\0\0") + b"\0") * 20_000 + b"\xff\xd9",
    "empty chunks": picture("PNG")[:33] + png_chunk(b"tEXt") * 20_000 + png_chunk(b"IEND"),
    "empty WebP chunks": webp(*[b"NOTE" + bytes(4)] * 20_000),
    "directories that claim too many entries": picture("PNG")[:33]
    + png_chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + bytes(60_000)) * 5
    + picture("PNG")[33:],
}


def cost_of_reading(data: bytes) -> Cost:
    """Return what reading a photo costs, whether or not it is refused."""

    def read() -> None:
        with contextlib.suppress(PhotoError):
            clean_photo(data)

    return measure(read)


@pytest.fixture(scope="module")
def own_process() -> Iterator[Executor]:
    """Return a process without threads of other tests, which allocate memory too."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        executor.submit(cost_of_reading, picture()).result()  # imports are no part of a cost
        yield executor


@pytest.mark.parametrize("name", EXPENSIVE)
def test_cost_is_bounded_by_length(name: str, own_process: Executor) -> None:
    """A file that multiplies its parts costs no more steps or memory than its length justifies."""
    data = EXPENSIVE[name]
    cost = own_process.submit(cost_of_reading, data).result()
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
def test_ordinary_photo_needs_half_its_budget(
    read: Callable[[bytes, Budget], Container], data: bytes
) -> None:
    """The bound is no obstacle to ordinary photos."""
    budget = Budget(len(data))
    read(data, budget)
    assert 0 < budget.spent < budget.limit / 2


def test_budget_is_linear() -> None:
    """The budget grows linearly with the length of a file."""
    start = Budget(0).limit
    assert Budget(2_000_000).limit - start == 2 * (Budget(1_000_000).limit - start)


def test_exhausted_budget_raises() -> None:
    """The part that would exceed the limit is not read."""
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
        "overlapping pictures",
        "metadata within a picture",
        "a picture that overlaps itself",
        "a picture beyond the end",
        "too many ranges",
        "no picture",
        "metadata outside",
    ],
)
def test_inconsistent_heic_is_refused(data: bytes) -> None:
    """A HEIC file needs one table, few data boxes, and ranges that do not overlap."""
    assert refusal(data) == "broken_photo"


def test_heic_with_several_data_boxes() -> None:
    """Some writers make a data box for each picture."""
    data = heic([WHOLE], bytes(100), before=box(b"mdat", b"") * (MAX_DATA_BOXES - 1))
    assert clean_photo(data).width == 64


def test_jpeg_with_too_many_scans_is_refused() -> None:
    """Decoders would draw the whole picture for each scan."""
    data = picture()
    start = data.index(b"\xff\xda")
    scan = data[start:-2]
    assert clean_photo(data[:start] + scan * MAX_SCANS + data[-2:]).width == 600
    assert refusal(data[:start] + scan * (MAX_SCANS + 1) + data[-2:]) == "broken_photo"
