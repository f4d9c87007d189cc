"""Lays a product's picture on a shopper's photo: a preview for development, and marked as one.

No body is detected. The photo is taken to show a person from the front, filling most of its
height, and the product goes where such a body has its place for it (``PLACES``).
"""

from __future__ import annotations

import io
import warnings
from typing import Literal

try:
    import pillow_heif
    from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps
except ImportError as error:
    raise ImportError('The sandbox needs Pillow: pip install "genvoris-flask[sandbox]"') from error

pillow_heif.register_heif_opener()

MAX_PIXELS = 50_000_000
LONG_SIDE = 1280
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
# Where a product goes, as shares of the photo: its top, its greatest height and greatest width.
PLACES = {"apparel": (0.2, 0.52, 0.66), "object": (0.52, 0.26, 0.4), "home": (0.6, 0.34, 0.7)}
SHADOW = 0.012  # of the long side
FILL_SIDE = 240  # pixels
KEY_TOLERANCE = 18  # how far a background's grey levels may stray and still count as one colour

Box = tuple[int, int]


class PictureError(Exception):
    """A picture cannot be read. ``field`` says which."""

    def __init__(self, field: Literal["photo", "product_image_url"], message: str) -> None:
        self.field = field
        super().__init__(message)


def make_picture(photo: bytes, product: bytes, category: str) -> bytes:
    """Give the preview as JPEG.

    Args:
        photo: The shopper's photo: JPEG, PNG, WebP or HEIC.
        product: The product's picture, best a cut-out with a transparent background.
        category: apparel, object, home or other.

    Raises:
        PictureError: One of the two cannot be read.
    """
    canvas = _open("photo", photo).convert("RGB")
    garment = _cut_out(_open("product_image_url", product).convert("RGBA"))
    top, height, width = PLACES.get(category, PLACES["object"])
    room = (int(canvas.width * width), int(canvas.height * height))
    garment = ImageOps.contain(garment, room, Image.Resampling.LANCZOS)
    place = ((canvas.width - garment.width) // 2, int(canvas.height * top))
    _lay(canvas, garment, place)
    _mark(canvas)
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=86)
    return file.getvalue()


def _open(field: Literal["photo", "product_image_url"], data: bytes) -> Image.Image:
    """Open a picture upright and at most ``LONG_SIDE`` long."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_bomb(image)
        # Lets a JPEG be decoded at a fraction of its size.
        image.draft("RGB", (LONG_SIDE * 2, LONG_SIDE * 2))
        image.load()
        upright = ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  (decoders of broken files fail in many ways)
        raise PictureError(field, "is not a picture that can be read") from None
    upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    return upright


def _refuse_bomb(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS:,} pixels")


def _cut_out(image: Image.Image) -> Image.Image:
    """Take the product alone: its transparent or single-coloured background away."""
    if image.getchannel("A").getextrema() == (255, 255):
        image.putalpha(_mask_against_background(image.convert("RGB")))
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > 16 else 0).getbbox()
    if box is None:
        raise PictureError("product_image_url", "shows nothing but background")
    return image.crop(box)


def _mask_against_background(image: Image.Image) -> Image.Image:
    """Mask all but the background: what has the corners' colour and is joined to the border.

    A white shirt on white keeps its inside. When the corners differ there is no background.
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
    """Mask the holes, too, on a small copy: filling is slow, and their edges are in the mask."""
    small = mask.copy()
    small.thumbnail((FILL_SIDE, FILL_SIDE), Image.Resampling.BOX)
    small = small.point(lambda level: 255 if level > 64 else 0)
    framed = ImageOps.expand(small, border=1, fill=0)
    ImageDraw.floodfill(framed, (0, 0), 128)
    filled = framed.point(lambda level: 0 if level == 128 else 255)
    # A pixel less at the rim, so that no fringe of the background comes along.
    return ImageOps.crop(filled, 1).filter(ImageFilter.MinFilter(3))


def _lay(canvas: Image.Image, garment: Image.Image, place: Box) -> None:
    """Lay the garment on the canvas, over its own soft shadow."""
    blur = max(2, int(max(canvas.size) * SHADOW))
    shape = Image.new("L", canvas.size, 0)
    shape.paste(garment.getchannel("A").point(lambda alpha: alpha * 0.45), place)
    shadow = ImageChops.offset(shape.filter(ImageFilter.GaussianBlur(blur)), 0, blur // 2)
    canvas.paste((28, 22, 24), mask=shadow)
    canvas.paste(garment, place, garment)


def _mark(canvas: Image.Image) -> None:
    """Write across the foot of the picture what it is."""
    height = max(18, canvas.height // 24)
    band = Image.new("RGBA", (canvas.width, height), (20, 20, 24, 190))
    draw = ImageDraw.Draw(band)
    font = ImageFont.load_default(size=int(height * 0.5))
    middle = (canvas.width // 2, height // 2)
    draw.text(middle, "SANDBOX PREVIEW", fill=(255, 255, 255), font=font, anchor="mm")
    canvas.paste(band, (0, canvas.height - height), band)
