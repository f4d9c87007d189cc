"""Recognizing what a product is, and where it has its shoulders and its neck opening."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from .outline import FILLED, Outline, Part, parts_of, read_outline

SIDE = 200  # pixels of the small copy's long side
SOLID = 128  # the alpha at which a pixel belongs to the product

Kind = Literal["top", "legs", "neck", "head", "hand", "scene"]

WORDS: dict[Kind, str] = {
    "neck": "scarf|scarves|shawl|tie|necklace|bandana",
    "head": "hat|cap|beanie|beret",
    "legs": "trousers?|pants|jeans|chinos|shorts|leggings|skirt",
    "hand": "bag|handbag|tote|backpack|purse|clutch",
}
OUTER = r"\b(coat|jacket|parka|anorak|blazer|cardigan)\b"
EASE, OVER_CLOTHES = 1.08, 1.16
SLEEVES = (0.35, 0.8)  # of the height: rows in which sleeves hang beside the trunk, or end
# Where the inside may be visible beside a label: offsets from the middle, in trunk widths.
SEEDS = (-0.13, -0.09, -0.06, 0.06, 0.09, 0.13)
ALIKE = 14  # grey levels
OPENING_DEPTH, OPENING_WIDTH = 0.36, 0.75  # at most, of the height and of the trunk
RIB = 0.12  # of the trunk; a ribbed collar is narrower, and lower than the inside


@dataclass(frozen=True)
class Garment:
    """A product that was cut out, with measurements in pixels of its picture.

    Attributes:
        image: The product, of mode RGBA.
        kind: Where it is worn or placed.
        ease: Its width relative to the body's.
        middle: The column of the trunk's middle.
        trunk: The trunk's width, without sleeves.
        shoulder: The row at which it is as wide as the trunk.
        opening: A mask of the inside that is visible through the opening and hidden by a neck.
    """

    image: Image.Image
    kind: Kind
    ease: float
    middle: float
    trunk: float
    shoulder: float
    opening: Image.Image


def measure(image: Image.Image, category: str, title: str) -> Garment:
    """Measure a product.

    Args:
        image: The product alone, of mode RGBA.
        category: apparel, object, home or other.
        title: Its name; English words in it may identify its kind.
    """
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    alpha = small.getchannel("A").point(lambda level: FILLED if level >= SOLID else 0)
    outline = read_outline(alpha)
    by = image.width / small.width
    middle, trunk = _measure_trunk(outline)
    shoulder = next((y for y in range(outline.height) if outline.extent(y) >= trunk), 0)
    kind = _kind(outline, category, title)
    opening = _find_opening(small, alpha, middle, trunk) if kind == "top" else None
    if opening is None:
        opening = Image.new("L", (1, 1), 0)
    return Garment(
        image,
        kind,
        OVER_CLOTHES if re.search(OUTER, title, re.IGNORECASE) else EASE,
        middle * by,
        trunk * by,
        shoulder * by,
        opening.resize(image.size),
    )


def _kind(outline: Outline, category: str, title: str) -> Kind:
    """Return where a product belongs, by its category, its name, or else its shape."""
    if category == "home":
        return "scene"
    if category != "apparel":
        return "hand"
    for kind, words in WORDS.items():
        if re.search(rf"\b({words})\b", title, re.IGNORECASE):
            return kind
    lower = outline.rows[outline.height // 2 : -1]
    forked = sum(_is_forked(runs, outline.width) for runs in lower)
    if forked > 0.6 * len(lower):
        return "legs"
    return "neck" if outline.height > 1.75 * outline.width else "top"


def _is_forked(runs: list[tuple[int, int]], width: int) -> bool:
    """Return whether a row shows two legs and nothing between them."""
    return len(runs) == 2 and not any(start < width / 2 < end for start, end in runs)


def _measure_trunk(outline: Outline) -> tuple[float, float]:
    """Return the trunk's middle and width, between hanging sleeves or else below the sleeves."""
    first, last = (round(share * outline.height) for share in SLEEVES)
    between, whole = [], []
    for y in range(first, last):
        run = outline.middle_run(y, outline.width / 2)
        if run is None:
            continue
        if len(outline.rows[y]) >= 3:
            between.append(run)
        whole.append((outline.rows[y][0][0], outline.rows[y][-1][1]))
    if len(between) >= 3:
        width = float(median(end - start for start, end in between))
        return median((start + end) / 2 for start, end in between), width
    start, end = min(whole, key=lambda run: run[1] - run[0], default=(0, outline.width))
    return (start + end) / 2, float(end - start)


def _find_opening(
    small: Image.Image, alpha: Image.Image, middle: float, trunk: float
) -> Image.Image | None:
    """Find the inside of the back, which is darker than the front, at the top and in the middle."""
    picture = Image.new("RGB", small.size)
    picture.paste(small, mask=alpha)
    chest = (int(middle - trunk / 4), int(small.height * 0.25))
    chest_box = (*chest, int(middle + trunk / 4) + 1, int(small.height * 0.5))
    front = _usual_light(picture.crop(chest_box))
    parts, tried = [], Image.new("L", small.size, 0)
    for x in (int(middle + trunk * share) for share in SEEDS):
        for y in range(1, int(small.height * 0.12)):
            colour = picture.getpixel((x, y))
            dark = isinstance(colour, tuple) and sum(colour) / 3 < front * 0.88
            if not dark or tried.getpixel((x, y)):
                continue
            if part := _same_colour(picture, alpha, (x, y)):
                tried = ImageChops.lighter(tried, part.draw(small.size))
                if _fits(part, small.height, middle, trunk):
                    parts.append(part)
    return _up_to_the_top(parts, small.size, trunk * RIB) if parts else None


def _usual_light(chest: Image.Image) -> float:
    """Return how light the fabric is, apart from dark stripes."""
    stat = ImageStat.Stat(chest)
    return max(sum(stat.mean), sum(stat.median)) / 3


def _same_colour(picture: Image.Image, alpha: Image.Image, at: tuple[int, int]) -> Part | None:
    """Return the connected part with about the colour of a pixel."""
    plain = Image.new("RGB", picture.size, picture.getpixel(at))
    difference = ImageChops.difference(picture, plain).convert("L")
    alike = difference.point([FILLED if level <= ALIKE else 0 for level in range(256)])
    x, y = at
    for part in parts_of(ImageChops.darker(alike, alpha)):
        if any(row == y and start <= x < end for row, start, end in part.runs):
            return part
    return None


def _fits(part: Part, height: int, middle: float, trunk: float) -> bool:
    """Return whether a part has the position and size of an opening."""
    box = part.box
    reach = trunk * OPENING_WIDTH / 2
    return (
        part.size >= 12
        and box[3] < height * OPENING_DEPTH
        and box[0] > middle - reach - 1
        and box[2] < middle + reach + 1
    )


def _up_to_the_top(parts: list[Part], size: tuple[int, int], rib: float) -> Image.Image:
    """Return a mask of the inside with labels and seams, and of the collar's back above it."""
    deepest = max(parts, key=lambda part: part.size).box[3]
    mask, filled = Image.new("L", size, 0), Image.new("L", size, 0)
    for part in parts:
        if part.box[3] <= deepest or part.box[2] - part.box[0] > rib:
            mask = ImageChops.lighter(mask, part.draw(size))
    draw = ImageDraw.Draw(filled)
    for y, runs in enumerate(read_outline(mask).rows):
        if runs:
            draw.rectangle((runs[0][0], 0, runs[-1][1] - 1, y + 1), fill=FILLED)
    # Blurred, since it will be enlarged.
    return filled.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
