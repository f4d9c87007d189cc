"""Photos: what is shown and sent of each format, and on each screen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from tests.support.browser_window import BrowserWindow, open_dialog
from tests.support.pictures import picture
from tests.support.served_shop import ServedShop
from tests.support.shop_script import PAYWALL

UPPER, LOWER = (200, 30, 30), (30, 60, 200)


def two_colours(kind: str, *, orientation: int = 1) -> bytes:
    """Draw a photo, red above and blue below as it is to be seen."""
    image = Image.new("RGB", (600, 900), UPPER)
    image.paste(LOWER, (0, 450, 600, 900))
    if orientation == 6:
        image = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = orientation
    written = io.BytesIO()
    image.save(written, kind, exif=exif)
    return written.getvalue()


def colours(image: Image.Image) -> list[str]:
    """Return the main colours of a picture's upper and lower quarters."""
    quarter = image.height // 4
    parts = [image.crop((0, 0, image.width, quarter)), image.crop((0, 3 * quarter, *image.size))]
    means = [ImageStat.Stat(part.convert("RGB")).mean for part in parts]
    return [
        "red" if red > 1.5 * blue else "blue" if blue > 1.5 * red else "none"
        for red, _, blue in means
    ]


def expect_painted(window: BrowserWindow) -> None:
    """Wait until the dialog shows the photo; what is in a canvas need not be on the screen."""
    window.wait_for(
        lambda: colours(window.pixels_of(".visual canvas")) == ["red", "blue"],
        "the photo is not painted",
    )


def sent_photo(shop: ServedShop) -> Image.Image:
    body = shop.requests("POST", "/genvoris/tryons")[-1].post_data_buffer or b""
    return Image.open(io.BytesIO(body[body.index(b"\xff\xd8\xff") :]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_formats(window: BrowserWindow, shop: ServedShop, tmp_path: Path, kind: str) -> None:
    """A photo is shown, and sent upright, whatever its format and orientation."""
    orientation = 1 if kind == "PNG" else 6
    path = tmp_path / "me"
    path.write_bytes(two_colours(kind, orientation=orientation))
    open_dialog(window, shop.url)
    window.upload(path)
    expect_painted(window)
    window.press("Try it on")
    window.expect_heading("Here you are")
    assert colours(sent_photo(shop)) == ["red", "blue"]


def test_heic(window: BrowserWindow, shop: ServedShop, tmp_path: Path) -> None:
    """A HEIC photo is shown if the engine decodes it, and can be tried on with in any case."""
    path = tmp_path / "me.heic"
    path.write_bytes(picture("HEIF", (600, 900)))
    open_dialog(window, shop.url)
    window.upload(path)
    window.wait_until(
        """const root = document.querySelector('genvoris-dialog').shadowRoot;
        return root.querySelector('.visual canvas')
          || root.querySelector('.visual').innerText.includes('photo is ready');"""
    )
    window.press("Try it on")
    window.expect_heading("Here you are")


def test_photo_on_each_screen(window: BrowserWindow, shop: ServedShop, tmp_path: Path) -> None:
    """The photo is painted again whenever a screen shows it."""
    path = tmp_path / "me.jpg"
    path.write_bytes(two_colours("JPEG"))
    open_dialog(window, shop.url)
    window.upload(path)
    expect_painted(window)
    shop.states = [{"state": "running"}]
    window.press("Try it on")
    window.expect_heading("One moment")
    expect_painted(window)
    shop.states = [{"state": "done"}]
    window.expect_heading("Here you are")
    window.press("Try another photo")
    window.expect_heading("Try it on")
    expect_painted(window)
    refusal = {"reason": "quota_exhausted", "used": 5, "limit": 5, "paywall": PAYWALL}
    shop.refusal = (402, {"error": "end_customer_quota", "detail": "Spent.", **refusal})
    window.press("Try it on")
    window.expect_heading("Here you are")
    window.press("Make it again")
    window.expect_heading(PAYWALL["title"])
    expect_painted(window)
