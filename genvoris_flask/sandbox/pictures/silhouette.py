"""Separating a person from the background, on a small copy of the photo.

The background is what is visible along the top and both sides, interpolated between the sides, so
that unevenly lit walls are one background. The person is the connected part that differs enough.
This fails for cluttered backgrounds, which is detected.
"""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

from .outline import FILLED, parts_of

SIDE = 240  # pixels of the small copy's long side
STRIP = 0.04  # of the width: the part of each side that is certainly background
STEP = 26  # a side that changes more than this between rows is not background
LEAST_AT_FIRST, LEAST_AT_LAST, MOST_DIFFERENCE = 16, 9, 60  # grey levels, of 255

MOST_OF_RIM = 0.2
CORE = 0.16  # of the person's width, to each side of the middle
SPREADS = (24, 12, 6, 3, 2)  # pixels of the small copy

Colour = tuple[int, ...]


def small_copy(photo: Image.Image) -> Image.Image:
    """Return the copy that is measured."""
    copy = photo.copy()
    copy.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return copy


def find_silhouette(small: Image.Image) -> tuple[Image.Image, float]:
    """Return a mask of the person (0 or 255), and its share: 1.0 if the photo is cluttered."""
    rough = _differing(small, background_of(small), LEAST_AT_FIRST)
    fine = _differing(small, _repaint(small, outside_of(rough, margin=7)), LEAST_AT_LAST)
    parts = parts_of(fine)
    if not parts:
        return fine, 0.0
    person = parts[0].draw(fine.size)
    if _share_of_rim(person) > MOST_OF_RIM:
        return person, 1.0
    # A white shirt in front of a white wall leaves holes.
    return _fill_holes(person), parts[0].size / (fine.width * fine.height)


def _differing(small: Image.Image, background: Image.Image, least: int) -> Image.Image:
    """Return a mask of what differs from the background."""
    red, green, blue = ImageChops.difference(small, background).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    limit = _limit(most, least)
    mask = most.point(lambda level: FILLED if level > limit else 0)
    mask = mask.filter(ImageFilter.MedianFilter(5))
    # Closes the gaps of stripes in the wall's colour.
    return mask.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(3))


def _fill_holes(mask: Image.Image) -> Image.Image:
    """Fill the holes in the body's middle, but not those between arms and trunk."""
    left, _top, right, _bottom = mask.getbbox() or (0, 0, 0, 0)
    middle, reach = (left + right) / 2, (right - left) * CORE
    for hole in parts_of(ImageChops.subtract(ImageChops.invert(mask), outside_of(mask))):
        box = hole.box
        if box[0] < middle + reach and box[2] > middle - reach:
            mask = ImageChops.lighter(mask, hole.draw(mask.size))
    return mask


def _share_of_rim(mask: Image.Image) -> float:
    """Return how much of the photo's top and upper sides a mask touches."""
    data, width, height = mask.tobytes(), mask.width, mask.height // 2
    rim = data[:width] + data[: height * width : width] + data[width - 1 : height * width : width]
    return rim.count(FILLED) / len(rim)


def outside_of(mask: Image.Image, margin: int = 1) -> Image.Image:
    """Return a mask of what is connected to the top or the sides, outside a mask and its margin."""
    wide = ImageChops.invert(mask.filter(ImageFilter.MaxFilter(margin)))
    outside = Image.new("L", mask.size, 0)
    for part in parts_of(wide):
        left, top, right, _bottom = part.box
        # Closed at the bottom, where a body is cut off.
        if left == 0 or top == 0 or right == mask.width:
            outside = ImageChops.lighter(outside, part.draw(mask.size))
    return outside


def _repaint(small: Image.Image, outside: Image.Image) -> Image.Image:
    """Return the background, with the person painted over by what surrounds them."""
    painted = background_of(small)
    painted.paste(small, mask=outside)
    for radius in SPREADS:
        painted = painted.filter(ImageFilter.GaussianBlur(radius))
        if radius != SPREADS[-1]:
            painted.paste(small, mask=outside)
    return painted


def background_of(small: Image.Image) -> Image.Image:
    """Return the background as it would be without the person."""
    strip = max(2, round(small.width * STRIP))
    left = small.crop((0, 0, strip, small.height))
    right = small.crop((small.width - strip, 0, small.width, small.height))
    sides = Image.new("RGB", (2, small.height))
    for x, side in enumerate((left, right)):
        column = side.resize((1, small.height), Image.Resampling.BOX)
        for y, colour in enumerate(_steady(_pixels(column))):
            sides.putpixel((x, y), colour)
    return sides.resize(small.size, Image.Resampling.BILINEAR)


def _steady(column: list[Colour]) -> list[Colour]:
    """Return a side's colours; below a sudden change the colour above it continues."""
    steady = column[:1]
    for colour in column[1:]:
        last = steady[-1]
        jump = max(abs(a - b) for a, b in zip(colour, last, strict=True))
        steady.append(colour if jump <= STEP else last)
    return steady


def _pixels(image: Image.Image) -> list[Colour]:
    data = image.tobytes()
    return [tuple(data[at : at + 3]) for at in range(0, len(data), 3)]


def _limit(difference: Image.Image, least: int) -> int:
    """Return how much a pixel must differ, well above the variation of the background."""
    width, height = difference.size
    strip = max(2, round(width * STRIP))
    rim = [(0, 0, width, strip), (0, 0, strip, height // 2), (width - strip, 0, width, height // 2)]
    levels = sorted(b"".join(difference.crop(box).tobytes() for box in rim))
    usual = levels[len(levels) * 9 // 10]
    return min(max(2 * usual, least), MOST_DIFFERENCE)
