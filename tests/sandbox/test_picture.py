"""Pictures of try-ons: what is cut out, and what broken files do."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from genvoris_flask.sandbox.pictures import PictureError, make_pictures
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


def test_a_white_product_on_white_keeps_its_inside() -> None:
    made = make_picture(picture(), product((0, 0, 0), (255, 255, 255)), "apparel")
    assert min(middle(made)) > 200


def test_the_background_of_an_opaque_product_is_taken_away() -> None:
    made = make_picture(picture(), product((0, 0, 90), (0, 0, 200)), "apparel")
    assert middle(made)[2] > 150
    red, _green, blue = corner(made)
    assert red > blue + 80  # the red shopper, not a white box


def test_a_large_photo_is_scaled_down() -> None:
    made = make_picture(picture("JPEG", (3000, 4000)), product((0, 0, 0), (9, 9, 9)), "home")
    assert max(Image.open(io.BytesIO(made)).size) == 1280


def test_a_photo_lies_as_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (600, 400), (190, 60, 60)).save(file, "JPEG", exif=exif)
    made = make_picture(file.getvalue(), product((0, 0, 0), (9, 9, 9)), "object")
    assert Image.open(io.BytesIO(made)).size == (400, 600)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_broken_file_is_refused_or_read_but_never_crashes(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    broken = bytearray(picture(kind, (48, 64)))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        make_picture(bytes(broken), product((0, 0, 0), (9, 9, 9)), "apparel")
    except PictureError as error:
        assert error.field == "photo"  # noqa: PT017


def test_a_product_that_is_all_background_is_refused() -> None:
    with pytest.raises(PictureError, match="nothing but background"):
        make_picture(picture(), product((255, 255, 255), (255, 255, 255)), "apparel")
