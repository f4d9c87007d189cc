"""Photos from cameras and editors, and browsers that resist fingerprinting."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import expect

from tests.support.dialog_steps import choose, dialog, file, open_shop, press, send, sent_photo
from tests.support.pictures import picture
from tests.support.scripted_shop import ScriptedShop

STORED = (600, 900)


def tiff(orientation: int, kind: int = 3) -> bytes:
    """Make an Exif block with any value and type of orientation."""
    value = struct.pack("<I", orientation)  # a SHORT is in the first half
    entry = struct.pack("<HHI", 0x0112, kind, 1) + value
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def marked() -> Image.Image:
    """Draw a red square at the upper left of what is stored."""
    image = Image.new("RGB", STORED, "white")
    image.paste((220, 20, 20), (0, 0, 200, 200))
    return image


def jpeg_noted(*blocks: bytes) -> bytes:
    data = saved(marked(), "JPEG", quality=90)
    noted = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block for block in blocks
    )
    return data[:20] + noted + data[20:]


def png_noted(orientation: int) -> bytes:
    data, block = saved(marked(), "PNG"), tiff(orientation)
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block
    return data[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + data[33:]


def webp_noted(orientation: int, **options: Any) -> bytes:
    return saved(marked(), "WEBP", quality=90, exif=b"Exif\0\0" + tiff(orientation), **options)


# Where the red square is seen: its centre as a share of width and height.
SEEN = {
    1: (1 / 6, 1 / 9),
    2: (5 / 6, 1 / 9),
    3: (5 / 6, 8 / 9),
    4: (1 / 6, 8 / 9),
    5: (1 / 9, 1 / 6),
    6: (8 / 9, 1 / 6),
    7: (8 / 9, 5 / 6),
    8: (1 / 9, 5 / 6),
}
NOTED: dict[str, tuple[bytes, int]] = {
    **{f"png {each}": (png_noted(each), each) for each in (3, 6, 8)},
    **{f"webp {each}": (webp_noted(each), each) for each in range(1, 9)},
    "webp lossless 6": (webp_noted(6, lossless=True), 6),
    "jpeg 9": (jpeg_noted(tiff(9)), 1),
    "jpeg LONG 6": (jpeg_noted(tiff(6, kind=4)), 1),
    "jpeg 6 and 1": (jpeg_noted(tiff(6), tiff(1)), 6),
    "jpeg 1 and 8": (jpeg_noted(tiff(1), tiff(8)), 1),
}


def test_orientation(shop: ScriptedShop) -> None:
    """Every format is sent upright, whether or not the browser applies its orientation."""
    for name, (data, seen) in NOTED.items():
        page = open_shop(shop)  # anew, since some are the same photo when they are upright
        image = Image.open(io.BytesIO(send(shop, page, file(data)))).convert("RGB")
        assert image.size == (STORED[::-1] if seen > 4 else STORED), name
        x, y = SEEN[seen]
        spot = image.crop(box_around(image, x, y))
        red, green, blue = ImageStat.Stat(spot).mean
        assert (red > 200, green < 60, blue < 60) == (True, True, True), name
        light = sum(ImageStat.Stat(image.convert("L")).sum)
        assert light > 0.8 * 255 * image.width * image.height, name


def box_around(image: Image.Image, x: float, y: float) -> tuple[int, int, int, int]:
    left, top = round(x * image.width), round(y * image.height)
    return (left - 60, top - 60, left + 60, top + 60)


# What browsers do to resist fingerprinting.
NOISE_READ = """
const read = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...args) {
  const image = read.apply(this, args);
  crypto.getRandomValues(image.data.subarray(0, 1024));
  return image;
};"""
WHITE_READ = """
const read = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...args) {
  const image = read.apply(this, args);
  image.data.fill(255);
  return image;
};"""
LAST_BITS_READ = """
const read = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...args) {
  const image = read.apply(this, args);
  for (let at = 0; at < image.data.length; at += 5) image.data[at] ^= 1;
  return image;
};"""
STRIPES_WRITTEN = """
const write = HTMLCanvasElement.prototype.toBlob;
HTMLCanvasElement.prototype.toBlob = function (done, ...rest) {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [this.width, this.height];
  const context = copy.getContext('2d');
  for (let y = 0; y < copy.height; y++) {
    context.fillStyle = y % 2 ? '#888' : '#777';
    context.fillRect(0, y, copy.width, 1);
  }
  write.call(copy, done, ...rest);
};"""
NOTHING_WRITTEN = "HTMLCanvasElement.prototype.toBlob = (done) => done(null);"
LYING = {
    "noise": NOISE_READ,
    "white": WHITE_READ,
    "last bits": LAST_BITS_READ,
    "stripes": STRIPES_WRITTEN,
    "nothing": NOTHING_WRITTEN,
}


@pytest.mark.parametrize("lie", LYING)
def test_noisy_canvas(shop: ScriptedShop, lie: str) -> None:
    """The backend will clean the file; the canvas contains only noise."""
    shop.first_scripts.append(LYING[lie])
    data = jpeg_noted(tiff(6))
    page = open_shop(shop)
    choose(page, file(data))
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    press(page, "Try it on")
    expect(dialog(page).get_by_role("heading", name="Here you are")).to_be_visible()
    assert sent_photo(shop) == data


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_noisy_canvas_other_formats(shop: ScriptedShop, kind: str) -> None:
    """They are sent with the type of their content."""
    shop.first_scripts.append(NOISE_READ)
    data = saved(marked(), kind)
    page = open_shop(shop)
    assert send(shop, page, file(data)) == data
    body = shop.requests("POST", "/genvoris/tryons")[-1].post_data_buffer or b""
    assert f"Content-Type: image/{kind.lower()}".encode() in body


def test_noisy_canvas_large_file(shop: ScriptedShop) -> None:
    """It cannot be reduced there."""
    shop.tag["data-max-upload-bytes"] = "3000"
    shop.first_scripts.append(NOISE_READ)
    page = open_shop(shop)
    choose(page, file(saved(marked(), "JPEG")))
    expect(dialog(page).get_by_role("alert")).to_contain_text("larger than")
    assert shop.requests("POST", "/genvoris/tryons") == []


def test_invisible_noise(shop: ScriptedShop) -> None:
    """The file is too large to be sent as it is, and looks the same when drawn."""
    shop.tag["data-max-upload-bytes"] = "5000"
    shop.first_scripts.append(LAST_BITS_READ)
    data = jpeg_noted(tiff(6))
    assert len(data) > 5000
    page = open_shop(shop)
    sent = send(shop, page, file(data))
    assert len(sent) <= 5000
    assert Image.open(io.BytesIO(sent)).size == STORED[::-1]


def test_exact_canvas(shop: ScriptedShop) -> None:
    """Nothing of the camera's metadata is sent."""
    page = open_shop(shop)
    assert b"Exif" not in send(shop, page, file(jpeg_noted(tiff(6))))


