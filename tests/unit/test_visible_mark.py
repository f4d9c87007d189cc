"""A small text in a corner of finished pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageFont

from genvoris_flask.core.images.embedding import open_picture
from genvoris_flask.core.images.marking import PictureMark
from genvoris_flask.core.images.photos import read_picture
from genvoris_flask.core.images.visible import CORNERS, Corner, VisibleMark
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import read_settings
from tests.support.pictures import noise, opened, with_metadata

SIZE = (300, 400)
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {}),
    ("JPEG", "CMYK", {}),
    ("JPEG", "RGB", {"progressive": True, "quality": 60}),
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("PNG", "RGBA", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
]


def saved(kind: str, mode: str, size: tuple[int, int] = SIZE, **options: Any) -> bytes:
    file = io.BytesIO()
    noise(size).convert("RGB").convert(mode).save(file, kind, **options)
    return file.getvalue()


def drawn(data: bytes, text: str = "AI", **options: Any) -> bytes:
    return PictureMark(visible=VisibleMark(text, **options)).apply(read_picture(data)).data


def changed(before: bytes, after: bytes) -> tuple[int, int, int, int]:
    """Return the box outside of which two pictures look the same."""
    images = [opened(each).convert("RGB") for each in (before, after)]
    difference = ImageChops.difference(*images).convert("L").point(lambda each: 255 * (each > 40))
    box = difference.getbbox()
    assert box, "nothing was drawn"
    return box


@pytest.mark.parametrize(("kind", "mode", "options"), KINDS)
def test_drawn_into_a_corner(kind: str, mode: str, options: dict[str, Any]) -> None:
    """A small part of the picture changes, at the bottom right, in every format and mode."""
    before = saved(kind, mode, **options)
    after = drawn(before)
    left, top, right, bottom = changed(before, after)
    assert left > SIZE[0] * 0.8
    assert top > SIZE[1] * 0.9
    assert (right - left) * (bottom - top) < SIZE[0] * SIZE[1] * 0.02
    assert opened(after).format == kind
    assert opened(after).size == SIZE
    assert b"compositeWithTrainedAlgorithmicMedia" in after
    assert len(after) < 2 * len(before) + 3000


@pytest.mark.parametrize("corner", CORNERS)
def test_corners(corner: Corner) -> None:
    """It is where the shop wants it."""
    before = saved("PNG", "RGB")
    left, top, right, bottom = changed(before, drawn(before, corner=corner))
    assert (right < SIZE[0] / 2) == corner.endswith("left")
    assert (left > SIZE[0] / 2) == corner.endswith("right")
    assert (bottom < SIZE[1] / 2) == corner.startswith("top")
    assert (top > SIZE[1] / 2) == corner.startswith("bottom")


def test_long_texts_are_smaller() -> None:
    """A text that would be too wide is drawn smaller, and stays within the picture."""
    before = saved("PNG", "RGB", (120, 200))
    left, _top, right, _bottom = changed(before, drawn(before, "Made by artificial intelligence"))
    assert 0 < left < right <= 120


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_stays(kind: str) -> None:
    """The profile of its colours stays, and what the picture says of itself; it stands upright."""
    after = opened(drawn(with_metadata(kind)))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert len(after.info["icc_profile"]) == len(profile)
    assert after.getexif()[0x010F] == "SECRET-NOTE"
    assert after.getexif().get(0x0112, 1) == 1
    assert after.size == (96, 64)
    packet = open_picture(drawn(with_metadata(kind)), f"image/{kind.lower()}").xmp
    assert b"compositeWithTrainedAlgorithmicMedia" in (packet or b"")


def test_shops_own_font(tmp_path: Path) -> None:
    """A font of the shop's is used; one that lacks a letter, or is none, is refused at once."""
    own = ImageFont.load_default(20)
    assert isinstance(own, ImageFont.FreeTypeFont)
    font = tmp_path / "font.ttf"
    font.write_bytes(own.font_bytes)
    before = saved("PNG", "RGB")
    assert drawn(before, font=str(font)) == drawn(before)
    for text, path in (("试穿", font), ("AI", tmp_path / "none.ttf"), ("AI", Path(__file__))):
        with pytest.raises(ValueError, match="font"):
            VisibleMark(text, font=str(path))


def test_a_failure_loses_no_picture(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """A picture that nothing can be drawn into is delivered with the rest of the mark."""
    file = io.BytesIO()
    Image.new("I;16", SIZE).save(file, "PNG")
    after = drawn(file.getvalue())
    assert b"compositeWithTrainedAlgorithmicMedia" in after
    assert "could not be drawn" in caplog.text


def setting(value: object) -> VisibleMark | None:
    given = {"GENVORIS_API_KEY": "gvk_test_0123456789", "GENVORIS_VISIBLE_MARK": value}
    return read_settings(given, environ={}).visible_mark


def test_setting() -> None:
    """It is a text, or a dict with more; JSON will do, as in the environment."""
    assert setting(" AI ") == VisibleMark("AI")
    assert setting({"text": "AI", "corner": "top-left"}) == VisibleMark("AI", "top-left")
    assert setting('{"text": "AI"}') == VisibleMark("AI")


@pytest.mark.parametrize(
    "value",
    [
        1,
        {},
        {"text": ""},
        {"text": "AI", "corner": "middle"},
        {"txt": "AI"},
        "A" * 41,
        "Kü",
        "A\nI",
    ],
)
def test_wrong_settings(value: object) -> None:
    """A wrong one stops the start, and says what to do."""
    with pytest.raises(ConfigurationError, match=r"GENVORIS_VISIBLE_MARK must|font of your own"):
        setting(value)
