"""Takes a product out of its picture: its transparent or single-coloured background goes away."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

from .outline import parts_of
from .reading import PictureError

FILL_SIDE = 240  # pixels
KEY_TOLERANCE = 18  # how far a background's grey levels may stray and still count as one colour


def cut_out(image: Image.Image) -> Image.Image:
    """Give the product alone, cropped to it.

    Args:
        image: Of mode RGBA.

    Raises:
        PictureError: There is nothing but background.
    """
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
    background = Image.new("L", small.size, 0)
    for part in parts_of(ImageChops.invert(small)):
        left, top, right, bottom = part.box
        if left == 0 or top == 0 or right == small.width or bottom == small.height:
            background = ImageChops.lighter(background, part.draw(small.size))
    # A pixel less at the rim, so that no fringe of the background comes along.
    return ImageChops.invert(background).filter(ImageFilter.MinFilter(3))
