"""Draws a small text into a corner of finished pictures, for people to see that they are made."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from .embedding import copy_metadata
from .photos import Picture, read_picture

if TYPE_CHECKING:  # an extra
    from PIL.Image import Image

Corner = Literal["bottom-right", "bottom-left", "top-right", "top-left"]
CORNERS: tuple[Corner, ...] = get_args(Corner)
MAX_TEXT = 40  # characters

_HEIGHT = 1 / 28  # of the text, in shorter sides of the picture
_MIN_HEIGHT = 10  # pixels
_MAX_WIDTH = 0.6  # of the picture's width
_GROUND, _INK = (0, 0, 0, 140), (255, 255, 255, 240)
_QUALITY = 95
_DRAWABLE = ("L", "LA", "P", "RGB", "RGBA", "CMYK", "1")


@dataclass(frozen=True)
class VisibleMark:
    """What is drawn.

    Attributes:
        text: A few words, such as ``AI``.
        corner: Where.
        font: The file of a TrueType or OpenType font; None for Pillow's own, which has Latin
            letters.

    Raises:
        ValueError: The font cannot be read, or lacks a letter of the text.
    """

    text: str
    corner: Corner = "bottom-right"
    font: str | None = None

    def __post_init__(self) -> None:
        font = self._font(40)
        absent = bytes(font.getmask("\U0010ffff"))
        if any(bytes(font.getmask(each)) == absent for each in self.text if not each.isspace()):
            raise ValueError("The font of the visible mark lacks a letter of its text.")

    def draw(self, picture: Picture) -> Picture:
        """Return a picture with the mark.

        What else the file says of itself stays: its colours' profile, EXIF, XMP, and a C2PA
        manifest, which says of the picture as it was.

        Raises:
            Exception: It cannot be decoded; Pillow raises exceptions of many kinds.
        """
        from PIL import Image, ImageOps  # an extra, and slow to import

        with Image.open(io.BytesIO(picture.data)) as image:
            if image.mode not in _DRAWABLE:
                raise ValueError(f"No mark can be drawn into a picture of mode {image.mode}.")
            options = _options(image, picture)
            kept = {name: image.info.get(name) for name in ("icc_profile", "exif")}
            if image.mode == "CMYK":
                kept["icc_profile"] = None
            upright = ImageOps.exif_transpose(image)
        drawn = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        if upright is not image and kept["exif"]:
            kept["exif"] = upright.getexif().tobytes()
        self._paste(drawn)
        file = io.BytesIO()
        drawn.save(file, **options, **{key: value for key, value in kept.items() if value})
        data = copy_metadata(picture.data, file.getvalue(), picture.mimetype)
        return read_picture(data, picture.quota)

    def _font(self, height: float) -> Any:
        from PIL import ImageFont

        try:
            if self.font is None:
                return ImageFont.load_default(height)
            return ImageFont.truetype(self.font, height)
        except (OSError, ImportError):
            raise ValueError("The font of the visible mark cannot be read.") from None

    def _paste(self, image: Image) -> None:
        from PIL import ImageDraw
        from PIL.Image import new

        width, height = image.size
        size = max(_MIN_HEIGHT, min(width, height) * _HEIGHT)
        size *= min(1.0, width * _MAX_WIDTH / max(1, self._font(size).getlength(self.text)))
        font = self._font(size)
        left, top, right, bottom = font.getbbox(self.text)
        gap = size * 0.45
        box = (round(right - left + 2 * gap), round(bottom - top + 1.4 * gap))
        at = (
            round(gap) if self.corner.endswith("left") else width - box[0] - round(gap),
            round(gap) if self.corner.startswith("top") else height - box[1] - round(gap),
        )
        badge = new("RGBA", box, (0, 0, 0, 0))
        pen = ImageDraw.Draw(badge)
        pen.rounded_rectangle((0, 0, box[0] - 1, box[1] - 1), radius=size * 0.35, fill=_GROUND)
        ink = new("RGBA", box, (0, 0, 0, 0))
        ImageDraw.Draw(ink).text((gap - left, 0.7 * gap - top), self.text, _INK, font)
        badge.alpha_composite(ink)
        image.paste(badge, at, badge)


def _options(image: Any, picture: Picture) -> dict[str, Any]:
    """Return how to save a picture so that it looks as before, apart from the mark."""
    if picture.mimetype == "image/png":
        return {"format": "PNG"}
    if picture.mimetype == "image/webp":
        return {"format": "WEBP", "lossless": b"VP8L" in picture.data[:64], "quality": _QUALITY}
    from PIL.JpegImagePlugin import get_sampling

    if image.mode != "RGB" or len(image.quantization) > 2:
        return {"format": "JPEG", "quality": _QUALITY}
    options = {"format": "JPEG", "qtables": image.quantization, "subsampling": get_sampling(image)}
    return options | {"progressive": bool(image.info.get("progressive"))}
