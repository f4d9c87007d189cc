"""Locating a body's neck, shoulders and hips in a photo.

It uses the first of these that works:

1. the outline: head, then the narrow neck, then shoulders and trunk (``from_outline``);
2. the face: a patch of skin that is shaped like one, with an adult's proportions below it;
3. the usual positions for a person who stands in the middle and fills the photo's height.

Lengths are in units of a head's height, from its crown to the narrowest part of the neck, which is
about 26 cm in adults. The others follow from usual proportions (Drillis and Contini, 1966).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from PIL import Image, ImageChops, ImageFilter

from .outline import FILLED, Outline, Part, parts_of, read_outline
from .silhouette import find_silhouette, small_copy

SHARE_OF_PHOTO = (0.06, 0.85)
TRUNK = 1.28  # the trunk's width below the armpits
ARMPIT, WAIST, HIP = 0.85, 1.9, 2.35  # how far below the neck
SHOULDER = 0.2
TRUNK_OF_SHOULDERS = 0.72
NECK = 0.48  # the neck's width
FACE = 0.54  # the face's width
LEAST_FACE, MOST_FACE = 0.004, 0.3  # of the photo
REDNESS, MOST_RED = (133, 138, 146), 175  # Cr of skin: at least, and at most
LEAST_LEAN, MOST_LEAN = 4.0, 25.0  # degrees


@dataclass(frozen=True)
class Body:
    """The position of a body, in pixels of the photo.

    Attributes:
        neck: The middle of the neck where it is narrowest.
        neck_width: The width of the neck there.
        shoulder: The row at which the shoulders are as wide as the trunk.
        trunk: The trunk's width below the armpits, without arms.
        head: The head's height, from crown to neck.
        lean: The angle by which the trunk leans to the right of the photo, in degrees.
        found: How the body was located.
        silhouette: A mask of the person in the photo's size, or None.
    """

    neck: tuple[float, float]
    neck_width: float
    shoulder: float
    trunk: float
    head: float
    lean: float
    found: Literal["outline", "face", "usual places"]
    silhouette: Image.Image | None = None

    @property
    def hip(self) -> float:
        """The row of the hips."""
        return self.neck[1] + HIP * self.head

    def scaled(self, by: float) -> Body:
        """Return the same body in a photo that is scaled by a factor."""
        return replace(
            self,
            neck=(self.neck[0] * by, self.neck[1] * by),
            neck_width=self.neck_width * by,
            shoulder=self.shoulder * by,
            trunk=self.trunk * by,
            head=self.head * by,
        )


def find_body(photo: Image.Image) -> Body:
    """Estimate the position of the body; without a person it is the usual one."""
    small = small_copy(photo)
    mask, share = find_silhouette(small)
    body = None
    if SHARE_OF_PHOTO[0] <= share <= SHARE_OF_PHOTO[1]:
        body = from_outline(read_outline(mask))
    if body is not None:
        body = replace(body, silhouette=_large(mask, photo.size))
    body = body or _from_face(small) or _usual_places(small)
    return body.scaled(photo.width / small.width)


def _large(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a mask in the photo's size, slightly narrower and with smooth edges."""
    soft = mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(1.2))
    steep = [min(255, max(0, (level - 96) * 4)) for level in range(256)]
    return soft.resize(size, Image.Resampling.BICUBIC).point(steep)


def from_outline(outline: Outline) -> Body | None:
    """Measure a person's outline; return None if it is not shaped like a person."""
    neck = _find_neck(outline)
    if neck is None:
        return None
    y, (start, end) = neck
    x, width = (start + end) / 2, float(end - start)
    head = float(y - outline.top)
    if outline.top <= 1:  # cut off by the photo's edge
        head = max(head, width / NECK)
    trunk, lean = _measure_trunk(outline, x, y, head)
    if not (0.25 <= width / trunk <= 0.9 and 0.65 <= trunk / head <= 2.4):
        return None
    shoulder = next(
        (row for row in range(y, outline.bottom) if outline.extent(row) >= trunk),
        y + SHOULDER * head,
    )
    return Body((x, y), width, float(shoulder), trunk, head, lean, "outline")


def _find_neck(outline: Outline) -> tuple[int, tuple[int, int]] | None:
    """Find the narrowest row between the head and the shoulders."""
    x = _middle(outline, outline.top) or outline.width / 2
    widest, narrowest, found = 0, 10**9, None
    for y in range(outline.top, outline.bottom + 1):
        run = outline.middle_run(y, x)
        if run is None:
            return None
        x = x * 0.8 + (run[0] + run[1]) / 2 * 0.2
        width = run[1] - run[0]
        if width > widest and found is None:
            widest = width
        elif width < 0.88 * widest and width <= narrowest:
            narrowest, found = width, (y, run)
        elif found and width > 1.45 * narrowest:
            return found
    return None


