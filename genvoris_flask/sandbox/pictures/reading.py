"""Reads pictures that anyone may have sent, upright, small, and within bounds."""

from __future__ import annotations

import io
import warnings
from typing import Literal

import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()

MAX_PIXELS = 50_000_000
LONG_SIDE = 1280
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

Field = Literal["photo", "product_image_url"]


class PictureError(Exception):
    """A picture cannot be read. ``field`` says which."""

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
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_bomb(image)
        # Lets a JPEG be decoded at a half, a quarter or an eighth, but not below what is wanted.
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        image.load()
        # Small first: the rest then costs a tenth of the time and the memory.
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=1.5)
        return ImageOps.exif_transpose(image).convert(mode)
    except Exception:  # noqa: BLE001  (decoders of broken files fail in many ways)
        raise PictureError(field, "is not a picture that can be read") from None


def _refuse_bomb(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS:,} pixels")