def test_noisy_canvas_copy(shop: ScriptedShop) -> None:
    """The page's address is copied instead of stripes."""
    shop.first_scripts.append(STRIPES_WRITTEN)
    shop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_shop(shop)
    send(shop, page, file(picture()))
    page.evaluate("navigator.canShare = () => false")
    press(page, "Share")
    expect(dialog(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


# Files that lack something


def soft(size: tuple[int, int] = STORED) -> Image.Image:
    small = Image.effect_noise((size[0] // 16, size[1] // 16), 60).convert("RGB")
    return small.resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_truncated_jpeg_is_repaired(shop: ScriptedShop, options: dict[str, Any]) -> None:
    """Only its end marker is missing."""
    whole = saved(soft(), "JPEG", **options)
    page = open_shop(shop)
    sent = Image.open(io.BytesIO(send(shop, page, file(whole[:-2])))).convert("RGB")
    difference = ImageChops.difference(sent, Image.open(io.BytesIO(whole)))
    assert max(ImageStat.Stat(difference).mean) < 4


@pytest.mark.parametrize("missing", [12, 200, 5000, 20_000])
def test_incomplete_jpeg_is_refused(shop: ScriptedShop, missing: int) -> None:
    """A JPEG whose lower part is missing is refused."""
    data = saved(soft(), "JPEG")
    page = open_shop(shop)
    choose(page, file(data[:-missing]))
    expect(dialog(page).get_by_role("alert")).to_contain_text("empty or damaged")


@pytest.mark.parametrize("between", [b"\xff\xff\xff", b"\0\0"], ids=["fill bytes", "zeros"])
def test_stray_bytes(shop: ScriptedShop, between: bytes) -> None:
    """The size is read from behind them."""
    data = jpeg_noted(tiff(6))
    page = open_shop(shop)
    sent = send(shop, page, file(data[:20] + between + data[20:]))
    assert Image.open(io.BytesIO(sent)).size == STORED[::-1]


SPOTS = {"right": (420, 60), "left": (20, 640), "top": (590, 5), "dot": (0, 899)}


def test_cut_out(shop: ScriptedShop) -> None:
    """A picture may be transparent along its diagonal, or nearly everywhere."""
    page = open_shop(shop)
    for name, (left, top) in SPOTS.items():
        image = Image.new("RGBA", STORED, (0, 0, 0, 0))
        image.paste((30, 160, 60, 255), (left, top, left + 150, top + 200))
        sent = Image.open(io.BytesIO(send(shop, page, file(saved(image, "PNG"))))).convert("RGB")
        assert sent.size == STORED, name
        corner = sent.getpixel((300, 450))
        assert isinstance(corner, tuple)
        assert min(corner) > 245, name
        press(page, "Try another photo")


def test_truncated_header(shop: ScriptedShop) -> None:
    """An end marker alone does not repair it."""
    page = open_shop(shop)
    choose(page, file(picture("JPEG")[:400]))
    expect(dialog(page).get_by_role("alert")).to_contain_text("empty or damaged")
