"""Opening untrusted pictures, upright and scaled down, and cutting out products."""

from __future__ import annotations

import io
import warnings
from typing import Literal

import pillow_heif
from PIL import Image, ImageChops, ImageFilter, ImageMath, ImageOps

from .outline import parts_of

pillow_heif.register_heif_opener()

MAX_PIXELS = 50_000_000
LONG_SIDE = 1280
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

Field = Literal["photo", "product_image_url"]


class PictureError(Exception):
    """A picture cannot be read. ``field`` is the form field that contains it."""

    def __init__(self, field: Field, message: str) -> None:
        self.field = field
        super().__init__(message)


def open_picture(field: Field, data: bytes, mode: Literal["RGB", "RGBA"]) -> Image.Image:
    """Open a picture upright and at most ``LONG_SIDE`` long.

    Raises:
        PictureError: It is broken, of another kind, or of more than ``MAX_PIXELS``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_bomb(opened)
        # Lets a JPEG be decoded at a reduced size that is still large enough.
        opened.draft("RGB", (LONG_SIDE, LONG_SIDE))
        opened.load()
        image = _in_full_colour(opened)
        # Scaled down first, so that the rest takes a tenth of the time and memory.
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=1.5)
        return _in_mode(ImageOps.exif_transpose(image), mode)
    except Exception:  # noqa: BLE001  (decoders of broken files fail in many ways)
        raise PictureError(field, "is not a picture that can be read") from None


def _in_full_colour(image: Image.Image) -> Image.Image:
    """Convert to 8 bits without a palette or a key colour, so that pixels can be averaged."""
    if image.mode in ("I", "I;16"):
        return _in_8_bits(image)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Convert 16-bit grey to 8 bits; ``convert`` alone would clip bright levels."""
    key = image.info.get("transparency")
    grey = image.point(lambda level: level * (1 / 257) + 0.5).convert("L")
    grey.info.pop("transparency", None)
    if key is not None:
        whole = image.convert("I")
        seen = ImageMath.lambda_eval(lambda args: (args["level"] != key) * 255, level=whole)
        grey.putalpha(seen.convert("L"))
    return grey


def _in_mode(image: Image.Image, mode: Literal["RGB", "RGBA"]) -> Image.Image:
    """Convert to a mode; without alpha, transparent pixels become white."""
    if mode == "RGBA" or not image.has_transparency_data:
        return image.convert(mode)
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _refuse_bomb(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS:,} pixels")


FILL_SIDE = 240  # pixels
KEY_TOLERANCE = 18  # the grey levels by which a background of one colour may vary


def cut_out(image: Image.Image) -> Image.Image:
    """Return the product without its background, cropped.

    Args:
        image: The picture, of mode RGBA.

    Raises:
        PictureError: The picture shows nothing but background.
    """
    if image.getchannel("A").getextrema() == (255, 255):
        image.putalpha(_mask_against_background(image.convert("RGB")))
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > 16 else 0).getbbox()
    if box is None:
        raise PictureError("product_image_url", "shows nothing but background")
    return image.crop(box)


def _mask_against_background(image: Image.Image) -> Image.Image:
    """Return a mask of the product.

    The background has the corners' colour and is connected to the border, so that a white shirt on
    white keeps its inside. If the corners differ there is no background.
    """
    right, bottom = image.width - 1, image.height - 1
    corners = [image.getpixel(at) for at in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    plain = Image.new("RGB", image.size, corners[0])
    difference = ImageChops.difference(image, plain).convert("L")
    if any(difference.getpixel(at) > KEY_TOLERANCE for at in ((right, 0), (0, bottom))):  # type: ignore[operator]
        return Image.new("L", image.size, 255)
    mask = difference.point(lambda level: 255 if level > KEY_TOLERANCE else 0)
    mask = mask.filter(ImageFilter.MedianFilter(5))
    inside = _not_reached_from_border(mask).resize(mask.size)
    return ImageChops.lighter(mask, inside).filter(ImageFilter.GaussianBlur(1))


def _not_reached_from_border(mask: Image.Image) -> Image.Image:
    """Return a small mask of all that is not connected to the border, including holes.

    It is small because filling is slow; precise edges are in the large mask.
    """
    small = mask.copy()
    small.thumbnail((FILL_SIDE, FILL_SIDE), Image.Resampling.BOX)
    small = small.point(lambda level: 255 if level > 64 else 0)
    background = Image.new("L", small.size, 0)
    for part in parts_of(ImageChops.invert(small)):
        left, top, right, bottom = part.box
        if left == 0 or top == 0 or right == small.width or bottom == small.height:
            background = ImageChops.lighter(background, part.draw(small.size))
    # One pixel narrower, so that no fringe of the background remains.
    return ImageChops.invert(background).filter(ImageFilter.MinFilter(3))