def _measure_trunk(outline: Outline, x: float, neck: int, head: float) -> tuple[float, float]:
    """Return the trunk's width and its lean."""
    alone, leans = [], []
    for y in range(round(neck + ARMPIT * head), round(neck + WAIST * head)):
        run = outline.middle_run(y, x) if y <= outline.bottom else None
        if run is None or outline.extent(y) >= outline.width * 0.96:
            break
        beside = [each for each in outline.rows[y] if each[1] - each[0] > 0.12 * head]
        if len(beside) >= 3:
            alone.append(run[1] - run[0])
        leans.append(math.degrees(math.atan2((run[0] + run[1]) / 2 - x, y - neck)))
    lean = median(leans) if leans else 0.0
    lean = lean if LEAST_LEAN <= abs(lean) <= MOST_LEAN else 0.0
    trunk = _trunk_by_shoulders(outline, neck, head)
    if len(alone) >= 3:  # the chest and the hips, not the waist
        trunk = max(trunk, float(sorted(alone)[len(alone) * 3 // 4]))
    return trunk, lean


def _trunk_by_shoulders(outline: Outline, neck: int, head: float) -> float:
    """Estimate the trunk's width from the shoulders, where the arms are always close."""
    rows = range(round(neck + 0.4 * head), min(round(neck + 0.7 * head), outline.bottom))
    widths = [width for y in rows if (width := outline.extent(y)) < outline.width * 0.96]
    return TRUNK_OF_SHOULDERS * median(widths) if widths else TRUNK * head


def _middle(outline: Outline, y: int) -> float | None:
    runs = outline.rows[y]
    widest = max(runs, key=lambda run: run[1] - run[0], default=None)
    return (widest[0] + widest[1]) / 2 if widest else None


def _from_face(small: Image.Image) -> Body | None:
    """Find a face by the colour of skin of any shade (Chai and Ngan, 1999).

    Wood, sand and warm walls have that colour too, so the limit is moved until a patch is shaped
    like a face.
    """
    _luma, blue, red = small.convert("YCbCr").split()
    bluish = blue.point(lambda level: FILLED if 77 <= level <= 127 else 0)
    upper = (0, 0, small.width, max(1, int(small.height * 0.7)))  # Pillow < 13 crashes on no rows
    faces = []
    for least in REDNESS:
        reddish = red.point([FILLED if least <= level <= MOST_RED else 0 for level in range(256)])
        mask = ImageChops.darker(bluish, reddish).crop(upper).filter(ImageFilter.MedianFilter(5))
        # Separates parts that are barely connected.
        mask = mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
        faces += [face for part in parts_of(mask) if (face := _face(part, mask.size))]
    return max(faces, key=lambda face: _where_faces_are(face, small), default=None)


def _where_faces_are(face: Body, small: Image.Image) -> float:
    """Return how close to the middle and the top a face is, from 0 to 1."""
    x, y = face.neck
    return (1 - abs(x / small.width - 0.5) * 2) * (1 - y / small.height)


def _face(part: Part, size: tuple[int, int]) -> Body | None:
    """Measure a patch of skin; return None if it is not shaped like a face, even with a neck."""
    if not LEAST_FACE <= part.size / (size[0] * size[1]) <= MOST_FACE:
        return None
    left, top, right, bottom = part.box
    outline = read_outline(part.draw(size))
    middle = (top + bottom) // 2
    width = sorted(outline.longest(y) for y in range(top, middle + 1))[(middle - top) * 3 // 4]
    filled = part.size / ((right - left) * (bottom - top))
    if filled < 0.45 or not 0.9 <= (bottom - top) / width <= 2.6 or right - left > 1.7 * width:
        return None
    head = width / FACE
    narrow = (y for y in range(middle, bottom) if outline.longest(y) < 0.5 * width)
    chin = next(narrow, bottom)
    run = outline.middle_run(middle, (left + right) / 2) or (left, right)
    x, y = (run[0] + run[1]) / 2, min(top + 0.78 * head, chin + 0.04 * head)
    return Body((x, y), NECK * head, y + SHOULDER * head, TRUNK * head, head, 0.0, "face")


def _usual_places(small: Image.Image) -> Body:
    """Return the position of a person in the middle who fills most of the height."""
    head = min(small.height * 0.2, small.width * 0.28)
    neck = (small.width / 2, small.height * 0.19)
    shoulder = neck[1] + SHOULDER * head
    return Body(neck, NECK * head, shoulder, TRUNK * head, head, 0.0, "usual places")
