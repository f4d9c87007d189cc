"""Laying a product on a shopper's photo, in the photo's light, and marking it as a preview."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from .body import Body, find_body
from .garment import Garment, measure
from .light import in_the_light_of
from .loading import cut_out, open_picture

# The width of each variation, and its length relative to the width, compared with a usual fit.
FITS = ((1.0, 1.0), (1.09, 1.02), (0.95, 0.98), (1.02, 1.08))
MAX_VARIATIONS = len(FITS)
# Bounds the memory: further requests wait.
_slots = threading.BoundedSemaphore(2)
SHADOW = 0.012  # of the photo's long side
SHADE = (28, 22, 24)
ON_BODY, ON_WALL = 0.5, 0.2  # the darkness of shadows
BEHIND_CHIN = 0.1  # of the head's height
TEXT = "SANDBOX PREVIEW"
COMMENT = "A preview by the local Genvoris sandbox; no try-on was made."
BACK, INK = (20, 20, 24, 200), (255, 255, 255, 255)


@dataclass(frozen=True)
class Place:
    """The position of a product's picture: its size, corner, and rotation about a point."""

    size: tuple[int, int]
    corner: tuple[int, int]
    turn: float = 0.0
    about: tuple[float, float] = (0.0, 0.0)


def make_pictures(
    photo: bytes, product: bytes, category: str, title: str = "", count: int = 1
) -> list[bytes]:
    """Return previews as JPEG, each with a different fit.

    Args:
        photo: The shopper's photo: JPEG, PNG, WebP or HEIC.
        product: The product's picture, preferably with a transparent background.
        category: apparel, object, home or other.
        title: The product's name; English words in it may identify its kind.
        count: The number of previews, 1 to ``MAX_VARIATIONS``.

    Raises:
        PictureError: One of the two pictures cannot be read.
    """
    with _slots:
        return _make_all(photo, product, category, title, count)


def _make_all(photo: bytes, product: bytes, category: str, title: str, count: int) -> list[bytes]:
    canvas = open_picture("photo", photo, "RGB")
    garment = measure(cut_out(open_picture("product_image_url", product, "RGBA")), category, title)
    body = find_body(canvas)
    return [_make(canvas, garment, body, *fit) for fit in FITS[:count]]


def _make(photo: Image.Image, garment: Garment, body: Body, wide: float, long: float) -> bytes:
    place = _place(photo, garment, body, wide, long)
    layer = _lay_out(garment.image, place, photo.size)
    shape = layer.getchannel("A")
    if garment.kind in ("top", "neck"):
        opening = _lay_out(garment.opening, place, photo.size)
        shape = ImageChops.subtract(shape, _in_front(body, opening, photo.size))
    canvas = photo.copy()
    _shade(canvas, shape, body)
    canvas.paste(in_the_light_of(photo, layer.convert("RGB"), shape), mask=shape)
    mark(canvas)
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=86, comment=COMMENT)
    return file.getvalue()


def _place(photo: Image.Image, garment: Garment, body: Body, wide: float, long: float) -> Place:
    """Align the product's lines with the body's."""
    x, y = body.neck
    image = garment.image
    if garment.kind == "scene":
        return _place_on_floor(photo, image, wide)
    if garment.kind == "top":
        scale = body.trunk * garment.ease * wide / garment.trunk
        corner = (x - garment.middle * scale, body.shoulder - garment.shoulder * scale * long)
        return _sized(image, scale, long, corner, body.lean, (x, body.shoulder))
    if garment.kind == "legs":
        scale = body.trunk * garment.ease * wide / garment.trunk
        waist = y + 1.75 * body.head
        return _sized(image, scale, long, (x - garment.middle * scale, waist), body.lean, (x, y))
    if garment.kind == "neck":
        scale = body.trunk * 0.8 * wide / image.width
        corner = (x - image.width * scale / 2, y - 0.1 * body.head)
        return _sized(image, scale, long, corner, body.lean, (x, y))
    if garment.kind == "head":
        scale = body.head * 0.8 * wide / image.width
        crown = y - body.head
        bottom = crown + 0.38 * body.head - image.height * scale
        return _sized(image, scale, 1.0, (x - image.width * scale / 2, bottom))
    scale = min(body.trunk * 0.75 / image.width, body.head * 1.35 / image.height) * wide
    hand = (x + body.trunk * 0.86, body.hip - 0.15 * body.head)
    return _sized(image, scale, 1.0, (hand[0] - image.width * scale / 2, hand[1]))


