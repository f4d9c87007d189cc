"""Preview pictures: cutting out products, and reading all kinds of files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from genvoris_flask.sandbox.pictures import PictureError, make_pictures
from genvoris_flask.sandbox.pictures.loading import open_picture
from tests.support.pictures import picture

KINDS = ["JPEG", "PNG", "WEBP", "HEIF"]


def make_picture(photo: bytes, product: bytes, category: str) -> bytes:
    (made,) = make_pictures(photo, product, category)
    return made


def product(ink: tuple[int, int, int], inside: tuple[int, int, int]) -> bytes:
    """Draw an opaque product with an outline on white."""
    image = Image.new("RGB", (300, 300), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 30, 240, 270), fill=inside, outline=ink, width=12)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def middle(data: bytes) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    pixel = image.getpixel((image.width // 2, int(image.height * 0.4)))
    assert isinstance(pixel, tuple)
    return pixel


def corner(data: bytes) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    pixel = image.getpixel((image.width // 20, int(image.height * 0.4)))
    assert isinstance(pixel, tuple)
    return pixel


def test_white_on_white() -> None:
    """A white product on white keeps its inside."""
    made = make_picture(picture(), product((0, 0, 0), (255, 255, 255)), "apparel")
    assert min(middle(made)) > 200


def test_background_is_removed() -> None:
    """The background of an opaque product is removed."""
    made = make_picture(picture(), product((0, 0, 90), (0, 0, 200)), "apparel")
    assert middle(made)[2] > 150
    red, _green, blue = corner(made)
    assert red > blue + 80  # the red shopper, not a white box


def test_large_photo_is_scaled_down() -> None:
    """A large photo is scaled down."""
    made = make_picture(picture("JPEG", (3000, 4000)), product((0, 0, 0), (9, 9, 9)), "home")
    assert max(Image.open(io.BytesIO(made)).size) == 1280


def test_orientation_is_applied() -> None:
    """A photo is rotated by its EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (600, 400), (190, 60, 60)).save(file, "JPEG", exif=exif)
    made = make_picture(file.getvalue(), product((0, 0, 0), (9, 9, 9)), "object")
    assert Image.open(io.BytesIO(made)).size == (400, 600)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def grey_png(depth: int, *levels: int, key: int | None = None) -> bytes:
    """Make a grey PNG of 40 by 40 whose columns have these levels; ``key`` is transparent."""
    size = depth // 8
    row = b"".join(level.to_bytes(size, "big") * (40 // len(levels)) for level in levels)
    header = struct.pack(">IIBBBBB", 40, 40, depth, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress((b"\0" + row) * 40)), (b"IEND", b"")]
    if key is not None:
        chunks.insert(1, (b"tRNS", struct.pack(">H", key)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def colours(photo: bytes) -> list[tuple[int, ...]]:
    """Return what a photo is read as, left and right of its middle."""
    image = open_picture("photo", photo, "RGB")
    y = image.height // 2
    found = [image.getpixel((x, y)) for x in (image.width // 4, image.width * 3 // 4)]
    return [each for each in found if isinstance(each, tuple)]


def test_16_bit_grey() -> None:
    """A photo in 16-bit grey keeps its brightness."""
    photo = grey_png(16, 0x4000, 0xC000)
    assert colours(photo) == [(64,) * 3, (191,) * 3]
    product = open_picture("product_image_url", photo, "RGBA")
    assert product.getpixel((10, 20)) == (64, 64, 64, 255)


HALF = Image.new("RGBA", (40, 40), (200, 30, 30, 255))
HALF.paste((0, 0, 0, 0), (20, 0, 40, 40))
PALETTE = HALF.convert("RGB").quantize(4)
SEE_THROUGH = {
    "RGBA": encoded(HALF),
    "WebP": encoded(HALF, "WEBP", lossless=True),
    "grey with alpha": encoded(HALF.convert("LA")),
    "palette": encoded(PALETTE, transparency=PALETTE.getpixel((30, 20))),
    "colour key": encoded(HALF.convert("RGB"), transparency=(0, 0, 0)),
    "grey of 8 bits with a key": grey_png(8, 90, 0, key=0),
    "grey of 16 bits with a key": grey_png(16, 90 * 257, 0, key=0),
}


@pytest.mark.parametrize("kind", SEE_THROUGH)
def test_transparent_photo_is_white(kind: str) -> None:
    """Transparent parts of a photo become white."""
    shown, through = colours(SEE_THROUGH[kind])
    assert min(through) > 250
    assert max(shown) < 220


def test_transparent_photo_orientation() -> None:
    """A transparent photo is rotated by its EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encoded(HALF.resize((60, 40)), exif=exif)
    assert open_picture("photo", photo, "RGB").size == (40, 60)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_broken_file_never_crashes(data: st.DataObject) -> None:
    """A broken file is refused or read without a crash."""
    kind = data.draw(st.sampled_from(KINDS))
    broken = bytearray(picture(kind, (48, 64)))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        make_picture(bytes(broken), product((0, 0, 0), (9, 9, 9)), "apparel")
    except PictureError as error:
        assert error.field == "photo"  # noqa: PT017


def test_blank_product_is_refused() -> None:
    """A product picture that is all background is refused."""
    with pytest.raises(PictureError, match="nothing but background"):
        make_picture(picture(), product((255, 255, 255), (255, 255, 255)), "apparel")