def _sized(
    image: Image.Image,
    scale: float,
    long: float,
    corner: tuple[float, float],
    turn: float = 0.0,
    about: tuple[float, float] = (0.0, 0.0),
) -> Place:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale * long)))
    return Place(size, (round(corner[0]), round(corner[1])), turn, about)


def _place_on_floor(photo: Image.Image, image: Image.Image, wide: float) -> Place:
    """Place an item for the home on the floor, in the middle."""
    scale = min(photo.width * 0.6 / image.width, photo.height * 0.36 / image.height) * wide
    corner = ((photo.width - image.width * scale) / 2, photo.height * 0.94 - image.height * scale)
    return _sized(image, scale, 1.0, corner)


def _lay_out(image: Image.Image, place: Place, size: tuple[int, int]) -> Image.Image:
    """Return a layer of the photo's size with the picture in its position."""
    layer = Image.new(image.mode, size, 0)
    layer.paste(image.resize(place.size, Image.Resampling.LANCZOS), place.corner)
    if place.turn:
        layer = layer.rotate(place.turn, Image.Resampling.BICUBIC, center=place.about)
    return layer


def _in_front(body: Body, opening: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a mask of what is in front of the clothes: the neck in their opening, and the head."""
    person = body.silhouette or _head_and_neck(body, size)
    chin = round(body.neck[1] - BEHIND_CHIN * body.head)
    above = Image.new("L", size, 0)
    above.paste(255, (0, 0, size[0], max(0, chin)))
    above = above.filter(ImageFilter.BoxBlur(max(1, round(body.head * 0.03))))
    return ImageChops.multiply(person, ImageChops.lighter(opening, above))


def _head_and_neck(body: Body, size: tuple[int, int]) -> Image.Image:
    """Return a mask of the head and neck, for a body without an outline."""
    (x, y), head = body.neck, body.head
    drawn = Image.new("L", size, 0)
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((x - head * 0.33, y - head, x + head * 0.33, y - head * 0.04), fill=255)
    half = body.neck_width / 2
    draw.rectangle((x - half, y - head * 0.4, x + half, y + head * 0.6), fill=255)
    return drawn.filter(ImageFilter.GaussianBlur(max(1.0, head * 0.02)))


def _shade(canvas: Image.Image, shape: Image.Image, body: Body) -> None:
    """Darken what is behind the product: the body strongly, the wall slightly."""
    blur = max(2, int(max(canvas.size) * SHADOW))
    soft = ImageChops.offset(shape.filter(ImageFilter.GaussianBlur(blur)), 0, blur // 2)
    wall = soft.point(lambda level: round(level * ON_WALL))
    if body.silhouette is None:
        near = soft.point(lambda level: round(level * (ON_BODY + ON_WALL) / 2))
        canvas.paste(SHADE, mask=near)
        return
    near = soft.point(lambda level: round(level * ON_BODY))
    person = body.silhouette.filter(ImageFilter.BoxBlur(blur))
    canvas.paste(SHADE, mask=Image.composite(near, wall, person))


def mark(canvas: Image.Image) -> None:
    """Write at the bottom of a picture that it is a preview."""
    size = max(11, min(round(canvas.height * 0.02), round(canvas.width * 0.04)))
    font = ImageFont.load_default(size=size)
    width, height = round(font.getlength(TEXT) + size * 2), size * 2
    pill = Image.new("RGBA", (width * 2, height * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(pill)
    # Drawn at twice the size and scaled down, for smooth edges.
    draw.rounded_rectangle((0, 0, width * 2 - 1, height * 2 - 1), radius=height, fill=BACK)
    big = ImageFont.load_default(size=size * 2)
    draw.text((width, height), TEXT, fill=INK, font=big, anchor="mm")
    pill = pill.resize((width, height), Image.Resampling.LANCZOS)
    canvas.paste(pill, ((canvas.width - width) // 2, canvas.height - height - size // 2 - 2), pill)
